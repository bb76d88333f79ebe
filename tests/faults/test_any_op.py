"""Faults in an op of two outputs that no framework and no fault knows by name; and checks that are switched off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from conformance.exact.order import topk
from conformance.faults import spoil as spoiling
from conformance.faults.blind import CHECKS, Blindness
from conformance.faults.catalogue import FAULTS
from conformance.faults.result import Result, notes, verdict
from conformance.judge.compare import Expectation, Judgement, judge
from conformance.ops import OPS
from conformance.ops.base import Op, TensorSpec
from conformance.outcome import Outcome, Tensor, Value
from conformance.suite.case import Case, Source, Values
from conformance.text.statusline import StatusLine
from conformance.verdict import Status

X = ((5.0, 1.0, 4.0, 3.0, 0.0), (-2.0, 0.0, 6.0, 2.0, 9.0), (7.0, 0.0, -1.0, -3.0, -5.0))


@dataclass(frozen=True)
class Largest(Op):
    """The three largest of each row, largest first, and where they stand."""

    name = "largest"

    def inputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("table", "NK", (3, 5)),)

    def outputs(self) -> tuple[TensorSpec, ...]:
        return TensorSpec("top", "NK", (3, 3)), TensorSpec("places", "NK", (3, 3), "index", into="table.K")

    def compute(self, **tensors: Any) -> Any:
        return topk(tensors["table"], 3, 1)

    def products(self) -> int:
        return 1


def cases(monkeypatch: pytest.MonkeyPatch) -> list[Case]:
    monkeypatch.setitem(OPS, "largest", Largest)
    first = Case(
        id="cases/largest.yaml::largest literal",
        op=Largest(),
        given=(),
        dtype="float32",
        values=Values("literal", arrays=(("table", X),)),
        seed=0,
        checks=("shape", "dtype", "value"),
        source=Source("cases/largest.yaml", 3),
    )
    other = tuple(tuple(reversed(row)) for row in X[::-1])
    values = Values("literal", arrays=(("table", other),))
    return [first, replace(first, id=f"{first.id} other", values=values)]


def spoilt(monkeypatch: pytest.MonkeyPatch) -> tuple[list[spoiling.Tally], Mapping[str, set[str]]]:
    blindness = Blindness()
    tallies, used, _ = spoiling.spoil(cases(monkeypatch), FAULTS, 0, StatusLine(), blindness)
    assert used == 2
    return tallies, blindness.through


def result(tallies: list[spoiling.Tally], through: Mapping[str, set[str]]) -> Result:
    return Result(tallies, 2, 0, spoiling.Alarms(), ["numpy"], through)


def test_no_fault_survives_and_every_check_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    tallies, through = spoilt(monkeypatch)
    found = result(tallies, through)
    assert found.ok, notes(found)
    caught = {tally.fault for tally in tallies if sum(tally.caught.values())}
    # Of the first output, of the second, of the gradient, of the confusions; none that is written for a geometry.
    assert {"an input negated", "NaN in an output", "an index out of range", "a place named twice"} <= caught
    assert {"the gradient of an input doubled", "an output missing", "two outputs exchanged"} <= caught
    assert {"confusion: axis reversed", "confusion: scaled", "confusion: elements moved or left out"} <= caught
    assert not any("spatial axis" in tally.fault for tally in tallies)
    # Beside an index no case asks for equality.
    assert set(through) == {check.name for check in CHECKS} - {"allowance of real values", "signed zeros"}
    assert "an index out of range" in through["indices"]


@pytest.mark.parametrize("name", ["shape", "dtype", "non-finite pattern", "equality of exact values", "indices"])
def test_a_check_that_the_judge_lost_is_found_out(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Whatever the judge sees, it says PASS where the check alone would have objected."""
    check = next(check for check in CHECKS if check.name == name)

    def blind(expected: Expectation, outcome: Outcome) -> Judgement:
        judged = judge(expected, outcome)
        return Judgement(Status.PASS) if judged.status in check.statuses else judged

    monkeypatch.setattr(spoiling, "judge", blind)
    found = result(*spoilt(monkeypatch))
    assert not found.ok
    assert any(line.startswith("SURVIVES: ") for line in notes(found))
    # Nothing was caught by it, so its absence changes nothing either.
    assert name in found.unproved
    assert "checks that nothing needs" in verdict(found)


def test_an_index_to_an_equal_element_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    tied = replace(
        cases(monkeypatch)[0], values=Values("literal", arrays=(("table", ((5.0, 5.0, 5.0, 5.0, 1.0),) * 3),))
    )
    asked = spoiling.ask(tied)
    places = asked.honest["places"].values
    assert places is not None
    for moved, wrong in ((3 - places, False), (places + 2, True), (places * 0, True)):
        outcome = Value({**asked.honest, "places": Tensor("int64", (3, 3), moved)})
        assert spoiling.changed(asked, outcome) is wrong
