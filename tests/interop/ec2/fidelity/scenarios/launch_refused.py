"""RunInstances that must fail, and must make nothing."""

import base64

from ..expectation import Answered, Refused
from ..recorder import UNKNOWN_ID, Recorder
from .common import ERRORS, default_group, image, network, reference

NAME = "launch refused"
REGION = "eu-north-1"
RUN = reference("RunInstances")


def run(recorder: Recorder) -> None:
    ami = image(recorder)
    vpc, subnets = network(recorder)
    subnet = subnets[0]["SubnetId"]
    group = default_group(recorder, vpc)
    good = {"ImageId": ami, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}

    def refuse(step: str, expect: Refused, source: str = ERRORS, without: str = "", **parameters) -> None:
        given = {key: value for key, value in {**good, **parameters}.items() if key != without}
        answer = recorder.call(step, "RunInstances", expect, source, **given)
        if not answer.failed:
            recorder.quietly("TerminateInstances", InstanceIds=answer("Instances[].InstanceId", []))

    refuse("no image", Refused("MissingParameter"), without="ImageId")
    refuse("no minimum", Refused("MissingParameter"), without="MinCount")
    refuse("no maximum", Refused("MissingParameter"), without="MaxCount")
    refuse(
        "minimum above maximum",
        Refused(("InvalidParameterValue", "InvalidParameterCombination", "InvalidParameter")),
        MinCount=3,
        MaxCount=2,
    )
    refuse(
        "none at all",
        Refused(("InvalidParameterValue", "InvalidParameterCombination", "InvalidParameter")),
        MinCount=0,
        MaxCount=0,
    )
    refuse(
        "unknown image",
        Refused("InvalidAMIID.NotFound", "The image id '[<unknown image>]' does not exist"),
        ImageId=UNKNOWN_ID["image"],
    )
    refuse("malformed image", Refused("InvalidAMIID.Malformed", 'Invalid id: "ubuntu"*'), ImageId="ubuntu")
    refuse("unknown type", Refused("InvalidParameterValue"), InstanceType="t9.mega")
    refuse("unknown key", Refused("InvalidKeyPair.NotFound", "The key pair 'nobody' does not exist"), KeyName="nobody")
    refuse(
        "unknown group",
        Refused("InvalidGroup.NotFound", "The security group '<unknown group>' does not exist*"),
        SecurityGroupIds=[UNKNOWN_ID["group"]],
    )
    refuse("unknown group by name", Refused("InvalidGroup.NotFound"), SecurityGroups=["nobody"])
    refuse(
        "unknown subnet",
        Refused("InvalidSubnetID.NotFound", "The subnet ID '<unknown subnet>' does not exist"),
        SubnetId=UNKNOWN_ID["subnet"],
    )
    refuse("unknown zone", Refused("InvalidParameterValue"), Placement={"AvailabilityZone": "moon-1a"})
    refuse(
        "subnet of another zone",
        Refused(("InvalidParameterValue", "InvalidParameterCombination", "InvalidParameter")),
        SubnetId=subnet,
        Placement={"AvailabilityZone": subnets[1]["AvailabilityZone"]},
    )
    profile = "Value (nobody) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name"
    refuse("unknown profile", Refused("InvalidParameterValue", profile), IamInstanceProfile={"Name": "nobody"})

    def mapping(**ebs) -> list[dict]:
        return [{"DeviceName": "/dev/sda1", "Ebs": ebs}]

    refuse(
        "io1 without iops",
        Refused(
            (
                "InvalidParameterCombination",
                "MissingParameter",
                "InvalidParameterDependency",
                "InvalidBlockDeviceMapping",
            )
        ),
        BlockDeviceMappings=mapping(VolumeSize=20, VolumeType="io1"),
    )
    refuse(
        "volume smaller than the snapshot",
        Refused(
            "InvalidBlockDeviceMapping", "Volume of size 1GB is smaller than snapshot '<snap>', expect size >= *GB"
        ),
        BlockDeviceMappings=mapping(VolumeSize=1),
    )
    refuse(
        "unknown kind of volume",
        Refused(("InvalidParameterValue", "InvalidParameter")),
        BlockDeviceMappings=mapping(VolumeSize=20, VolumeType="tape"),
    )
    interface = {"DeviceIndex": 0, "SubnetId": subnet}
    text = "Network interfaces and an instance-level * may not be specified on the same request"
    refuse(
        "groups twice",
        Refused("InvalidParameterCombination", text),
        NetworkInterfaces=[interface],
        SecurityGroupIds=[group],
    )
    refuse("subnet twice", Refused("InvalidParameterCombination", text), NetworkInterfaces=[interface], SubnetId=subnet)
    refuse(
        "unknown group of an interface",
        Refused("InvalidGroup.NotFound"),
        NetworkInterfaces=[{**interface, "Groups": [UNKNOWN_ID["group"]]}],
    )
    refuse(
        "metadata option that is none",
        Refused(("InvalidParameterValue", "InvalidParameter")),
        MetadataOptions={"HttpTokens": "maybe"},
    )
    refuse(
        "hop limit out of range",
        Refused(("InvalidParameterValue", "InvalidParameter")),
        MetadataOptions={"HttpPutResponseHopLimit": 65},
    )
    refuse(
        "tags for an unknown resource type",
        Refused(("InvalidParameterValue", "InvalidParameter")),
        TagSpecifications=[{"ResourceType": "spaceship", "Tags": [{"Key": "a", "Value": "b"}]}],
    )
    refuse(
        "reserved tag",
        Refused(("InvalidParameterValue", "InvalidParameter")),
        TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "aws:a", "Value": "b"}]}],
    )
    refuse(
        "as a dry run",
        Refused("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412),
        DryRun=True,
    )
    refuse(
        "unknown image as a dry run",
        Refused(("InvalidAMIID.NotFound", "DryRunOperation"), status=(400, 412)),
        ImageId=UNKNOWN_ID["image"],
        DryRun=True,
    )
    user_data(recorder, good)
    recorder.call(
        "nothing was made",
        "DescribeInstances",
        Answered({"Reservations[].Instances[]": []}),
        RUN,
        Filters=[{"Name": "instance-state-name", "Values": ["pending", "running", "shutting-down", "terminated"]}],
    )


def user_data(recorder: Recorder, good: dict) -> None:
    """boto3 encodes user data by itself, so these requests are made by hand."""
    parameters = {"Action": "RunInstances", **{key: str(value) for key, value in good.items()}}
    recorder.request(
        "user data that is not base64",
        {**parameters, "UserData": "not base64!"},
        Refused("InvalidUserData.Malformed"),
        ERRORS,
    )
    long = base64.b64encode(b"#" * 16385).decode()
    recorder.request(
        "long user data",
        {**parameters, "UserData": long},
        Refused("InvalidParameterValue", "User data is limited to 16384 bytes"),
        ERRORS,
    )
