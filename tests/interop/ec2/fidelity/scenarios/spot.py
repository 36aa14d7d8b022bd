"""Spot requests, and spot instances of RunInstances."""

from ..expectation import Answered, Refused
from ..recorder import UNKNOWN_ID, Recorder
from .common import ERRORS, TYPE, ended, image, network, reach, reference, remember

NAME = "spot"
REGION = "eu-west-3"
REQUEST, DESCRIBE = reference("RequestSpotInstances"), reference("DescribeSpotInstanceRequests")
CANCEL = reference("CancelSpotInstanceRequests")
ONLY = "SpotInstanceRequests[0]"


def run(recorder: Recorder) -> None:
    vpc, subnets = network(recorder)
    ami = image(recorder)
    group = recorder.quietly("CreateSecurityGroup", GroupName="spot", Description="spot", VpcId=vpc)("GroupId")
    group = recorder.name(group, "group spot")
    requested(recorder, ami, group, subnets[0])
    by_run_instances(recorder, ami)
    call = recorder.call
    unknown = Refused(
        "InvalidSpotInstanceRequestID.NotFound", "The spot instance request ID '<unknown spot request>' does not exist*"
    )
    call(
        "describe an unknown one",
        "DescribeSpotInstanceRequests",
        unknown,
        ERRORS,
        SpotInstanceRequestIds=[UNKNOWN_ID["spot request"]],
    )
    call(
        "cancel an unknown one",
        "CancelSpotInstanceRequests",
        unknown,
        ERRORS,
        SpotInstanceRequestIds=[UNKNOWN_ID["spot request"]],
    )
    call("cancel nothing", "CancelSpotInstanceRequests", Refused("MissingParameter"), ERRORS)
    bad = {"ImageId": UNKNOWN_ID["image"], "InstanceType": TYPE, "Placement": {"AvailabilityZone": f"{REGION}a"}}
    call(
        "request with an unknown image",
        "RequestSpotInstances",
        Refused("InvalidAMIID.NotFound"),
        ERRORS,
        SpotPrice="0.5",
        LaunchSpecification=bad,
    )


def requested(recorder: Recorder, ami: str, group: str, subnet: dict) -> None:
    call = recorder.call
    answer = call(
        "request",
        "RequestSpotInstances",
        Answered(
            {
                f"{ONLY}.State": "open",
                f"{ONLY}.Status.Code": "pending-evaluation",
                f"{ONLY}.SpotPrice": "0.500000",
                f"{ONLY}.Type": "one-time",
            }
        ),
        REQUEST,
        SpotPrice="0.50",
        InstanceCount=1,
        LaunchSpecification={
            "ImageId": ami,
            "InstanceType": TYPE,
            "Placement": {"AvailabilityZone": subnet["AvailabilityZone"]},
            "NetworkInterfaces": [
                {"DeviceIndex": 0, "Groups": [group], "SubnetId": subnet["SubnetId"], "AssociatePublicIpAddress": True}
            ],
        },
    )
    request = recorder.name(answer(f"{ONLY}.SpotInstanceRequestId"), "spot request")
    done = recorder.until(
        "fulfilment",
        f"{ONLY}.Status.Code",
        "fulfilled",
        "DescribeSpotInstanceRequests",
        SpotInstanceRequestIds=[request],
    )
    instance = recorder.name(done(f"{ONLY}.InstanceId"), "instance spot")
    reach(recorder, "running", instance)
    fulfilled = {f"{ONLY}.State": "active", f"{ONLY}.Status.Code": "fulfilled", f"{ONLY}.InstanceId": "<instance spot>"}
    call("fulfilled", "DescribeSpotInstanceRequests", Answered(fulfilled), DESCRIBE, SpotInstanceRequestIds=[request])
    call(
        "by state",
        "DescribeSpotInstanceRequests",
        Answered({"SpotInstanceRequests[].InstanceId": ["<instance spot>"]}),
        DESCRIBE,
        Filters=[{"Name": "state", "Values": ["active"]}],
    )
    only = "Reservations[0].Instances[0]"
    fields = {
        f"{only}.InstanceLifecycle": "spot",
        f"{only}.SpotInstanceRequestId": "<spot request>",
        f"{only}.SecurityGroups[].GroupName": ["spot"],
        f"{only}.SubnetId": f"<subnet {subnet['AvailabilityZone']}>",
    }
    call("the instance", "DescribeInstances", Answered(fields), reference("Instance"), InstanceIds=[instance])
    call(
        "cancel",
        "CancelSpotInstanceRequests",
        Answered(
            {"CancelledSpotInstanceRequests[0]": {"SpotInstanceRequestId": "<spot request>", "State": "cancelled"}}
        ),
        CANCEL,
        SpotInstanceRequestIds=[request],
    )
    call(
        "it still runs",
        "DescribeInstances",
        Answered({f"{only}.State.Name": "running"}),
        CANCEL,
        InstanceIds=[instance],
    )
    call(
        "cancelled",
        "DescribeSpotInstanceRequests",
        Answered({f"{ONLY}.State": "cancelled", f"{ONLY}.Status.Code": "request-canceled-and-instance-running"}),
        "EC2 User Guide, Spot request status",
        SpotInstanceRequestIds=[request],
    )
    ended(recorder, instance)


def by_run_instances(recorder: Recorder, ami: str) -> None:
    call = recorder.call
    market = {"MarketType": "spot", "SpotOptions": {"MaxPrice": "0.50", "SpotInstanceType": "one-time"}}
    answer = call(
        "run a spot instance",
        "RunInstances",
        Answered({"Instances[0].InstanceLifecycle": "spot", "Instances[0].SpotInstanceRequestId": "<sir>"}),
        reference("InstanceMarketOptionsRequest"),
        ImageId=ami,
        InstanceType=TYPE,
        MinCount=1,
        MaxCount=1,
        InstanceMarketOptions=market,
    )
    instance = remember(recorder, answer, "of the market")
    request = recorder.name(answer("Instances[0].SpotInstanceRequestId"), "spot request of the market")
    reach(recorder, "running", instance)
    call(
        "its request",
        "DescribeSpotInstanceRequests",
        Answered({f"{ONLY}.InstanceId": "<instance of the market>", f"{ONLY}.State": "active"}),
        DESCRIBE,
        SpotInstanceRequestIds=[request],
    )
    stop = Refused("UnsupportedOperation")
    call(
        "stop a one-time spot instance",
        "StopInstances",
        stop,
        "EC2 User Guide, Stop a Spot Instance",
        InstanceIds=[instance],
    )
    ended(recorder, instance)
    call(
        "closed after the end",
        "DescribeSpotInstanceRequests",
        Answered({f"{ONLY}.State": ("closed", "cancelled")}),
        "EC2 User Guide, Spot request states",
        SpotInstanceRequestIds=[request],
    )
