"""The default VPC and its subnets."""

from ..expectation import Answered, Refused
from ..recorder import UNKNOWN_ID, Recorder
from .common import ERRORS, ended, image, network, reference, running

NAME = "network"
REGION = "eu-central-1"
VPCS = reference("DescribeVpcs")
SUBNETS = reference("DescribeSubnets")


def run(recorder: Recorder) -> None:
    vpc, subnets = network(recorder)
    subnet = subnets[0]["SubnetId"]
    call = recorder.call
    call(
        "default vpc",
        "DescribeVpcs",
        Answered({"Vpcs[0].CidrBlock": "172.31.0.0/16", "Vpcs[0].IsDefault": True}),
        VPCS,
        VpcIds=[vpc],
    )
    call(
        "vpc by filter",
        "DescribeVpcs",
        Answered({"length(Vpcs)": 1}),
        VPCS,
        Filters=[{"Name": "cidr", "Values": ["172.31.*"]}],
    )
    call(
        "no such vpc by filter",
        "DescribeVpcs",
        Answered({"Vpcs": []}),
        VPCS,
        Filters=[{"Name": "vpc-id", "Values": ["vpc-*none"]}],
    )
    call(
        "unknown vpc",
        "DescribeVpcs",
        Refused("InvalidVpcID.NotFound", "The vpc ID '<unknown vpc>' does not exist"),
        ERRORS,
        VpcIds=[UNKNOWN_ID["vpc"]],
    )

    zone = {"Name": "availability-zone", "Values": [f"{REGION}a"]}
    of_vpc = {"Name": "vpc-id", "Values": [vpc]}
    fields = {"Subnets[0].DefaultForAz": True, "Subnets[0].MapPublicIpOnLaunch": True, "Subnets[0].State": "available"}
    call(
        "subnet of a zone",
        "DescribeSubnets",
        Answered({"length(Subnets)": 1, **fields}),
        SUBNETS,
        Filters=[zone, of_vpc],
    )
    call(
        "subnet by id",
        "DescribeSubnets",
        Answered({**fields, "Subnets[0].AvailableIpAddressCount": 4091}),
        SUBNETS,
        SubnetIds=[subnet],
    )
    call(
        "subnet by filter",
        "DescribeSubnets",
        Answered(fields),
        SUBNETS,
        Filters=[{"Name": "subnet-id", "Values": [subnet]}],
    )
    call(
        "default subnets",
        "DescribeSubnets",
        Answered({"length(Subnets)": len(subnets)}),
        SUBNETS,
        Filters=[{"Name": "default-for-az", "Values": ["true"]}],
    )
    call(
        "no such subnet by filter",
        "DescribeSubnets",
        Answered({"Subnets": []}),
        SUBNETS,
        Filters=[{"Name": "availability-zone", "Values": ["moon-1a"]}],
    )
    call(
        "unknown subnet",
        "DescribeSubnets",
        Refused("InvalidSubnetID.NotFound", "The subnet ID '<unknown subnet>' does not exist"),
        ERRORS,
        SubnetIds=[UNKNOWN_ID["subnet"]],
    )
    call(
        "unknown filter",
        "DescribeSubnets",
        Refused("InvalidParameterValue", "The filter 'colour' is invalid"),
        ERRORS,
        Filters=[{"Name": "colour", "Values": ["red"]}],
    )

    instance = running(recorder, image(recorder), "m1", SubnetId=subnet)
    call(
        "one address is taken",
        "DescribeSubnets",
        Answered({"Subnets[0].AvailableIpAddressCount": 4090}),
        SUBNETS,
        SubnetIds=[subnet],
    )
    ended(recorder, instance)
