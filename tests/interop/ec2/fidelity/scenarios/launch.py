"""RunInstances that succeeds, in the forms that clients use."""

import base64

from ..expectation import Answered
from ..recorder import Recorder
from .common import RSA_KEY, TYPE, ended, image, network, reach, reference, remember, root_volume

NAME = "launch"
REGION = "us-east-2"
RUN, DESCRIBE = reference("RunInstances"), reference("DescribeInstances")
LIFECYCLE = "EC2 User Guide, Amazon EC2 instance state changes"
SCRIPT = "#!/bin/sh\necho hello\n"


def run(recorder: Recorder) -> None:
    ami = image(recorder)
    vpc, subnets = network(recorder)
    instances = [
        plain(recorder, ami),
        like_the_driver(recorder, ami, vpc, subnets[0]["SubnetId"]),
        *several(recorder, ami),
        private(recorder, ami, subnets[1]["SubnetId"]),
        with_volumes(recorder, ami),
    ]
    ended(recorder, *instances)


def plain(recorder: Recorder, ami: str) -> str:
    answer = recorder.call(
        "plain",
        "RunInstances",
        Answered(
            {
                "length(Instances)": 1,
                "Instances[0].State": {"Code": 0, "Name": "pending"},
                "Instances[0].PublicIpAddress": None,
                "Instances[0].PublicDnsName": ("", None),
                "Instances[0].PrivateIpAddress": "<private address>",
                "Instances[0].AmiLaunchIndex": 0,
                "Instances[0].InstanceType": TYPE,
                "Instances[0].StateReason.Code": "pending",
                "Instances[0].Monitoring.State": "disabled",
                "Instances[0].SecurityGroups[0].GroupName": "default",
                "ReservationId": "<r>",
            }
        ),
        RUN,
        ImageId=ami,
        InstanceType=TYPE,
        MinCount=1,
        MaxCount=1,
    )
    instance = remember(recorder, answer, "plain")
    recorder.call(
        "just launched",
        "DescribeInstances",
        Answered({"Reservations[0].Instances[0].State.Name": "pending"}),
        LIFECYCLE,
        InstanceIds=[instance],
    )
    reach(recorder, "running", instance)
    only = "Reservations[0].Instances[0]"
    public_name = "ec2-<address>.us-east-2.compute.amazonaws.com"
    recorder.call(
        "running",
        "DescribeInstances",
        Answered(
            {
                f"{only}.State": {"Code": 16, "Name": "running"},
                f"{only}.PublicIpAddress": "<public address>",
                f"{only}.PublicDnsName": public_name,
                f"{only}.PrivateDnsName": "ip-<address>.us-east-2.compute.internal",
                f"{only}.StateTransitionReason": "",
                f"{only}.StateReason": None,
                f"{only}.RootDeviceName": "/dev/sda1",
                f"{only}.BlockDeviceMappings[0].Ebs.Status": "attached",
                f"{only}.NetworkInterfaces[0].Status": "in-use",
                f"{only}.NetworkInterfaces[0].Attachment.DeleteOnTermination": True,
                f"{only}.NetworkInterfaces[0].Association.IpOwnerId": "amazon",
                f"{only}.NetworkInterfaces[0].Association.PublicDnsName": public_name,
                f"{only}.SecurityGroups[0].GroupName": "default",
                f"{only}.ClientToken": ("", None, "<uuid>"),
                f"{only}.MetadataOptions.HttpEndpoint": "enabled",
                f"{only}.SourceDestCheck": True,
            }
        ),
        DESCRIBE,
        InstanceIds=[instance],
    )
    volume = root_volume(recorder, instance, "plain")
    recorder.call(
        "root volume",
        "DescribeVolumes",
        Answered(
            {
                "Volumes[0].State": "in-use",
                "Volumes[0].Attachments[0].DeleteOnTermination": True,
                "Volumes[0].Attachments[0].State": "attached",
            }
        ),
        reference("DescribeVolumes"),
        VolumeIds=[volume],
    )
    return instance


