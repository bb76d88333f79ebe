"""Layouts: every permute, flip and slice order in the project.

A tensor's axes are named by letters. The grammar of a layout:

    NHWC              the axes in this order
    (GI)OHW           G and I merged into one axis, G slowest (row-major), as PyTorch stores grouped kernels
    IOHW flipped      every spatial axis (D, H, W) reversed
    IOHW flipped W    only W reversed
    GHI G=ifgo        the slices along G in this order, by their names: the gates of an LSTM
    (GH)I G=ifgo      in this order, and merged with H

The op names its inputs in a *canonical* layout that keeps every letter apart (`GIOHW`). A letter that a framework's
layout leaves out must have length 1 (`IOHW` where there is one group). A tensor whose slices along an axis have names
says in which order they are canonically, by its *marks*: `(("G", "ifgo"),)`, a letter a slice. A layout that says
nothing of them leaves them in that order. Converting is flips, slice orders, a transpose and a reshape; all of them
have exact inverses, which outputs and gradients take on the way back.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

SPATIAL = "DHW"
_GRAMMAR = re.compile(
    r"(?P<axes>(?:[A-Z]|\([A-Z]+\))*)(?P<flipped>\s+flipped(?:\s+(?P<flips>[DHW]+)(?!=))?)?"
    r"(?P<orders>(?:\s+[A-Z]=[a-z]+)*)"
)
_TOKEN = re.compile(r"[A-Z]|\([A-Z]+\)")

# axis -> the names of the slices along it, in their order.
Marks: TypeAlias = tuple[tuple[str, str], ...]
S = TypeVar("S", bound=np.generic)


class LayoutError(ValueError):
    """A layout that can't be read, or that does not fit the tensor it is applied to."""


@dataclass(frozen=True)
class Layout:
    """Axes in order, each a group of letters (one letter unless merged), the spatial axes that are flipped, and the
    order of named slices along an axis.
    """

    axes: tuple[str, ...]
    flips: frozenset[str] = frozenset()
    orders: Marks = ()

    def __str__(self) -> str:
        text = "".join(a if len(a) == 1 else f"({a})" for a in self.axes)
        if self.flips:
            everything = {c for c in self.letters if c in SPATIAL}
            text += " flipped" + ("" if self.flips == everything else " " + "".join(sorted(self.flips)))
        return text + "".join(f" {axis}={order}" for axis, order in self.orders)

    @cached_property
    def letters(self) -> str:
        """Every letter in storage order."""
        return "".join(self.axes)


@lru_cache(maxsize=4096)
def parse_layout(text: str) -> Layout:
    """Read a layout; LayoutError where a letter repeats or the text is no layout."""
    match = _GRAMMAR.fullmatch(text.strip())
    if match is None:
        raise LayoutError(
            f"layout {text!r} can't be read; expected letters such as NHWC, (GI)OHW, IOHW flipped, or GHI G=ifgo"
        )
    axes = tuple(t.strip("()") for t in _TOKEN.findall(match["axes"]))
    letters = "".join(axes)
    if len(set(letters)) != len(letters):
        raise LayoutError(f"layout {text!r} names an axis twice")
    flips: frozenset[str] = frozenset()
    if match["flipped"]:
        flips = frozenset(match["flips"] or (c for c in letters if c in SPATIAL))
        if len(flips) < len(match["flips"] or ""):
            raise LayoutError(f"layout {text!r} flips an axis twice")
        if not flips or not flips <= set(letters):
            raise LayoutError(f"layout {text!r} flips an axis that it does not have")
    orders = tuple((word[0], word[2:]) for word in match["orders"].split())
    for axis, order in orders:
        if axis not in letters or sum(axis == other for other, _ in orders) > 1:
            raise LayoutError(f"layout {text!r} orders axis {axis!r} {'twice' if axis in letters else 'and has none'}")
        if axis in flips:
            raise LayoutError(f"layout {text!r} both flips and orders axis {axis!r}")
        if len(set(order)) != len(order):
            raise LayoutError(f"layout {text!r} names a slice of {axis!r} twice")
    return Layout(axes, flips, tuple(sorted(orders)))


def slice_orders(layout: Layout, marks: Marks, name: str = "tensor") -> dict[str, list[int]]:
    """axis -> of each slice in the layout its place in the canonical order; only axes whose orders differ.

    LayoutError where the layout names other slices than the tensor has.
    """
    canonical = dict(marks)
    found = {}
    for axis, order in layout.orders:
        there = canonical.get(axis, "")
        if sorted(order) != sorted(there):
            has = f"has the slices {there}" if there else "has no named slices"
            raise LayoutError(f"layout {layout} of {name!r} orders {axis!r} as {order}, but the tensor {has} along it")
        if order != there:
            found[axis] = [there.index(slice) for slice in order]
    return found


