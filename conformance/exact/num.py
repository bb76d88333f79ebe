"""Exact arithmetic that knows its own rounding.

A `Num` is a float64 array that knows how it was made. An op's reference is written once, as a program over `Num`; its
allowance, its gradients (`tape.vjp`) and the gradients' allowances follow, each computed when it is asked for.

Limits, with figures in docs/allowance.md: errors are propagated to first order; the bound follows the one algorithm
that is written down, so a definition is written in the stable form that good libraries use; deep compositions get
loose, because worst cases add up; a branch on a computed value near its border makes an element "either" (`graph`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from math import prod
from typing import Any

import numpy as np

from conformance.exact.graph import Array, Channel, Edge, Node, Own, Range, Reach, Sum, spread_out
from conformance.exact.precision import Precision

Operand = Any  # a Num, a number, or an array of numbers: constants of the definition
Axes = int | Sequence[int] | None


class Num(Node):
    """A float64 array with channels of error and a tape. `Num(array)` is an input: exact."""

    __slots__ = ()
    __array_priority__ = 100
    __array_ufunc__ = None  # NumPy leaves `array + num` to us

    def __add__(self, other: Operand) -> Num:
        a, b = self, num(other)
        with np.errstate(all="ignore"):
            value = a.value + b.value
        return Num(value, _summands(a, b), _addition(value), reach=corners(np.add, 1), steps=1)

    def __sub__(self, other: Operand) -> Num:
        a, b = self, num(other)
        with np.errstate(all="ignore"):
            value = a.value - b.value
        edges = (
            Edge(a, _as_it_is, lambda g, y: fit(g, a.shape), True),
            Edge(b, _as_it_is, lambda g, y: fit(-g, b.shape), True),
        )
        return Num(value, edges, _addition(value), reach=corners(np.subtract, 1), steps=1)

    def __mul__(self, other: Operand) -> Num:
        a, b = self, num(other)
        with np.errstate(all="ignore"):
            value = a.value * b.value
        edges = (
            Edge(a, scaled(lambda: b.value), lambda g, y: fit(g * b, a.shape)),
            Edge(b, scaled(lambda: a.value), lambda g, y: fit(g * a, b.shape)),
        )
        ulps = 0 if _power_of_two(a) or _power_of_two(b) else 1
        own = with_both_off(rounding(value, ulps), a, b, np.multiply)
        return Num(value, edges, own, reach=corners(np.multiply, ulps), steps=1)

    def __truediv__(self, other: Operand) -> Num:
        return _divided(self, num(other))

    def __neg__(self) -> Num:
        edges = (Edge(self, _as_it_is, lambda g, y: -g, True),)
        return Num(-self.value, edges, reach=lambda p, r: (-r[0][1], -r[0][0]))

    def __radd__(self, other: Operand) -> Num:
        return num(other) + self

    def __rsub__(self, other: Operand) -> Num:
        return num(other) - self

    def __rmul__(self, other: Operand) -> Num:
        return num(other) * self

    def __rtruediv__(self, other: Operand) -> Num:
        return _divided(num(other), self, between=1)

    def __getitem__(self, at: Any) -> Num:
        shape = self.shape
        if _plain(at):
            return moved(self, lambda x: x[at], lambda g: _placed(g, shape, at))
        return gathered(self, np.arange(self.size).reshape(shape)[at])

    def reshape(self, *shape: int) -> Num:
        """The same elements in another shape."""
        own = self.shape
        return moved(self, lambda x: x.reshape(shape), lambda g: g.reshape(*own))

    def transpose(self, *order: int) -> Num:
        """The axes in another order; reversed where none is given."""
        axes = order or tuple(range(self.ndim))[::-1]
        back = tuple(int(i) for i in np.argsort(axes))
        return moved(self, lambda x: x.transpose(axes), lambda g: g.transpose(*back))

    def swapaxes(self, a: int, b: int) -> Num:
        """Two axes exchanged."""
        return moved(self, lambda x: x.swapaxes(a, b), lambda g: g.swapaxes(a, b))

    def __repr__(self) -> str:
        return f"Num({self.value!r})"


def num(x: Operand) -> Num:
    """A Num as it is; anything else as a constant, which is rounded to float32 unless that is exact."""
    if isinstance(x, Num):
        return x
    value = np.asarray(x, dtype=np.float64)
    with np.errstate(over="ignore"):
        same = (value.astype(np.float32) == value) | ~np.isfinite(value)
    if same.all():
        return Num(value)
    return Num(value, own=lambda name: np.where(same, 0.0, np.abs(value)) if name == "err" else None, steps=1)


def _divided(a: Num, b: Num, between: int = 0) -> Num:
    """Two roundings: some kernels multiply by a reciprocal, which they store where the dividend is a constant."""
    with np.errstate(all="ignore"):
        value = a.value / b.value
    once = rounding(value, 2)
    own: Own = lambda name: between * np.abs(value) if name == "stored" else once(name)  # noqa: E731
    edges = (
        Edge(a, scaled(lambda: 1 / b.value), lambda g, y: fit(g / b, a.shape)),
        Edge(b, scaled(lambda: value / b.value), lambda g, y: fit(-(g * y / b), b.shape)),
    )
    return Num(value, edges, own, reach=_quotients, stores=between > 0, steps=2)


def moved(a: Num, move: Callable[[Array], Array], back: Callable[[Num], Num]) -> Num:
    """Elements of `a` elsewhere, some left out, none twice in `back`'s way: nothing is rounded."""
    edge = Edge(a, lambda c, squared: move(c), lambda g, y: back(g))
    kept = None
    if (whole := a.sum) is not None:
        most = int(np.max(whole.terms, initial=1))
        kept = Sum(most, lambda: move(whole.magnitude()), whole.bare, whole.repeats)
    return Num(move(a.value), (edge,), reach=lambda p, r: (move(r[0][0]), move(r[0][1])), sum=kept)


