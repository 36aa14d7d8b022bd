"""Volumes by themselves."""

from ..expectation import Answered, Refused
from ..recorder import UNKNOWN_ID, Recorder
from .common import ERRORS, ended, image, reference, root_volume, running

NAME = "volumes"
REGION = "ca-central-1"
CREATE, DESCRIBE, DELETE = reference("CreateVolume"), reference("DescribeVolumes"), reference("DeleteVolume")


def run(recorder: Recorder) -> None:
    call = recorder.call
    zone = f"{REGION}a"
    tags = [{"ResourceType": "volume", "Tags": [{"Key": "team", "Value": "a"}]}]
    answer = call(
        "create",
        "CreateVolume",
        Answered(
            {
                "VolumeId": "<vol>",
                "State": "creating",
                "Size": 8,
                "VolumeType": "gp3",
                "Iops": 3000,
                "Tags[0].Key": "team",
            }
        ),
        CREATE,
        AvailabilityZone=zone,
        Size=8,
        VolumeType="gp3",
        TagSpecifications=tags,
    )
    volume = recorder.name(answer("VolumeId"), "volume data")
    recorder.until("volume", "Volumes[0].State", "available", "DescribeVolumes", VolumeIds=[volume])
    call(
        "by id",
        "DescribeVolumes",
        Answered({"Volumes[0].State": "available", "Volumes[0].Attachments": [], "Volumes[0].Throughput": 125}),
        DESCRIBE,
        VolumeIds=[volume],
    )
    call(
        "by tag",
        "DescribeVolumes",
        Answered({"Volumes[].VolumeId": ["<volume data>"]}),
        DESCRIBE,
        Filters=[{"Name": "tag:team", "Values": ["a"]}],
    )
    call(
        "by size",
        "DescribeVolumes",
        Answered({"Volumes[].VolumeId": ["<volume data>"]}),
        DESCRIBE,
        Filters=[{"Name": "size", "Values": ["8"]}, {"Name": "status", "Values": ["available"]}],
    )
    call(
        "unknown",
        "DescribeVolumes",
        Refused("InvalidVolume.NotFound", "The volume '<unknown volume>' does not exist."),
        ERRORS,
        VolumeIds=[UNKNOWN_ID["volume"]],
    )
    call("create without size", "CreateVolume", Refused("MissingParameter"), ERRORS, AvailabilityZone=zone)
    call(
        "create in an unknown zone",
        "CreateVolume",
        Refused(("InvalidZone.NotFound", "InvalidParameterValue")),
        ERRORS,
        AvailabilityZone="moon-1a",
        Size=1,
    )
    instance = running(recorder, image(recorder), "m1")
    root = root_volume(recorder, instance, "m1")
    call(
        "of an instance",
        "DescribeVolumes",
        Answered(
            {
                "Volumes[0].Attachments[0].InstanceId": "<instance m1>",
                "Volumes[0].Attachments[0].Device": "/dev/sda1",
                "Volumes[0].SnapshotId": "<snap>",
            }
        ),
        DESCRIBE,
        VolumeIds=[root],
    )
    call("delete while attached", "DeleteVolume", Refused("VolumeInUse"), ERRORS, VolumeId=root)
    ended(recorder, instance)
    call(
        "deleted with the instance",
        "DescribeVolumes",
        Refused("InvalidVolume.NotFound"),
        "EC2 User Guide, Preserve data when an instance is terminated",
        VolumeIds=[root],
    )
    call("delete", "DeleteVolume", Answered(), DELETE, VolumeId=volume)
    recorder.quietly("DescribeVolumes")
    call("delete again", "DeleteVolume", Refused("InvalidVolume.NotFound"), ERRORS, VolumeId=volume)