def _reordered(array: NDArray[S], axes: str, orders: dict[str, list[int]], back: bool = False) -> NDArray[S]:
    """Slices along axes in another order. An axis of another length has not those slices, and stays as it is."""
    for axis, order in orders.items():
        position = axes.index(axis)
        if array.shape[position] == len(order):
            places = np.argsort(order) if back else order
            array = array.take(places, position)
    return array


def check_convertible(canonical: str, layout: Layout, sizes: dict[str, int], name: str, marks: Marks = ()) -> None:
    """Raise LayoutError unless `layout` can hold a tensor whose canonical letters have these sizes, and marks."""
    slice_orders(layout, marks, name)
    extra = set(layout.letters) - set(canonical)
    if extra:
        raise LayoutError(f"layout {layout} of {name!r} has axis {sorted(extra)[0]!r}, but the tensor is {canonical}")
    for letter in canonical:
        if letter not in layout.letters and sizes[letter] != 1:
            raise LayoutError(
                f"layout {layout} of {name!r} leaves out axis {letter!r}, which has length {sizes[letter]}, not 1"
            )


def to_layout(array: NDArray[S], canonical: str, layout: Layout, name: str = "tensor", marks: Marks = ()) -> NDArray[S]:
    """A canonical array (one axis a letter of `canonical`) as a contiguous array in `layout`.

    `marks`: the canonical order of the tensor's named slices.
    """
    if array.ndim != len(canonical):
        raise LayoutError(f"{name!r} has {array.ndim} axes, but its layout {canonical} has {len(canonical)}")
    sizes = dict(zip(canonical, array.shape, strict=True))
    check_convertible(canonical, layout, sizes, name, marks)
    if layout.flips:
        array = array[tuple(slice(None, None, -1) if c in layout.flips else slice(None) for c in canonical)]
    if layout.orders:
        array = _reordered(array, canonical, slice_orders(layout, marks, name))
    order = [canonical.index(c) for c in layout.letters]
    order += [i for i, c in enumerate(canonical) if c not in layout.letters]
    moved = array.transpose(order)
    shape = tuple(_product(sizes[c] for c in axis) for axis in layout.axes)
    return np.ascontiguousarray(moved).reshape(shape)


def from_layout(
    array: NDArray[S],
    canonical: str,
    layout: Layout,
    sizes: dict[str, int] | None = None,
    name: str = "tensor",
    marks: Marks = (),
) -> NDArray[S]:
    """The inverse of `to_layout`. `sizes` gives the letters of merged axes; other axes carry their own length."""
    if array.ndim != len(layout.axes):
        raise LayoutError(f"{name!r} came back with {array.ndim} axes, but its layout {layout} has {len(layout.axes)}")
    split: list[int] = []
    for axis, length in zip(layout.axes, array.shape, strict=True):
        split.extend(_split(axis, length, sizes or {}, name))
    letters = layout.letters
    missing = [c for c in canonical if c not in letters]
    expanded = array.reshape((*split, *(1 for _ in missing)))
    all_letters = letters + "".join(missing)
    result = expanded.transpose([all_letters.index(c) for c in canonical])
    if layout.flips:
        result = result[tuple(slice(None, None, -1) if c in layout.flips else slice(None) for c in canonical)]
    if layout.orders:
        result = _reordered(result, canonical, slice_orders(layout, marks, name), back=True)
    return result


def shape_from_layout(
    shape: tuple[int, ...], canonical: str, layout: Layout, sizes: dict[str, int] | None = None, name: str = "tensor"
) -> tuple[int, ...]:
    """The canonical shape of an array that has `shape` in `layout`; LayoutError where the axes don't fit."""
    if len(shape) != len(layout.axes):
        raise LayoutError(f"{name!r} came back with {len(shape)} axes, but its layout {layout} has {len(layout.axes)}")
    lengths: dict[str, int] = {}
    for axis, length in zip(layout.axes, shape, strict=True):
        lengths.update(zip(axis, _split(axis, length, sizes or {}, name), strict=True))
    return tuple(lengths.get(c, 1) for c in canonical)


def _split(axis: str, length: int, sizes: dict[str, int], name: str) -> tuple[int, ...]:
    if len(axis) == 1:
        return (length,)
    known = tuple(sizes[c] for c in axis)
    if _product(known) != length:
        raise LayoutError(f"{name!r} came back with length {length} along ({axis}), which is not {known}")
    return known


def _product(values: object) -> int:
    result = 1
    for value in values:  # type: ignore[attr-defined]
        result *= value
    return result
