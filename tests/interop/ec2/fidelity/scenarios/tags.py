"""Tags: made, replaced, deleted, described."""

from ..expectation import Answered, Refused
from ..recorder import UNKNOWN_ID, Recorder
from .common import ERRORS, ended, image, reference, root_volume, running

NAME = "tags"
REGION = "ap-northeast-2"
CREATE, DELETE, DESCRIBE = reference("CreateTags"), reference("DeleteTags"), reference("DescribeTags")
RESTRICTIONS = "EC2 User Guide, Tag restrictions"


def run(recorder: Recorder) -> None:
    instance = running(recorder, image(recorder), "m1")
    volume = root_volume(recorder, instance, "m1")
    call = recorder.call
    of_instance = [{"Name": "resource-id", "Values": [instance]}]
    call(
        "create",
        "CreateTags",
        Answered(),
        CREATE,
        Resources=[instance, volume],
        Tags=[{"Key": "Name", "Value": "m1"}, {"Key": "empty", "Value": ""}],
    )
    call(
        "created",
        "DescribeTags",
        Answered({"length(Tags)": 2, "Tags[?Key=='Name'].ResourceType | [0]": "instance"}),
        DESCRIBE,
        Filters=of_instance,
    )
    call(
        "on the instance",
        "DescribeInstances",
        Answered({"Reservations[0].Instances[0].Tags[?Key=='Name'].Value | [0]": "m1"}),
        CREATE,
        InstanceIds=[instance],
    )
    call(
        "on the volume",
        "DescribeVolumes",
        Answered({"Volumes[0].Tags[?Key=='Name'].Value | [0]": "m1"}),
        CREATE,
        VolumeIds=[volume],
    )
    call("replace", "CreateTags", Answered(), CREATE, Resources=[instance], Tags=[{"Key": "Name", "Value": "other"}])
    call(
        "replaced",
        "DescribeTags",
        Answered({"Tags[?Key=='Name'].Value | [0]": "other", "length(Tags)": 2}),
        DESCRIBE,
        Filters=of_instance,
    )
    call(
        "by type",
        "DescribeTags",
        Answered({"Tags[].ResourceId": ["<volume of m1>"]}),
        DESCRIBE,
        Filters=[{"Name": "resource-type", "Values": ["volume"]}, {"Name": "key", "Values": ["Name"]}],
    )
    call(
        "delete with another value",
        "DeleteTags",
        Answered(),
        DELETE,
        Resources=[instance],
        Tags=[{"Key": "Name", "Value": "m1"}],
    )
    call("it is still there", "DescribeTags", Answered({"length(Tags)": 2}), DELETE, Filters=of_instance)
    call("delete", "DeleteTags", Answered(), DELETE, Resources=[instance], Tags=[{"Key": "Name"}])
    call("delete what is gone", "DeleteTags", Answered(), DELETE, Resources=[instance], Tags=[{"Key": "Name"}])
    call("deleted", "DescribeTags", Answered({"Tags[].Key": ["empty"]}), DELETE, Filters=of_instance)
    refused(recorder, instance)
    ended(recorder, instance)


def refused(recorder: Recorder, instance: str) -> None:
    def refuse(
        step: str, expect: Refused, source: str = ERRORS, resources: list | None = None, tags: list | None = None
    ) -> None:
        tags = [{"Key": "a", "Value": "b"}] if tags is None else tags
        recorder.call(
            step, "CreateTags", expect, source, Resources=[instance] if resources is None else resources, Tags=tags
        )

    refuse(
        "unknown instance",
        Refused("InvalidInstanceID.NotFound", "The instance ID '<unknown instance>' does not exist"),
        resources=[UNKNOWN_ID["instance"]],
    )
    refuse("unknown group", Refused("InvalidGroup.NotFound"), resources=[UNKNOWN_ID["group"]])
    refuse("unknown volume", Refused("InvalidVolume.NotFound"), resources=[UNKNOWN_ID["volume"]])
    refuse("no resource at all", Refused("InvalidID"), resources=["thing-1"])
    refuse(
        "reserved key",
        Refused("InvalidParameterValue", "Tag keys starting with 'aws:' are reserved for internal use*"),
        RESTRICTIONS,
        tags=[{"Key": "aws:a", "Value": "b"}],
    )
    refuse(
        "long key",
        Refused("InvalidParameterValue"),
        RESTRICTIONS,
        tags=[{"Key": "k" * 128, "Value": ""}, {"Key": "k" * 129, "Value": ""}],
    )
    refuse("long value", Refused("InvalidParameterValue"), RESTRICTIONS, tags=[{"Key": "k", "Value": "v" * 257}])
    refuse(
        "too many",
        Refused("TagLimitExceeded"),
        RESTRICTIONS,
        tags=[{"Key": f"k{number}", "Value": ""} for number in range(51)],
    )
    refuse("no tags", Refused("MissingParameter"), tags=[])
    refuse("no resources", Refused("MissingParameter"), resources=[])
    refuse("known and unknown", Refused("InvalidInstanceID.NotFound"), resources=[instance, UNKNOWN_ID["instance"]])
    recorder.call(
        "nothing of it was made",
        "DescribeTags",
        Answered({"Tags[].Key": ["empty"]}),
        CREATE,
        Filters=[{"Name": "resource-id", "Values": [instance]}],
    )
