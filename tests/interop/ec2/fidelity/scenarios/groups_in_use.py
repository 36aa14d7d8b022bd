"""Security groups that something depends on."""

from ..expectation import Answered, Refused
from ..recorder import Recorder
from .common import ERRORS, ended, image, network, reach, reference, running

NAME = "groups in use"
REGION = "eu-west-2"
DELETE = reference("DeleteSecurityGroup")
IN_USE = Refused("DependencyViolation", "resource <group *> has a dependent object")


def run(recorder: Recorder) -> None:
    vpc, subnets = network(recorder)
    groups = [
        recorder.name(
            recorder.quietly("CreateSecurityGroup", GroupName=name, Description=name, VpcId=vpc)("GroupId"),
            f"group {name}",
        )
        for name in ("used", "referenced", "other")
    ]
    used, referenced, other = groups
    pair = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "UserIdGroupPairs": [{"GroupId": referenced}]}
    recorder.quietly("AuthorizeSecurityGroupIngress", GroupId=other, IpPermissions=[pair])
    recorder.call("delete one that another group names", "DeleteSecurityGroup", IN_USE, ERRORS, GroupId=referenced)
    recorder.quietly("RevokeSecurityGroupIngress", GroupId=other, IpPermissions=[pair])
    recorder.call("delete it when nobody names it", "DeleteSecurityGroup", Answered(), DELETE, GroupId=referenced)

    instance = running(recorder, image(recorder), "m1", SubnetId=subnets[0]["SubnetId"], SecurityGroupIds=[used])
    recorder.call("delete one that an instance has", "DeleteSecurityGroup", IN_USE, ERRORS, GroupId=used)
    recorder.call(
        "interfaces of the group",
        "DescribeNetworkInterfaces",
        Answered({"NetworkInterfaces[0].Groups[0].GroupId": "<group used>", "NetworkInterfaces[0].Status": "in-use"}),
        reference("DescribeNetworkInterfaces"),
        Filters=[{"Name": "group-id", "Values": [used]}],
    )
    recorder.quietly("StopInstances", InstanceIds=[instance])
    reach(recorder, "stopped", instance)
    recorder.call("delete one that a stopped instance has", "DeleteSecurityGroup", IN_USE, ERRORS, GroupId=used)
    ended(recorder, instance)
    recorder.call(
        "interfaces after the instance has ended",
        "DescribeNetworkInterfaces",
        Answered({"NetworkInterfaces": []}),
        "EC2 User Guide, Delete a network interface",
        Filters=[{"Name": "group-id", "Values": [used]}],
    )
    recorder.call("delete it when the instance has ended", "DeleteSecurityGroup", Answered(), DELETE, GroupId=used)
    recorder.quietly("DeleteSecurityGroup", GroupId=other)
