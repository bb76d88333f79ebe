"""Data movement: elements go elsewhere, none is rounded, so an answer must be equal where the inputs are exact.

`Num` itself has indexing, `reshape`, `transpose` and `swapaxes`; `num` has `broadcast` and `gathered`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.exact.graph import Array, Edge
from conformance.exact.num import Num, gathered, moved
from conformance.exact.truth import where

Ints = NDArray[np.int64]
Pads = Sequence[tuple[int, int]]


def concatenate(parts: Sequence[Num], axis: int = 0) -> Num:
    """The parts one after the other along an axis."""
    axis %= parts[0].ndim
    ends = np.cumsum([0, *(p.shape[axis] for p in parts)])

    def edge(k: int, part: Num) -> Edge:
        at = (slice(None),) * axis + (slice(int(ends[k]), int(ends[k + 1])),)

        def spread(c: Array, squared: bool) -> Array:
            return _among(c, parts, k, axis)

        return Edge(part, spread, lambda g, y: g[at])

    value = np.concatenate([p.value for p in parts], axis)
    return Num(
        value,
        [edge(k, p) for k, p in enumerate(parts)],
        reach=lambda p, r: (np.concatenate([x[0] for x in r], axis), np.concatenate([x[1] for x in r], axis)),
    )


def _among(c: Array, parts: Sequence[Num], k: int, axis: int) -> Array:
    shape = list(parts[0].shape)
    before = sum(p.shape[axis] for p in parts[:k])
    shape[axis] = sum(p.shape[axis] for p in parts)
    y = np.zeros(shape)
    y[(slice(None),) * axis + (slice(before, before + parts[k].shape[axis]),)] = c
    return y


def stack(parts: Sequence[Num], axis: int = 0) -> Num:
    """The parts along a new axis."""
    axis %= parts[0].ndim + 1
    shape = parts[0].shape
    grown = (*shape[:axis], 1, *shape[axis:])
    return concatenate([p.reshape(*grown) for p in parts], axis)


def split(a: Num, sections: int | Sequence[int], axis: int = 0) -> list[Num]:
    """Cut along an axis: into so many equal parts, or into parts of these lengths."""
    axis %= a.ndim
    n = a.shape[axis]
    if isinstance(sections, int):
        if n % sections:
            raise ValueError(f"{n} elements do not split into {sections} equal parts")
        lengths = [n // sections] * sections
    else:
        lengths = list(sections)
        if sum(lengths) != n:
            raise ValueError(f"parts of {lengths} do not add up to {n} elements")
    ends = [int(e) for e in np.cumsum([0, *lengths])]
    return [a[(slice(None),) * axis + (slice(low, high),)] for low, high in pairwise(ends)]


def pad(a: Num, pads: Pads, fill: float = 0.0) -> Num:
    """(before, after) elements more an axis, that hold `fill`; negative ones are cut off."""
    keep = tuple(slice(max(-low, 0), n - max(-high, 0)) for n, (low, high) in zip(a.shape, pads, strict=True))
    grow = [(max(low, 0), max(high, 0)) for low, high in pads]
    cut = a[keep]
    inside = tuple(slice(low, low + n) for n, (low, _) in zip(cut.shape, grow, strict=True))

    def around(x: Array, fill: float = 0.0) -> Array:
        return np.pad(x, grow, constant_values=fill)

    edge = Edge(cut, lambda c, squared: around(c), lambda g, y: g[inside])
    return Num(around(cut.value, fill), (edge,), reach=lambda p, r: (around(r[0][0], fill), around(r[0][1], fill)))


def pad_like(a: Num, pads: Pads, mode: str) -> Num:
    """Padding with elements of `a`: NumPy's modes "edge", "reflect", "symmetric", "wrap"."""
    places: Any = np.pad(np.arange(a.size).reshape(a.shape), list(pads), mode=mode)  # type: ignore[call-overload]
    return gathered(a, places)


def flip(a: Num, axis: int | Sequence[int]) -> Num:
    """Backwards along axes."""
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    return moved(a, lambda x: np.flip(x, axes), lambda g: flip(g, axes))


def roll(a: Num, by: int, axis: int) -> Num:
    """Turned round along an axis."""
    return moved(a, lambda x: np.roll(x, by, axis), lambda g: roll(g, -by, axis))


def repeat(a: Num, times: int, axis: int) -> Num:
    """Each element so many times in a row."""
    axis %= a.ndim
    return gathered(a, np.repeat(np.arange(a.size).reshape(a.shape), times, axis))


def take(a: Num, at: NDArray[Any], axis: int) -> Num:
    """Slices along an axis by number, any number of times."""
    return gathered(a, np.take(np.arange(a.size).reshape(a.shape), at, axis))


def take_along(a: Num, at: NDArray[Any], axis: int) -> Num:
    """Elements along an axis by number: as NumPy's take_along_axis."""
    return gathered(a, np.take_along_axis(np.arange(a.size).reshape(a.shape), at, axis))


def windows(
    a: Num,
    kernel: Sequence[int],
    stride: Sequence[int],
    dilation: Sequence[int],
    pads: Pads,
    fill: float = 0.0,
) -> Num:
    """(N, C, *space) to (N, C, *out, *taps): what lies under each position of a window, `fill` outside of `a`."""
    places, outside = _windowed(a.shape, kernel, stride, dilation, pads)
    inside = gathered(a.reshape(-1) if a.size else Num(np.zeros(1)), np.where(outside, 0, places))
    return where(outside, fill, inside) if outside.any() else inside


def _windowed(
    shape: Sequence[int], kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int], pads: Pads
) -> tuple[Ints, NDArray[np.bool_]]:
    """Which flat element lies under each tap of each position, and where none does."""
    rank = len(kernel)
    lead = (*shape[:2], *(1,) * (2 * rank))
    flat: Any = np.arange(int(np.prod(shape[:2], dtype=np.int64))).reshape(lead)
    outside: Any = np.zeros((1,) * (2 + 2 * rank), dtype=bool)
    for i, (n, k, s, d, (low, high)) in enumerate(zip(shape[2:], kernel, stride, dilation, pads, strict=True)):
        count = max((n + low + high - d * (k - 1) - 1) // s + 1, 0)
        place = s * np.arange(count)[:, None] + d * np.arange(k)[None, :] - low
        spots = [1] * (2 + 2 * rank)
        spots[2 + i], spots[2 + rank + i] = count, k
        placed = place.reshape(spots)
        outside = outside | (placed < 0) | (placed >= n)
        flat = flat * n + placed
    both = np.broadcast_shapes(flat.shape, outside.shape)
    return np.broadcast_to(flat, both), np.broadcast_to(outside, both)
