#!/usr/bin/env python3
"""The commands of an external world, for EC2 or anything that speaks its protocol, such as moto.

    provider.py inventory | power-off MACHINE | delete MACHINE | sweep MACHINE...
    provider.py default-vpc

Endpoint, region and credentials come from the environment, as boto3 reads them: AWS_ENDPOINT_URL, AWS_DEFAULT_REGION,
AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY.
"""

import json
import re
import sys

import boto3

# The suite's machines are called mc- and eight hexadecimal digits. Names of key pairs only begin with the machine's.
MACHINE = re.compile(r"mc-[0-9a-f]{8}")
# EC2 shows an instance for an hour after its end.
ENDED = {"shutting-down", "terminated"}

ec2 = boto3.client("ec2")


def tag(thing: dict, key: str) -> str:
    return next((tag["Value"] for tag in thing.get("Tags", []) if tag["Key"] == key), "")


def instances() -> list[dict]:
    pages = ec2.get_paginator("describe_instances").paginate()
    found = [instance for page in pages for group in page["Reservations"] for instance in group["Instances"]]
    return [instance for instance in found if instance["State"]["Name"] not in ENDED]


def inventory() -> list[dict]:
    objects = [
        {
            "kind": "instance",
            "id": instance["InstanceId"],
            "name": tag(instance, "Name"),
            "machine": tag(instance, "Name"),
            "attributes": {
                "address": instance.get("PublicIpAddress", ""),
                "state": instance["State"]["Name"],
            },
        }
        for instance in instances()
    ]
    for key in ec2.describe_key_pairs()["KeyPairs"]:
        machine = MACHINE.match(key["KeyName"])
        objects.append(
            {
                "kind": "key-pair",
                "id": key["KeyPairId"],
                "name": key["KeyName"],
                "machine": machine.group() if machine else None,
            }
        )
    for group in ec2.describe_security_groups()["SecurityGroups"]:
        if group["GroupName"] != "default":
            # Shared by all machines of a driver, so it belongs to none of them.
            objects.append({"kind": "security-group", "id": group["GroupId"], "name": group["GroupName"]})
    return objects


def instances_of(machine: str) -> list[str]:
    found = [instance["InstanceId"] for instance in instances() if tag(instance, "Name") == machine]
    if not found:
        sys.exit(f"EC2 has no instance with the tag Name={machine}")
    return found


def sweep(machines: list[str]) -> list[dict]:
    swept = [thing for thing in inventory() if thing.get("machine") in machines]
    for thing in swept:
        if thing["kind"] == "instance":
            ec2.terminate_instances(InstanceIds=[thing["id"]])
        else:
            ec2.delete_key_pair(KeyPairId=thing["id"])
    return swept


def default_vpc() -> str:
    default = {"Name": "is-default", "Values": ["true"]}
    return ec2.describe_vpcs(Filters=[default])["Vpcs"][0]["VpcId"]


def main(command: str, *machines: str) -> None:
    match command:
        case "inventory":
            printed = inventory()
        case "sweep":
            printed = sweep(list(machines))
        case "delete":
            ec2.terminate_instances(InstanceIds=instances_of(machines[0]))
            printed = []
        case "power-off":
            ec2.stop_instances(InstanceIds=instances_of(machines[0]), Force=True)
            printed = []
        case "default-vpc":
            return print(default_vpc())
        case _:
            sys.exit(__doc__)
    for thing in printed:
        print(json.dumps(thing))


if __name__ == "__main__":
    main(*sys.argv[1:])