def gathered(a: Num, flat: np.ndarray[Any, Any]) -> Num:
    """a.ravel()[flat]; an element may be taken any number of times."""
    shape = a.shape
    return moved(a, lambda x: x.reshape(-1)[flat], lambda g: scattered(g, flat, shape))


def scattered(g: Num, flat: np.ndarray[Any, Any], shape: tuple[int, ...]) -> Num:
    """Zeros of `shape`, with every element of `g` added where `flat` says: a sum of as many terms as meet there."""
    size = prod(shape)
    places = flat.reshape(-1)
    if not size or not places.size:
        return Num(np.zeros(shape))

    def add(x: Array) -> Array:
        return np.asarray(np.bincount(places, weights=x.reshape(-1), minlength=size).reshape(shape), dtype=np.float64)

    met = np.bincount(places, minlength=size).reshape(shape)
    most = int(met.max())
    terms = np.maximum(met, 1).astype(np.float64)
    edge = Edge(g, lambda c, squared: add(c), lambda h, y: gathered(h, flat), most > 1)
    reach: Reach = lambda p, r: widened(p, add(r[0][0]), add(r[0][1]), most - 1)  # noqa: E731
    if most <= 1:
        return Num(add(g.value), (edge,), reach=reach)
    magnitude = cache(lambda: add(np.abs(g.value)))
    own: Own = lambda name: (terms - 1) * magnitude() if name == "err" else None  # noqa: E731
    return Num(add(g.value), (edge,), own, reach=reach, steps=most - 1, sum=Sum(terms, magnitude, g.exact))


def broadcast(a: Num, shape: Sequence[int]) -> Num:
    """`a` repeated along new axes and axes of length 1."""
    to, own = tuple(shape), a.shape
    if to == own:
        return a
    return moved(a, lambda x: spread_out(x, to), lambda g: fit(g, own))


def total(a: Num, axis: Axes = None, keepdims: bool = False) -> Num:
    """The sum over axes, in any order."""
    axes = normal_axes(axis, a.ndim)
    kept = tuple(1 if i in axes else n for i, n in enumerate(a.shape))
    n = prod(a.shape[i] for i in axes)

    def add(x: Array) -> Array:
        return np.asarray(x.sum(axis=axes, keepdims=keepdims))

    shape = a.shape
    edge = Edge(a, lambda c, squared: add(c), lambda g, y: broadcast(g.reshape(*kept), shape), True)
    with np.errstate(all="ignore"):
        value = add(a.value)
    reach: Reach = lambda p, r: widened(p, add(r[0][0]), add(r[0][1]), n - 1)  # noqa: E731
    if n <= 1:
        return Num(value, (edge,), reach=reach)
    magnitude = cache(lambda: add(np.abs(a.value)))
    own: Own = lambda name: (n - 1) * magnitude() if name == "err" else None  # noqa: E731
    return Num(value, (edge,), own, reach=reach, steps=n - 1, sum=Sum(n, magnitude, a.exact))


def add_up(*parts: Num) -> Num:
    """The sum of parts that may be sums themselves, which a kernel may merge: any order over the terms of all.

    A convolution and its bias are the example: some kernels begin with the bias, some end with it.
    """
    if len(parts) == 1:
        return parts[0]
    with np.errstate(all="ignore"):
        value = np.asarray(sum(p.value for p in parts[1:]) + parts[0].value)
    sums = [p.sum or _one_term(p) for p in parts]
    terms = np.asarray(sum(s.terms for s in sums))

    def own(name: Channel) -> Array | None:
        if name != "err":
            return None
        # A term of part i goes through the additions of all other parts, too.
        return np.asarray(sum((terms - s.terms) * s.magnitude() for s in sums))

    most = int(terms.max(initial=1))
    steps = most - min(int(np.max(s.terms, initial=1)) for s in sums)
    reach: Reach = lambda p, r: widened(p, sum(x[0] for x in r), sum(x[1] for x in r), most)  # type: ignore[arg-type]  # noqa: E731
    bare, repeats = all(s.bare for s in sums), cache(lambda: any(s.repeats() for s in sums))
    merged = Sum(terms, lambda: np.asarray(sum(s.magnitude() for s in sums)), bare, repeats)
    return Num(value, _summands(*parts), own, reach=reach, steps=steps, sum=merged)


