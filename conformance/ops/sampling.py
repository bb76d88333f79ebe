"""Sampling: elements of x at places that are a tensor, and the grid of an affine map that gives such places."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.exact.contraction import einsum
from conformance.exact.graph import Array, allowance
from conformance.exact.num import Num, add_up, gathered
from conformance.exact.truth import Truth, clip, where
from conformance.ops.base import (
    Op,
    TensorSpec,
    axis_field,
    boolean_field,
    integer_field,
    one_an_axis,
    param,
    word_field,
)


@dataclass(frozen=True)
class GridSample(Op):
    """x at the places that a grid names: grid[.., 0] along W, grid[.., 1] along H, -1 and 1 being the ends of x.

    The ends are the outer edges of the first and the last element, so that g is place ((g + 1) n - 1) / 2, or their
    centres (`align_corners`): (g + 1) (n - 1) / 2. A place beyond the ends is 0 there (`zeros`), taken as the first or
    last element (`border`), or reflected at the ends as often as it takes (`reflection`). Between elements `linear`
    weighs the four around a place; `nearest` takes the nearest, of two the even one. (ONNX, operator GridSample.)
    """

    name = "grid_sample"
    unsaid = ("size", "batch", "channels", "output")
    size: tuple[int, ...] = param(axis_field((4, 5), 1, "the height and width of x"))
    batch: int = param(integer_field(1, 1, "batch size N"))
    channels: int = param(integer_field(2, 1, "channels C"))
    output: tuple[int, ...] = param(axis_field((3, 4), 1, "the height and width of y"))
    method: str = param(word_field("linear", ("linear", "nearest"), "what counts of x"))
    padding: str = param(word_field("zeros", ("zeros", "border", "reflection"), "what lies beyond x"))
    align_corners: bool = param(boolean_field(False, "the ends are centres of elements"))

    @classmethod
    def bind(cls, values: Any, trusted: bool = False) -> GridSample:
        pairs = {name: _pair(values[name]) for name in ("size", "output")}
        return cls(**{**values, **pairs})

    def inputs(self) -> tuple[TensorSpec, ...]:
        x = TensorSpec("x", "NCHW", (self.batch, self.channels, *self.size))
        return x, TensorSpec("grid", "NABR", (self.batch, *self.output, 2))

    def outputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("y", "NCAB", (self.batch, self.channels, *self.output)),)

    def compute(self, x: Num, grid: Num) -> Num:  # type: ignore[override]
        [down, along] = [self.place(part, n) for part, n in zip(self.parts(grid), self.size, strict=True)]
        if self.method == "nearest":
            return self._nearest(x, down, along)
        low = np.floor(down.value), np.floor(along.value)
        share = down - low[0], along - low[1]
        terms = []
        for corner in product((0, 1), repeat=2):
            [a, b] = [t if c else 1.0 - t for t, c in zip(share, corner, strict=True)]
            seen = self._at(x, low[0] + corner[0], low[1] + corner[1])
            terms.append(seen * (a * b).reshape(self.batch, 1, *self.output))
        return add_up(*terms)

    def parts(self, grid: Num) -> tuple[Num, Num]:
        """The coordinates along H and along W."""
        return grid[..., 1], grid[..., 0]

    def place(self, g: Num, n: int) -> Num:
        """Where in x a coordinate is."""
        p = (g + 1.0) * ((n - 1) / 2) if self.align_corners else ((g + 1.0) * float(n) - 1.0) * 0.5
        if self.padding == "reflection":
            first = 0.0 if self.align_corners else -0.5
            span = n - 1.0 if self.align_corners else float(n)
            if not span:
                return p * 0.0
            turns = np.floor((p.value - first) / span)
            back = turns % 2 == 1
            # first + d - turns * span, or first + span - (d - turns * span), of d = p - first.
            shift = np.where(back, 2 * first + (turns + 1) * span, -turns * span)
            p = p * np.where(back, -1.0, 1.0) + shift
        return p if self.padding == "zeros" else clip(p, 0.0, n - 1.0)

    def _at(self, x: Num, down: Array, along: Array) -> Num:
        """The elements at whole places, 0 beyond x."""
        (h, w), shape = self.size, (self.batch, self.channels, *self.output)
        inside = (down >= 0) & (down < h) & (along >= 0) & (along < w)
        flat = np.clip(down, 0, h - 1).astype(np.int64) * w + np.clip(along, 0, w - 1).astype(np.int64)
        planes = np.arange(self.batch * self.channels).reshape(self.batch, self.channels, 1, 1) * (h * w)
        return where(np.broadcast_to(inside[:, None], shape), gathered(x, planes + flat[:, None]), 0.0)

    def _nearest(self, x: Num, down: Num, along: Num) -> Num:
        lifted = down.reshape(self.batch, 1, *self.output), along.reshape(self.batch, 1, *self.output)
        return nearest(lambda a, b: self._at(x, a[:, 0], b[:, 0]), lifted, np.rint)

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        given = self.held()
        yield "the grid's first number along H, the second along W", _Exchanged(**given)


@dataclass(frozen=True)
class _Exchanged(GridSample):
    """With (h, w) in the grid."""

    def parts(self, grid: Num) -> tuple[Num, Num]:
        return grid[..., 0], grid[..., 1]


@dataclass(frozen=True)
class AffineGrid(Op):
    """The grid of a plane: at row i and column j, theta (2 x 3) times the column's place, the row's place, and 1.

    Places go from -1 to 1, the outer edges of the first and the last element: (2 i + 1) / n - 1; or their centres
    (`align_corners`): 2 i / (n - 1) - 1, 0 where n is 1. (ONNX, operator AffineGrid.)
    """

    name = "affine_grid"
    unsaid = ("batch", "size")
    batch: int = param(integer_field(1, 1, "batch size N"))
    size: tuple[int, ...] = param(axis_field((3, 4), 1, "the height and width of the grid"))
    align_corners: bool = param(boolean_field(False, "the ends are centres of elements"))

    @classmethod
    def bind(cls, values: Any, trusted: bool = False) -> AffineGrid:
        return cls(**{**values, "size": _pair(values["size"])})

    def meaning(self) -> dict[str, Any]:
        ends = tuple(float(np.max(_places(n, self.align_corners))) for n in self.size)
        return {"high": ends[0], "wide": ends[1], "height": self.size[0], "width": self.size[1]}

    def inputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("theta", "NRQ", (self.batch, 2, 3)),)

    def outputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("grid", "NABR", (self.batch, *self.size, 2)),)

    def compute(self, theta: Num) -> Num:  # type: ignore[override]
        down, along = (_places(n, self.align_corners) for n in self.size)
        spread = np.broadcast_arrays(along[None, :], down[:, None], np.ones(self.size))
        base = np.stack(spread, -1)
        # Places come about in four roundings: an end, a step, a product, a sum.
        places = Num(base, own=lambda name: 4.0 * (base != 1) if name == "err" else None, steps=4)
        return einsum("abq,nrq->nabr", places, theta)

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        yield "with the other meaning of the ends", replace(self, align_corners=not self.align_corners)


def nearest(at: Callable[[Array, Array], Num], places: tuple[Num, Num], rounded: Callable[[Array], Array]) -> Num:
    """What lies at whole places, the nearest; where a place is nearer to a half than it may be off, either."""
    near = [rounded(p.value) for p in places]
    y = at(*near)
    for off in ((1, 0), (0, 1), (1, 1)):
        other = [_other(p.value, r) if o else r for p, r, o in zip(places, near, off, strict=True)]
        flipped = tuple(p for p, o in zip(places, off, strict=True) if o)

        def open_at(
            precision: Any, flipped: tuple[Num, ...] = flipped, shape: tuple[int, ...] = y.shape
        ) -> NDArray[np.bool_]:
            found = np.ones(shape, bool)
            for p in flipped:
                found &= np.abs(np.abs(p.value - np.rint(p.value)) - 0.5) <= allowance(p, precision)
            return found

        y = where(Truth(np.ones(y.shape, bool), open_at), y, at(*other))
    return y


def _other(p: Array, near: Array) -> Array:
    """The second nearest whole number."""
    return np.asarray(np.where(p >= near, near + 1, near - 1))


def _places(n: int, align_corners: bool) -> Array:
    if align_corners:
        return 2 * np.arange(n) / max(n - 1, 1) - (n > 1)
    return (2 * np.arange(n) + 1) / n - 1


def _pair(value: Any) -> tuple[int, int]:
    first, second = one_an_axis("size", value, 2, "a height and a width")
    return first, second
