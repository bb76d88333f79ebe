"""The precision ladder: two answers of which neither is known to be right, told apart by what float64 makes of them.

Rounding shrinks by about 2**29 from float32 to float64; a difference in meaning does not. So every side is run in its
own dtype and in float64, and in float64 again on inputs moved by one unit in the last place of the case's dtype: what
such a move changes (the conditioning) is what nobody can expect to agree. Pure functions of arrays; asking is
`conformance/ask/ladder.py`.

The measure of an element is what the moves change there and the rounding of the result itself.

- Two float64 answers that are farther apart than that measure, and not just by rounding that has shrunk: `value`.
- A narrow answer that is farther from its own float64 answer than `growth` measures, and than a few roundings of the
  tensor's usual size (what cancels inside is of that size): `precision`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from conformance.dtypes import DTYPES, DType, rounded
from conformance.judge.compare import Judgement
from conformance.verdict import Figures, Status

Array = NDArray[np.float64]

# How many times each side is run on moved inputs: all magnitudes up, all down, then signs drawn at random.
MOVES = 8
# How many times on inputs moved by one unit in the last place of float64: what still changes as much is a jump.
NUDGES = 4
JUMP = 0.25
# A right sum in an unlucky order is off by more than a move of its inputs, by about the root of its length (docs).
GROWTH_LEAST, GROWTH_MOST = 8.0, 256.0
# Roundings of the size of the tensor's large elements that an answer may have in its small ones.
USUAL_ROUNDINGS = 4.0


@dataclass(frozen=True)
class Side:
    """What one side answered, in canonical layout and as float64 numbers.

    `narrow` in the case's dtype; `wide` in float64, None where it can't run so (`reason`); `moved` are the answers at
    moved inputs, of the wide run where there is one, else of the narrow; `nudged` those of the wide run at nudged ones.
    """

    name: str
    narrow: Array
    wide: Array | None = None
    moved: tuple[Array, ...] = ()
    nudged: tuple[Array, ...] = ()
    reason: str = ""


def moves(arrays: Mapping[str, Array], dtype: str) -> Iterator[dict[str, Array]]:
    """The inputs, each element moved by one unit in the last place of the dtype, in MOVES ways; always the same."""
    stream = np.random.RandomState(0)
    for number in range(MOVES):
        moved = {}
        for name, array in arrays.items():
            signs = {0: 1.0, 1: -1.0}.get(number)
            way = np.sign(array) * signs if signs is not None else stream.choice([-1.0, 1.0], array.shape)
            moved[name] = _moved(array, way, DTYPES[dtype])
        yield moved


def nudges(arrays: Mapping[str, Array]) -> Iterator[dict[str, Array]]:
    """The inputs moved by one unit in the last place of float64, in NUDGES ways."""
    return islice(moves(arrays, "float64"), NUDGES)


def _moved(array: Array, way: Array, dtype: DType) -> Array:
    finite = np.isfinite(array) & (array != 0.0)
    safe = np.where(finite, array, 1.0)
    ulp = np.ldexp(1.0, np.frexp(safe)[1] - dtype.precision)
    ulp = np.maximum(ulp, dtype.least_subnormal)
    with np.errstate(over="ignore"):
        result = safe + way * ulp
        result = np.where(np.abs(result) > dtype.largest, safe - way * ulp, result)
    return np.asarray(np.where(finite, rounded(result, dtype.name), array))


def growth(inputs: Sequence[Array]) -> float:
    """How many measures a narrow answer may be off: a sum over as many elements as the largest input has."""
    return GROWTH_LEAST + min(math.sqrt(max((array.size for array in inputs), default=1)), GROWTH_MOST)


def climb(side: Side, anchor: Side, dtype: str, inputs: Sequence[Array], policy: str = "strict") -> Judgement:
    """The judgement of two answers of one shape that are not equal. `policy`: which elements need not be finite."""
    return _Climb(side, anchor, DTYPES[dtype], growth(inputs), policy).judgement()


class _Climb:
    def __init__(self, side: Side, anchor: Side, dtype: DType, growth: float, policy: str) -> None:
        self.side, self.anchor = side, anchor
        self.sides = (side, anchor)
        self.dtype = dtype
        self.growth = growth
        self.policy = policy
        self.wides = [s for s in self.sides if s.wide is not None]
        self.differs = _apart(side.narrow, anchor.narrow) > 0.0
        # By how much rounding shrinks on the way up.
        self.shrinking = 2.0 ** (dtype.precision - DTYPES["float64"].precision)

    def judgement(self) -> Judgement:
        if self.policy == "superset":
            self.differs &= ~np.isfinite(self.anchor.narrow) | np.isfinite(self.side.narrow)
        elif self.policy == "ignore":
            self.differs &= np.isfinite(self.anchor.narrow) & np.isfinite(self.side.narrow)
        measure = self._measure()
        if len(self.wides) == 2:
            return self._meaning(self._without_jumps(measure)) or self._precision(measure)
        return self._judged_by_other(measure)

    # --- the measure ------------------------------------------------------------------------------------------------

    def _measure(self) -> Array:
        """What an element may not be expected to be nearer than: the larger of both sides' conditionings, and half a
        unit in the last place of the result.
        """
        measure = np.zeros(self.side.narrow.shape)
        for side in self.wides or self.sides:
            base = side.narrow if side.wide is None else side.wide
            with np.errstate(invalid="ignore"):
                half = np.where(np.isfinite(base), np.abs(base) * self.dtype.unit_roundoff, 0.0)
            changes = [_apart(moved, base) for moved in side.moved]
            coherent, drawn = changes[:2], changes[2:]
            conditioning = np.zeros_like(half)
            for change in coherent:
                np.maximum(conditioning, change, out=conditioning)
            if drawn:
                with np.errstate(over="ignore"):
                    drawn_size = np.sqrt(np.mean(np.square(drawn), axis=0))
                np.maximum(conditioning, drawn_size, out=conditioning)
            np.maximum(measure, conditioning + half, out=measure)
        return measure + self.dtype.least_subnormal

    def _without_jumps(self, measure: Array) -> Array:
        """The measure for float64 answers: where the least move changes as much as one of the dtype, the inputs stand
        on a jump exactly (a tie that is rounded, an equal pair that is ordered), and it is a question of meaning who
        says what there.
        """
        jumps = np.zeros(measure.shape, dtype=bool)
        for side in self.wides if self.shrinking < 1.0 else ():
            assert side.wide is not None
            for nudged in side.nudged:
                jumps |= _apart(nudged, side.wide) > JUMP * measure
        return np.where(jumps, 0.0, measure) + self.dtype.least_subnormal

    def _allowed(self, measure: Array, right: Array) -> Array:
        """How far a narrow answer may be from the wide one."""
        large = np.abs(right[np.isfinite(right) & (right != 0.0)])
        usual = float(np.quantile(large, 0.9, method="higher")) if large.size else 0.0
        return self.growth * measure + USUAL_ROUNDINGS * self.dtype.unit_roundoff * usual

    # --- the rungs --------------------------------------------------------------------------------------------------

    def _meaning(self, measure: Array) -> Judgement | None:
        """VALUE or NONFINITE where the float64 answers differ; None where they agree."""
        got, right = self.side.wide, self.anchor.wide
        assert got is not None
        assert right is not None
        apart = _apart(got, right)
        # Where both are float64 anyway, what rounding makes is all of it.
        allowed = measure + self.shrinking * self._allowed(measure, right)
        with np.errstate(over="ignore"):
            shrunk = apart < _apart(self.side.narrow, self.anchor.narrow) * math.sqrt(self.shrinking)
        wrong = self.differs & (apart > allowed) & ~(shrunk & (self.shrinking < 1.0))
        if not wrong.any():
            return None
        broken = wrong & ~(np.isfinite(got) & np.isfinite(right))
        status = Status.NONFINITE if broken.any() else Status.VALUE
        figures = self._figures(apart, allowed, broken if broken.any() else wrong, got, right)
        where = "in float64, too, " if self.shrinking < 1.0 else ""
        message = f"{where}{figures.differing} of {figures.elements} elements differ; worst at {figures.worst}: "
        message += f"{_number(figures.got)}, {self.anchor.name} {_number(figures.reference)}"
        if status is Status.VALUE:
            message += _how(got, right, wrong) + f"; {_times(figures.fraction)} what rounding of the inputs changes"
        return Judgement(status, "y", message, figures)

    def _precision(self, measure: Array) -> Judgement:
        """PRECISION where a narrow answer is far from its own float64 one, else PASS."""
        worst: Figures | None = None
        for side in self.sides:
            assert side.wide is not None
            figures, out = self._against(side.narrow, side.wide, measure)
            if out:
                name = self.dtype.name
                message = (
                    f"the float64 answers agree, but {side.name} in {name} is far from its own: {figures.differing} "
                    f"of {figures.elements} elements; worst at {figures.worst}: {_number(figures.got)}, "
                    f"in float64 {_number(figures.reference)}, {_times(figures.fraction)} what rounding makes"
                )
                return Judgement(Status.PRECISION, "y", message, figures)
            if worst is None or figures.fraction > worst.fraction:
                worst = figures
        assert worst is not None
        message = f"not equal, but the float64 answers agree; largest error {worst.fraction:.2g} of what rounding makes"
        return Judgement(Status.PASS, "y", message, worst)

    def _judged_by_other(self, measure: Array) -> Judgement:
        """Where at most one side ran in float64."""
        lacking = " and ".join(f"{s.name} can't run in float64 ({s.reason})" for s in self.sides if s.wide is None)
        right_side = self.wides[0] if self.wides else self.anchor
        right = right_side.narrow if right_side.wide is None else right_side.wide
        if self.wides:
            figures, out = self._against(right_side.narrow, right, measure)
            if out:
                message = f"{lacking}; {right_side.name} in {self.dtype.name} is far from its own float64 answer"
                return Judgement(Status.PRECISION, "y", f"{message}: {_worst(figures)}", figures)
        other = self.anchor if right_side is self.side else self.side
        figures, out = self._against(other.narrow, right, measure)
        whose = f"{right_side.name}'s conditioning" if self.wides else "the conditioning in the dtype itself"
        if out:
            status = Status.NONFINITE if math.isinf(figures.fraction) else Status.VALUE
            return Judgement(status, "y", f"{_worst(figures)}; judged by {whose}: {lacking}", figures)
        message = f"not equal, but within {whose} ({figures.fraction:.2g} of what rounding makes): {lacking}"
        return Judgement(Status.PASS, "y", message, figures)

    def _against(self, narrow: Array, right: Array, measure: Array) -> tuple[Figures, bool]:
        """A narrow answer held against a wide one: figures, and whether it is out."""
        allowed = self._allowed(measure, right)
        apart = _apart(narrow, right)
        # What is at the end of the dtype's range may be infinite in it.
        beyond = np.isinf(narrow) & (np.sign(narrow) == np.sign(right))
        beyond &= np.abs(right) + allowed > self.dtype.largest * (1 - self.dtype.unit_roundoff)
        wrong = self.differs & (apart > allowed) & ~beyond
        return self._figures(np.where(beyond, 0.0, apart), allowed, wrong, narrow, right), bool(wrong.any())

    def _figures(self, apart: Array, allowed: Array, wrong: NDArray[np.bool_], got: Array, right: Array) -> Figures:
        if not apart.size:
            return Figures(elements=0)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            fraction = np.where(self.differs & (apart > 0.0), apart / allowed, 0.0)
            relative = np.where(self.differs & (apart > 0.0), apart / np.abs(right), 0.0)
        fraction = np.where(np.isnan(fraction), math.inf, fraction)
        # Of what is wrong the worst; where nothing is, the worst of all.
        flat = int(np.argmax(np.where(wrong, fraction, -1.0) if wrong.any() else fraction))
        worst = tuple(int(i) for i in np.unravel_index(flat, apart.shape))
        needed = float(np.nan_to_num(relative, nan=math.inf, posinf=math.inf).max())
        return Figures(
            apart.size,
            int(wrong.sum()),
            float(fraction.reshape(-1)[flat]),
            worst,
            float(got[worst]),
            float(right[worst]),
            needed,
        )


def _apart(a: Array, b: Array) -> Array:
    """How far two arrays are apart: infinitely where one is finite, or NaN, and the other is not."""
    with np.errstate(invalid="ignore", over="ignore"):
        apart = np.abs(a - b)
        same = (a == b) | (np.isnan(a) & np.isnan(b))
    return np.where(same, 0.0, np.where(np.isnan(apart), math.inf, apart))


def _how(got: Array, right: Array, wrong: NDArray[np.bool_]) -> str:
    """Where one answer is a multiple of the other, or off by a constant: by which."""
    a, b = got[wrong], right[wrong]
    if a.size < 2:
        return ""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for word, ratio in (("by a factor of", a / b), ("by", a - b)):
            middle = float(np.median(ratio))
            if np.isfinite(ratio).all() and middle and (np.abs(ratio - middle) <= 1e-6 * abs(middle)).all():
                return f", {word} {middle:.9g} everywhere"
    return ""


def _worst(figures: Figures) -> str:
    return (
        f"{figures.differing} of {figures.elements} elements differ; worst at {figures.worst}: "
        f"got {_number(figures.got)}, reference {_number(figures.reference)}"
    )


def _times(fraction: float) -> str:
    return "far beyond" if fraction > 1e6 else f"{fraction:.3g} times"


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.9g}"
