"""Images by id, by filter, and the ones that do not exist."""

from ..expectation import Answered, Refused
from ..recorder import UNKNOWN_ID, Recorder
from .common import ERRORS, UBUNTU, image, reference

NAME = "images"
REGION = "us-east-1"
IMAGES = reference("DescribeImages")
# The images that the amazonec2 drivers of docker/machine and rancher/machine start when none is named.
DEFAULT_OF_DOCKER = "ami-927185ef"
DEFAULT_OF_RANCHER = "ami-013b3de8a8fa9b39f"


def run(recorder: Recorder) -> None:
    ami = image(recorder)
    call = recorder.call
    root = "Images[0].BlockDeviceMappings[?DeviceName=='/dev/sda1'].Ebs | [0]"
    fields = {
        "Images[0].ImageId": "<image>",
        "Images[0].State": "available",
        "Images[0].RootDeviceName": "/dev/sda1",
        "Images[0].RootDeviceType": "ebs",
        "Images[0].VirtualizationType": "hvm",
        "Images[0].Architecture": "x86_64",
        f"{root}.SnapshotId": "<snap>",
    }
    call("by id", "DescribeImages", Answered(fields), IMAGES, ImageIds=[ami])
    call(
        "by id as a filter", "DescribeImages", Answered(fields), IMAGES, Filters=[{"Name": "image-id", "Values": [ami]}]
    )
    call(
        "of Canonical",
        "DescribeImages",
        Answered(fields),
        IMAGES,
        Owners=["099720109477"],
        Filters=[*UBUNTU, {"Name": "image-id", "Values": [ami]}],
    )
    call(
        "none by filter",
        "DescribeImages",
        Answered({"Images": []}),
        IMAGES,
        Filters=[{"Name": "name", "Values": ["no such image"]}],
    )
    call("own images", "DescribeImages", Answered({"Images": []}), IMAGES, Owners=["self"])
    call(
        "unknown",
        "DescribeImages",
        Refused("InvalidAMIID.NotFound", "The image id '[<unknown image>]' does not exist"),
        ERRORS,
        ImageIds=[UNKNOWN_ID["image"]],
    )
    call("malformed", "DescribeImages", Refused("InvalidAMIID.Malformed"), ERRORS, ImageIds=["image-1"])
    call(
        "default image of docker/machine",
        "DescribeImages",
        Answered({"Images[0].State": "available"}),
        "docker/machine, amazonec2 driver",
        ImageIds=[DEFAULT_OF_DOCKER],
    )
    call(
        "default image of rancher/machine",
        "DescribeImages",
        Answered({"Images[0].State": "available"}),
        "rancher/machine, amazonec2 driver",
        ImageIds=[DEFAULT_OF_RANCHER],
    )
