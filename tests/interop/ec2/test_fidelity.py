"""Tests of the comparison itself: it must see what differs, and the table must not hide anything."""

import tempfile
import unittest
from pathlib import Path

from fidelity import compare, normalise, table
from fidelity.expectation import Answered, Refused
from fidelity.recorder import Step

INSTANCE = "i-0abcdef1234567890"


def step(outcome: dict, name: str = "launch/plain", operation: str = "RunInstances") -> Step:
    return Step(name, operation, outcome, [], False, "")


def found(moto: dict, ours: dict) -> list[tuple[str, str, str]]:
    differences = compare.differences([step(moto)], [step(ours)])
    return [(difference.field, difference.moto, difference.ours) for difference in differences]


def instance(**fields) -> dict:
    return {"answer": {"Instances": [fields]}}


class Comparison(unittest.TestCase):
    def test_the_same_is_no_difference(self):
        self.assertEqual(found(instance(InstanceId="<i>"), instance(InstanceId="<i>")), [])

    def test_a_field_has_the_name_of_its_structure(self):
        differences = found(instance(State={"Code": 16}), instance(State={"Code": 0}))
        self.assertEqual(differences, [("InstanceState.Code", "16", "0")])

    def test_a_missing_field_is_a_difference(self):
        self.assertEqual(found(instance(), instance(KeyName="k")), [("Instance.KeyName", "absent", "k")])
        self.assertEqual(found(instance(KeyName="k"), instance()), [("Instance.KeyName", "k", "absent")])

    def test_another_type_is_a_difference(self):
        differences = found(instance(AmiLaunchIndex=0), instance(AmiLaunchIndex="0"))
        self.assertEqual(differences, [("Instance.AmiLaunchIndex", "0", '"0"')])

    def test_lists_of_another_length_are_a_difference(self):
        tags = [{"Key": "a", "Value": "b"}]
        self.assertEqual(found(instance(Tags=tags), instance(Tags=[])), [("Instance.Tags items", "1", "0")])

    def test_order_of_tags_is_none(self):
        tags = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
        self.assertEqual(found(instance(Tags=tags), instance(Tags=tags[::-1])), [])

    def test_success_and_failure_differ(self):
        error = {"error": {"code": "InvalidAMIID.NotFound", "status": 400, "message": "no"}}
        self.assertEqual(found(instance(), error), [("outcome", "ok", "400 InvalidAMIID.NotFound: no")])

    def test_errors_differ_in_code_status_and_message(self):
        one = {"error": {"code": "A", "status": 400, "message": "a"}}
        other = {"error": {"code": "B", "status": 404, "message": "b"}}
        fields = [field for field, _, _ in found(one, other)]
        self.assertEqual(fields, ["error.code", "error.message", "error.status"])

    def test_servers_must_be_asked_the_same(self):
        with self.assertRaises(AssertionError):
            compare.differences([step(instance())], [step(instance(), name="launch/other")])


class Normalisation(unittest.TestCase):
    def test_known_identifiers_keep_their_name(self):
        self.assertEqual(normalise.text(f"no {INSTANCE}", {INSTANCE: "instance m1"}), "no <instance m1>")
        self.assertEqual(normalise.text("no i-0123456789abcdef1", {INSTANCE: "instance m1"}), "no <i>")

    def test_what_differs_by_nature(self):
        for text, expected in (
            ("172.31.4.5", "<private address>"),
            ("54.214.3.2", "<public address>"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("ec2-54-1-2-3.compute-1.amazonaws.com", "ec2-<address>.compute-1.amazonaws.com"),
            ("User initiated (2026-11-22 10:00:00 GMT)", "User initiated (<date> GMT)"),
            ("0a:1b:2c:3d:4e:5f", "<mac>"),
            ("arn:aws:ec2:us-east-1:123456789012:x", "arn:aws:ec2:us-east-1:<account>:x"),
        ):
            self.assertEqual(normalise.text(text, {}), expected)

    def test_nothing_else_is_hidden(self):
        for text in ("pending", "m1.small", "sg-web", "i-am-a-name", "89:86:94:85:36:28:90:d2:71:75:8d:f5:60:7c:c9:cb"):
            self.assertEqual(normalise.text(text, {}), text)


class Expectation(unittest.TestCase):
    def test_a_refusal_must_have_code_status_and_message(self):
        outcome = {"error": {"code": "A", "status": 400, "message": "the 'x' is [bad]"}}
        self.assertEqual(Refused("A", "the '*' is [bad]").unmet(outcome), [])
        self.assertEqual(Refused(("B", "A")).unmet(outcome), [])
        for wrong in (Refused("B"), Refused("A", status=403), Refused("A", "another")):
            self.assertEqual(len(wrong.unmet(outcome)), 1)
        self.assertEqual(len(Refused("A").unmet({"answer": {}})), 1)

    def test_an_answer_must_have_its_fields(self):
        outcome = {"answer": {"A": [{"B": 1, "C": True}]}}
        self.assertEqual(Answered({"A[0].B": 1, "A[0].C": True, "A[0].D": None}).unmet(outcome), [])
        self.assertEqual(len(Answered({"A[0].B": "1", "A[0].C": 1, "A[0].D": "*"}).unmet(outcome)), 3)
        self.assertEqual(len(Answered().unmet({"error": {"code": "A", "status": 400, "message": ""}})), 1)


class Table(unittest.TestCase):
    difference = compare.Difference("launch/plain", "Instance.KeyName", "absent", "k[1]")

    def entry(self, **changes) -> table.Entry:
        fields = {"field": "Instance.KeyName", "calls": ("launch/*",), "moto": "absent", "ours": "k[1]"}
        return table.Entry(**{**fields, "right": "ours", "why": "w", "source": "s", **changes})

    def test_a_reviewed_difference_is_no_problem(self):
        self.assertEqual(table.review([self.entry()], [self.difference]).problems(), [])

    def test_an_unknown_difference_is_a_problem(self):
        self.assertEqual(len(table.review([], [self.difference]).problems()), 1)

    def test_an_entry_covers_its_values_only(self):
        for changes in ({"field": "Instance.*x"}, {"calls": ("power/*",)}, {"moto": "k"}, {"ours": "k"}):
            problems = table.review([self.entry(**changes)], [self.difference]).problems()
            self.assertEqual(len(problems), 2, f"{changes}: one unknown, one stale: {problems}")

    def test_a_stale_entry_is_a_problem(self):
        self.assertEqual(len(table.review([self.entry()], []).problems()), 1)

    def test_being_wrong_is_a_problem(self):
        for right in ("moto", "neither"):
            self.assertEqual(len(table.review([self.entry(right=right)], [self.difference]).problems()), 1)

    def test_a_table_without_reasons_is_refused(self):
        entry = '[[difference]]\nfield = "a"\nmoto = "b"\nours = "c"\nright = "{}"\nwhy = "{}"\nsource = "d"\n'
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "table.toml")
            path.write_text(entry.format("ours", "e"))
            self.assertEqual(len(table.read(path)), 1)
            for right, why in (("ours", ""), ("?", "e"), ("left-out", "e")):
                path.write_text(entry.format(right, why))
                with self.assertRaises(ValueError):
                    table.read(path)


if __name__ == "__main__":
    unittest.main()
