"""Reductions beside `total`, and the compositions that are always written in the same stable form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from math import prod

import numpy as np

from conformance.exact.functions import exp, log
from conformance.exact.graph import UNBOUNDED, Array, Edge, Own, Range, Reach
from conformance.exact.moves import concatenate, flip
from conformance.exact.num import Axes, Num, normal_axes, rounding, stopped, total, widened


def mean(a: Num, axis: Axes = None, keepdims: bool = False) -> Num:
    """The sum over the number, whether by division or by multiplication with its (rounded) reciprocal."""
    axes = normal_axes(axis, a.ndim)
    n = prod(a.shape[i] for i in axes)
    return total(a, axes, keepdims) * Num(1 / n if n else np.nan, own=_rounded_reciprocal(n), steps=1)


def _rounded_reciprocal(n: int) -> Own | None:
    if n and not n & (n - 1):
        return None
    return lambda name: np.asarray(1 / n if n else 0.0) if name == "err" else None


def variance(a: Num, axis: Axes = None, keepdims: bool = False, ddof: int = 0) -> Num:
    """The mean of the squared distances from the mean, in two passes; divided by n - ddof."""
    axes = normal_axes(axis, a.ndim)
    n = prod(a.shape[i] for i in axes)
    off = a - mean(a, axes, keepdims=True)
    squares = off * off
    return mean(squares, axes, keepdims) if ddof == 0 else total(squares, axes, keepdims) / float(n - ddof)


def product(a: Num, axis: int, keepdims: bool = False) -> Num:
    """The product along an axis, in any order: n - 1 roundings of the result."""
    axis %= a.ndim
    lead = (slice(None),) * axis
    if not a.shape[axis]:
        shape = [1 if i == axis else n for i, n in enumerate(a.shape)]
        y = Num(np.ones(shape))
    else:
        y = a
    while (n := y.shape[axis]) > 1:
        half = n // 2
        paired = y[(*lead, slice(0, half))] * y[(*lead, slice(half, 2 * half))]
        y = concatenate([paired, y[(*lead, slice(2 * half, n))]], axis) if n % 2 else paired
    return y if keepdims else y.reshape(*(n for i, n in enumerate(y.shape) if i != axis))


def cumulative_sum(a: Num, axis: int) -> Num:
    """Sums of the first elements along an axis, each in any order."""
    axis %= a.ndim
    n = a.shape[axis]
    roundings = np.arange(n, dtype=np.float64).reshape([-1 if i == axis else 1 for i in range(a.ndim)])

    def add(x: Array) -> Array:
        return np.cumsum(x, axis=axis)

    magnitude = cache(lambda: add(np.abs(a.value)))
    own: Own = lambda name: roundings * magnitude() if name == "err" else None  # noqa: E731
    edge = Edge(a, lambda c, squared: add(c), lambda g, y: flip(cumulative_sum(flip(g, axis), axis), axis), True)
    reach: Reach = lambda p, r: widened(p, add(r[0][0]), add(r[0][1]), n - 1)  # noqa: E731
    with np.errstate(all="ignore"):
        value = add(a.value)
    return Num(value, (edge,), own if n > 1 else None, reach=reach, steps=max(n - 1, 0))


def _shift(a: Num, axis: int) -> Num:
    """The largest, as a constant: it cancels out of what is made with it. 0 where it is not finite."""
    top = np.max(a.value, axis=axis, keepdims=True, initial=-np.inf)
    return stopped(Num(np.where(np.isfinite(top), top, 0.0)))


def _from_top(a: Num, axis: int) -> Num:
    """a less the largest, as a constant: NaN throughout where that is an infinity."""
    top = np.max(a.value, axis=axis, keepdims=True, initial=-np.inf)
    return a - stopped(Num(top))


def softmax(a: Num, axis: int = -1) -> Num:
    """exp(a) over its sum, shifted by the largest; NaN along an axis with an infinity as its largest."""
    e = exp(_from_top(a, axis))
    return e / total(e, axis, keepdims=True)


def logsumexp(a: Num, axis: int, keepdims: bool = False) -> Num:
    """The logarithm of the sum of exp(a), shifted by the largest."""
    shift = _shift(a, axis)
    y = log(total(exp(a - shift), axis, keepdims=True)) + shift
    return y if keepdims else y.reshape(*(n for i, n in enumerate(y.shape) if i != axis % a.ndim))


def log_softmax(a: Num, axis: int = -1) -> Num:
    """The logarithm of the softmax, without forming it; NaN where that is."""
    shifted = _from_top(a, axis)
    return shifted - log(total(exp(shifted), axis, keepdims=True))


def singular(a: Num, largest_only: bool = False) -> Num:
    """The sum of the singular values of matrices along the last two axes, or the largest of them.

    The gradient is the product of the singular vectors. These are the better determined, the further the largest value
    is from the next, or all of them are from 0 (Golub and Van Loan, 4th ed., section 8.6.1).
    """
    u, s, v = np.linalg.svd(a.value, full_matrices=False)
    size = 8.0 * max(a.shape[-2:])
    kept = 1 if largest_only else s.shape[-1]
    slope = u[..., :kept] @ v[..., :kept, :]
    apart = s[..., :1] - np.append(s, np.zeros((*s.shape[:-1], 1)), -1)[..., 1:2] if largest_only else s[..., -1:]
    with np.errstate(all="ignore"):
        off = np.where(apart > 0, np.minimum(size * s[..., :1] / apart, UNBOUNDED), UNBOUNDED)[..., None]
    sure = Num(slope, own=lambda name: np.broadcast_to(off, slope.shape) if name == "err" else None, steps=int(size))

    def spread(c: Array, squared: bool) -> Array:
        return np.asarray(((slope * slope if squared else np.abs(slope)) * c).sum((-2, -1)))

    edge = Edge(a, spread, lambda g, y: g.reshape(*g.shape, 1, 1) * sure)
    value = np.asarray(s[..., :kept].sum(-1))
    return Num(value, (edge,), rounding(value, size), reach=lambda p, r: _shifted(value, spread, r), steps=int(size))


def _shifted(value: Array, spread: Callable[[Array, bool], Array], given: Sequence[Range]) -> Range:
    """The range of what has these slopes, to first order."""
    off = spread((given[0][1] - given[0][0]) / 2, False)
    return value - off, value + off
