"""The reviewed table of differences: what each server answers, who is right, and why we think so."""

import fnmatch
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from .compare import Difference

# `left-out`: AWS documents an optional member that the mock's documents list as not modelled.
RIGHT = ("ours", "both", "left-out", "moto", "neither")


@dataclass(frozen=True)
class Entry:
    """One reviewed difference. `calls`, `moto` and `ours` may have `*` for any text."""

    field: str
    calls: tuple[str, ...]
    moto: str
    ours: str
    right: str
    why: str
    source: str

    def covers(self, difference: Difference) -> bool:
        """Whether this is the difference that was reviewed."""
        return (
            _fits(self.field, difference.field)
            and any(_fits(call, difference.step) for call in self.calls)
            and _fits(self.moto, difference.moto)
            and _fits(self.ours, difference.ours)
        )


def _fits(pattern: str, text: str) -> bool:
    # Only `*` is special: messages of AWS have brackets and question marks.
    escaped = "".join(f"[{character}]" if character in "?[" else character for character in pattern)
    return fnmatch.fnmatchcase(text, escaped)


def read(path: Path) -> list[Entry]:
    """Reads the table. An entry without a reason, or with an unknown word, is an error."""
    entries = []
    for number, raw in enumerate(tomllib.loads(path.read_text())["difference"], 1):
        where = f"{path.name}, difference {number} ({raw.get('field')})"
        unknown = set(raw) - {"field", "calls", "moto", "ours", "right", "why", "source"}
        missing = {"field", "moto", "ours", "right", "why", "source"} - set(raw)
        if unknown or missing:
            raise ValueError(f"{where}: unknown keys {sorted(unknown)}, missing keys {sorted(missing)}")
        if raw["right"] not in RIGHT:
            raise ValueError(f"{where}: right is {raw['right']!r}, but may be one of {RIGHT}")
        if raw["right"] == "left-out" and raw["ours"] != "absent":
            raise ValueError(f"{where}: only a member that is absent can be left out")
        if not raw["why"].strip() or not raw["source"].strip():
            raise ValueError(f"{where}: `why` and `source` must say something")
        calls = raw.get("calls", ["*"])
        entries.append(Entry(**{**raw, "calls": tuple(calls)}))
    return entries


@dataclass
class Review:
    """The table held against what was measured."""

    entries: list[Entry]
    reviewed: list[tuple[Difference, Entry]]
    unknown: list[Difference]
    stale: list[Entry]
    against_us: list[Entry]

    def problems(self) -> list[str]:
        """Why the run fails; empty when it does not."""
        return [
            *(f"not in the table: {d.step}: {d.field}: moto {d.moto!r}, ours {d.ours!r}" for d in self.unknown),
            *(
                f"in the table, but did not occur: {e.field} of {', '.join(e.calls)}: {e.moto!r}, {e.ours!r}"
                for e in self.stale
            ),
            *(f"ours is wrong: {e.field} of {', '.join(e.calls)}: {e.ours!r}: {e.why}" for e in self.against_us),
        ]


def review(entries: list[Entry], differences: list[Difference]) -> Review:
    """Finds the first entry for each difference."""
    reviewed, unknown, used = [], [], Counter()
    for difference in differences:
        entry = next((entry for entry in entries if entry.covers(difference)), None)
        if entry is None:
            unknown.append(difference)
        else:
            reviewed.append((difference, entry))
            used[entry] += 1
    return Review(
        entries=entries,
        reviewed=reviewed,
        unknown=unknown,
        stale=[entry for entry in entries if not used[entry]],
        against_us=[entry for entry in entries if entry.right in ("moto", "neither")],
    )


def markdown(entries: list[Entry]) -> str:
    """The table for people."""
    lines = [
        "# Where the EC2 mock and moto differ",
        "",
        "Written from `differences.toml` by `python -m fidelity --write-markdown`; a test compares both. `*` is for any",
        "text, `absent` for a field that is not in the answer, a word in angle brackets for what differs in every run.",
        "",
    ]
    counts = Counter(entry.right for entry in entries)
    lines += [
        f"{len(entries)} reviewed differences: " + ", ".join(f"{counts[r]} {r}" for r in RIGHT if counts[r]) + ".",
        "",
    ]
    lines += ["| field | calls | moto | ours | right | why | source |", "| --- | --- | --- | --- | --- | --- | --- |"]
    for e in entries:
        calls = "all" if e.calls == ("*",) else "<br>".join(f"`{call}`" for call in e.calls)
        cells = [f"`{e.field}`", calls, _code(e.moto), _code(e.ours), e.right, _cell(e.why), _cell(e.source)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _code(text: str) -> str:
    shortened = text if len(text) <= 160 else text[:157] + "…"
    return "`" + _cell(shortened).replace("`", "'") + "`"