def _one_term(a: Num) -> Sum:
    return Sum(1, lambda: np.abs(a.value), a.exact)


def stored(a: Num) -> Num:
    """`a`, marked: kernels in a narrow dtype store it there, so it is rounded to the case's dtype once."""
    own: Own = lambda name: np.abs(a.value) if name == "stored" else None  # noqa: E731
    edge = Edge(a, _as_it_is, lambda g, y: g, a.sum is not None)
    return Num(a.value, (edge,), own, reach=lambda p, r: r[0], stores=True, sum=a.sum)


def stopped(a: Num) -> Num:
    """The value of `a` as if it were an input, for what cancels out, such as the shift of a softmax."""
    return Num(a.value)


def fit(g: Num, shape: tuple[int, ...]) -> Num:
    """A cotangent of a broadcast result, summed back to the operand's shape."""
    if g.shape == shape:
        return g
    extra = g.ndim - len(shape)
    axes = (*range(extra), *(i + extra for i, n in enumerate(shape) if n == 1 and g.shape[i + extra] != 1))
    return total(g, axes).reshape(*shape) if axes else g


def normal_axes(axis: Axes, ndim: int) -> tuple[int, ...]:
    """Axes as NumPy takes them, each from 0 on."""
    if axis is None:
        return tuple(range(ndim))
    given = (axis,) if isinstance(axis, int) else tuple(axis)
    return tuple(i % ndim for i in given)


# --- what operations add to the channels, and their ranges -----------------------------------------------------------


def rounding(value: Array, ulps: float | Array, tiny: float = 1.0) -> Own:
    """A result that is off by so many unit roundoffs of itself, may underflow, and is one term."""

    def own(name: Channel) -> Array | None:
        if name == "err":
            return ulps * np.abs(value)
        if name == "tiny":
            return spread_out(tiny, value.shape)
        return np.square(value) if name == "energy" else None

    return own


def with_both_off(own: Own, a: Node, b: Node, apply: Callable[[Array, Array], Array]) -> Own:
    """The product of two errors besides: all that there is where both factors are next to 0, as x - mean of equal x.

    In roundoffs of float32; of a wider dtype it is too much, and still nothing beside the rest.
    """
    if a.exact or b.exact:
        return own

    def whole(name: Channel) -> Array | None:
        added = own(name)
        if name == "err" and added is not None:
            added = added + 2.0**-24 * apply(a.err, b.err)
        return added

    return whole


def _addition(value: Array) -> Own:
    return lambda name: np.abs(value) if name == "err" else None


def _summands(*parts: Num) -> tuple[Edge, ...]:
    return tuple(Edge(p, _as_it_is, lambda g, y, shape=p.shape: fit(g, shape), True) for p in parts)  # type: ignore[misc]


def _as_it_is(c: Array, squared: bool) -> Array:
    return c


def scaled(slope: Callable[[], Array]) -> Callable[[Array, bool], Array]:
    """The spread of an elementwise operation."""

    def spread(c: Array, squared: bool) -> Array:
        by = slope()
        return (by * by if squared else np.abs(by)) * c

    return spread


def widened(p: Precision, low: Array, high: Array, roundings: float) -> Range:
    """An interval whose ends were rounded: what the allowance, which knows one branch, does not cover."""
    if roundings <= 0:
        return low, high
    by = np.where(low < high, roundings * p.u * np.maximum(np.abs(low), np.abs(high)), 0.0)
    return low - by, high + by


def corners(f: Callable[..., Array], ulps: float) -> Reach:
    """The range of a function that is monotone in each argument: its values at the ends."""

    def reach(p: Precision, given: Sequence[Range]) -> Range:
        if len(given) == 1:
            ends = [f(given[0][0]), f(given[0][1])]
        else:
            ends = [f(a, b) for a in given[0] for b in given[1]]
        return widened(p, np.minimum.reduce(ends), np.maximum.reduce(ends), ulps)

    return reach


def _quotients(p: Precision, given: Sequence[Range]) -> Range:
    low, high = corners(np.divide, 2)(p, given)
    through_zero = (given[1][0] <= 0) & (given[1][1] >= 0) & (given[1][0] < given[1][1])
    return np.where(through_zero, -np.inf, low), np.where(through_zero, np.inf, high)


def _power_of_two(a: Num) -> bool:
    """A constant by which a product is exact."""
    return a.ndim == 0 and not a.edges and a.own is None and abs(np.frexp(a.value)[0]) == 0.5


def _plain(at: Any) -> bool:
    """An index that takes no element twice and gives a view."""
    parts = at if isinstance(at, tuple) else (at,)
    return all(p is None or p is Ellipsis or isinstance(p, slice | int) for p in parts)


def _placed(g: Num, shape: tuple[int, ...], at: Any) -> Num:
    def place(x: Array) -> Array:
        y = np.zeros(shape)
        y[at] = x
        return y

    return moved(g, place, lambda h: h[at])
