"""Sums of products of two operands, as one primitive: einsum, matmul, and the three contractions of a convolution.

A contraction is linear in each operand, and its gradients are contractions again. Value, error and energy are the same
contraction of the values, of their absolute values and of their squares:

    err = n * sum|x||w|  +  sum err(x)|w|  +  sum |x|err(w),        energy = sum (x*w)^2  +  ...

with n the number of products that an element really sums.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, lru_cache
from math import prod

import numpy as np

from conformance.exact.graph import Array, Channel, Edge, Range, Sum, all_finite, spread_out
from conformance.exact.num import Num, add_up, broadcast, stored, total, with_both_off
from conformance.exact.precision import Precision
from conformance.exact.trilinear import (
    Axis,
    Geometry,
    contract_to_kernel,
    contract_to_large,
    contract_to_small,
    gather_exactly,
    kernel_exactly,
    scatter_exactly,
)

Bilinear = Callable[[Array, Array], Array]
Pull = Callable[[Num, Num], Num]
Rounding = Callable[[Array], Array]

_ROUNDED: ContextVar[tuple[Rounding, Rounding] | None] = ContextVar("rounded factors", default=None)


@contextmanager
def rounded_factors(one: Rounding, other: Rounding) -> Iterator[None]:
    """Within it the two factors of every contraction are rounded first, as a matrix unit takes them (TF32, bfloat16).

    Their error bounds are not: what is computed within is a hypothesis about an answer, not a reference.
    """
    token = _ROUNDED.set((one, other))
    try:
        yield
    finally:
        _ROUNDED.reset(token)


def few_values(array: Array) -> bool:
    """Whether most of an array's elements have a value that another one has, the sign aside."""
    return bool(2 * np.unique(np.abs(array)).size <= array.size)


def contraction(a: Num, b: Num, apply: Bilinear, terms: int | Array, most: int, pull_a: Pull, pull_b: Pull) -> Num:
    """One contraction: `apply` is it on arrays, `terms` how many products an element has, `most` at most.

    `pull_*` are its gradients.
    """
    rounded = _ROUNDED.get()
    with np.errstate(all="ignore"):
        value = apply(a.value, b.value) if rounded is None else apply(rounded[0](a.value), rounded[1](b.value))
    magnitude = cache(lambda: apply(np.abs(a.value), np.abs(b.value)))

    def own(name: Channel) -> Array | None:
        if name == "err":
            return terms * magnitude()
        if name == "energy":
            return apply(np.square(a.value), np.square(b.value))
        return spread_out(terms, value.shape) if name == "tiny" else None

    def spread_a(c: Array, squared: bool) -> Array:
        return apply(c, np.square(b.value) if squared else np.abs(b.value))

    def spread_b(c: Array, squared: bool) -> Array:
        return apply(np.square(a.value) if squared else np.abs(a.value), c)

    def reach(p: Precision, given: list[Range]) -> Range:
        (a_low, a_high), (b_low, b_high) = given
        a_off, b_off = _farthest(a.value, a_low, a_high), _farthest(b.value, b_low, b_high)
        width = apply(a_off, np.abs(b.value)) + apply(np.abs(a.value), b_off) + apply(a_off, b_off)
        width = width * (1 + 2 * most * p.u)
        return value - width, value + width

    edges = (Edge(a, spread_a, pull_a), Edge(b, spread_b, pull_b))
    repeats = cache(lambda: few_values(a.value) and few_values(b.value))
    summed = Sum(terms, magnitude, a.exact and b.exact, repeats)
    return Num(value, edges, with_both_off(own, a, b, apply), reach=reach, steps=most, sum=summed)  # type: ignore[arg-type]


def _farthest(value: Array, low: Array, high: Array) -> Array:
    off = np.maximum(high - value, value - low)
    return np.where(np.isnan(off), 0.0, off)


# --- einsum and matmul ----------------------------------------------------------------------------------------------


