"""Stop, start, reboot, terminate, with the states between them."""

from ..expectation import Answered, Refused
from ..recorder import UNKNOWN_ID, Recorder
from .common import ERRORS, ended, image, launched, reach, reference, running

NAME = "power"
REGION = "ap-southeast-1"
STOP, START, REBOOT = reference("StopInstances"), reference("StartInstances"), reference("RebootInstances")
TERMINATE, DESCRIBE = reference("TerminateInstances"), reference("DescribeInstances")
LIFECYCLE = "EC2 User Guide, Amazon EC2 instance state changes"
ONLY = "Reservations[0].Instances[0]"


def change(kind: str, before: tuple[str, int], after: tuple[str, int]) -> Answered:
    """The answer of a call that changes the state of one instance."""
    return Answered(
        {
            f"{kind}[0].PreviousState": {"Code": before[1], "Name": before[0]},
            f"{kind}[0].CurrentState": {"Code": after[1], "Name": after[0]},
        }
    )


PENDING, RUNNING, STOPPING, STOPPED = ("pending", 0), ("running", 16), ("stopping", 64), ("stopped", 80)
SHUTTING_DOWN, TERMINATED = ("shutting-down", 32), ("terminated", 48)


def run(recorder: Recorder) -> None:
    ami = image(recorder)
    pending(recorder, ami)
    instance = running(recorder, ami, "m1")
    stopped(recorder, instance)
    started(recorder, instance)
    terminated(recorder, instance)
    lists(recorder, ami)


def pending(recorder: Recorder, ami: str) -> None:
    instance = launched(recorder, ami, "new")
    text = "Instance '<instance new>' cannot be stopped as it has never reached the 'running' state*"
    recorder.call(
        "stop while pending", "StopInstances", Refused("IncorrectInstanceState", text), ERRORS, InstanceIds=[instance]
    )
    recorder.call(
        "terminate while pending",
        "TerminateInstances",
        change("TerminatingInstances", PENDING, SHUTTING_DOWN),
        TERMINATE,
        InstanceIds=[instance],
    )
    reach(recorder, "terminated", instance)


def stopped(recorder: Recorder, instance: str) -> None:
    call = recorder.call
    before = recorder.quietly("DescribeInstances", InstanceIds=[instance])(f"{ONLY}.PrivateIpAddress", "")
    call("reboot", "RebootInstances", Answered(), REBOOT, InstanceIds=[instance])
    call("rebooted", "DescribeInstances", Answered({f"{ONLY}.State.Name": "running"}), REBOOT, InstanceIds=[instance])
    call(
        "start while running",
        "StartInstances",
        change("StartingInstances", RUNNING, RUNNING),
        START,
        InstanceIds=[instance],
    )
    call("stop", "StopInstances", change("StoppingInstances", RUNNING, STOPPING), STOP, InstanceIds=[instance])
    call(
        "just stopped",
        "DescribeInstances",
        Answered({f"{ONLY}.State": {"Code": 64, "Name": "stopping"}}),
        LIFECYCLE,
        InstanceIds=[instance],
    )
    reach(recorder, "stopped", instance)
    call(
        "stopped",
        "DescribeInstances",
        Answered(
            {
                f"{ONLY}.State": {"Code": 80, "Name": "stopped"},
                f"{ONLY}.PublicIpAddress": None,
                f"{ONLY}.PublicDnsName": ("", None),
                f"{ONLY}.PrivateIpAddress": "<private address>",
                f"{ONLY}.StateReason": {
                    "Code": "Client.UserInitiatedShutdown",
                    "Message": "Client.UserInitiatedShutdown: User initiated shutdown",
                },
                f"{ONLY}.StateTransitionReason": "User initiated (<date> GMT)",
                f"{ONLY}.BlockDeviceMappings[0].Ebs.Status": "attached",
                f"{ONLY}.NetworkInterfaces[0].Association": None,
            }
        ),
        LIFECYCLE,
        InstanceIds=[instance],
    )
    after = recorder.quietly("DescribeInstances", InstanceIds=[instance])(f"{ONLY}.PrivateIpAddress", "")
    recorder.observe("private address over a stop", "kept" if before == after else "changed", "kept", LIFECYCLE)
    call(
        "stop while stopped",
        "StopInstances",
        change("StoppingInstances", STOPPED, STOPPED),
        STOP,
        InstanceIds=[instance],
    )
    call("reboot while stopped", "RebootInstances", Refused("IncorrectInstanceState"), ERRORS, InstanceIds=[instance])
    call(
        "still stopped",
        "DescribeInstances",
        Answered({f"{ONLY}.State.Name": "stopped"}),
        REBOOT,
        InstanceIds=[instance],
    )


