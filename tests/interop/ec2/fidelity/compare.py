"""Field-by-field differences between what two servers answered to the same steps.

A field is named after the structure of AWS's model that holds it (`Instance.ClientToken`), so that the same difference
of RunInstances and DescribeInstances has one name.
"""

import json
from dataclasses import dataclass

from botocore.session import Session

from .expectation import shown
from .recorder import Step

ABSENT = "absent"

# Texts that belong to the catalogue of a server, not to its behaviour: only their type is compared.
FREE = {
    "Image.CreationDate",
    "Image.DeprecationTime",
    "Image.Description",
    "Image.ImageLocation",
    "Image.Name",
    "Image.OwnerId",
    "KeyPair.KeyMaterial",
    "GetConsoleOutputResult.Output",
}
# What tells the items of a list apart when servers may order them differently.
KEYS = (
    "Key", "DeviceName", "AttributeName", "RegionName", "ZoneName", "GroupName", "IpProtocol", "FromPort", "CidrIp",
    "CidrIpv6", "IsEgress", "IpRanges", "Ipv6Ranges", "UserIdGroupPairs", "ResourceType", "CidrIpv4", "KeyName",
)  # fmt: skip


@dataclass(frozen=True)
class Difference:
    """One field of one step that two servers answer differently, with both values as text."""

    step: str
    field: str
    moto: str
    ours: str


def differences(moto: list[Step], ours: list[Step]) -> list[Difference]:
    """All differences, in the order of the steps. Both servers must have gone through the same steps."""
    model = Session().get_service_model("ec2")
    names = [step.name for step in moto]
    assert names == [step.name for step in ours], "the servers were asked different things"
    return [found for pair in zip(moto, ours, strict=True) for found in _of_step(*pair, model)]


def _of_step(moto: Step, ours: Step, model) -> list[Difference]:
    found = []

    def differ(field, one, other):
        found.append(Difference(ours.name, field, _word(one), _word(other)))

    def compare(shape, holder, one, other):
        if isinstance(one, dict) and isinstance(other, dict):
            name = shape.name if shape is not None else holder
            members = shape.members if shape is not None else {}
            for key in sorted({*one, *other}):
                field = f"{name}.{key}"
                if key not in one or key not in other:
                    if one.get(key, other.get(key)) not in ([], {}):
                        differ(field, one.get(key, ABSENT), other.get(key, ABSENT))
                else:
                    compare(members.get(key), field, one[key], other[key])
        elif isinstance(one, list) and isinstance(other, list):
            if len(one) != len(other):
                differ(f"{holder} items", len(one), len(other))
                return
            member = shape.member if shape is not None else None
            for left, right in zip(_sorted(one), _sorted(other), strict=True):
                compare(member, holder, left, right)
        elif type(one) is not type(other):
            differ(holder, json.dumps(one, sort_keys=True), json.dumps(other, sort_keys=True))
        elif one != other and holder not in FREE:
            differ(holder, one, other)

    if ("error" in moto.outcome) != ("error" in ours.outcome):
        differ("outcome", shown(moto.outcome), shown(ours.outcome))
    elif "error" in ours.outcome:
        compare(None, "error", moto.outcome["error"], ours.outcome["error"])
        # A server that does not answer with XML differs in the code already.
        if "wire" in moto.outcome and "wire" in ours.outcome:
            compare(None, "wire", moto.outcome["wire"], ours.outcome["wire"])
    elif "Wire" in ours.outcome["answer"]:
        compare(None, "wire", moto.outcome["answer"].get("Wire", {}), ours.outcome["answer"]["Wire"])
    elif "Observed" in ours.outcome["answer"]:
        compare(None, "Observed", moto.outcome["answer"]["Observed"], ours.outcome["answer"]["Observed"])
    else:
        shape = model.operation_model(ours.operation).output_shape
        compare(shape, ours.operation, moto.outcome["answer"], ours.outcome["answer"])
    # A list of ten items may differ ten times in the same way.
    return list(dict.fromkeys(found))


def _sorted(items: list) -> list:
    def key(item):
        if not isinstance(item, dict):
            return json.dumps(item, sort_keys=True)
        return json.dumps([item.get(name) for name in KEYS], sort_keys=True)

    return sorted(items, key=key)


def _word(value) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)