def einsum(equation: str, a: Num, b: Num) -> Num:
    """Two operands, a letter an axis, each letter once an operand, with "->": "nik,kj->nij"."""
    inputs, _, out = equation.replace(" ", "").partition("->")
    left, _, right = inputs.partition(",")
    for letters in (left, right, out):
        if len(set(letters)) != len(letters):
            raise ValueError(f"{equation!r} names an axis twice in {letters!r}; einsum here takes each letter once")
    if "->" not in equation or not set(out) <= set(left + right):
        raise ValueError(f"{equation!r} does not say what comes out, expected e.g. 'ik,kj->ij'")
    # What one operand alone sums over is summed first.
    a, left = _reduced(a, left, right + out)
    b, right = _reduced(b, right, left + out)
    sizes = dict(zip(left, a.shape, strict=True)) | dict(zip(right, b.shape, strict=True))
    summed = [c for c in left if c in right and c not in out]
    terms = prod(sizes[c] for c in summed)
    apply = _as_matmul(left, right, out, sizes)

    def pull(into: str, other: Num, letters: str) -> Pull:
        return lambda g, y: _grown(einsum(f"{out},{letters}->{_kept(into, out + letters)}", g, other), into, sizes)

    return contraction(a, b, apply, terms, terms, pull(left, b, right), pull(right, a, left))


def _kept(letters: str, known: str) -> str:
    return "".join(c for c in letters if c in known)


def _reduced(a: Num, letters: str, elsewhere: str) -> tuple[Num, str]:
    alone = [i for i, c in enumerate(letters) if c not in elsewhere]
    return (total(a, alone), _kept(letters, elsewhere)) if alone else (a, letters)


def _grown(a: Num, letters: str, sizes: dict[str, int]) -> Num:
    shape = tuple(sizes[c] for c in letters)
    return a if a.shape == shape else broadcast(a, shape)


def _as_matmul(left: str, right: str, out: str, sizes: dict[str, int]) -> Bilinear:
    """One (batched) matrix product: einsum's own loops are many times slower where there is a batch axis."""
    batch = [c for c in left if c in right and c in out]
    summed = [c for c in left if c in right and c not in out]
    rows = [c for c in left if c not in right]
    columns = [c for c in right if c not in left]
    a_order = [left.index(c) for c in (*batch, *rows, *summed)]
    b_order = [right.index(c) for c in (*batch, *summed, *columns)]
    come_out = (*batch, *rows, *columns)
    back = [come_out.index(c) for c in out]

    def length(letters: list[str]) -> int:
        return prod(sizes[c] for c in letters)

    a_shape = (*(sizes[c] for c in batch), length(rows), length(summed))
    b_shape = (*(sizes[c] for c in batch), length(summed), length(columns))
    shape = [sizes[c] for c in come_out]

    def apply(x: Array, y: Array) -> Array:
        with np.errstate(all="ignore"):  # of an infinity times 0
            product = np.matmul(x.transpose(a_order).reshape(a_shape), y.transpose(b_order).reshape(b_shape))
        return np.asarray(product.reshape(shape).transpose(back))

    return apply


def matmul(a: Num, b: Num) -> Num:
    """The matrix product of the last two axes, broadcast over the others; vectors as NumPy's matmul takes them."""
    if a.ndim == 1:
        y = matmul(a.reshape(1, -1), b)
        return y.reshape(*y.shape[:-2], y.shape[-1]) if b.ndim > 1 else y.reshape()
    if b.ndim == 1:
        y = matmul(a, b.reshape(-1, 1))
        return y.reshape(*y.shape[:-1])
    lead = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    letters = "abcdefgh"[: len(lead)]
    left, right = broadcast(a, (*lead, *a.shape[-2:])), broadcast(b, (*lead, *b.shape[-2:]))
    return einsum(f"{letters}xy,{letters}yz->{letters}xz", left, right)


