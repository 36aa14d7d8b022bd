"""Attributes of instances, protection, console, metadata options, monitoring."""

from ..expectation import Answered, Refused
from ..recorder import UNKNOWN_ID, Recorder
from .common import ERRORS, ended, image, launched, reach, reference, running

NAME = "attributes"
REGION = "ap-northeast-1"
DESCRIBE, MODIFY = reference("DescribeInstanceAttribute"), reference("ModifyInstanceAttribute")
PROTECTION = "EC2 User Guide, Termination protection"
STOP_PROTECTION = "EC2 User Guide, Stop protection"


def run(recorder: Recorder) -> None:
    ami = image(recorder)
    instance = running(recorder, ami, "m1", DisableApiTermination=True)
    described(recorder, instance)
    protected(recorder, instance)
    changed(recorder, instance)
    options(recorder, instance)
    console(recorder, ami, instance)
    ended(recorder, instance)


def described(recorder: Recorder, instance: str) -> None:
    for attribute, fields in (
        ("instanceType", {"InstanceType.Value": "t2.micro"}),
        ("disableApiTermination", {"DisableApiTermination.Value": True}),
        ("disableApiStop", {"DisableApiStop.Value": False}),
        ("instanceInitiatedShutdownBehavior", {"InstanceInitiatedShutdownBehavior.Value": "stop"}),
        ("rootDeviceName", {"RootDeviceName.Value": "/dev/sda1"}),
        ("blockDeviceMapping", {"BlockDeviceMappings[0].DeviceName": "/dev/sda1"}),
        ("groupSet", {"Groups[0].GroupId": "<sg>"}),
        ("sourceDestCheck", {"SourceDestCheck.Value": True}),
        ("ebsOptimized", {"EbsOptimized.Value": False}),
        ("userData", {"UserData": ({}, None)}),
    ):
        fields = {"InstanceId": "<instance m1>", **fields}
        recorder.call(
            attribute, "DescribeInstanceAttribute", Answered(fields), DESCRIBE, InstanceId=instance, Attribute=attribute
        )

    def refuse(step: str, expect: Refused, **parameters) -> None:
        recorder.call(step, "DescribeInstanceAttribute", expect, ERRORS, **parameters)

    refuse(
        "unknown attribute",
        Refused(("InvalidParameterValue", "InvalidParameter")),
        InstanceId=instance,
        Attribute="mood",
    )
    refuse("no attribute", Refused("MissingParameter"), InstanceId=instance)
    refuse(
        "attribute of an unknown instance",
        Refused("InvalidInstanceID.NotFound"),
        InstanceId=UNKNOWN_ID["instance"],
        Attribute="userData",
    )


def protected(recorder: Recorder, instance: str) -> None:
    call = recorder.call
    text = (
        "The instance '<instance m1>' may not be terminated. Modify its 'disableApiTermination' instance attribute "
        "and try again."
    )
    call(
        "terminate a protected one",
        "TerminateInstances",
        Refused("OperationNotPermitted", text),
        PROTECTION,
        InstanceIds=[instance],
    )
    running_ = Answered({"Reservations[0].Instances[0].State.Name": "running"})
    call("it still runs", "DescribeInstances", running_, PROTECTION, InstanceIds=[instance])
    call(
        "protect from stops",
        "ModifyInstanceAttribute",
        Answered(),
        MODIFY,
        InstanceId=instance,
        DisableApiStop={"Value": True},
    )
    text = (
        "The instance '<instance m1>' may not be stopped. Modify its 'disableApiStop' instance attribute and try again."
    )
    call(
        "stop a protected one",
        "StopInstances",
        Refused("OperationNotPermitted", text),
        STOP_PROTECTION,
        InstanceIds=[instance],
    )
    call(
        "no more protection from stops",
        "ModifyInstanceAttribute",
        Answered(),
        MODIFY,
        InstanceId=instance,
        DisableApiStop={"Value": False},
    )
    call(
        "no more protection",
        "ModifyInstanceAttribute",
        Answered(),
        MODIFY,
        InstanceId=instance,
        Attribute="disableApiTermination",
        Value="false",
    )
    call(
        "protection is off",
        "DescribeInstanceAttribute",
        Answered({"DisableApiTermination.Value": False}),
        DESCRIBE,
        InstanceId=instance,
        Attribute="disableApiTermination",
    )


