"""ClientToken: the same request again is the same object; another request under the same token is refused."""

from ..expectation import Answered, Refused
from ..recorder import Recorder
from .common import ERRORS, IDEMPOTENCY, TYPE, ended, image, reach, reference, remember

NAME = "idempotence"
REGION = "sa-east-1"
MISMATCH = Refused("IdempotentParameterMismatch")


def run(recorder: Recorder) -> None:
    ami = image(recorder)
    order = {"ImageId": ami, "InstanceType": TYPE, "MinCount": 1, "MaxCount": 1}
    call = recorder.call
    answer = call(
        "first",
        "RunInstances",
        Answered({"Instances[0].ClientToken": "token-1"}),
        IDEMPOTENCY,
        ClientToken="token-1",
        **order,
    )
    first = remember(recorder, answer, "first")
    same = {"Instances[0].InstanceId": "<instance first>", "ReservationId": "<reservation of first>"}
    again = call("again", "RunInstances", Answered(same), IDEMPOTENCY, ClientToken="token-1", **order)
    extra = [found for found in again("Instances[].InstanceId", []) if found != first]
    other = call(
        "another order",
        "RunInstances",
        MISMATCH,
        ERRORS,
        ClientToken="token-1",
        **{**order, "InstanceType": "t3.small"},
    )
    extra += other("Instances[].InstanceId", [])
    token = call(
        "another token",
        "RunInstances",
        Answered({"Instances[0].InstanceId": "<i>"}),
        IDEMPOTENCY,
        ClientToken="token-2",
        **order,
    )
    extra += token("Instances[].InstanceId", [])
    call(
        "by token",
        "DescribeInstances",
        Answered({"Reservations[].Instances[].InstanceId": ["<instance first>"]}),
        reference("DescribeInstances"),
        Filters=[{"Name": "client-token", "Values": ["token-1"]}],
    )
    reach(recorder, "running", first, *extra)
    ended(recorder, first)
    after = call(
        "after its end",
        "RunInstances",
        Refused("IdempotentInstanceTerminated"),
        IDEMPOTENCY,
        ClientToken="token-1",
        **order,
    )
    extra += after("Instances[].InstanceId", [])
    ended(recorder, *extra)
    volume = {"AvailabilityZone": f"{REGION}a", "Size": 1, "VolumeType": "gp3"}
    made = recorder.quietly("CreateVolume", ClientToken="token-3", **volume)("VolumeId")
    recorder.name(made, "volume first")
    call(
        "a volume again",
        "CreateVolume",
        Answered({"VolumeId": "<volume first>"}),
        IDEMPOTENCY,
        ClientToken="token-3",
        **volume,
    )
    call("another volume", "CreateVolume", MISMATCH, ERRORS, ClientToken="token-3", **{**volume, "Size": 2})