# --- convolution ------------------------------------------------------------------------------------------------------


def convolution(x: Num, w: Num, bias: Num | None, geometry: Geometry, transposed: bool) -> Num:
    """x (N, C, *space), w (G, in, out, *k) of one group, bias (C,) to (N, C, *space).

    The bias may be the first or the last term of the sum; kernels that add it last store the sum before.
    """
    groups, per_group = w.shape[0], w.shape[2]
    grouped = x.reshape(x.shape[0], groups, w.shape[1], *x.shape[2:])
    y = to_large(grouped, w, geometry) if transposed else to_small(grouped, w.swapaxes(1, 2), geometry)
    if bias is not None:
        y = add_up(stored(y), bias.reshape(groups, per_group, *(1 for _ in geometry)))
    return y.reshape(y.shape[0], groups * per_group, *y.shape[3:])


def to_large(small: Num, kernel: Num, geometry: Geometry) -> Num:
    """(N, G, A, *small), (G, A, B, *k) to (N, G, B, *large): transposed convolution."""
    terms, most = _met(_by_large, geometry, small.shape[2])
    return contraction(
        small,
        kernel,
        _either_way(contract_to_large, scatter_exactly, geometry),
        terms,
        most,
        lambda g, y: to_small(g, kernel, geometry),
        lambda g, y: to_kernel(small, g, geometry),
    )


def to_small(large: Num, kernel: Num, geometry: Geometry) -> Num:
    """(N, G, B, *large), (G, A, B, *k) to (N, G, A, *small): convolution."""
    terms, most = _met(_by_small, geometry, large.shape[2])
    return contraction(
        large,
        kernel,
        _either_way(contract_to_small, gather_exactly, geometry),
        terms,
        most,
        lambda g, y: to_large(g, kernel, geometry),
        lambda g, y: to_kernel(g, large, geometry),
    )


def to_kernel(small: Num, large: Num, geometry: Geometry) -> Num:
    """(N, G, A, *small), (N, G, B, *large) to (G, A, B, *k): the kernel gradient of both."""
    terms, most = _met(_by_tap, geometry, small.shape[0])
    return contraction(
        small,
        large,
        _either_way(contract_to_kernel, kernel_exactly, geometry),
        terms,
        most,
        lambda g, y: to_small(large, g, geometry),
        lambda g, y: to_large(small, g, geometry),
    )


def _either_way(
    fast: Callable[[Array, Array, Geometry], Array],
    careful: Callable[[Array, Array, Geometry], Array],
    geometry: Geometry,
) -> Bilinear:
    """By matrix products; where something is not finite, product by product, so that it touches what it should."""

    def apply(x: Array, y: Array) -> Array:
        return (fast if all_finite(x) and all_finite(y) else careful)(x, y, geometry)

    return apply


@lru_cache(maxsize=256)
def _met(along: Callable[[Axis], Array], geometry: Geometry, channels: int) -> tuple[Array, int]:
    """The number of products by place, from the numbers along each axis; and the largest."""
    terms = np.float64(channels) * np.ones(())
    for axis in geometry:
        terms = np.multiply.outer(terms, along(axis))
    return terms, int(terms.max(initial=0))


def _joined(axis: Axis) -> list[tuple[int, slice, slice]]:
    pairs = [(t, axis.tap(t)) for t in range(axis.kernel)]
    return [(t, *pair) for t, pair in pairs if pair is not None]


def _by_large(axis: Axis) -> Array:
    counts = np.zeros(axis.large)
    for _, _, far in _joined(axis):
        counts[far] += 1
    return counts


def _by_small(axis: Axis) -> Array:
    counts = np.zeros(axis.small)
    for _, near, _ in _joined(axis):
        counts[near] += 1
    return counts


def _by_tap(axis: Axis) -> Array:
    counts = np.zeros(axis.kernel)
    for t, near, _ in _joined(axis):
        counts[t] = near.stop - near.start
    return counts
