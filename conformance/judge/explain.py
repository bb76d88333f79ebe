"""Why a mismatch is a mismatch: the confusion that turns the reference into the answer that came back.

Pure: no framework, no I/O, no clock. Every declared confusion of the op (`ops/confusions.py`) is tried on the exact
reference, alone, and where none fits, in pairs. What reproduces the wrong answer exactly (or, for real values, within
the rounding error that the candidate itself may have) is the cause; where several do, the data does not tell them
apart, and all are named.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.dtypes import DTYPES, rounded
from conformance.judge.locate import locate, locate_shape
from conformance.judge.noise import noise, overflow
from conformance.ops.base import Array, Op
from conformance.ops.confused import GENERIC
from conformance.ops.confusions import Confusion, Problem, Stage, Variant, finished, prepared
from conformance.ops.defined import DEFINED
from conformance.ops.reference import whole
from conformance.plan import USUAL
from conformance.text.words import with_causes

# Pairs that are looked for: the one that is named and another.
LISTED = 2
# With fewer wrong elements than this, some pair of confusions fits by chance.
PAIRS_NEED_ELEMENTS = 6
# The cost in seconds of trying one variant beside its arithmetic: a constant, and an element that is moved.
OVERHEAD, MOVED = 4e-5, 1.5e-9
# Where the whole problem costs less than this (seconds), a probe of one channel saves nothing.
SMALL = 5e-4

# How many times the budget every confusion alone may take; pairs have what is left of one.
SINGLES = 4

NARROW = "narrow arithmetic"

# One variant, or a pair.
Causes = tuple[Variant[Any], ...]


@dataclass(frozen=True)
class Explanation:
    """The cause of a mismatch.

    `text` is for a person: a headline, and where a cause was found a line with what to change and, where the answer
    does not tell two apart, a line with another. `confusions` are the names of all that fit ("a + b" is a pair); empty
    where none fits. `exact`: reproduced, bit by bit for integers and within the rounding error for real
    values. `where` says where the errors lie. `arithmetic`: the meaning is right, and its precision is the cause.
    """

    text: str
    confusions: tuple[str, ...] = ()
    exact: bool = False
    where: str = ""
    arithmetic: bool = False

    @property
    def recorded(self) -> str:
        """The text with the names of the causes, as a verdict has it."""
        return with_causes(self.text, self.confusions)


def explain(
    op: Op,
    arrays: Mapping[str, Array],
    actual: Array | None,
    actual_shape: tuple[int, ...],
    *,
    output: str = USUAL,
    dtype: str,
    allowance: Array | None = None,
    budget_seconds: float = 2.0,
) -> Explanation:
    """Why `actual` (float64, canonical layout; None where only a shape came back) differs from the op's reference.

    `output` is the one that it answers. `allowance` is the reference's, an element, where the caller has it. The budget
    bounds the work by a fixed model of its cost, not by a clock: the same mismatch gets the same explanation on every
    machine.
    """
    if op.refusal() is not None:
        return Explanation("the op's definition refuses these parameters, so there is no right answer to compare with")
    started = op.problem(arrays, output)
    problem = started.computed()
    if problem is None or problem.y is None:
        return Explanation("the inputs don't fit the parameters")
    likely = [c for c in op.confusions() if not c.last_resort]
    variants = [v for confusion in likely for v in confusion.all(problem)]
    axes = next(spec.axes for spec in op.outputs() if spec.name == output)
    if actual is None:
        return _explain_shape(problem, problem.y.shape, axes, variants, actual_shape)
    unlikely = (v for c in op.confusions() if c.last_resort for v in c.all(problem))
    return _Search(problem, variants, unlikely, arrays, actual, axes, dtype, allowance, budget_seconds).run(op)


def _explain_shape(
    problem: Problem, right: tuple[int, ...], axes: str, variants: Sequence[Variant[Any]], shape: tuple[int, ...]
) -> Explanation:
    """Which formula gives the shape that came back, where there are no values to compare."""
    if shape == right:
        return Explanation("the shape is the reference's")
    where = locate_shape(shape, right, axes)
    fitting = [v for v in variants if _shape_of(problem, [v]) == shape]
    if not fitting:
        return Explanation(f"no confusion gives the shape {shape}; {where}", (), False, where)
    text = f"the shape is the one with {_told([(v,) for v in fitting])}"
    return Explanation(text, _names([(v,) for v in fitting]), True, where)


def _shape_of(problem: Problem, variants: Sequence[Variant[Any]]) -> tuple[int, ...] | None:
    before = prepared(problem, variants)
    if before is None:
        return None
    if not any(v.stage is Stage.OUTPUT for v in variants):
        bare: tuple[int, ...] | None = before.shape()
        return bare
    blank = finished(before.computed(power=0), variants)
    return None if blank is None or blank.y is None else tuple(blank.y.shape)


class _Search:
    """The candidates for one wrong answer, tried in order within a bounded amount of work."""

    def __init__(
        self,
        problem: Problem,
        variants: Sequence[Variant[Any]],
        unlikely: Iterator[Variant[Any]],
        arrays: Mapping[str, Array],
        actual: Array,
        axes: str,
        dtype: str,
        allowance: Array | None,
        budget: float,
    ) -> None:
        assert problem.y is not None
        self.problem = problem
        self.variants = variants
        self.unlikely = unlikely
        self.actual = actual
        self.axes = axes
        self.dtype = DTYPES[dtype]
        self.right = problem.y
        self.left = SINGLES * budget
        self.budget = budget
        self.overhead = OVERHEAD + MOVED * (actual.size + sum(a.size for a in arrays.values()))
        self.tried = 0
        self.exact = problem.is_exact(self.dtype)
        self.same_shape = actual.shape == self.right.shape
        self.allowed = self._allowance(problem, ()) if allowance is None else allowance
        self.wrong = self._wrong()
        # Where the reference is within its allowance everywhere, only the precision of the arithmetic is in question.
        self.only_rounding = self.same_shape and not self.wrong.any()
        if self.only_rounding:
            self.wrong = np.ones(actual.shape, dtype=bool)
        self.bound = self._loose_bound()
        self.probe = self._probe_place()
        self.small = problem.cost() < SMALL
        self.states: dict[Variant[Any], Problem | None] = {}

    def run(self, op: Op) -> Explanation:
        """Try every confusion alone, then in pairs, then say where the errors lie."""
        if self.same_shape and np.array_equal(self.actual, self._round(self.right), equal_nan=True):
            return Explanation("equals the reference", where="nowhere")
        where = locate_shape(self.actual.shape, self.right.shape, self.axes)
        if self.same_shape:
            where = locate(self.wrong, self.axes, op.periods(), op.blocks())
        fitting = self._singles()
        if fitting:
            arithmetic = all(v.rounding for variants in fitting for v in variants)
            text = f"equals the reference with {_told(fitting)}"
            return Explanation(text, _names(fitting), True, where, arithmetic)
        narrow = self._noise()
        if narrow:
            return Explanation(narrow, (NARROW,), False, where, True)
        self.left -= (SINGLES - 1) * self.budget
        if not self.only_rounding and (not self.same_shape or int(self.wrong.sum()) >= PAIRS_NEED_ELEMENTS):
            fitting = self._pairs()
            if fitting:
                return Explanation(f"equals the reference with {_told(fitting)}", _names(fitting), True, where)
        return self._unexplained(where)

    def _singles(self) -> list[Causes]:
        """Every variant that fits alone; the long lists of unlikely ones only where no other does."""
        first: list[Causes] = [(v,) for v in self.variants if v.settles and self._fits((v,))]
        if first:
            return self._best(first)
        fitting: list[Causes] = [(v,) for v in self.variants if not v.settles and self._fits((v,))]
        return self._best(fitting or [(v,) for v in self.unlikely if self._fits((v,))])

    def _noise(self) -> str:
        """What is said where a narrower arithmetic is behind the errors, which no candidate can reproduce; else ""."""
        if self.exact or not self.same_shape:
            return ""
        found = overflow(self.problem, self.right, self.actual, self.wrong, self.dtype)
        return found or noise(self.problem, self.right, self.actual, self.dtype)

    def _unexplained(self, where: str) -> Explanation:
        stopped = ", and the search stopped at its budget" if self.left <= 0 else ""
        none = f"none of {self.tried} confusions and pairs of them gives these values{stopped}"
        if self.same_shape:
            return Explanation(f"{none}; the errors lie in {where}", (), False, where)
        shapes = [(v,) for v in self.variants if _shape_of(self.problem, [v]) == self.actual.shape]
        if not shapes:
            return Explanation(f"{none}, nor this shape; {where}", (), False, where)
        return Explanation(f"the shape is the one with {_ways(shapes[0])}, but {none}", _names(shapes), False, where)

    # --- whether a candidate is the answer ------------------------------------------------------------------------

    def _round(self, array: Array) -> Array:
        return rounded(array, self.dtype.name)

    def _wrong(self) -> NDArray[np.bool_]:
        """Which elements the reference does not account for."""
        if not self.same_shape:
            return np.ones(self.actual.shape, dtype=bool)
        right = self._round(self.right)
        same: NDArray[np.bool_] = np.equal(self.actual, right) | (np.isnan(self.actual) & np.isnan(right))
        if not self.exact:
            with np.errstate(invalid="ignore"):
                same |= np.abs(self.actual - self.right) <= self.allowed
        return np.invert(same)

    def _probe_place(self) -> tuple[int, int] | None:
        """A (batch item, output channel) that has wrong elements: the one with the most."""
        if self.actual.ndim < 3 or not self.actual.size:
            return None
        counts = self.wrong.sum(axis=tuple(range(2, self.actual.ndim)))
        n, c = np.unravel_index(int(np.argmax(counts)), counts.shape)
        return int(n), int(c)

    def _allowance(
        self, before: Problem, variants: Sequence[Variant[Any]], part: tuple[int, int] | None = None
    ) -> Array:
        """The rounding error that a candidate's own sums may have."""
        if variants and any(v.rounding for v in variants):
            # The roundings are part of the candidate; its sums are then the reference's.
            variants = ()
            before = self.problem
        return before.allowed(lambda problem: finished(problem, variants), self.dtype, part)

    def _loose_bound(self) -> float:
        """No candidate's own allowance is likely to pass this; what is further off is not looked at twice."""
        finite = np.abs(self.actual[np.isfinite(self.actual)])
        allowed = float(np.nan_to_num(self.allowed, posinf=0.0).max(initial=0.0))
        return 16 * allowed + 8 * self.dtype.unit_roundoff * float(finite.max(initial=0.0))

    def _close(self, candidate: Array, target: Array) -> bool:
        """A cheap test before the candidate's own allowance is computed."""
        if candidate.shape != target.shape:
            return False
        if candidate.size:
            # Most candidates are far off at most places: one in the middle settles nearly all of them.
            one, other = float(candidate.flat[candidate.size // 2]), float(target.flat[candidate.size // 2])
            if abs(one - other) > self.bound:
                return False
        if self.exact and whole(candidate):
            return np.array_equal(self._round(candidate), target, equal_nan=True)
        finite = np.isfinite(target)
        if not np.array_equal(finite, np.isfinite(candidate)):
            return False
        if not np.array_equal(np.where(finite, 0.0, target), np.where(finite, 0.0, candidate), equal_nan=True):
            return False
        if not finite.any():
            return True
        with np.errstate(invalid="ignore"):
            return bool(np.abs(candidate - target)[finite].max() <= self.bound)

    def _fits(self, variants: Causes) -> bool:
        if self.left <= 0 or (self.only_rounding and not all(v.rounding for v in variants)):
            return False
        self.left -= self.overhead
        self.tried += 1
        before = self._before(variants)
        if before is None:
            return False
        outputs = any(v.stage is Stage.OUTPUT for v in variants)
        if not outputs and before.shape() != self.actual.shape:
            return False
        if not outputs and not self.small and self.probe is not None:
            self.left -= before.cost(self.probe)
            part = before.computed(self.probe)
            n, c = self.probe
            if part is None or part.y is None or not self._close(part.y, self.actual[n : n + 1, c : c + 1]):
                return False
        done = finished(self._computed(before), variants)
        if done is None or done.y is None or not self._close(done.y, self.actual):
            return False
        return self._confirmed(before, variants, done.y)

    def _before(self, variants: Causes) -> Problem | None:
        """The problem before its answer; kept for single variants, since pairs begin with them."""
        early = [v for v in variants if v.stage is not Stage.OUTPUT]
        if not early:
            return self.problem
        key = early[0]
        if len(early) > 1:
            return prepared(self.problem, early)
        if key not in self.states:
            state = prepared(self.problem, early)
            # The answer is kept only where it is small: it is used again with every variant that acts on answers.
            self.states[key] = self._computed(state) if self.small and state is not None else state
            if self.states[key] is None:
                self.states[key] = state
        return self.states[key]

    def _computed(self, before: Problem) -> Problem | None:
        if before is self.problem or (before.y is not None and before.y is not self.right):
            return before
        self.left -= before.cost()
        return before.computed()

    def _confirmed(self, before: Problem, variants: Causes, candidate: Array) -> bool:
        """Equal for integers; else within the candidate's own allowance, and clearly closer than the reference."""
        if self.exact and whole(candidate):
            return True
        finite = np.isfinite(self.actual)
        with np.errstate(invalid="ignore"):
            errors = np.where(finite, np.abs(candidate - self.actual), 0.0)
        if not (errors <= np.where(finite, self._allowance(before, variants), 0.0)).all():
            return False
        return not self.same_shape or self._distance(errors) <= 0.5 * self._distance(self._reference_errors())

    def _reference_errors(self) -> Array:
        finite = np.isfinite(self.actual) & np.isfinite(self.right)
        with np.errstate(invalid="ignore"):
            return np.where(finite, np.abs(self.right - self.actual), np.inf if not finite.all() else 0.0)

    def _distance(self, errors: Array) -> float:
        """Root mean square over the elements that the reference gets wrong."""
        chosen = errors[self.wrong] if self.same_shape else errors
        return float(np.sqrt(np.mean(np.square(chosen)))) if chosen.size else 0.0

    def _best(self, fitting: list[Causes]) -> list[Causes]:
        """For real values, those alone that come as close as the closest: within the allowance more may lie."""
        if self.exact or len(fitting) < 2:
            return fitting
        distances = []
        for variants in fitting:
            before = self._before(variants)
            done = finished(self._computed(before), variants) if before is not None else None
            assert done is not None
            assert done.y is not None
            finite = np.isfinite(self.actual)
            with np.errstate(invalid="ignore"):
                distances.append(self._distance(np.where(finite, np.abs(done.y - self.actual), 0.0)))
        limit = 2 * min(distances)
        return [v for v, d in zip(fitting, distances, strict=True) if d <= limit]

    # --- pairs and noise ------------------------------------------------------------------------------------------

    def _pairs(self) -> list[Causes]:
        found: list[Causes] = []
        last = math.inf
        for a, b in self._ordered_pairs():
            if self.left <= 0 or len(found) == LISTED or self.tried > last:
                break
            if self._fits((a, b)):
                found.append((a, b))
                # A little further, for a pair that is as plausible.
                last = min(last, self.tried + self.tried // 8)
        return self._best(found)

    def _ordered_pairs(self) -> Iterator[tuple[Variant[Any], Variant[Any]]]:
        """Pairs of variants of different confusions that do something, the more plausible first."""
        able = [v for v in self.variants if v.pairs and self._acts(v)]
        for total in range(1, 2 * len(able)):
            for i in range(max(0, total - len(able) + 1), (total + 1) // 2):
                if able[i].name != able[total - i].name:
                    yield able[i], able[total - i]

    def _acts(self, variant: Variant[Any]) -> bool:
        """Whether the variant alone changes the answer; not asked where that would be costly."""
        if not self.small:
            return True
        before = self._before((variant,))
        done = finished(self._computed(before), (variant,)) if before is not None else None
        # What cannot be computed alone may be possible with another, as where two conventions differ in their words.
        return done is not None and done.y is not None and not np.array_equal(done.y, self.right, equal_nan=True)


def _names(fitting: Sequence[Causes]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(" + ".join(v.name for v in variants) for variants in fitting))


def _told(fitting: Sequence[Causes]) -> str:
    """What the cause is and how it is mended; below it, of the others that fit as well, the first that differs."""
    first = fitting[0]
    other = next((v for v in fitting[1:] if _names([v]) != _names([first])), fitting[1] if len(fitting) > 1 else None)
    text = f"{_ways(first)}\nfix: {_advice(first)}"
    if other is None:
        return text
    mended = "" if _names([other]) == _names([first]) else f": {_advice(other)}"
    return f"{text}\nor, which this data does not tell apart, with {_ways(other)}{mended}"


def _ways(variants: Causes) -> str:
    return " and ".join(v.text for v in variants)


def _advice(variants: Causes) -> str:
    return "; ".join(dict.fromkeys(v.advice for v in variants))


def catalogue() -> str:
    """Every confusion of every op that declares some, as the table in docs/explain.md."""
    ops: dict[Confusion[Any], list[str]] = {}
    for op in DEFINED.values():
        for confusion in op().confusions():
            ops.setdefault(confusion, []).append(op.name)
    lines = ["| confusion | ops | what it is | what to change |", "|---|---|---|---|"]
    for c, names in ops.items():
        lines.append(
            f"| {c.name} | {'every other op' if c in GENERIC else ', '.join(names)} | {c.means} | {c.advice} |"
        )
    return "\n".join(lines)
