"""DescribeInstances over many: filters, pages, ids that do not exist; and DescribeInstanceStatus."""

from ..expectation import Answered, Refused
from ..recorder import UNKNOWN_ID, Recorder
from .common import ERRORS, RSA_KEY, TYPE, ended, image, network, reach, reference, remember

NAME = "listing"
REGION = "eu-west-1"
DESCRIBE, STATUS = reference("DescribeInstances"), reference("DescribeInstanceStatus")
FILTERING = "EC2 User Guide, Filter your resources"
IDS = "sort(Reservations[].Instances[].InstanceId)"


def run(recorder: Recorder) -> None:
    ami = image(recorder)
    _, subnets = network(recorder)
    recorder.call("nothing yet", "DescribeInstances", Answered({"Reservations": []}), DESCRIBE)
    recorder.quietly("ImportKeyPair", KeyName="listed", PublicKeyMaterial=RSA_KEY.encode())
    instances = []
    for name, parameters in (
        ("a", {"SubnetId": subnets[0]["SubnetId"], "KeyName": "listed"}),
        ("b", {"SubnetId": subnets[1]["SubnetId"], "InstanceType": "t3.small"}),
        ("c", {"SubnetId": subnets[1]["SubnetId"]}),
    ):
        tags = [{"Key": "Name", "Value": f"node-{name}"}, {"Key": "only " + name, "Value": ""}]
        answer = recorder.quietly(
            "RunInstances",
            **{
                "ImageId": ami,
                "InstanceType": TYPE,
                "MinCount": 1,
                "MaxCount": 1,
                "TagSpecifications": [{"ResourceType": "instance", "Tags": tags}],
                **parameters,
            },
        )
        instances.append(remember(recorder, answer, name))
    reach(recorder, "running", *instances)
    recorder.quietly("StopInstances", InstanceIds=instances[2:])
    reach(recorder, "stopped", *instances[2:])
    filters(recorder, ami, instances, subnets)
    refused(recorder, instances)
    pages(recorder, ami, instances)
    status(recorder, instances)
    ended(recorder, *instances)


def filters(recorder: Recorder, ami: str, instances: list[str], subnets: list[dict]) -> None:
    a, b, c = (f"<instance {name}>" for name in "abc")
    first = recorder.quietly("DescribeInstances", InstanceIds=instances[:1])("Reservations[0].Instances[0]", {})
    subnet = subnets[1]["SubnetId"]
    for name, values, expected in (
        ("instance-state-name", ["running"], [a, b]),
        ("instance-state-name", ["stopped", "stopping"], [c]),
        ("instance-state-code", ["16"], [a, b]),
        ("instance-id", [instances[1]], [b]),
        ("instance-type", ["t3.*"], [b]),
        ("image-id", [ami], [a, b, c]),
        ("key-name", ["listed"], [a]),
        ("subnet-id", [subnet], [b, c]),
        ("availability-zone", [subnets[0]["AvailabilityZone"]], [a]),
        ("vpc-id", [subnets[0]["VpcId"]], [a, b, c]),
        ("tag:Name", ["node-a", "node-c"], [a, c]),
        ("tag:Name", ["node-?"], [a, b, c]),
        ("tag:name", ["node-a"], []),
        ("tag-key", ["only b"], [b]),
        ("tag-key", ["Name"], [a, b, c]),
        ("tag:Name", ["nobody"], []),
        ("private-ip-address", [first.get("PrivateIpAddress", "")], [a]),
        ("ip-address", [first.get("PublicIpAddress", "")], [a]),
        ("dns-name", [first.get("PublicDnsName", "")], [a]),
        ("private-dns-name", [first.get("PrivateDnsName", "")], [a]),
        ("instance.group-name", ["default"], [a, b, c]),
        ("reservation-id", ["r-*"], [a, b, c]),
        ("root-device-type", ["ebs"], [a, b, c]),
        ("architecture", ["x86_64"], [a, b, c]),
        ("block-device-mapping.status", ["attached"], [a, b, c]),
        ("network-interface.subnet-id", [subnet], [b, c]),
        ("monitoring-state", ["enabled"], []),
        ("tenancy", ["default"], [a, b, c]),
    ):
        label = (
            "public name"
            if name == "dns-name"
            else ",".join(values)
            if name.startswith(("tag", "instance-state"))
            else "one"
        )
        recorder.call(
            f"{name} {label}",
            "DescribeInstances",
            Answered({IDS: sorted(expected)}),
            FILTERING,
            Filters=[{"Name": name, "Values": values}],
        )
    two = [
        {"Name": "tag:Name", "Values": ["node-*"]},
        {"Name": "subnet-id", "Values": [subnet]},
        {"Name": "instance-state-name", "Values": ["running"]},
    ]
    recorder.call("three filters", "DescribeInstances", Answered({IDS: [b]}), FILTERING, Filters=two)
    recorder.call(
        "ids and a filter",
        "DescribeInstances",
        Answered({IDS: [a]}),
        FILTERING,
        InstanceIds=instances,
        Filters=[{"Name": "key-name", "Values": ["listed"]}],
    )


