"""What the servers are asked. Each module is one scenario: NAME, REGION and `run(recorder)`.

Scenarios that list everything in a region have it for themselves.
"""

from . import (
    account,
    addresses,
    attributes,
    credentials,
    groups,
    groups_in_use,
    idempotence,
    images,
    interfaces,
    keys,
    launch,
    launch_refused,
    listing,
    network,
    power,
    protocol,
    spot,
    tags,
    volumes,
)

SCENARIOS = [
    protocol,
    credentials,
    account,
    network,
    images,
    keys,
    groups,
    groups_in_use,
    launch,
    launch_refused,
    power,
    listing,
    attributes,
    interfaces,
    addresses,
    volumes,
    tags,
    spot,
    idempotence,
]
