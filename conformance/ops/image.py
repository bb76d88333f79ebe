"""Images: colours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import ClassVar

from conformance.exact.moves import concatenate, flip
from conformance.exact.num import Num, total
from conformance.exact.truth import equal, greater, less, maximum, minimum, where
from conformance.ops.base import Op, TensorSpec, integer_field, param


@dataclass(frozen=True)
class Colours(Op):
    """What goes by the three colours of an image: red, green, blue."""

    unsaid = ("batch", "height", "width")
    batch: int = param(integer_field(1, 1, "batch size N"))
    height: int = param(integer_field(3, 1, "height"))
    width: int = param(integer_field(4, 1, "width"))

    def inputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("x", "NCHW", (self.batch, 3, self.height, self.width), draw="unit"),)

    def outputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("y", "NCHW", (self.batch, 3, self.height, self.width)),)


@dataclass(frozen=True)
class RgbToGrayscale(Colours):
    """The brightness of colours: 0.2989 red + 0.587 green + 0.114 blue (ITU-R BT.601, in four digits)."""

    name = "rgb_to_grayscale"
    weights: ClassVar[tuple[float, float, float]] = (0.2989, 0.587, 0.114)

    def outputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("y", "NCHW", (self.batch, 1, self.height, self.width)),)

    def compute(self, x: Num) -> Num:  # type: ignore[override]
        parts = [x[:, i : i + 1] * weight for i, weight in enumerate(self.weights)]
        return total(concatenate(parts, 1), 1, keepdims=True)

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        given = [getattr(self, f.name) for f in fields(self)]
        yield "the colours read as blue, green, red", _Reversed(*given)
        yield "weights of 0.299, 0.587, 0.114, which add up to 1", _Whole(*given)
        yield "the weights of ITU-R BT.709", _Bt709(*given)
        yield "the mean of the colours", _Mean(*given)


@dataclass(frozen=True)
class _Reversed(RgbToGrayscale):
    weights = (0.114, 0.587, 0.2989)


@dataclass(frozen=True)
class _Whole(RgbToGrayscale):
    weights = (0.299, 0.587, 0.114)


@dataclass(frozen=True)
class _Bt709(RgbToGrayscale):
    weights = (0.2126, 0.7152, 0.0722)


@dataclass(frozen=True)
class _Mean(RgbToGrayscale):
    weights = (1 / 3, 1 / 3, 1 / 3)


@dataclass(frozen=True)
class RgbToHsv(Colours):
    """Hue, saturation and value of colours, each from 0 to 1 (Smith, Color gamut transform pairs, 1978).

    Value is the largest colour; saturation is what the largest and the smallest are apart, by the largest, 0 of black;
    hue is 0 of grey, else a sixth of (green - blue) by that distance where red is the largest, 2 sixths more than
    (blue - red) where green is, 4 sixths more than (red - green) where blue is; 1 is added to what is below 0.
    """

    name = "rgb_to_hsv"

    def compute(self, x: Num) -> Num:  # type: ignore[override]
        r, g, b = (x[:, i : i + 1] for i in range(3))
        value, least = maximum(maximum(r, g), b), minimum(minimum(r, g), b)
        apart = value - least
        grey = equal(value.value, least.value)
        by = where(grey, 1.0, apart)
        saturation = where(grey, 0.0, apart / where(greater(value.value, 0.0), value, 1.0))
        red, green = equal(r.value, value.value), equal(g.value, value.value)
        turns = (where(red, g - b, where(green, b - r, r - g)) / by) / 6.0
        turns = turns + where(red, 0.0, where(green, 2 / 6, 4 / 6))
        hue = where(less(turns.value, 0.0), turns + 1.0, turns)
        return concatenate([where(grey, 0.0, hue), saturation, value], 1)

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        yield "the colours read as blue, green, red", _Bgr(*(getattr(self, f.name) for f in fields(self)))


@dataclass(frozen=True)
class _Bgr(RgbToHsv):
    """With red and blue exchanged."""

    def compute(self, x: Num) -> Num:  # type: ignore[override]
        return super().compute(flip(x, 1))
