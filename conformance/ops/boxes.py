"""What boxes cut out of images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.exact.graph import Array
from conformance.exact.num import Num, add_up, gathered
from conformance.exact.truth import clip, greater_equal, less_equal, where
from conformance.ops.base import (
    Op,
    TensorSpec,
    axis_field,
    boolean_field,
    integer_field,
    one_an_axis,
    param,
    real_field,
    word_field,
)
from conformance.ops.sampling import nearest

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class CropAndResize(Op):
    """What boxes cut out of images, each brought to one size: box k = (y1, x1, y2, x2) of image box_indices[k].

    0 and 1 are the centres of the first and the last element of an axis of n: place i of o lies at
    (y1 + (y2 - y1) i / (o - 1)) (n - 1), or in the middle of the box where o is 1. The first corner may be beyond the
    second, then y is turned round. Between elements `linear` weighs the four around a place; `nearest` takes the
    nearest, of two the upper one. All of y that does not lie within 0 and n - 1 is `extrapolation`, nothing of the
    border. (TensorFlow, tf.image.crop_and_resize; ONNX, operator Resize, tf_crop_and_resize.)
    """

    name = "crop_and_resize"
    unsaid = ("size", "batch", "channels", "boxes")
    size: tuple[int, ...] = param(axis_field((4, 5), 1, "the height and width of x"))
    batch: int = param(integer_field(2, 1, "batch size N"))
    channels: int = param(integer_field(2, 1, "channels C"))
    boxes: int = param(integer_field(3, 1, "how many boxes"))
    output: tuple[int, ...] = param(axis_field((3, 4), 1, "the height and width of y"))
    method: str = param(word_field("linear", ("linear", "nearest"), "what counts of x"))
    extrapolation: float = param(real_field(0.0, "what y is where a box reaches beyond x"))
    beyond: bool = param(boolean_field(False, "boxes may reach beyond x"))

    @classmethod
    def bind(cls, values: Any, trusted: bool = False) -> CropAndResize:
        pairs = {name: one_an_axis(name, values[name], 2, "a height and a width") for name in ("size", "output")}
        return cls(**{**values, **pairs})

    def meaning(self) -> dict[str, Any]:
        """`down`, `along`: the places of y in a box, as shares of it; `lasts`: the last place of each axis of x.

        `whole`: the shape of y.
        """
        down, along = (_shares(o) for o in self.output)
        lasts = tuple(n - 1 for n in self.size)
        return {"down": down, "along": along, "lasts": lasts, "whole": self.outputs()[0].shape}

    def inputs(self) -> tuple[TensorSpec, ...]:
        return (
            TensorSpec("x", "NCHW", (self.batch, self.channels, *self.size)),
            TensorSpec("boxes", "KR", (self.boxes, 4), draw="" if self.beyond else "unit"),
            TensorSpec("box_indices", "K", (self.boxes,), kind="index", dtype="int32", draw=f"0..{self.batch - 1}"),
        )

    def outputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("y", "KCHW", (self.boxes, self.channels, *self.output)),)

    def compute(self, x: Num, boxes: Num, box_indices: Ints) -> Num:  # type: ignore[override]
        ends = self.ends(boxes)
        [down, along] = [self.places(*end, n, o) for end, n, o in zip(ends, self.size, self.output, strict=True)]
        down, along = down.reshape(self.boxes, 1, -1, 1), along.reshape(self.boxes, 1, 1, -1)
        seen = self._nearest if self.method == "nearest" else self._linear
        return self.bounded(seen(x, down, along, box_indices), down, along)

    def ends(self, boxes: Num) -> tuple[tuple[Num, Num], tuple[Num, Num]]:
        """The two ends of each box along H, and along W."""
        return (boxes[:, 0:1], boxes[:, 2:3]), (boxes[:, 1:2], boxes[:, 3:4])

    def places(self, low: Num, high: Num, n: int, o: int) -> Num:
        """Where in x the places of y lie, a row of them a box."""
        if o == 1:
            return (low + high) * (0.5 * (n - 1))
        return low * (n - 1.0) + (high - low) * ((n - 1) / (o - 1)) * np.arange(o)

    def bounded(self, y: Num, down: Num, along: Num) -> Num:
        """y where its place lies within x."""
        a, b = (greater_equal(p, 0.0) & less_equal(p, n - 1.0) for p, n in zip((down, along), self.size, strict=True))
        return where(a & b, y, self.extrapolation)

    def _linear(self, x: Num, down: Num, along: Num, image: Ints) -> Num:
        low = np.floor(down.value), np.floor(along.value)
        share = down - low[0], along - low[1]
        terms = []
        for corner in product((0, 1), repeat=2):
            [a, b] = [t if c else 1.0 - t for t, c in zip(share, corner, strict=True)]
            seen, weight = self.at(x, low[0] + corner[0], low[1] + corner[1], image), a * b
            # Infinity without a weight does not count.
            terms.append(where((weight.value != 0) | np.isfinite(seen.value), seen, 0.0) * weight)
        return add_up(*terms)

    def _nearest(self, x: Num, down: Num, along: Num, image: Ints) -> Num:
        return nearest(lambda a, b: self.at(x, a, b, image), (down, along), lambda p: np.floor(p + 0.5))

    def at(self, x: Num, down: Array, along: Array, image: Ints) -> Num:
        """The elements at whole places; of what is beyond x, which does not count, the nearest."""
        (h, w), channels = self.size, np.arange(self.channels).reshape(1, -1, 1, 1)
        plane = image.reshape(-1, 1, 1, 1) * self.channels + channels
        row, column = (_within(p, n) for p, n in ((down, h), (along, w)))
        return gathered(x, (plane * h + row) * w + column)

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        given = self.held()
        yield "boxes read as x1, y1, x2, y2", _Across(**given)
        yield "0 and 1 as the edges of x, and places as centres of parts of the box", _Edges(**given)
        yield "the whole image in place of the box", _Whole(**given)
        yield "what lies beyond x taken as its border", _Held(**given)
        yield "what lies beyond x weighed against its border", _Blended(**given)


@dataclass(frozen=True)
class _Across(CropAndResize):
    """With (x1, y1, x2, y2) in the boxes."""

    def ends(self, boxes: Num) -> tuple[tuple[Num, Num], tuple[Num, Num]]:
        return super().ends(boxes)[::-1]


@dataclass(frozen=True)
class _Edges(CropAndResize):
    """As jax.image.scale_and_translate and RoiAlign place what they sample."""

    def places(self, low: Num, high: Num, n: int, o: int) -> Num:
        return (low + (high - low) * ((np.arange(o) + 0.5) / o)) * float(n) - 0.5


@dataclass(frozen=True)
class _Whole(CropAndResize):
    """Without a box."""

    def ends(self, boxes: Num) -> tuple[tuple[Num, Num], tuple[Num, Num]]:
        low, high = Num(np.zeros((self.boxes, 1))), Num(np.ones((self.boxes, 1)))
        return (low, high), (low, high)


@dataclass(frozen=True)
class _Held(CropAndResize):
    """With the border repeated."""

    def places(self, low: Num, high: Num, n: int, o: int) -> Num:
        return clip(super().places(low, high, n, o), 0.0, n - 1.0)


@dataclass(frozen=True)
class _Blended(CropAndResize):
    """As torch.nn.functional.grid_sample and scipy.ndimage.map_coordinates pad."""

    def bounded(self, y: Num, down: Num, along: Num) -> Num:
        return y

    def at(self, x: Num, down: Array, along: Array, image: Ints) -> Num:
        (h, w), seen = self.size, super().at(x, down, along, image)
        inside = (down >= 0) & (down < h) & (along >= 0) & (along < w)
        return where(np.broadcast_to(inside, seen.shape), seen, self.extrapolation)


def _shares(o: int) -> tuple[float, ...]:
    return tuple(i / (o - 1) for i in range(o)) if o > 1 else (0.5,)


def _within(place: Array, n: int) -> Ints:
    """The nearest place of x; a place that is no number is beyond it."""
    return np.clip(np.nan_to_num(place), 0, n - 1).astype(np.int64)
