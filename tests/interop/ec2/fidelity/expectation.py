"""What AWS does, as a condition on one answer. It is judged for both servers, and ours must meet all of them."""

import re
from dataclasses import dataclass, field

import jmespath

OF_ANY_VALUE = "*"


def matches(pattern, actual) -> bool:
    """Whether the value fits: a text with `*` for any part, a function, a tuple of alternatives, the value itself."""
    if callable(pattern):
        return bool(pattern(actual))
    if isinstance(pattern, tuple):
        return any(matches(alternative, actual) for alternative in pattern)
    if isinstance(pattern, str) and isinstance(actual, str):
        parts = (re.escape(part) for part in pattern.split("*"))
        return re.fullmatch(".*".join(parts), actual, re.DOTALL) is not None
    if pattern == OF_ANY_VALUE:
        return actual is not None
    return type(pattern) is type(actual) and pattern == actual


@dataclass(frozen=True)
class Refused:
    """The call fails with this code (or one of several), status and message."""

    code: str | tuple
    message: str = OF_ANY_VALUE
    status: int | tuple = 400

    def unmet(self, outcome: dict) -> list[str]:
        wanted = f"{self.status} {self.code}: {self.message}"
        if "error" not in outcome:
            return [f"expected {wanted}, but the call succeeded"]
        error = outcome["error"]
        met = (
            matches(self.code, error["code"])
            and matches(self.status, error["status"])
            and matches(self.message, error["message"])
        )
        return [] if met else [f"expected {wanted}, got {shown(outcome)}"]


@dataclass(frozen=True)
class Answered:
    """The call succeeds, and each JMESPath query on its normalised answer gives this value."""

    fields: dict = field(default_factory=dict)

    def unmet(self, outcome: dict) -> list[str]:
        if "error" in outcome:
            return [f"expected success, got {shown(outcome)}"]
        problems = []
        for query, wanted in self.fields.items():
            actual = jmespath.search(query, outcome["answer"])
            if not (wanted is None and actual is None) and not matches(wanted, actual):
                wanted = getattr(wanted, "__name__", repr(wanted)) if callable(wanted) else repr(wanted)
                problems.append(f"expected {query} to be {wanted}, got {actual!r}")
        return problems


def shown(outcome: dict) -> str:
    """`ok`, or status, code and message of the error."""
    error = outcome.get("error")
    return "ok" if error is None else f"{error['status']} {error['code']}: {error['message']}"