def refused(recorder: Recorder, instances: list[str]) -> None:
    call = recorder.call
    unknown = Refused("InvalidInstanceID.NotFound", "The instance ID '<unknown instance>' does not exist")
    call("unknown id", "DescribeInstances", unknown, ERRORS, InstanceIds=[UNKNOWN_ID["instance"]])
    call(
        "unknown and known id", "DescribeInstances", unknown, ERRORS, InstanceIds=[instances[0], UNKNOWN_ID["instance"]]
    )
    recorder.names["i-0000000000000abcd"] = "unknown instance"
    several = Refused(
        "InvalidInstanceID.NotFound", "The instance IDs '<unknown instance>, <unknown instance>' do not exist"
    )
    call(
        "two unknown ids",
        "DescribeInstances",
        several,
        ERRORS,
        InstanceIds=["i-0000000000000abcd", UNKNOWN_ID["instance"]],
    )
    call(
        "malformed id",
        "DescribeInstances",
        Refused("InvalidInstanceID.Malformed", 'Invalid id: "foo"*'),
        ERRORS,
        InstanceIds=["foo"],
    )
    call(
        "unknown filter",
        "DescribeInstances",
        Refused("InvalidParameterValue", "The filter 'colour' is invalid"),
        ERRORS,
        Filters=[{"Name": "colour", "Values": ["red"]}],
    )
    call("as a dry run", "DescribeInstances", Refused("DryRunOperation", status=412), ERRORS, DryRun=True)


def pages(recorder: Recorder, ami: str, instances: list[str]) -> None:
    more = recorder.quietly("RunInstances", ImageId=ami, InstanceType=TYPE, MinCount=9, MaxCount=9)
    for number, identifier in enumerate(more("Instances[].InstanceId", [])):
        instances.append(recorder.name(identifier, f"instance more {number}"))
    reach(recorder, "running", *instances[3:])
    call = recorder.call
    # The order and the cut of pages are not documented; that they are complete and free of repetitions is.
    seen, sizes, token = [], [], {}
    while len(sizes) < 20:
        page = recorder.quietly("DescribeInstances", MaxResults=5, **token)
        sizes.append(len(page("Reservations[].Instances[]", [])))
        seen += page("Reservations[].Instances[].InstanceId", [])
        if not page("NextToken"):
            break
        token = {"NextToken": page("NextToken")}
    complete = sorted(seen) == sorted(instances)
    recorder.observe(
        "all pages together", "complete" if complete else f"{len(seen)} of {len(instances)}", "complete", DESCRIBE
    )
    recorder.observe("no page is larger than asked for", str(max(sizes) <= 5), "True", DESCRIBE)
    range_ = Refused(
        "InvalidParameterValue", "Value ( 3 ) for parameter maxResults is invalid. Expecting a value greater than*5*"
    )
    call("pages of three", "DescribeInstances", range_, DESCRIBE, MaxResults=3)
    call(
        "pages of ids",
        "DescribeInstances",
        Refused("InvalidParameterCombination"),
        DESCRIBE,
        MaxResults=5,
        InstanceIds=instances[:1],
    )
    call(
        "bad token",
        "DescribeInstances",
        Refused(("InvalidNextToken", "InvalidPaginationToken", "InvalidParameterValue", "InvalidParameter")),
        ERRORS,
        MaxResults=5,
        NextToken="nowhere",
    )
    call(
        "a page that holds all",
        "DescribeInstances",
        Answered({"NextToken": None}),
        DESCRIBE,
        MaxResults=1000,
        Filters=[{"Name": "key-name", "Values": ["listed"]}],
    )


def status(recorder: Recorder, instances: list[str]) -> None:
    call = recorder.call
    states = "sort(InstanceStatuses[].InstanceState.Name)"
    call(
        "status of the running ones",
        "DescribeInstanceStatus",
        Answered({states: ["running", "running"]}),
        STATUS,
        Filters=[{"Name": "instance-state-name", "Values": ["*"]}],
        InstanceIds=instances[:3],
    )
    call(
        "status of all",
        "DescribeInstanceStatus",
        Answered({states: ["running", "running", "stopped"]}),
        STATUS,
        InstanceIds=instances[:3],
        IncludeAllInstances=True,
    )
    call(
        "status of one",
        "DescribeInstanceStatus",
        Answered(
            {
                "InstanceStatuses[0].SystemStatus.Status": ("ok", "initializing"),
                "InstanceStatuses[0].InstanceStatus.Details[0].Name": "reachability",
            }
        ),
        STATUS,
        InstanceIds=instances[:1],
    )
    call(
        "status of a stopped one",
        "DescribeInstanceStatus",
        Answered({"InstanceStatuses": []}),
        STATUS,
        InstanceIds=instances[2:3],
    )
    call(
        "status of an unknown one",
        "DescribeInstanceStatus",
        Refused("InvalidInstanceID.NotFound"),
        ERRORS,
        InstanceIds=[UNKNOWN_ID["instance"]],
    )
