"""A draw of the mutilated inputs of benchmarks/mutilate.py: an explained refusal, or a report with the right totals.

The whole five hundred run with ``python benchmarks/mutilated_inputs.py``; their outcomes are in its table.
"""

import csv
import importlib.util
import random
import sys

import pytest

CASES = 60
WHOLE = ("names that are a script", "a row twice", "two FECs")


@pytest.fixture(scope="module")
def inputs(root):
    """The module that runs the cases; it imports the one that makes them."""
    path = root / "benchmarks" / "mutilated_inputs.py"
    spec = importlib.util.spec_from_file_location("mutilated_inputs", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    before = list(sys.path)
    spec.loader.exec_module(module)
    sys.path[:] = before
    return module


@pytest.fixture(scope="module")
def cases(inputs):
    return inputs.cases()


def test_five_hundred_cases_each_with_what_must_come_of_it(cases):
    assert len(cases) == 500
    for case in cases:
        assert case.expected.outcome in ("refused", "report", "either")
        assert (case.expected.truth is None) == (case.expected.outcome == "refused")


@pytest.mark.parametrize("number", range(CASES))
def test_a_case_is_refused_with_its_reason_or_has_the_right_totals(number, inputs, cases, tmp_path):
    case = random.Random(20260813).sample(cases, CASES)[number]
    result = inputs.examine(case, tmp_path)
    assert result.fine, f"{case.kind}: {case.name}: {result.outcome}"


@pytest.mark.slow
@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_report(name, inputs, cases, tmp_path):
    case = next(case for case in cases if name in case.name)
    result = inputs.examine(case, tmp_path, whole=True)
    assert result.fine, f"{case.kind}: {case.name}: {result.outcome}"


def test_the_table_holds_every_case_and_no_defect(root, cases):
    with (root / "benchmarks" / "mutilated_inputs.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["kind"], row["case"]) for row in rows] == [(case.kind, case.name) for case in cases]
    assert {row["outcome"] for row in rows} == {"refused", "right report"}
