"""What scenarios share: an image as a client finds it, the default network, instances in a known state."""

from ..recorder import UNKNOWN_ID, Answer, Recorder, Unavailable

UBUNTU = [
    {"Name": "name", "Values": ["ubuntu/images/*"]},
    {"Name": "architecture", "Values": ["x86_64"]},
    {"Name": "state", "Values": ["available"]},
    {"Name": "root-device-type", "Values": ["ebs"]},
]
TYPE = "t2.micro"
RSA_KEY = (
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDR3UWRNWlcdTLxTeya8jsGyuvBL6cDsKYTRvJDd81sGrMmHjBDwCIr4tsmnoDWAhwcHGO+eG6q"
    "11ZZgPwTE7mtDQHb/xffk3mcYHtAKCx7cq7iaLCf37MIBDK7I0YxN8evvHr1LvvtvwmYgY7zWBaF93mBnnZZgf/voO48SWwwrIZKLrO0Eqaac5mc"
    "Ke+lDYDBQEmASc0EdQm5I3GXVdjE9VCMWhIv/LCKeppFqJv90X/7em3PcEL7Xd99CzRkGUJpU/14JX9tdOYgNbcepJcREETqBNB2YvPcmghLQsC9"
    "EuAMlV1gMUy/OYhY/FIKqYKGo2H8CZX5xW+otBr3HBIX fidelity"
)
RSA_FINGERPRINT = "89:86:94:85:36:28:90:d2:71:75:8d:f5:60:7c:c9:cb"
ED25519_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMJhoTtxBuDODHhLWYyq0qKKW2wIE4miZpbAfUcoO13g fidelity"
ED25519_FINGERPRINT = "3fYPzJ1Bs0izxvF7dO4GRCXDtv6NF8Q41MCSA8LVi0M"
ECDSA_KEY = (
    "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBO0trknP4Y0+vM9lSdhx4CQi8nfNtyKiiB8lzV3c"
    "c8XNNsuF9AhATUhBslOCAAB8vLX9b8VxNfmJoZXkN7XoCAI= fidelity"
)

# Where the behaviour is documented; short names for the `source` of steps.
ERRORS = "EC2 API Reference, Error codes"
CONSISTENCY = "EC2 Developer Guide, Eventual consistency"
IDEMPOTENCY = "EC2 Developer Guide, Ensuring idempotency"


def reference(operation: str) -> str:
    """The page of an operation or type in AWS's API reference."""
    return f"EC2 API Reference, {operation}"


def image(recorder: Recorder) -> str:
    """An Ubuntu image that can be launched, found as a client finds it."""
    found = recorder.quietly("DescribeImages", Filters=UBUNTU)("sort_by(Images, &ImageId)[].ImageId", [])
    if not found:
        raise Unavailable(f"{recorder.endpoint.name} has no Ubuntu image in {recorder.region}")
    return recorder.name(found[0], "image")


def network(recorder: Recorder) -> tuple[str, list[dict]]:
    """The default VPC and its subnets in the order of their zones."""
    vpc = recorder.quietly("DescribeVpcs", Filters=[{"Name": "is-default", "Values": ["true"]}])("Vpcs[0].VpcId")
    subnets = recorder.quietly("DescribeSubnets", Filters=[{"Name": "vpc-id", "Values": [vpc]}])("Subnets", [])
    subnets = sorted(subnets, key=lambda subnet: subnet["AvailabilityZone"])
    for subnet in subnets:
        recorder.name(subnet["SubnetId"], f"subnet {subnet['AvailabilityZone']}")
    return recorder.name(vpc, "vpc"), subnets


def default_group(recorder: Recorder, vpc: str) -> str:
    """The default security group of the VPC."""
    filters = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}]
    found = recorder.quietly("DescribeSecurityGroups", Filters=filters)("SecurityGroups[0].GroupId")
    return recorder.name(found, "group default")


def launched(recorder: Recorder, ami: str, name: str, **parameters) -> str:
    """An instance that has been ordered, unrecorded."""
    parameters = {"ImageId": ami, "InstanceType": TYPE, "MinCount": 1, "MaxCount": 1, **parameters}
    answer = recorder.quietly("RunInstances", **parameters)
    return remember(recorder, answer, name)


def remember(recorder: Recorder, answer: Answer, name: str) -> str:
    """Names the first instance of an answer, its reservation, interface and volume; its id."""
    instance = answer("Instances[0]", {})
    for interface in instance.get("NetworkInterfaces", []):
        recorder.name(interface["NetworkInterfaceId"], f"interface of {name}")
    recorder.name(answer("ReservationId"), f"reservation of {name}")
    return recorder.name(instance.get("InstanceId"), f"instance {name}")


def reach(recorder: Recorder, state: str, *instances: str) -> None:
    """Waits until all instances have the state; one that was never made has none."""
    instances = [instance for instance in instances if instance != UNKNOWN_ID["instance"]]
    if not instances:
        return
    states = [state] * len(instances)
    recorder.until("state", "Reservations[].Instances[].State.Name", states, "DescribeInstances", InstanceIds=instances)


def running(recorder: Recorder, ami: str, name: str, **parameters) -> str:
    """An instance that runs."""
    instance = launched(recorder, ami, name, **parameters)
    reach(recorder, "running", instance)
    return instance


def ended(recorder: Recorder, *instances: str) -> None:
    """Terminates instances and waits for the end."""
    instances = [instance for instance in instances if instance != UNKNOWN_ID["instance"]]
    if instances:
        recorder.quietly("TerminateInstances", InstanceIds=instances)
        reach(recorder, "terminated", *instances)


def root_volume(recorder: Recorder, instance: str, name: str) -> str:
    """The volume that the instance booted from."""
    filters = [{"Name": "attachment.instance-id", "Values": [instance]}]
    found = recorder.quietly("DescribeVolumes", Filters=filters)("Volumes[0].VolumeId")
    return recorder.name(found, f"volume of {name}")
