"""A case before anything is asked: its inputs, its exact answer, and what makes it one that can be judged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from conformance.ask.prepare import CaseError, canonical, plan_for, prepare
from conformance.judge.compare import judge
from conformance.outcome import Outcome, Raised, Tensor, Value
from conformance.suite.values import make_inputs
from conformance.target import parse_target
from conformance.verdict import Status
from tests.suite.files import cases as cases_of

ONE = """
op: conv
values: [integers]
cases:
  - name: a
    EXPECT
    params: {convention: torch, size: [4, 4], kernel: 2, in_channels: 2}
"""


def test_what_a_case_holds_is_its_inputs_twice_and_three_arrays_an_output(tmp_path: Path) -> None:
    (case,) = cases_of(tmp_path, ONE.replace("    EXPECT\n", ""))
    # In float64: x has 2 * 4 * 4 elements, w 2 * 2 * 2, y 3 * 3.
    assert prepare(case).nbytes == 2 * 8 * (32 + 8) + 3 * 8 * 9


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (Raised("ValueError", "not so"), Status.PASS),
        (Value({"y": Tensor("float32", (1, 1, 3, 3), np.ones((1, 1, 3, 3), np.float32))}), Status.ACCEPTED),
    ],
)
def test_a_case_may_say_that_it_must_be_refused(tmp_path: Path, outcome: Outcome, status: Status) -> None:
    (case,) = cases_of(tmp_path, ONE.replace("EXPECT", "expect: {refused: true}"))
    prepared = prepare(case)
    plan = plan_for(prepared.case, parse_target("numpy"))
    assert judge(prepared.expectation, canonical(prepared, plan, outcome)).status is status  # type: ignore[arg-type]
    assert prepared.expectation.refused == "the case says that it must be refused"


def test_integers_whose_sums_cancel_everywhere_are_drawn_again(tmp_path: Path) -> None:
    case = "{name: a, params: {convention: torch, size: 1, kernel: 1, in_channels: 2}}"
    text = f"op: conv\nvalues: [integers]\ncases: [{case}]\n"
    (made,) = cases_of(tmp_path, text)
    found = 0
    for seed in range(200):
        case = replace(made, seed=seed)
        first = make_inputs(case)
        if first["x"].any() and not (first["x"].ravel() * first["w"].ravel()).sum():
            found += 1
            prepared = prepare(case)
            assert prepared.expectation.outputs["y"].value.any()
            assert not np.array_equal(prepared.arrays["x"], first["x"]) or not np.array_equal(
                prepared.arrays["w"], first["w"]
            )
    assert found


@pytest.mark.parametrize(("value", "exact"), [(3, True), (2.0**13 - 1, False), (0.5, False)])
def test_sums_are_exact_up_to_the_last_integer_of_the_dtype(tmp_path: Path, value: float, exact: bool) -> None:
    """Two products of integers: 2 * 9 is exact in float32, 2 * (2^13 - 1)^2 is beyond 2^24, and halves are none."""
    array = [[value, value]]
    text = (
        "op: conv\ncases:\n  - name: one\n    params: {convention: torch, size: [1, 2], kernel: [1, 2]}\n"
        f"    values: {{kind: literal, name: n, arrays: {{x: {array}, w: {array}}}}}\n"
    )
    (case,) = cases_of(tmp_path, text)
    assert prepare(case).expectation.exact is exact


def test_a_reference_that_compares_nothing_must_be_meant(tmp_path: Path) -> None:
    text = (
        "op: conv\ncases:\n  - name: one\n    params: {convention: torch, size: [1, 2], kernel: [1, 2]}\n"
        "    values: {kind: literal, name: n, arrays: {x: [[0, 0]], w: [[1, 1]]}}\n"
    )
    (case,) = cases_of(tmp_path, text)
    with pytest.raises(CaseError, match="zero everywhere"):
        prepare(case)
    assert prepare(replace(case, permits=("zeros",))).expectation.outputs
