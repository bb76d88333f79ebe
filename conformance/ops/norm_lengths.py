"""Normalisation by lengths, with no mean taken off: RMS norm, unit length, and across neighbouring channels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from conformance.exact.functions import power, rsqrt, sqrt
from conformance.exact.moves import pad, stack
from conformance.exact.num import Num, stored, total
from conformance.exact.reduce import mean
from conformance.exact.truth import maximum
from conformance.ops.base import (
    LETTERS,
    SPATIAL,
    Op,
    ParamError,
    TensorSpec,
    boolean_field,
    integer_field,
    param,
    real_field,
    shape_field,
    word_field,
)


@dataclass(frozen=True)
class RmsNorm(Op):
    """Root mean square normalisation (Zhang and Sennrich, 2019).

    y = scale * x / sqrt(mean of x^2 + epsilon), by the mean over the last `axes` axes, along which scale lies.
    """

    name = "rms_norm"
    unsaid = ("shape",)
    shape: tuple[int, ...] = param(shape_field((3, 5), "the shape of x"))
    axes: int = param(integer_field(1, 1, "how many of the last axes are normalised together"))
    epsilon: float = param(
        real_field(1e-5, "added to the mean", near=(1e-6, 1e-3, 1e-7, 1e-8, 1e-5, 2.0**-23, 2.0**-52), above=0.0)
    )

    def __post_init__(self) -> None:
        if self.axes > len(self.shape):
            raise ParamError("axes", f"found {self.axes}, expected at most {len(self.shape)}: x has no more")

    def inputs(self) -> tuple[TensorSpec, ...]:
        letters = LETTERS[: len(self.shape)]
        scale = TensorSpec("scale", letters[-self.axes :], self.shape[-self.axes :])
        return TensorSpec("x", letters, self.shape), scale

    def outputs(self) -> tuple[TensorSpec, ...]:
        return (replace(self.inputs()[0], name="y"),)

    def compute(self, x: Num, scale: Num) -> Num:  # type: ignore[override]
        squares = mean(x * x, tuple(range(-self.axes, 0)), keepdims=True)
        return x * rsqrt(squares + self.epsilon) * scale

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        given = self.held()
        yield "1 + scale for scale", _Rms(**given, how="plus")
        yield "epsilon added to the root, outside of it", _Rms(**given, how="outside")
        yield "the mean taken off first, as layer norm", _Rms(**given, how="centred")
        yield "the sum of the squares, not their mean", _Rms(**given, how="sum")
        for last in range(1, len(self.shape) + 1):
            if last != self.axes:
                yield f"the mean over the last {last} of the axes, not {self.axes}", _Rms(**given, last=last)


@dataclass(frozen=True)
class _Rms(RmsNorm):
    """What RMS norm is taken for."""

    how: str = ""
    last: int = 0

    def compute(self, x: Num, scale: Num) -> Num:  # type: ignore[override]
        over = tuple(range(-(self.last or self.axes), 0))
        if self.how == "centred":
            x = x - mean(x, over, keepdims=True)
        squares = (total if self.how == "sum" else mean)(x * x, over, keepdims=True)
        by = 1 / (sqrt(squares) + self.epsilon) if self.how == "outside" else rsqrt(squares + self.epsilon)
        return x * by * (1.0 + scale if self.how == "plus" else scale)


@dataclass(frozen=True)
class L2Normalize(Op):
    """x over its length along the last axis: y = x / max(sqrt(sum of x^2), epsilon).

    With `least: square`, x / sqrt(max(sum of x^2, epsilon)), as tf.math.l2_normalize has it.
    """

    name = "l2_normalize"
    unsaid = ("shape",)
    shape: tuple[int, ...] = param(shape_field((3, 5), "the shape of x"))
    epsilon: float = param(real_field(1e-12, "the least", near=(1e-6, 1e-7, 1e-12, 1e-24, 1e-14, 1e-5), above=0.0))
    least: str = param(word_field("norm", ("norm", "square"), "whose least epsilon is: the norm's, or its square's"))

    def inputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("x", LETTERS[: len(self.shape)], self.shape),)

    def outputs(self) -> tuple[TensorSpec, ...]:
        return (replace(self.inputs()[0], name="y"),)

    def compute(self, x: Num) -> Num:  # type: ignore[override]
        squares = total(stored(x * x), -1, keepdims=True)
        if self.least == "square":
            return x * stored(rsqrt(maximum(stored(squares), self.epsilon)))
        return x / stored(maximum(sqrt(squares), self.epsilon))

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        yield "epsilon added under the root, not the least", _Added(self.shape, self.epsilon)
        yield "no least at all", _Added(self.shape, 0.0)


@dataclass(frozen=True)
class _Added(L2Normalize):
    """With epsilon added to the sum of the squares."""

    def compute(self, x: Num) -> Num:  # type: ignore[override]
        return x * rsqrt(total(x * x, -1, keepdims=True) + self.epsilon)


@dataclass(frozen=True)
class Lrn(Op):
    """Local response normalisation across channels (Krizhevsky, Sutskever and Hinton, 2012, section 3.3).

    y = x / (k + alpha / size * the sum of x^2 over the `size` channels around)^beta; alpha is not over the size where
    it is not `divided`. Of an even size the `extra` channel lies before or after. Beyond the channels there are zeros.
    """

    name = "lrn"
    unsaid = ("batch", "channels", "space")
    batch: int = param(integer_field(2, 0, "batch size N"))
    channels: int = param(integer_field(5, 1, "channels C"))
    space: tuple[int, ...] = param(shape_field((2, 3), "the spatial size of x", most=3))
    size: int = param(integer_field(3, 1, "channels that are summed"))
    alpha: float = param(real_field(1e-4, "the factor of the squares", near=(1e-4, 1.0, 2e-5)))
    beta: float = param(real_field(0.75, "the exponent", near=(0.5, 0.75, 1.0)))
    k: float = param(real_field(1.0, "what is added to the squares", near=(1.0, 2.0), above=0.0))
    divided: bool = param(boolean_field(True, "alpha is divided by the size"))
    extra: str = param(word_field("before", ("before", "after"), "where one more channel lies, of an even size"))

    def inputs(self) -> tuple[TensorSpec, ...]:
        axes = "NC" + SPATIAL[len(self.space)]
        return (TensorSpec("x", axes, (self.batch, self.channels, *self.space)),)

    def outputs(self) -> tuple[TensorSpec, ...]:
        return (replace(self.inputs()[0], name="y"),)

    def meaning(self) -> Mapping[str, Any]:
        """The factor of each square, and of their mean; how many channels before and after, and the window."""
        each = self.alpha / self.size if self.divided else self.alpha
        small, large = (self.size - 1) // 2, self.size // 2
        ends = (large, small) if self.extra == "before" else (small, large)
        rest = len(self.space)
        pads = ((0, 0), ends, *((0, 0),) * rest)
        return {
            "each": each,
            "mean": each * self.size,
            "ends": ends,
            "pads": pads,
            "window": (1, self.size, *(1,) * rest),
        }

    def compute(self, x: Num) -> Num:  # type: ignore[override]
        meant = self.meaning()
        around = pad(x * x, meant["pads"])
        squares = total(stack([around[:, i : i + self.channels] for i in range(self.size)]), 0)
        return x / power(self.k + meant["each"] * squares, self.beta)
