"""Elastic IP addresses."""

from ..expectation import Answered, Refused
from ..recorder import UNKNOWN_ID, Recorder
from .common import ERRORS, ended, image, reach, reference, running

NAME = "addresses"
REGION = "ap-southeast-2"
ALLOCATE, ASSOCIATE = reference("AllocateAddress"), reference("AssociateAddress")
DESCRIBE, RELEASE = reference("DescribeAddresses"), reference("ReleaseAddress")
ELASTIC = "EC2 User Guide, Elastic IP addresses"


def run(recorder: Recorder) -> None:
    call = recorder.call
    tags = [{"ResourceType": "elastic-ip", "Tags": [{"Key": "team", "Value": "a"}]}]
    answer = call(
        "allocate",
        "AllocateAddress",
        Answered(
            {
                "Domain": "vpc",
                "PublicIp": "<public address>",
                "AllocationId": "<eipalloc>",
                "NetworkBorderGroup": REGION,
            }
        ),
        ALLOCATE,
        Domain="vpc",
        TagSpecifications=tags,
    )
    allocation = recorder.name(answer("AllocationId"), "allocation")
    address = answer("PublicIp", "")
    recorder.names[address] = "elastic address"
    fresh = {
        "Addresses[0].AllocationId": "<allocation>",
        "Addresses[0].PublicIp": "<elastic address>",
        "Addresses[0].AssociationId": None,
        "Addresses[0].Tags[0].Key": "team",
    }
    call("by id", "DescribeAddresses", Answered(fresh), DESCRIBE, AllocationIds=[allocation])
    call("by address", "DescribeAddresses", Answered(fresh), DESCRIBE, PublicIps=[address])
    call(
        "by filter",
        "DescribeAddresses",
        Answered(fresh),
        DESCRIBE,
        Filters=[{"Name": "allocation-id", "Values": [allocation]}],
    )
    call("by tag", "DescribeAddresses", Answered(fresh), DESCRIBE, Filters=[{"Name": "tag:team", "Values": ["a"]}])
    call(
        "unknown",
        "DescribeAddresses",
        Refused("InvalidAllocationID.NotFound", "The allocation ID '<unknown allocation>' does not exist"),
        ERRORS,
        AllocationIds=[UNKNOWN_ID["allocation"]],
    )
    call(
        "unknown address",
        "DescribeAddresses",
        Refused("InvalidAddress.NotFound", "Address '<public address>' not found.*"),
        ERRORS,
        PublicIps=["192.0.2.1"],
    )
    associated(recorder, allocation, address)
    call("release", "ReleaseAddress", Answered(), RELEASE, AllocationId=allocation)
    call("release again", "ReleaseAddress", Refused("InvalidAllocationID.NotFound"), ERRORS, AllocationId=allocation)
    call("released", "DescribeAddresses", Refused("InvalidAllocationID.NotFound"), ERRORS, AllocationIds=[allocation])
    call("release nothing", "ReleaseAddress", Refused(("MissingParameter", "InvalidParameterCombination")), ERRORS)


def associated(recorder: Recorder, allocation: str, address: str) -> None:
    call = recorder.call
    instance = running(recorder, image(recorder), "m1")
    call(
        "associate with an unknown instance",
        "AssociateAddress",
        Refused("InvalidInstanceID.NotFound"),
        ERRORS,
        AllocationId=allocation,
        InstanceId=UNKNOWN_ID["instance"],
    )
    call(
        "associate an unknown address",
        "AssociateAddress",
        Refused("InvalidAllocationID.NotFound"),
        ERRORS,
        AllocationId=UNKNOWN_ID["allocation"],
        InstanceId=instance,
    )
    call(
        "associate nothing",
        "AssociateAddress",
        Refused(("MissingParameter", "InvalidParameterCombination")),
        ERRORS,
        InstanceId=instance,
    )
    answer = call(
        "associate",
        "AssociateAddress",
        Answered({"AssociationId": "<eipassoc>"}),
        ASSOCIATE,
        AllocationId=allocation,
        InstanceId=instance,
    )
    association = recorder.name(answer("AssociationId"), "association")
    only = "Reservations[0].Instances[0]"
    has_it = {
        f"{only}.PublicIpAddress": "<elastic address>",
        f"{only}.NetworkInterfaces[0].Association.PublicIp": "<elastic address>",
    }
    call("the instance has it", "DescribeInstances", Answered(has_it), ELASTIC, InstanceIds=[instance])
    call(
        "it has the instance",
        "DescribeAddresses",
        Answered(
            {
                "Addresses[0].InstanceId": "<instance m1>",
                "Addresses[0].AssociationId": "<association>",
                "Addresses[0].PrivateIpAddress": "<private address>",
                "Addresses[0].NetworkInterfaceId": "<interface of m1>",
            }
        ),
        DESCRIBE,
        AllocationIds=[allocation],
    )
    call(
        "release while associated", "ReleaseAddress", Refused("InvalidIPAddress.InUse"), ERRORS, AllocationId=allocation
    )
    recorder.quietly("StopInstances", InstanceIds=[instance])
    reach(recorder, "stopped", instance)
    call(
        "kept over a stop",
        "DescribeInstances",
        Answered({f"{only}.PublicIpAddress": "<elastic address>"}),
        ELASTIC,
        InstanceIds=[instance],
    )
    recorder.quietly("StartInstances", InstanceIds=[instance])
    reach(recorder, "running", instance)
    call(
        "kept over a start",
        "DescribeInstances",
        Answered({f"{only}.PublicIpAddress": "<elastic address>"}),
        ELASTIC,
        InstanceIds=[instance],
    )
    again = recorder.quietly("AssociateAddress", AllocationId=allocation, InstanceId=instance)("AssociationId")
    recorder.name(again, "association")
    call(
        "disassociate",
        "DisassociateAddress",
        Answered(),
        reference("DisassociateAddress"),
        AssociationId=again or association,
    )
    call(
        "disassociate again",
        "DisassociateAddress",
        Refused("InvalidAssociationID.NotFound"),
        ERRORS,
        AssociationId=again or association,
    )
    own = recorder.quietly("DescribeInstances", InstanceIds=[instance])(f"{only}.PublicIpAddress", "none")
    recorder.observe(
        "after that",
        "the elastic address" if own == address else "not the elastic address",
        "not the elastic address",
        ELASTIC,
    )
    recorder.quietly("AssociateAddress", AllocationId=allocation, InstanceId=instance)
    ended(recorder, instance)
    call(
        "free after the instance has ended",
        "DescribeAddresses",
        Answered({"Addresses[0].InstanceId": ("", None), "Addresses[0].AssociationId": None}),
        ELASTIC,
        AllocationIds=[allocation],
    )