def changed(recorder: Recorder, instance: str) -> None:
    call = recorder.call
    other_type = {"InstanceType": {"Value": "t3.small"}}
    call(
        "another type while running",
        "ModifyInstanceAttribute",
        Refused("IncorrectInstanceState"),
        ERRORS,
        InstanceId=instance,
        **other_type,
    )
    call(
        "other user data while running",
        "ModifyInstanceAttribute",
        Refused("IncorrectInstanceState"),
        ERRORS,
        InstanceId=instance,
        UserData={"Value": b"#!/bin/sh\n"},
    )
    call(
        "shutdown behaviour",
        "ModifyInstanceAttribute",
        Answered(),
        MODIFY,
        InstanceId=instance,
        InstanceInitiatedShutdownBehavior={"Value": "terminate"},
    )
    call(
        "shutdown behaviour changed",
        "DescribeInstanceAttribute",
        Answered({"InstanceInitiatedShutdownBehavior.Value": "terminate"}),
        DESCRIBE,
        InstanceId=instance,
        Attribute="instanceInitiatedShutdownBehavior",
    )
    call(
        "no source check",
        "ModifyInstanceAttribute",
        Answered(),
        MODIFY,
        InstanceId=instance,
        SourceDestCheck={"Value": False},
    )
    group = recorder.quietly("CreateSecurityGroup", GroupName="other", Description="other")("GroupId")
    recorder.name(group, "group other")
    call("other groups", "ModifyInstanceAttribute", Answered(), MODIFY, InstanceId=instance, Groups=[group])
    only = "Reservations[0].Instances[0]"
    fields = {f"{only}.SecurityGroups[].GroupName": ["other"], f"{only}.SourceDestCheck": False}
    call("groups changed", "DescribeInstances", Answered(fields), MODIFY, InstanceIds=[instance])
    call(
        "unknown groups",
        "ModifyInstanceAttribute",
        Refused("InvalidGroup.NotFound"),
        ERRORS,
        InstanceId=instance,
        Groups=[UNKNOWN_ID["group"]],
    )
    recorder.quietly("StopInstances", InstanceIds=[instance])
    reach(recorder, "stopped", instance)
    call("another type", "ModifyInstanceAttribute", Answered(), MODIFY, InstanceId=instance, **other_type)
    call(
        "type changed",
        "DescribeInstances",
        Answered({f"{only}.InstanceType": "t3.small"}),
        MODIFY,
        InstanceIds=[instance],
    )
    call(
        "other user data",
        "ModifyInstanceAttribute",
        Answered(),
        MODIFY,
        InstanceId=instance,
        UserData={"Value": b"#!/bin/sh\n"},
    )
    call(
        "user data changed",
        "DescribeInstanceAttribute",
        Answered({"UserData.Value": "IyEvYmluL3NoCg=="}),
        DESCRIBE,
        InstanceId=instance,
        Attribute="userData",
    )
    recorder.quietly("StartInstances", InstanceIds=[instance])
    reach(recorder, "running", instance)


def options(recorder: Recorder, instance: str) -> None:
    call = recorder.call
    metadata = reference("ModifyInstanceMetadataOptions")
    call(
        "metadata options",
        "ModifyInstanceMetadataOptions",
        Answered(
            {
                "InstanceId": "<instance m1>",
                "InstanceMetadataOptions.HttpTokens": "required",
                "InstanceMetadataOptions.HttpPutResponseHopLimit": 3,
            }
        ),
        metadata,
        InstanceId=instance,
        HttpTokens="required",
        HttpPutResponseHopLimit=3,
    )
    call(
        "metadata options that are none",
        "ModifyInstanceMetadataOptions",
        Refused(("InvalidParameterValue", "InvalidParameter")),
        metadata,
        InstanceId=instance,
        HttpEndpoint="perhaps",
    )
    monitoring = reference("MonitorInstances")
    call(
        "monitor",
        "MonitorInstances",
        Answered({"InstanceMonitorings[0].Monitoring.State": ("pending", "enabled")}),
        monitoring,
        InstanceIds=[instance],
    )
    call(
        "do not monitor",
        "UnmonitorInstances",
        Answered({"InstanceMonitorings[0].Monitoring.State": ("disabling", "disabled")}),
        reference("UnmonitorInstances"),
        InstanceIds=[instance],
    )


def console(recorder: Recorder, ami: str, instance: str) -> None:
    output = reference("GetConsoleOutput")
    recorder.call(
        "console",
        "GetConsoleOutput",
        Answered(
            {
                "InstanceId": "<instance m1>",
                "Timestamp": "<date>",
                "Output": lambda text: isinstance(text, str) and "\n" in text,
            }
        ),
        output,
        InstanceId=instance,
    )
    recorder.call(
        "console of an unknown one",
        "GetConsoleOutput",
        Refused("InvalidInstanceID.NotFound"),
        ERRORS,
        InstanceId=UNKNOWN_ID["instance"],
    )
    new = launched(recorder, ami, "new")
    recorder.call("console of a new one", "GetConsoleOutput", Answered({"Output": ("", None)}), output, InstanceId=new)
    reach(recorder, "running", new)
    ended(recorder, new)
