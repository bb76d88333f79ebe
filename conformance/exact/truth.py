"""Comparisons, choices by them, and step functions: where a small error may lead to another branch.

A comparison of exact values is certain. A comparison of computed values is open where they lie nearer to each other
than both may be off; then either branch is right, and the range of what follows (`graph.reach`) holds both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from conformance.exact.graph import Array, Bools, Edge, Range, allowance, enclosure
from conformance.exact.num import Num, Operand, fit, num
from conformance.exact.precision import Precision


class Truth:
    """Booleans that know where they may be otherwise."""

    __slots__ = ("_open", "exact", "value")

    def __init__(self, value: Any, open_at: Callable[[Precision], Bools] | None = None) -> None:
        self.value: Bools = np.asarray(value, dtype=np.bool_)
        self.exact = open_at is None
        self._open = open_at

    def either(self, precision: Precision) -> Bools:
        """Where both answers are right."""
        return np.zeros(self.value.shape, np.bool_) if self._open is None else self._open(precision)

    def __and__(self, other: Truth) -> Truth:
        value = self.value & other.value
        if self.exact and other.exact:
            return Truth(value)

        def open_at(p: Precision) -> Bools:
            a, b = self.either(p), other.either(p)
            return (a | b) & (self.value | a) & (other.value | b)

        return Truth(value, open_at)

    def __invert__(self) -> Truth:
        return Truth(~self.value, self._open)

    def __or__(self, other: Truth) -> Truth:
        return ~(~self & ~other)

    def __xor__(self, other: Truth) -> Truth:
        return (self & ~other) | (~self & other)


def _compared(test: Callable[[Any, Any], Any], left: Operand, right: Operand) -> Truth:
    a, b = num(left), num(right)
    value = test(a.value, b.value)
    if a.exact and b.exact and not (a.branches or b.branches):
        return Truth(value)

    def open_at(p: Precision) -> Bools:
        (a_low, a_high), (b_low, b_high) = enclosure(a, p), enclosure(b, p)
        # Certain where every pair of values within reach gives the same answer.
        meet = (a_low <= b_high) & (b_low <= a_high)
        alone = (a_low == a_high) & (b_low == b_high)
        return np.asarray(meet & ~alone)

    return Truth(value, open_at)


def greater(a: Operand, b: Operand) -> Truth:
    """a > b."""
    return _compared(np.greater, a, b)


def greater_equal(a: Operand, b: Operand) -> Truth:
    """a >= b."""
    return _compared(np.greater_equal, a, b)


def less(a: Operand, b: Operand) -> Truth:
    """a < b."""
    return _compared(np.less, a, b)


def less_equal(a: Operand, b: Operand) -> Truth:
    """a <= b."""
    return _compared(np.less_equal, a, b)


def equal(a: Operand, b: Operand) -> Truth:
    """a == b."""
    return _compared(np.equal, a, b)


def not_equal(a: Operand, b: Operand) -> Truth:
    """a != b."""
    return _compared(np.not_equal, a, b)


def where(condition: Truth | Any, a: Operand, b: Operand) -> Num:
    """a where the condition holds, else b; where the condition is open, either. A plain mask of booleans is certain."""
    truth = condition if isinstance(condition, Truth) else Truth(condition)
    x, y = num(a), num(b)
    nothing = Num(0.0)
    mask = truth.value

    def choose(p: Array, q: Array) -> Array:
        return np.where(mask, p, q)

    def reach(p: Precision, given: Sequence[Range]) -> Range:
        low, high = choose(given[0][0], given[1][0]), choose(given[0][1], given[1][1])
        if truth.exact:
            return low, high
        # The branch not taken is widened by its own allowance here: the result's knows the other branch alone.
        either = truth.either(p)
        low_x, high_x = enclosure(x, p)
        low_y, high_y = enclosure(y, p)
        other_low, other_high = np.where(mask, low_y, low_x), np.where(mask, high_y, high_x)
        return np.where(either, np.minimum(low, other_low), low), np.where(either, np.maximum(high, other_high), high)

    edges = (
        Edge(x, lambda c, squared: choose(c, np.zeros(())), lambda g, _: fit(where(truth, g, nothing), x.shape)),
        Edge(y, lambda c, squared: choose(np.zeros(()), c), lambda g, _: fit(where(truth, nothing, g), y.shape)),
    )
    return Num(choose(x.value, y.value), edges, reach=reach, decides=not truth.exact)


def maximum(a: Operand, b: Operand) -> Num:
    """The larger one, elementwise; NaN where either is. Of equal ones either may get the gradient, or a share each."""
    return _extreme(np.maximum, greater, num(a), num(b))


def minimum(a: Operand, b: Operand) -> Num:
    """The smaller one, elementwise; NaN where either is. Of equal ones either may get the gradient, or a share each."""
    return _extreme(np.minimum, less, num(a), num(b))


def _extreme(f: Callable[[Any, Any], Any], beats: Callable[[Num, Num], Truth], x: Num, y: Num) -> Num:
    with np.errstate(invalid="ignore"):
        value = f(x.value, y.value)
    first = (x.value == value) | np.isnan(x.value)

    def choose(p: Array, q: Array) -> Array:
        return np.where(first, p, q)

    def reach(p: Precision, given: Sequence[Range]) -> Range:
        low, high = f(given[0][0], given[1][0]), f(given[0][1], given[1][1])
        if x.exact and y.exact:
            return low, high
        # Within reach of each other, the other one may be the answer, with its own allowance.
        (low_x, high_x), (low_y, high_y) = enclosure(x, p), enclosure(y, p)
        own = choose(*np.broadcast_arrays(allowance(x, p), allowance(y, p)))
        return np.minimum(low, f(low_x, low_y) + own), np.maximum(high, f(high_x, high_y) - own)

    def shared(g: Num, mine: bool) -> Num:
        closer = beats(x, y)
        return where(Truth(first if mine else ~first, lambda p: (x.value == y.value) | closer.either(p)), g, 0.0)

    edges = (
        Edge(x, lambda c, squared: choose(c, np.zeros(())), lambda g, _: fit(shared(g, True), x.shape)),
        Edge(y, lambda c, squared: choose(np.zeros(()), c), lambda g, _: fit(shared(g, False), y.shape)),
    )
    return Num(value, edges, reach=reach, decides=not (x.exact and y.exact))


def clip(a: Operand, low: Operand, high: Operand) -> Num:
    """Not below low, not above high; high where both can't be, as min(max(a, low), high)."""
    return minimum(maximum(a, low), high)


