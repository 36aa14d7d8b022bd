"""What an account is told about itself: attributes, regions, zones, instance types."""

from ..expectation import Answered, Refused
from ..recorder import Recorder
from .common import ERRORS, network, reference

NAME = "account"
REGION = "us-east-1"


def run(recorder: Recorder) -> None:
    vpc, _ = network(recorder)
    call = recorder.call
    attributes = reference("DescribeAccountAttributes")
    query = "AccountAttributes[?AttributeName=='default-vpc'].AttributeValues[0].AttributeValue | [0]"
    platforms = "AccountAttributes[?AttributeName=='supported-platforms'].AttributeValues[0].AttributeValue | [0]"
    call(
        "default vpc",
        "DescribeAccountAttributes",
        Answered({query: "<vpc>"}),
        attributes,
        AttributeNames=["default-vpc"],
    )
    call(
        "all attributes",
        "DescribeAccountAttributes",
        Answered(
            {
                query: "<vpc>",
                platforms: "VPC",
            }
        ),
        attributes,
    )
    call(
        "unknown attribute",
        "DescribeAccountAttributes",
        Refused("InvalidParameterValue"),
        attributes,
        AttributeNames=["mood"],
    )

    call(
        "one region",
        "DescribeRegions",
        Answered(
            {
                "length(Regions)": 1,
                "Regions[0].Endpoint": "ec2.eu-west-1.amazonaws.com",
                "Regions[0].OptInStatus": "opt-in-not-required",
            }
        ),
        reference("DescribeRegions"),
        RegionNames=["eu-west-1"],
    )
    call("unknown region", "DescribeRegions", Refused("InvalidParameterValue"), ERRORS, RegionNames=["moon-1"])
    call(
        "one zone",
        "DescribeAvailabilityZones",
        Answered({"AvailabilityZones[0].RegionName": "us-east-1", "AvailabilityZones[0].State": "available"}),
        reference("DescribeAvailabilityZones"),
        ZoneNames=["us-east-1a"],
    )
    call(
        "unknown zone", "DescribeAvailabilityZones", Refused("InvalidParameterValue"), ERRORS, ZoneNames=["us-east-1z"]
    )
    call(
        "zones that are available",
        "DescribeAvailabilityZones",
        Answered({"AvailabilityZones[?ZoneName=='us-east-1a'] | length(@)": 1}),
        reference("DescribeAvailabilityZones"),
        Filters=[{"Name": "state", "Values": ["available"]}, {"Name": "zone-name", "Values": ["us-east-1a"]}],
    )
    types = reference("DescribeInstanceTypes")
    call(
        "a type",
        "DescribeInstanceTypes",
        Answered({"InstanceTypes[0].VCpuInfo.DefaultVCpus": 1, "InstanceTypes[0].MemoryInfo.SizeInMiB": 1024}),
        types,
        InstanceTypes=["t2.micro"],
    )
    call(
        "another type",
        "DescribeInstanceTypes",
        Answered({"InstanceTypes[0].VCpuInfo.DefaultVCpus": 2}),
        types,
        InstanceTypes=["t3.medium"],
    )
    call("unknown type", "DescribeInstanceTypes", Refused("InvalidInstanceType"), ERRORS, InstanceTypes=["t9.mega"])
    call(
        "types offered in a zone",
        "DescribeInstanceTypeOfferings",
        Answered({"length(InstanceTypeOfferings)": 1, "InstanceTypeOfferings[0].Location": "us-east-1a"}),
        reference("DescribeInstanceTypeOfferings"),
        LocationType="availability-zone",
        Filters=[{"Name": "instance-type", "Values": ["t2.micro"]}, {"Name": "location", "Values": ["us-east-1a"]}],
    )