def started(recorder: Recorder, instance: str) -> None:
    call = recorder.call
    before = recorder.quietly("DescribeInstances", InstanceIds=[instance])
    call("start", "StartInstances", change("StartingInstances", STOPPED, PENDING), START, InstanceIds=[instance])
    call(
        "just started",
        "DescribeInstances",
        Answered({f"{ONLY}.State.Name": "pending"}),
        LIFECYCLE,
        InstanceIds=[instance],
    )
    reach(recorder, "running", instance)
    after = recorder.quietly("DescribeInstances", InstanceIds=[instance])
    call(
        "started",
        "DescribeInstances",
        Answered(
            {
                f"{ONLY}.State.Name": "running",
                f"{ONLY}.PublicIpAddress": "<public address>",
                f"{ONLY}.StateReason": None,
                f"{ONLY}.StateTransitionReason": "",
            }
        ),
        LIFECYCLE,
        InstanceIds=[instance],
    )
    same = before(f"{ONLY}.PrivateIpAddress") == after(f"{ONLY}.PrivateIpAddress")
    recorder.observe("private address over a start", "kept" if same else "changed", "kept", LIFECYCLE)
    later = str(after(f"{ONLY}.LaunchTime")) > str(before(f"{ONLY}.LaunchTime"))
    recorder.observe("launch time over a start", "new" if later else "kept", "new", reference("Instance"))
    call(
        "stop by force",
        "StopInstances",
        change("StoppingInstances", RUNNING, STOPPING),
        STOP,
        InstanceIds=[instance],
        Force=True,
    )
    reach(recorder, "stopped", instance)


def terminated(recorder: Recorder, instance: str) -> None:
    call = recorder.call
    call(
        "terminate",
        "TerminateInstances",
        change("TerminatingInstances", STOPPED, SHUTTING_DOWN),
        TERMINATE,
        InstanceIds=[instance],
    )
    reach(recorder, "terminated", instance)
    call(
        "terminated",
        "DescribeInstances",
        Answered(
            {
                f"{ONLY}.State": {"Code": 48, "Name": "terminated"},
                f"{ONLY}.PublicIpAddress": None,
                f"{ONLY}.PrivateIpAddress": None,
                f"{ONLY}.SubnetId": None,
                f"{ONLY}.VpcId": None,
                f"{ONLY}.NetworkInterfaces": [],
                f"{ONLY}.BlockDeviceMappings": [],
                f"{ONLY}.StateTransitionReason": "User initiated (<date> GMT)",
            }
        ),
        "EC2 User Guide, Terminate Amazon EC2 instances",
        InstanceIds=[instance],
    )
    call(
        "terminate again",
        "TerminateInstances",
        change("TerminatingInstances", TERMINATED, TERMINATED),
        TERMINATE,
        InstanceIds=[instance],
    )
    text = "The instance '<instance m1>' is not in a state from which it can be *"
    call(
        "start what has ended",
        "StartInstances",
        Refused("IncorrectInstanceState", text),
        ERRORS,
        InstanceIds=[instance],
    )
    call("stop what has ended", "StopInstances", Refused("IncorrectInstanceState"), ERRORS, InstanceIds=[instance])
    call("reboot what has ended", "RebootInstances", Refused("IncorrectInstanceState"), ERRORS, InstanceIds=[instance])
    call(
        "still terminated",
        "DescribeInstances",
        Answered({f"{ONLY}.State.Name": "terminated"}),
        LIFECYCLE,
        InstanceIds=[instance],
    )


def lists(recorder: Recorder, ami: str) -> None:
    """One bad id, and the whole call fails."""
    instance = running(recorder, ami, "m2")
    call = recorder.call
    unknown = UNKNOWN_ID["instance"]
    text = "The instance ID '<unknown instance>' does not exist"
    for operation in ("StartInstances", "StopInstances", "RebootInstances", "TerminateInstances"):
        verb = operation.removesuffix("Instances").lower()
        call(
            f"{verb} with an unknown one",
            operation,
            Refused("InvalidInstanceID.NotFound", text),
            ERRORS,
            InstanceIds=[instance, unknown],
        )
        call(
            f"{verb} with a malformed one",
            operation,
            Refused("InvalidInstanceID.Malformed", 'Invalid id: "m2"*'),
            ERRORS,
            InstanceIds=["m2"],
        )
        call(
            f"{verb} nothing",
            operation,
            Refused(("MissingParameter", "InvalidParameterCombination", "InvalidInstanceID")),
            ERRORS,
            InstanceIds=[],
        )
        call(
            f"{verb} as a dry run",
            operation,
            Refused("DryRunOperation", status=412),
            ERRORS,
            InstanceIds=[instance],
            DryRun=True,
        )
    call(
        "untouched by all this",
        "DescribeInstances",
        Answered({f"{ONLY}.State.Name": "running"}),
        ERRORS,
        InstanceIds=[instance],
    )
    ended(recorder, instance)
