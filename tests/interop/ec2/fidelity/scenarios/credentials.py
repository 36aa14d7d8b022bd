"""Who may ask: keys, secrets, signatures, clocks."""

import datetime

from ..endpoint import How
from ..expectation import Answered, Refused
from ..recorder import Recorder
from .common import ERRORS

NAME = "credentials"
REGION = "us-east-1"
SIGNING = "IAM User Guide, AWS Signature Version 4"
REGIONS = {"Action": "DescribeRegions", "RegionName.1": "us-east-1"}
VALIDATE = "AWS was not able to validate the provided access credentials"
NO_MATCH = Refused(("SignatureDoesNotMatch", "AuthFailure"), status=(401, 403))


def run(recorder: Recorder) -> None:
    request = recorder.request
    request("signed", REGIONS, Answered({"Wire.Root": "DescribeRegionsResponse"}), SIGNING)
    request(
        "signed in the query",
        REGIONS,
        Answered({"Wire.Root": "DescribeRegionsResponse"}),
        SIGNING,
        How("GET", presign=True),
    )
    request(
        "unsigned",
        REGIONS,
        Refused(("MissingAuthenticationToken", "AuthFailure"), status=(400, 401, 403)),
        ERRORS,
        How(sign=False),
    )
    request(
        "unknown key", REGIONS, Refused("AuthFailure", VALIDATE, 401), ERRORS, How(access_key="AKIAIOSFODNN7NOBODY1")
    )
    request("wrong secret", REGIONS, NO_MATCH, ERRORS, How(secret_key="wJalrXUtnFEMI/K7MDENG/bPxRfiCYWRONGSECRET"))
    request(
        "changed after signing",
        REGIONS,
        NO_MATCH,
        ERRORS,
        How(tamper=lambda body: body.replace(b"us-east-1", b"us-west-2")),
    )
    hours = datetime.timedelta(hours=2)
    late = Refused(("RequestExpired", "AuthFailure", "SignatureDoesNotMatch"), status=(400, 401, 403))
    request("clock two hours slow", REGIONS, late, ERRORS, How(clock=-hours))
    request("clock two hours fast", REGIONS, late, ERRORS, How(clock=hours))
    request("query signature that has expired", REGIONS, late, ERRORS, How("GET", presign=True, clock=-hours))
    stranger = recorder.endpoint.client(recorder.region, "AKIAIOSFODNN7NOBODY1", "wrong")
    recorder.client, own = stranger, recorder.client
    recorder.call("unknown key with boto3", "DescribeInstances", Refused("AuthFailure", VALIDATE, 401), ERRORS)
    recorder.call(
        "unknown key and a dry run", "DescribeInstances", Refused("AuthFailure", VALIDATE, 401), ERRORS, DryRun=True
    )
    recorder.client = own
    recorder.call("own key again", "DescribeRegions", Answered(), SIGNING, RegionNames=["us-east-1"])
