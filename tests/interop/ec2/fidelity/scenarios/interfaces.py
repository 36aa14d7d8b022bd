"""Network interfaces of instances, and IPv6."""

from ..expectation import Answered, Refused
from ..recorder import UNKNOWN_ID, Recorder
from .common import ERRORS, TYPE, ended, image, network, reach, reference, remember, running

NAME = "interfaces"
REGION = "ap-south-1"
DESCRIBE = reference("DescribeNetworkInterfaces")
ONLY = "NetworkInterfaces[0]"


def run(recorder: Recorder) -> None:
    _, subnets = network(recorder)
    ami = image(recorder)
    subnet = subnets[0]["SubnetId"]
    instance = running(recorder, ami, "m1", SubnetId=subnet)
    of_instance = [{"Name": "attachment.instance-id", "Values": [instance]}]
    interface = recorder.quietly("DescribeNetworkInterfaces", Filters=of_instance)(f"{ONLY}.NetworkInterfaceId")
    interface = recorder.name(interface, "interface of m1")
    fields = {
        f"{ONLY}.Status": "in-use",
        f"{ONLY}.InterfaceType": "interface",
        f"{ONLY}.Attachment.InstanceId": "<instance m1>",
        f"{ONLY}.Attachment.DeviceIndex": 0,
        f"{ONLY}.Attachment.DeleteOnTermination": True,
        f"{ONLY}.Association.PublicIp": "<public address>",
        f"{ONLY}.PrivateIpAddresses[0].Primary": True,
        f"{ONLY}.Groups[0].GroupName": "default",
        f"{ONLY}.RequesterManaged": False,
    }
    call = recorder.call
    call("by instance", "DescribeNetworkInterfaces", Answered(fields), DESCRIBE, Filters=of_instance)
    call("by id", "DescribeNetworkInterfaces", Answered(fields), DESCRIBE, NetworkInterfaceIds=[interface])
    by_subnet = [{"Name": "subnet-id", "Values": [subnet]}, {"Name": "status", "Values": ["in-use"]}]
    call(
        "by subnet",
        "DescribeNetworkInterfaces",
        Answered({"length(NetworkInterfaces)": 1}),
        DESCRIBE,
        Filters=by_subnet,
    )
    call(
        "unknown",
        "DescribeNetworkInterfaces",
        Refused("InvalidNetworkInterfaceID.NotFound", "The networkInterface ID '<unknown interface>' does not exist"),
        ERRORS,
        NetworkInterfaceIds=[UNKNOWN_ID["interface"]],
    )
    call(
        "none by filter",
        "DescribeNetworkInterfaces",
        Answered({"NetworkInterfaces": []}),
        DESCRIBE,
        Filters=[{"Name": "status", "Values": ["available"]}],
    )
    ended(recorder, instance)
    call(
        "gone with the instance",
        "DescribeNetworkInterfaces",
        Refused("InvalidNetworkInterfaceID.NotFound"),
        reference("InstanceNetworkInterfaceAttachment"),
        NetworkInterfaceIds=[interface],
    )
    answer = call(
        "IPv6 in a subnet without",
        "RunInstances",
        Refused(("InvalidParameterValue", "InvalidParameterCombination", "InvalidParameter", "InvalidSubnet")),
        "EC2 User Guide, IPv6 addresses",
        ImageId=ami,
        InstanceType=TYPE,
        MinCount=1,
        MaxCount=1,
        NetworkInterfaces=[{"DeviceIndex": 0, "SubnetId": subnet, "Ipv6AddressCount": 1}],
    )
    if not answer.failed:
        left = remember(recorder, answer, "six")
        reach(recorder, "running", left)
        ended(recorder, left)
