"""Makes answers of two servers comparable: what must differ between them becomes a word such as `<public address>`.

Identifiers that a scenario knows (`names`) become their name, so that a reference to the wrong object is a difference;
all others become their kind. Nothing else is hidden: a text, a number or a flag stays as it is.
"""

import datetime
import re

_HEX = r"[0-9a-f]{8}(?:[0-9a-f]{9})?"
_KINDS = (
    "i|ami|vol|snap|eni|eni-attach|sg|sgr|subnet|vpc|r|key|eipalloc|eipassoc|igw|rtb|acl|dopt|"
    "subnet-cidr-assoc|vpc-cidr-assoc|ipv4pool-ec2|lt|aki"
)
IDENTIFIER = re.compile(rf"\b(?:({_KINDS})-{_HEX}|(sir)-(?:[0-9a-z]{{8}}|{_HEX}))(?![0-9a-zA-Z-])")

_SUBSTITUTIONS = [
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "<uuid>"),
    (re.compile(r"\b(ec2|ip)-(?:\d{1,3}-){3}\d{1,3}\."), r"\1-<address>."),
    (re.compile(r"(?<![0-9a-f:])(?:[0-9a-f]{2}:){5}[0-9a-f]{2}(?![0-9a-f:])"), "<mac>"),
    (re.compile(r"(?<![0-9a-f:])(?:[0-9a-f]{2}:){19}[0-9a-f]{2}(?![0-9a-f:])"), "<20 bytes>"),
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?"), "<date>"),
    (re.compile(r"(?<![\d.])\d{12}(?![\d.])"), "<account>"),
]
_ADDRESS = re.compile(r"(?<![\d.])(\d{1,3}(?:\.\d{1,3}){3})(/\d{1,2})?(?![\d.])")
_SUBNET = re.compile(r"^172\.31\.\d{1,3}\.0/20$")


def text(value: str, names: dict[str, str]) -> str:
    """The text with known identifiers by name and unknown ones, dates, addresses and accounts by kind."""
    for identifier in sorted((known for known in names if known in value), key=len, reverse=True):
        value = value.replace(identifier, f"<{names[identifier]}>")
    value = IDENTIFIER.sub(lambda found: f"<{found[1] or found[2]}>", value)
    for pattern, word in _SUBSTITUTIONS:
        value = pattern.sub(word, value)
    return _ADDRESS.sub(_address, value)


def _address(found: re.Match) -> str:
    whole, address, prefix = found[0], found[1], found[2]
    if prefix:
        return "<subnet>" if _SUBNET.match(whole) else whole
    if address == "0.0.0.0":
        return whole
    if address.startswith("172.31."):
        return "<private address>"
    return "<address of no VPC>" if address.startswith("10.") else "<public address>"


def value(anything, names: dict[str, str]):
    """The same for a whole answer of botocore."""
    if isinstance(anything, dict):
        return {key: value(member, names) for key, member in anything.items()}
    if isinstance(anything, list):
        return [value(member, names) for member in anything]
    if isinstance(anything, datetime.datetime):
        return "<date>"
    if isinstance(anything, bytes):
        return "<bytes>"
    if isinstance(anything, str):
        return text(anything, names)
    return anything