# --- step functions ---------------------------------------------------------------------------------------------------


def _steps(f: Callable[[Array], Array], a: Operand) -> Num:
    """A step function: equal or a step away, never off by a little; its gradient is zero."""
    x = num(a)

    def reach(p: Precision, given: Sequence[Range]) -> Range:
        allowed = allowance(x, p)
        return f(given[0][0] - allowed), f(given[0][1] + allowed)

    nothing = Edge(x, lambda c, squared: np.zeros(c.shape), lambda g, y: Num(np.zeros(x.shape)))
    with np.errstate(invalid="ignore"):
        value = f(x.value)
    return Num(value, (nothing,), reach=reach, decides=not x.exact, keeps=False)


def floor(a: Operand) -> Num:
    """The largest integer that is not above."""
    return _steps(np.floor, a)


def ceil(a: Operand) -> Num:
    """The smallest integer that is not below."""
    return _steps(np.ceil, a)


def round_half_even(a: Operand) -> Num:
    """The nearest integer, the even one of two."""
    return _steps(np.rint, a)


def trunc(a: Operand) -> Num:
    """The integer part."""
    return _steps(np.trunc, a)


def sign(a: Operand) -> Num:
    """-1, 0 (with its sign) or 1."""
    return _steps(_sign, a)


def _sign(x: Array) -> Array:
    return np.where(x == 0, x, np.sign(x))


def absolute(a: Operand) -> Num:
    """|a|; at 0 the gradient is 0, as every framework has it."""
    x = num(a)

    def reach(p: Precision, given: Sequence[Range]) -> Range:
        low, high = given[0]
        least = np.where((low < 0) & (high > 0), 0.0, np.minimum(np.abs(low), np.abs(high)))
        return least, np.maximum(np.abs(low), np.abs(high))

    edge = Edge(x, lambda c, squared: c, lambda g, y: where(less(x, 0.0), -g, where(greater(x, 0.0), g, 0.0)))
    return Num(np.abs(x.value), (edge,), reach=reach)
