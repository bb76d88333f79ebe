"""Order statistics: largest, smallest, sort, top-k, and the indices that name them.

A k-th value is one of the elements, so nothing is rounded. Of computed values that lie within reach of each other any
may be the one; an index is right where it names an element that may be.

Ties and gradients: the elements of a tie share the cotangents of the places that they fill, in any way. So the range of
an element's gradient is the hull of those cotangents (and of 0 where the tie fills fewer places than it has elements).
Frameworks give all to the first or the last, or the same share to each; every one of these lies in the range. What the
elements get in sum is certain (`conserved`), as long as nothing else is done with the gradient.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.exact.graph import Array, Bools, Edge, Range, allowance, enclosure
from conformance.exact.num import Num, gathered
from conformance.exact.precision import Precision
from conformance.exact.truth import Truth, where

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Index:
    """Places along an axis of `into`: the element that each names is what matters, not its number."""

    value: Ints
    into: Num
    axis: int

    def admits(self, got: NDArray[Any], precision: Precision) -> Bools:
        """Where an answer names an element that may be equal to the right one."""
        inside = (got >= 0) & (got < self.into.shape[self.axis])
        at = np.where(inside, got, 0).astype(np.int64)
        value = self.into.value
        same = (at == self.value) | (_along(value, at, self.axis) == _along(value, self.value, self.axis))
        both_nan = np.isnan(_along(value, at, self.axis)) & np.isnan(_along(value, self.value, self.axis))
        if not self.into.exact or self.into.branches:
            low, high = enclosure(self.into, precision)
            meet = (_along(low, at, self.axis) <= _along(high, self.value, self.axis)) & (
                _along(low, self.value, self.axis) <= _along(high, at, self.axis)
            )
            same = same | meet
        return np.asarray(inside & (same | both_nan))


def _along(x: Array, at: Ints, axis: int) -> Array:
    return np.take_along_axis(x, at, axis)


def argmax(a: Num, axis: int) -> Index:
    """Where the largest stands along an axis (the first of equal ones); the axis is kept with length 1."""
    return Index(np.argmax(a.value, axis, keepdims=True), a, axis % a.ndim)


def argmin(a: Num, axis: int) -> Index:
    """Where the smallest stands along an axis (the first of equal ones); the axis is kept with length 1."""
    return Index(np.argmin(a.value, axis, keepdims=True), a, axis % a.ndim)


def largest(a: Num, axis: int, keepdims: bool = False) -> Num:
    """The largest along an axis; NaN where one is."""
    return _extreme(a, argmax(a, axis), True, keepdims)


def smallest(a: Num, axis: int, keepdims: bool = False) -> Num:
    """The smallest along an axis; NaN where one is."""
    return _extreme(a, argmin(a, axis), False, keepdims)


def _extreme(a: Num, at: Index, upper: bool, keepdims: bool) -> Num:
    axis, where_from = at.axis, at.value
    best = np.max if upper else np.min

    def reach(p: Precision, given: Sequence[Range]) -> Range:
        low, high = (np.asarray(best(end, axis=axis, keepdims=True)) for end in given[0])
        if a.exact:
            return low, high
        off = allowance(a, p)
        own = _along(off, where_from, axis)
        far_low = best(given[0][0] - off, axis=axis, keepdims=True) + own
        far_high = best(given[0][1] + off, axis=axis, keepdims=True) - own
        return np.minimum(low, far_low), np.maximum(high, far_high)

    def back(g: Num, y: Num) -> Num:
        places = np.arange(a.shape[axis]).reshape([-1 if i == axis else 1 for i in range(a.ndim)])

        def tied(p: Precision) -> Bools:
            low, high = enclosure(a, p)
            if upper:
                return np.asarray(high >= low.max(axis=axis, keepdims=True))
            return np.asarray(low <= high.min(axis=axis, keepdims=True))

        def shared(p: Precision) -> Bools:
            found = tied(p)
            return np.asarray(found & (found.sum(axis=axis, keepdims=True) > 1))

        return where(Truth(where_from == places, shared), g, 0.0)

    edge = Edge(a, lambda c, squared: _along(c, where_from, axis), back)
    kept = Num(_along(a.value, where_from, axis), (edge,), reach=reach, decides=not a.exact)
    return kept if keepdims else kept.reshape(*(n for i, n in enumerate(a.shape) if i != axis))


def sort(a: Num, axis: int = -1, descending: bool = False) -> tuple[Num, Index]:
    """Sorted along an axis, and from where; equal ones in the order in which they stood. NaN counts as the largest."""
    axis %= a.ndim
    if descending:
        turned = np.argsort(np.flip(a.value, axis), axis=axis, kind="stable")
        order = a.shape[axis] - 1 - np.flip(turned, axis)
    else:
        order = np.argsort(a.value, axis=axis, kind="stable")

    def sorted_(x: Array) -> Array:
        y = np.sort(x, axis=axis)
        return np.flip(y, axis) if descending else y

    def reach(p: Precision, given: Sequence[Range]) -> Range:
        low, high = sorted_(given[0][0]), sorted_(given[0][1])
        if a.exact:
            return low, high
        off = allowance(a, p)
        own = _along(off, order, axis)
        far_low, far_high = sorted_(given[0][0] - off) + own, sorted_(given[0][1] + off) - own
        return np.minimum(low, far_low), np.maximum(high, far_high)

    edge = Edge(a, lambda c, squared: _along(c, order, axis), lambda g, y: _unsorted(g, a, order, axis, descending))
    values = Num(_along(a.value, order, axis), (edge,), reach=reach, decides=not a.exact)
    return values, Index(order, a, axis)


def topk(a: Num, k: int, axis: int = -1, smallest: bool = False) -> tuple[Num, Index]:
    """The first k of the sorted elements, and from where."""
    values, index = sort(a, axis, descending=not smallest)
    first = (slice(None),) * index.axis + (slice(0, k),)
    return values[first], Index(index.value[first], a, index.axis)


def _unsorted(g: Num, a: Num, order: Ints, axis: int, descending: bool) -> Num:
    """The cotangents of a sort, back where the elements stood; within a tie they may be shared otherwise."""
    back = np.argsort(order, axis=axis)

    def reach(p: Precision, given: Sequence[Range]) -> Range:
        low, high = enclosure(a, p)
        low, high = _along(low, order, axis), _along(high, order, axis)
        if descending:
            low, high = -high, -low
        g_low, g_high = (np.moveaxis(x, axis, -1) for x in given[0])
        ties = _ties(np.moveaxis(low, axis, -1), np.moveaxis(high, axis, -1)).reshape(-1)
        starts = np.flatnonzero(ties)
        lengths = np.diff(np.append(starts, ties.size))
        if not ties.size:
            return given[0]
        least = np.repeat(np.minimum.reduceat(g_low.reshape(-1), starts), lengths).reshape(g_low.shape)
        most = np.repeat(np.maximum.reduceat(g_high.reshape(-1), starts), lengths).reshape(g_high.shape)
        return _along(np.moveaxis(least, -1, axis), back, axis), _along(np.moveaxis(most, -1, axis), back, axis)

    edge = Edge(
        g,
        lambda c, squared: _along(c, back, axis),
        lambda h, y: gathered(h, np.take_along_axis(np.arange(h.size).reshape(h.shape), order, axis)),
    )
    return Num(_along(g.value, back, axis), (edge,), reach=reach, decides=True, conserved=axis)


def _ties(low: Array, high: Array) -> Bools:
    """Along the last axis of sorted intervals: True where a new group begins that no earlier interval reaches."""
    starts = np.ones(low.shape, np.bool_)
    if low.shape[-1] > 1:
        reached = np.maximum.accumulate(high, axis=-1)[..., :-1]
        needed = np.flip(np.minimum.accumulate(np.flip(low, -1), axis=-1), -1)[..., 1:]
        starts[..., 1:] = ~(needed <= reached)
    return starts