def like_the_driver(recorder: Recorder, ami: str, vpc: str, subnet: str) -> str:
    """The parameters of the amazonec2 driver, empty ones included."""
    recorder.quietly("ImportKeyPair", KeyName="driver", PublicKeyMaterial=RSA_KEY.encode())
    group = recorder.quietly("CreateSecurityGroup", GroupName="driver", Description="driver", VpcId=vpc)("GroupId")
    recorder.name(group, "group driver")
    interface = {
        "DeviceIndex": 0,
        "Groups": [group],
        "SubnetId": subnet,
        "AssociatePublicIpAddress": True,
    }
    specification = [
        {"ResourceType": kind, "Tags": [{"Key": "Name", "Value": "m1"}]}
        for kind in ("instance", "volume", "network-interface")
    ]
    answer = recorder.call(
        "like the driver",
        "RunInstances",
        Answered(
            {
                "Instances[0].KeyName": "driver",
                "Instances[0].SubnetId": f"<subnet {REGION}*>",
                "Instances[0].SecurityGroups[].GroupId": ["<group driver>"],
                "Instances[0].Monitoring.State": "pending",
                "Instances[0].Tags": [{"Key": "Name", "Value": "m1"}],
                "Instances[0].MetadataOptions.HttpTokens": "required",
            }
        ),
        RUN,
        ImageId=ami,
        MinCount=1,
        MaxCount=1,
        KeyName="driver",
        InstanceType=TYPE,
        NetworkInterfaces=[interface],
        Monitoring={"Enabled": True},
        IamInstanceProfile={"Name": ""},
        EbsOptimized=False,
        BlockDeviceMappings=[
            {"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 16, "VolumeType": "gp3", "DeleteOnTermination": True}}
        ],
        UserData="",
        MetadataOptions={"HttpTokens": "required", "HttpEndpoint": "enabled"},
        TagSpecifications=specification,
    )
    instance = remember(recorder, answer, "driver")
    reach(recorder, "running", instance)
    only = "Reservations[0].Instances[0]"
    recorder.call(
        "like the driver, running",
        "DescribeInstances",
        Answered(
            {
                f"{only}.Monitoring.State": "enabled",
                f"{only}.SecurityGroups[].GroupName": ["driver"],
                f"{only}.NetworkInterfaces[0].Groups[].GroupName": ["driver"],
                f"{only}.MetadataOptions.State": "applied",
            }
        ),
        DESCRIBE,
        InstanceIds=[instance],
    )
    volume = root_volume(recorder, instance, "driver")
    recorder.call(
        "volume of the driver",
        "DescribeVolumes",
        Answered(
            {
                "Volumes[0].Size": 16,
                "Volumes[0].VolumeType": "gp3",
                "Volumes[0].Iops": 3000,
                "Volumes[0].Throughput": 125,
                "Volumes[0].Tags": [{"Key": "Name", "Value": "m1"}],
            }
        ),
        reference("DescribeVolumes"),
        VolumeIds=[volume],
    )
    recorder.call(
        "interface of the driver",
        "DescribeNetworkInterfaces",
        Answered({"NetworkInterfaces[0].TagSet": [{"Key": "Name", "Value": "m1"}]}),
        reference("RunInstances"),
        Filters=[{"Name": "attachment.instance-id", "Values": [instance]}],
    )
    return instance


def several(recorder: Recorder, ami: str) -> list[str]:
    answer = recorder.call(
        "three in one call",
        "RunInstances",
        Answered({"Instances[].AmiLaunchIndex": [0, 1, 2], "length(Instances[].PrivateIpAddress)": 3}),
        RUN,
        ImageId=ami,
        InstanceType=TYPE,
        MinCount=2,
        MaxCount=3,
    )
    recorder.name(answer("ReservationId"), "reservation of three")
    instances = [
        recorder.name(found, f"instance {number}") for number, found in enumerate(answer("Instances[].InstanceId", []))
    ]
    if instances:
        reach(recorder, "running", *instances)
    recorder.call(
        "three in one reservation",
        "DescribeInstances",
        Answered({"length(Reservations)": 1, "length(Reservations[0].Instances)": 3}),
        DESCRIBE,
        InstanceIds=instances,
    )
    return instances


def private(recorder: Recorder, ami: str, subnet: str) -> str:
    answer = recorder.call(
        "without public address",
        "RunInstances",
        Answered({"Instances[0].InstanceType": "t3.small"}),
        RUN,
        ImageId=ami,
        InstanceType="t3.small",
        MinCount=1,
        MaxCount=1,
        UserData=SCRIPT,
        DisableApiStop=True,
        NetworkInterfaces=[{"DeviceIndex": 0, "SubnetId": subnet, "AssociatePublicIpAddress": False}],
    )
    instance = remember(recorder, answer, "private")
    reach(recorder, "running", instance)
    only = "Reservations[0].Instances[0]"
    recorder.call(
        "without public address, running",
        "DescribeInstances",
        Answered({f"{only}.PublicIpAddress": None, f"{only}.NetworkInterfaces[0].Association": None}),
        DESCRIBE,
        InstanceIds=[instance],
    )
    recorder.call(
        "user data",
        "DescribeInstanceAttribute",
        Answered({"UserData.Value": base64.b64encode(SCRIPT.encode()).decode()}),
        reference("DescribeInstanceAttribute"),
        InstanceId=instance,
        Attribute="userData",
    )
    recorder.call(
        "stop protection from the launch",
        "DescribeInstanceAttribute",
        Answered({"DisableApiStop.Value": True}),
        reference("DescribeInstanceAttribute"),
        InstanceId=instance,
        Attribute="disableApiStop",
    )
    recorder.quietly("ModifyInstanceAttribute", InstanceId=instance, DisableApiStop={"Value": False})
    return instance


def with_volumes(recorder: Recorder, ami: str) -> str:
    answer = recorder.call(
        "with a second volume",
        "RunInstances",
        Answered(),
        RUN,
        ImageId=ami,
        InstanceType=TYPE,
        MinCount=1,
        MaxCount=1,
        Placement={"AvailabilityZone": f"{REGION}a"},
        BlockDeviceMappings=[
            {"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 20, "VolumeType": "io1", "Iops": 200, "Encrypted": True}},
            {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 5, "VolumeType": "gp2", "DeleteOnTermination": False}},
        ],
    )
    instance = remember(recorder, answer, "volumes")
    reach(recorder, "running", instance)
    of_instance = [{"Name": "attachment.instance-id", "Values": [instance]}]
    recorder.call(
        "both volumes",
        "DescribeVolumes",
        Answered(
            {
                "Volumes[?Attachments[0].Device=='/dev/sda1'] | [0].Encrypted": True,
                "Volumes[?Attachments[0].Device=='/dev/sda1'] | [0].Iops": 200,
                "Volumes[?Attachments[0].Device=='/dev/sdf'] | [0].Iops": 100,
                "Volumes[?Attachments[0].Device=='/dev/sdf'] | [0].Attachments[0].DeleteOnTermination": False,
            }
        ),
        reference("DescribeVolumes"),
        Filters=of_instance,
    )
    second = recorder.quietly(
        "DescribeVolumes", Filters=[*of_instance, {"Name": "attachment.device", "Values": ["/dev/sdf"]}]
    )
    second = recorder.name(second("Volumes[0].VolumeId"), "volume second")
    ended(recorder, instance)
    recorder.call(
        "the volume that stays",
        "DescribeVolumes",
        Answered({"Volumes[0].State": "available", "Volumes[0].Attachments": []}),
        "EC2 User Guide, Preserve data when an instance is terminated",
        VolumeIds=[second],
    )
    recorder.quietly("DeleteVolume", VolumeId=second)
    return instance
