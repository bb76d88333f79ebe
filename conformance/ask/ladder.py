"""Asking for the rungs of the precision ladder: each side of a held case in float64, and on inputs moved a little.

A case that is held `against` a target, whose answers are not equal and for which nobody stated an allowance, waits here
until both sides have answered in float64; `conformance/judge/ladder.py` says what the answers mean.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from conformance.ask.prepare import Prepared, canonical, request_for
from conformance.dtypes import encode
from conformance.executor import Request
from conformance.judge.compare import Expectation, Judgement, judge
from conformance.judge.ladder import Side, climb, moves, nudges
from conformance.layout import to_layout
from conformance.ops.base import Array
from conformance.ops.call import Call
from conformance.ops.reference import Reference, whole
from conformance.outcome import Outcome, Value
from conformance.plan import USUAL, Plan
from conformance.target import Target
from conformance.verdict import Status

WIDE = "float64"
_NOTHING = Expectation(WIDE, {}, False)  # judges how a call ended that gave no value


def wanted(prepared: Prepared, target: Target, judgement: Judgement, outcome: Outcome) -> bool:
    """Whether the ladder has to say what an answer that is not equal means."""
    op = prepared.case.op
    if prepared.anchor in (None, target) or not isinstance(op, Call) or op.ulp is not None:
        return False
    reference = prepared.expectation.outputs.get(USUAL)
    if reference is None or prepared.expectation.tolerance is not None or not isinstance(outcome, Value):
        return False
    # Sums of integers are exact, so where the answers are integers too they must be equal.
    if all(whole(array) for array in (*prepared.arrays.values(), reference.value)):
        return False
    unequal = judgement.status is Status.VALUE or (
        # Not where only the sign of a zero is wrong, or where nothing is finite.
        judgement.status is Status.NONFINITE and judgement.figures is not None and bool(judgement.figures.fraction)
    )
    return unequal and judgement.subject == USUAL and outcome.has_values


@dataclass
class _Rungs:
    """What one target is asked about one case, and what has come of it. `request`: what the run itself asked it."""

    plan: Plan
    request: Request
    narrow: Array
    wide: Array | None = None
    reason: str = ""
    moved: dict[int, Array] = field(default_factory=dict)
    nudged: dict[int, Array] = field(default_factory=dict)
    left: int = 0  # answers that are still to come

    def side(self, target: Target) -> Side:
        moved, nudged = (tuple(found[n] for n in sorted(found)) for found in (self.moved, self.nudged))
        return Side(str(target), self.narrow, self.wide, moved, nudged, self.reason)


# Which answer a request is for: "wide", or the number of a move or a nudge.
Rung = tuple[str, int]


@dataclass(eq=False)
class Waiting:
    """An answer that waits for the float64 answers, its own and that of the target that it is held against."""

    target: Target
    plan: Plan
    outcome: Value


class Ladder:
    """The rungs of all cases that wait for them."""

    def __init__(self) -> None:
        self._rungs: dict[tuple[int, Target], _Rungs] = {}
        self._waiting: dict[int, list[Waiting]] = {}

    def wait(self, index: int, waiting: Waiting) -> None:
        """Keep an answer until `ready` gives it back."""
        self._waiting.setdefault(index, []).append(waiting)

    def begin(
        self, prepared: Prepared, index: int, target: Target, plan: Plan, narrow: Array
    ) -> list[tuple[Rung, Request]]:
        """The first requests to a side; none where it has been asked."""
        if (index, target) in self._rungs:
            return []
        rungs = self._rungs[index, target] = _Rungs(plan, request_for(prepared, plan, target), narrow)
        if prepared.case.dtype == WIDE:
            rungs.wide = narrow
            return self._rest(prepared, rungs)
        rungs.left = 1
        return [(("wide", 0), _moved(prepared, rungs, prepared.arrays, WIDE))]

    def take(
        self, prepared: Prepared, index: int, target: Target, rung: Rung, outcome: Outcome
    ) -> list[tuple[Rung, Request]]:
        """Keep what came of a request; the requests that follow from it."""
        rungs = self._rungs[index, target]
        rungs.left -= 1
        kind, number = rung
        dtype = prepared.case.dtype if kind == "narrow" else WIDE
        answer, reason = _answer(canonical(prepared, rungs.plan, outcome), rungs.narrow, dtype)
        if kind == "wide":
            rungs.wide, rungs.reason = answer, reason
            return self._rest(prepared, rungs)
        if answer is not None:
            (rungs.nudged if kind == "nudge" else rungs.moved)[number] = answer
        return []

    def _rest(self, prepared: Prepared, rungs: _Rungs) -> list[tuple[Rung, Request]]:
        case = prepared.case
        kind, dtype = ("narrow", case.dtype) if rungs.wide is None else ("move", WIDE)
        asked: list[tuple[Rung, Mapping[str, Array]]] = [
            ((kind, number), arrays) for number, arrays in enumerate(moves(prepared.arrays, case.dtype))
        ]
        if rungs.wide is not None and case.dtype != WIDE:
            asked += [(("nudge", number), arrays) for number, arrays in enumerate(nudges(prepared.arrays))]
        rungs.left = len(asked)
        return [(rung, _moved(prepared, rungs, arrays, dtype)) for rung, arrays in asked]

    def lost(self, index: int, target: Target, reason: str) -> None:
        """A side that can't be asked any more: what has come of it is all there is."""
        rungs = self._rungs.get((index, target))
        if rungs is not None and rungs.left:
            rungs.left = 0
            if rungs.wide is None:
                rungs.reason = rungs.reason or reason

    def ready(self, prepared: Prepared, index: int) -> Iterator[tuple[Waiting, Judgement]]:
        """The answers of a case whose two sides are complete, judged; each is given once."""
        anchor = prepared.anchor
        assert anchor is not None
        for waiting in list(self._waiting.get(index, ())):
            sides = [self._rungs.get((index, target)) for target in (waiting.target, anchor)]
            if any(rungs is None or rungs.left for rungs in sides):
                continue
            self._waiting[index].remove(waiting)
            one, two = (rungs.side(t) for rungs, t in zip(sides, (waiting.target, anchor), strict=True) if rungs)
            yield waiting, self._judged(prepared, waiting, one, two)

    @staticmethod
    def _judged(prepared: Prepared, waiting: Waiting, one: Side, two: Side) -> Judgement:
        found = climb(one, two, prepared.case.dtype, list(prepared.arrays.values()), prepared.case.nonfinite)
        if found.status is not Status.PASS:
            return found
        # What else is asked of an answer that is right: that it repeats.
        itself = Reference.stated(one.narrow)
        again = judge(replace(prepared.expectation, outputs={USUAL: itself}), waiting.outcome)
        return found if again.status is Status.PASS else again

    def forget(self, index: int) -> None:
        """Drop what is kept of a case that is finished."""
        self._waiting.pop(index, None)
        for key in [key for key in self._rungs if key[0] == index]:
            del self._rungs[key]


def _moved(prepared: Prepared, rungs: _Rungs, arrays: Mapping[str, Array], dtype: str) -> Request:
    """The same request once, with other numbers than the case's, in another dtype."""
    axes, plan = {spec.name: spec.axes for spec in prepared.specs}, rungs.plan
    inputs = tuple(
        (name, to_layout(encode(arrays[name], dtype), axes[name], plan.layout(name), name, prepared.marks(name)), dtype)
        for name in plan.inputs
    )
    return replace(rungs.request, inputs=inputs, repeat=0)


def _answer(outcome: Outcome, narrow: Array, dtype: str) -> tuple[Array | None, str]:
    """The numbers of an answer, or why there are none."""
    if not isinstance(outcome, Value):
        return None, judge(_NOTHING, outcome).message
    output = outcome.first
    if output.dtype != dtype:
        return None, f"its answer is {output.dtype}"
    if output.values is None or output.shape != narrow.shape:
        return None, f"its answer has shape {output.shape}"
    return output.values.astype(np.float64), ""
