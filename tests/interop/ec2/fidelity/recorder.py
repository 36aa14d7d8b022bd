"""Runs the steps of a scenario against one server and keeps what each of them got."""

import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field

import jmespath
from botocore import xform_name
from botocore.exceptions import ClientError

from . import normalise
from .endpoint import VERSION, Endpoint, How
from .expectation import Answered, Refused

# No wait of a scenario may take longer; a mock's boot takes a second.
WAIT_SECONDS = 30
LOOK_SECONDS = 0.05
UNKNOWN_ID = {
    "instance": "i-0123456789abcdef0",
    "image": "ami-0123456789abcdef0",
    "group": "sg-0123456789abcdef0",
    "subnet": "subnet-0123456789abcdef0",
    "vpc": "vpc-0123456789abcdef0",
    "volume": "vol-0123456789abcdef0",
    "key": "key-0123456789abcdef0",
    "allocation": "eipalloc-0123456789abcdef0",
    "association": "eipassoc-0123456789abcdef0",
    "spot request": "sir-abcd1234",
    "interface": "eni-0123456789abcdef0",
    "rule": "sgr-0123456789abcdef0",
}


class Unavailable(Exception):
    """A server never reached a state that the scenario must wait for."""


@dataclass
class Step:
    """One call and what it got: `{"answer": ...}` or `{"error": {"code", "status", "message"}}`, normalised."""

    name: str
    operation: str
    outcome: dict
    unmet: list[str]
    expected: bool
    source: str


@dataclass
class Answer:
    """What a scenario works on with: the answer as it came."""

    raw: dict = field(default_factory=dict)
    failed: bool = False

    def __call__(self, query: str, otherwise=None):
        """Result of a JMESPath query; the alternative when there is none."""
        found = jmespath.search(query, self.raw)
        return otherwise if found is None else found


class Recorder:
    """Steps of one scenario against one server, in the region of the scenario."""

    def __init__(self, endpoint: Endpoint, scenario: str, region: str):
        self.endpoint = endpoint
        self.scenario = scenario
        self.region = region
        self.client = endpoint.client(region)
        self.names = {identifier: f"unknown {kind}" for kind, identifier in UNKNOWN_ID.items()}
        self.steps: list[Step] = []

    def name(self, identifier: str | None, name: str) -> str:
        """Gives an identifier a name that means the same object on every server; an unused one when there is none."""
        if not identifier:
            return UNKNOWN_ID.get(name.split(" ")[0], "none")
        self.names[identifier] = name
        return identifier

    def call(self, step: str, operation: str, expect=None, source: str = "", **parameters) -> Answer:
        """Makes a call through boto3 and records it."""
        try:
            raw = getattr(self.client, xform_name(operation))(**parameters)
            raw.pop("ResponseMetadata", None)
            return self._record(step, operation, expect, source, Answer(raw), {"answer": raw})
        except ClientError as error:
            outcome = {
                "error": {
                    "code": error.response["Error"].get("Code", ""),
                    "status": error.response["ResponseMetadata"]["HTTPStatusCode"],
                    "message": error.response["Error"].get("Message", ""),
                }
            }
            return self._record(step, operation, expect, source, Answer(failed=True), outcome)
        except Exception as error:  # what boto3 cannot read is an outcome of its own
            outcome = {"error": {"code": type(error).__name__, "status": 0, "message": "unreadable answer"}}
            return self._record(step, operation, expect, source, Answer(failed=True), outcome)

    def quietly(self, operation: str, **parameters) -> Answer:
        """Makes a call that prepares others and is not compared."""
        try:
            return Answer(getattr(self.client, xform_name(operation))(**parameters))
        except ClientError:
            return Answer(failed=True)

    def request(self, step: str, parameters: dict, expect=None, source: str = "", how: How | None = None) -> Answer:
        """Sends a request as it stands, with the version unless it names one, and records what is on the wire."""
        pairs = list(parameters.items())
        if "Version" not in parameters:
            pairs.append(("Version", VERSION))
        reply = self.endpoint.request(self.region, pairs, how or How())
        operation = parameters.get("Action", "")
        try:
            root = ElementTree.fromstring(reply.body)
        except ElementTree.ParseError:
            outcome = {
                "error": {"code": "not XML", "status": reply.status, "message": reply.headers.get("content-type", "")}
            }
            return self._record(step, operation, expect, source, Answer(failed=True), outcome)
        namespace = root.tag[1:].split("}")[0] if root.tag.startswith("{") else ""
        request_id = next((e.text for e in root.iter() if e.tag.rpartition("}")[2] in ("requestId", "RequestID")), None)
        wire = {
            "ContentType": reply.headers.get("content-type", ""),
            "Server": reply.headers.get("server", ""),
            "Namespace": namespace,
            "Root": root.tag.rpartition("}")[2],
            "RequestId": normalise.text(request_id or "", {}),
            "RequestIdInHeader": reply.headers.get("x-amzn-requestid") == request_id,
            "KeepsConnection": not reply.closes,
        }
        codes = [element.text for element in root.iter() if element.tag.rpartition("}")[2] == "Code"]
        if codes:
            texts = [element.text for element in root.iter() if element.tag.rpartition("}")[2] == "Message"]
            error = {"code": codes[0] or "", "status": reply.status, "message": (texts or [""])[0] or ""}
            return self._record(step, operation, expect, source, Answer(failed=True), {"error": error, "wire": wire})
        answer = {"Wire": wire}
        return self._record(step, operation, expect, source, Answer(answer), {"answer": answer})

    def observe(self, step: str, value: str, expected: str, source: str = "") -> None:
        """Records something that a scenario found out from an answer that cannot be compared as it is."""
        self._record(step, "", Answered({"Observed": expected}), source, Answer(), {"answer": {"Observed": value}})

    def until(self, what: str, query: str, wanted, operation: str, **parameters) -> Answer:
        """Repeats a call until the query gives the value; not compared."""
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            answer = self.quietly(operation, **parameters)
            found = answer(query)
            if found == wanted:
                return answer
            if time.monotonic() > deadline:
                raise Unavailable(
                    f"{self.endpoint.name}, {self.scenario}: {what}: {query} of {operation} is {found!r} "
                    f"after {WAIT_SECONDS} s, not {wanted!r}"
                )
            time.sleep(LOOK_SECONDS)

    def _record(self, step, operation, expect, source, answer: Answer, outcome: dict) -> Answer:
        normalised = normalise.value(outcome, self.names)
        unmet = expect.unmet(normalised) if expect is not None else []
        # An unnormalised expectation would depend on addresses and identifiers.
        assert expect is None or isinstance(expect, (Answered, Refused)), expect
        name = f"{self.scenario}/{step}"
        assert all(name != other.name for other in self.steps), f"two steps are called {name}"
        self.steps.append(Step(name, operation, normalised, unmet, expect is not None, source))
        return answer
