"""Command line: `python -m fidelity --endpoint URL --access-key KEY --secret-key SECRET`."""

import argparse
import json
import os
import sys
from pathlib import Path

from . import compare, table
from .endpoint import Endpoint
from .moto_peer import moto
from .recorder import Recorder, Step, Unavailable
from .scenarios import SCENARIOS

FOLDER = Path(__file__).resolve().parent.parent
TABLE = FOLDER / "differences.toml"
MARKDOWN = FOLDER / "DIFFERENCES.md"


def main() -> int:
    parser = argparse.ArgumentParser(prog="fidelity", description=__doc__)
    parser.add_argument("--endpoint", help="URL of the mock; without it moto is compared with itself")
    parser.add_argument("--access-key")
    parser.add_argument("--secret-key")
    only = os.environ.get("FIDELITY_ONLY")
    parser.add_argument(
        "--only",
        metavar="SCENARIO",
        action="append",
        default=only.split(",") if only else None,
        help="run this scenario only, and look for no stale entries; also by FIDELITY_ONLY",
    )
    parser.add_argument(
        "--steps",
        metavar="FILE",
        default=os.environ.get("FIDELITY_STEPS"),
        help="write every step with both outcomes as JSON; also by FIDELITY_STEPS",
    )
    parser.add_argument(
        "--propose",
        metavar="FILE",
        default=os.environ.get("FIDELITY_PROPOSE"),
        help="write differences that are not in the table as its entries; also by FIDELITY_PROPOSE",
    )
    parser.add_argument("--write-markdown", action="store_true", help="write DIFFERENCES.md and end")
    arguments = parser.parse_args()
    if arguments.write_markdown:
        MARKDOWN.write_text(table.markdown(table.read(TABLE)))
        return 0
    scenarios = [scenario for scenario in SCENARIOS if not arguments.only or scenario.NAME in arguments.only]
    with moto() as peer:
        theirs, problems = run(peer, scenarios)
    if arguments.endpoint:
        ours, more = run(Endpoint("ours", arguments.endpoint, arguments.access_key, arguments.secret_key), scenarios)
    else:
        with moto() as peer:
            ours, more = run(peer, scenarios)
    problems += more
    if problems:
        # A scenario that could not go on has fewer steps on one side.
        asked = {step.name for step in theirs} & {step.name for step in ours}
        theirs, ours = ([step for step in steps if step.name in asked] for steps in (theirs, ours))
    found = compare.differences(theirs, ours)
    if arguments.steps:
        write_steps(arguments.steps, theirs, ours)
    if not arguments.endpoint:
        # The comparison itself: a server is no different from itself.
        return report(theirs, ours, problems + [f"moto differs from itself: {difference}" for difference in found])
    review = table.review(table.read(TABLE) if TABLE.exists() else [], found)
    if arguments.propose:
        Path(arguments.propose).write_text(proposal(review.unknown, ours))
    problems += review.problems()
    if arguments.only:
        problems = [problem for problem in problems if not problem.startswith("in the table, but")]
    elif MARKDOWN.read_text() != table.markdown(review.entries):
        problems.append(f"{MARKDOWN.name} is not the table: write it with --write-markdown")
    problems += [f"not what AWS does: {step.name}: {unmet}" for step in ours for unmet in step.unmet]
    print(f"{len(found)} differences, {len(review.entries)} reviewed entries")
    return report(theirs, ours, problems)


def run(endpoint: Endpoint, scenarios) -> tuple[list[Step], list[str]]:
    """Runs the scenarios one after the other; their steps, and which of them could not be gone through and why."""
    steps, problems = [], []
    for scenario in scenarios:
        recorder = Recorder(endpoint, scenario.NAME, scenario.REGION)
        try:
            scenario.run(recorder)
        except Unavailable as problem:
            problems.append(str(problem))
        steps += recorder.steps
    return steps, problems


def report(theirs: list[Step], ours: list[Step], problems: list[str]) -> int:
    """Prints problems and the sums; the exit status."""
    for problem in problems:
        print(problem)
    for name, steps in (("moto", theirs), ("ours", ours)):
        expected = [step for step in steps if step.expected]
        met = sum(not step.unmet for step in expected)
        print(f"{name}: {met} of {len(expected)} steps are what AWS documents")
    print(f"{len(ours)} calls, {len(problems)} problems")
    return 1 if problems else 0


def write_steps(path: str, theirs: list[Step], ours: list[Step]) -> None:
    """Writes all steps for reading."""
    steps = [
        {
            "step": one.name,
            "moto": one.outcome,
            "ours": other.outcome,
            "moto unmet": one.unmet,
            "ours unmet": other.unmet,
        }
        for one, other in zip(theirs, ours, strict=True)
    ]
    Path(path).write_text(json.dumps(steps, indent=1))


def proposal(unknown: list[compare.Difference], ours: list[Step]) -> str:
    """Entries for the table, one for each field and pair of values; a person fills in who is right."""
    steps = {step.name: step for step in ours}
    grouped: dict[tuple, list[str]] = {}
    for difference in unknown:
        grouped.setdefault((difference.field, difference.moto, difference.ours), []).append(difference.step)
    text = ""
    for (field, moto_value, our_value), names in grouped.items():
        step = steps[names[0]]
        right = (
            "ours" if step.expected and not step.unmet and field in ("outcome", "error.code", "error.message") else "?"
        )
        text += "[[difference]]\n"
        for key, value in (("field", field), ("calls", names), ("moto", moto_value), ("ours", our_value)):
            text += f"{key} = {json.dumps(value, ensure_ascii=False)}\n"
        text += f'right = "{right}"\nwhy = ""\nsource = {json.dumps(step.source)}\n\n'
    return text


if __name__ == "__main__":
    sys.exit(main())
