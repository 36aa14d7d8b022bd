"""The query protocol itself: actions, versions, parameters, the envelope of answers and errors."""

from ..endpoint import How
from ..expectation import Answered, Refused
from ..recorder import Recorder
from .common import ERRORS, reference

NAME = "protocol"
REGION = "us-east-1"
QUERY = "EC2 Developer Guide, Query requests"
REGIONS = {"Action": "DescribeRegions", "RegionName.1": "us-east-1"}
ENVELOPE = {
    "Wire.Root": "DescribeRegionsResponse",
    "Wire.RequestId": "<uuid>",
    "Wire.RequestIdInHeader": True,
    "Wire.KeepsConnection": True,
}


def run(recorder: Recorder) -> None:
    request = recorder.request
    request(
        "post", REGIONS, Answered({**ENVELOPE, "Wire.Namespace": "http://ec2.amazonaws.com/doc/2016-11-15/"}), QUERY
    )
    request("get", REGIONS, Answered(ENVELOPE), QUERY, How(method="GET"))
    request(
        "older version",
        {**REGIONS, "Version": "2016-04-01"},
        Answered({**ENVELOPE, "Wire.Namespace": "http://ec2.amazonaws.com/doc/2016-04-01/"}),
        QUERY,
    )
    request("unknown action", {"Action": "DescribeNothing"}, Refused("InvalidAction"), ERRORS)
    request("no action", {}, Refused("MissingAction"), ERRORS)
    request("unknown version", {**REGIONS, "Version": "2000-01-01"}, Refused(("NoSuchVersion", "InvalidAction")), QUERY)
    request(
        "unknown parameter",
        {**REGIONS, "Flavour": "sweet"},
        Refused("UnknownParameter", "The parameter Flavour is not recognized"),
        ERRORS,
    )
    request(
        "error envelope",
        {"Action": "DescribeInstances", "InstanceId.1": "i-0123456789abcdef0"},
        Refused("InvalidInstanceID.NotFound"),
        ERRORS,
    )
    request(
        "number that is none",
        {"Action": "RunInstances", "ImageId": "ami-0123456789abcdef0", "MinCount": "one", "MaxCount": "1"},
        Refused(("InvalidParameterValue", "MalformedQueryString", "InvalidParameter")),
        ERRORS,
    )
    recorder.call(
        "dry run",
        "CreateSecurityGroup",
        Refused("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412),
        ERRORS,
        GroupName="never",
        Description="never",
        DryRun=True,
    )
    recorder.call(
        "dry run made nothing",
        "DescribeSecurityGroups",
        Answered({"length(SecurityGroups)": 0}),
        ERRORS,
        Filters=[{"Name": "group-name", "Values": ["never"]}],
    )
    indices_are_numbers(recorder)


def indices_are_numbers(recorder: Recorder) -> None:
    """Clients written in Go send lists sorted as text: 1, 10, 11, 2, ..."""
    group = recorder.quietly("CreateSecurityGroup", GroupName="indices", Description="indices")("GroupId")
    recorder.name(group, "group indices")
    parameters = {"Action": "CreateTags", "ResourceId.1": group or ""}
    for number in sorted(range(1, 13), key=str):
        parameters[f"Tag.{number}.Key"] = f"key {number:02}"
        parameters[f"Tag.{number}.Value"] = f"value {number:02}"
    recorder.request("twelve tags sorted as text", parameters, Answered(), reference("CreateTags"))
    recorder.call(
        "the twelve tags",
        "DescribeTags",
        Answered({f"Tags[?Key=='key {number:02}'].Value | [0]": f"value {number:02}" for number in range(1, 13)}),
        reference("CreateTags"),
        Filters=[{"Name": "resource-id", "Values": [group or ""]}],
    )
    recorder.quietly("DeleteSecurityGroup", GroupId=group)
