"""Normalisation: less the mean, over the standard deviation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np

from conformance.exact.functions import rsqrt, sqrt
from conformance.exact.num import Num, stopped
from conformance.exact.reduce import mean as mean_of
from conformance.exact.reduce import variance as variance_of
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
)

# What people and frameworks take epsilon for.
EPSILONS = (1e-3, 1e-6, 1e-7, 1e-5, 1e-12)


@dataclass(frozen=True)
class Channelwise(Op):
    """A normalisation of x of a batch, channels and space, with a scale and an offset for each channel."""

    unsaid = ("batch", "channels", "space")
    batch: int = param(integer_field(4, 0, "batch size N"))
    channels: int = param(integer_field(3, 1, "channels C"))
    space: tuple[int, ...] = param(shape_field((3, 4), "the spatial size of x", most=3))
    epsilon: float = param(real_field(1e-5, "added to the variance", near=EPSILONS, above=0.0))

    def inputs(self) -> tuple[TensorSpec, ...]:
        x = TensorSpec("x", "NC" + SPATIAL[len(self.space)], (self.batch, self.channels, *self.space))
        return x, self.of_channels("scale"), self.of_channels("offset")

    def of_channels(self, name: str, **marks: Any) -> TensorSpec:
        """A tensor of one number a channel."""
        return TensorSpec(name, "C", (self.channels,), **marks)

    def outputs(self) -> tuple[TensorSpec, ...]:
        return (replace(self.inputs()[0], name="y"),)

    def spread(self, a: Num) -> Num:
        """What there is of each channel, beside batch and space."""
        return a.reshape(1, self.channels, *(1 for _ in self.space))


@dataclass(frozen=True)
class BatchNorm(Channelwise):
    """Batch normalisation in training (Ioffe and Szegedy, 2015), and the running statistics after it.

    y = scale * (x - mean) / sqrt(variance + epsilon) + offset, by the mean and the (biased) variance of each channel
    over batch and space. The running ones become momentum * old + (1 - momentum) * new, the variance by n - 1 where it
    is `unbiased`. No gradient goes through the running statistics.
    """

    name = "batch_norm"
    batch: int = param(integer_field(4, 1, "batch size N"))
    momentum: float = param(
        real_field(0.9, "the share of the old running statistics that is kept", near=(0.1, 0.99, 0.01))
    )
    unbiased: bool = param(boolean_field(False, "the running variance by n - 1 instead of n"))

    @property
    def count(self) -> int:
        """Over how many elements a channel's statistics are taken."""
        return self.batch * prod(self.space)

    def refusal(self) -> str | None:
        if self.unbiased and self.count < 2:
            return f"a channel has {self.count} elements, expected at least 2 to have an unbiased variance"
        return None

    def inputs(self) -> tuple[TensorSpec, ...]:
        old = self.of_channels("mean", pulled=False), self.of_channels("variance", draw="positive", pulled=False)
        return (*super().inputs(), *old)

    def outputs(self) -> tuple[TensorSpec, ...]:
        new = self.of_channels("new_mean", pulled=False), self.of_channels("new_variance", pulled=False)
        return (*super().outputs(), *new)

    def compute(self, x: Num, scale: Num, offset: Num, mean: Num, variance: Num) -> tuple[Num, ...]:  # type: ignore[override]
        return self.normalised(x, scale, offset), *self.running(x, mean, variance)

    def normalised(self, x: Num, scale: Num, offset: Num, inside: bool = True, each: bool = False) -> Num:
        """y. `inside`: epsilon is under the root. `each`: by the statistics of each batch item."""
        axes = (*(() if each else (0,)), *range(2, x.ndim))
        off, spread = x - mean_of(x, axes, keepdims=True), variance_of(x, axes, keepdims=True)
        by = rsqrt(spread + self.epsilon) if inside else 1 / (sqrt(spread) + self.epsilon)
        return off * (by * self.spread(scale)) + self.spread(offset)

    def running(self, x: Num, mean: Num, variance: Num) -> tuple[Num, Num]:
        """The running statistics after this batch."""
        axes, keep = (0, *range(2, x.ndim)), self.momentum
        x, new = stopped(x), 1 - self.momentum
        variance_here = variance_of(x, axes, ddof=int(self.unbiased))
        return keep * stopped(mean) + new * mean_of(x, axes), keep * stopped(variance) + new * variance_here

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        given: dict[str, Any] = {name: getattr(self, name) for name in self.parameters()}
        yield "epsilon added to the standard deviation, outside of the root", _Outside(**given)
        yield "the running statistics in place of the batch's, as in inference", _Inference(**given)
        yield "the statistics of each batch item, as instance norm", _Instance(**given)
        yield "the variance as the mean of the squares less the square of the mean, in float32", _OnePass(**given)


@dataclass(frozen=True)
class _Outside(BatchNorm):
    """With epsilon outside of the root."""

    def compute(self, x: Num, scale: Num, offset: Num, mean: Num, variance: Num) -> tuple[Num, ...]:  # type: ignore[override]
        return self.normalised(x, scale, offset, inside=False), *self.running(x, mean, variance)


@dataclass(frozen=True)
class _Inference(BatchNorm):
    """By the running statistics, which stay."""

    def compute(self, x: Num, scale: Num, offset: Num, mean: Num, variance: Num) -> tuple[Num, ...]:  # type: ignore[override]
        by = rsqrt(variance + self.epsilon) * scale
        return (x - self.spread(mean)) * self.spread(by) + self.spread(offset), mean, variance


@dataclass(frozen=True)
class _Instance(BatchNorm):
    """By the statistics of each batch item."""

    def compute(self, x: Num, scale: Num, offset: Num, mean: Num, variance: Num) -> tuple[Num, ...]:  # type: ignore[override]
        return self.normalised(x, scale, offset, each=True), *self.running(x, mean, variance)


@dataclass(frozen=True)
class _OnePass(BatchNorm):
    """With a variance from which all digits are cancelled that a mean far from zero has."""

    def normalised(self, x: Num, scale: Num, offset: Num, inside: bool = True, each: bool = False) -> Num:
        axes = (0, *range(2, x.ndim))
        mean = x.value.mean(axes, keepdims=True).astype(np.float32)
        squares = np.square(x.value.astype(np.float32)).mean(axes, keepdims=True, dtype=np.float64).astype(np.float32)
        spread = np.maximum(squares - np.square(mean), np.float32(0)).astype(np.float64)
        off = x - mean_of(x, axes, keepdims=True)
        return off * (rsqrt(Num(spread) + self.epsilon) * self.spread(scale)) + self.spread(offset)


@dataclass(frozen=True)
class BatchNormInference(Channelwise):
    """Batch normalisation in inference, or frozen: y = scale * (x - mean) / sqrt(variance + epsilon) + offset.

    By a mean and a variance of each channel that are given, as training left them. No gradient goes to these.
    """

    name = "batch_norm_inference"

    def inputs(self) -> tuple[TensorSpec, ...]:
        old = self.of_channels("mean", pulled=False), self.of_channels("variance", draw="positive", pulled=False)
        return (*super().inputs(), *old)

    def compute(self, x: Num, scale: Num, offset: Num, mean: Num, variance: Num) -> Num:  # type: ignore[override]
        # In the form of most libraries, whose summands cancel where a mean is far from zero.
        by = self.by(variance) * scale
        return x * self.spread(by) + self.spread(offset - mean * by)

    def by(self, variance: Num) -> Num:
        """What the distances from the mean are multiplied with."""
        return rsqrt(variance + self.epsilon)

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        given = self.held()
        yield "the statistics of this batch, as in training", _Training(**given)
        yield "epsilon added to the standard deviation, outside of the root", _InferenceOutside(**given)


@dataclass(frozen=True)
class _Training(BatchNormInference):
    """By the batch's own statistics."""

    def compute(self, x: Num, scale: Num, offset: Num, mean: Num, variance: Num) -> Num:  # type: ignore[override]
        axes = (0, *range(2, x.ndim))
        return super().compute(x, scale, offset, mean_of(x, axes), variance_of(x, axes))


@dataclass(frozen=True)
class _InferenceOutside(BatchNormInference):
    """With epsilon outside of the root."""

    def by(self, variance: Num) -> Num:
        return 1 / (sqrt(variance) + self.epsilon)


@dataclass(frozen=True)
class LayerNorm(Op):
    """Layer normalisation (Ba, Kiros and Hinton, 2016).

    y = scale * (x - mean) / sqrt(variance + epsilon) + offset, by the mean and the (biased) variance over the last
    `axes` axes, along which scale and offset lie.
    """

    name = "layer_norm"
    unsaid = ("shape",)
    shape: tuple[int, ...] = param(shape_field((3, 5), "the shape of x"))
    axes: int = param(integer_field(1, 1, "how many of the last axes are normalised together"))
    epsilon: float = param(real_field(1e-5, "added to the variance", near=(1e-3, 1e-6, 1e-7, 1e-5, 1e-12), above=0.0))

    def __post_init__(self) -> None:
        # Not in `bind`: readings of a question are made without it.
        if self.axes > len(self.shape):
            raise ParamError("axes", f"found {self.axes}, expected at most {len(self.shape)}: x has no more")

    def inputs(self) -> tuple[TensorSpec, ...]:
        letters = LETTERS[: len(self.shape)]
        over = letters[-self.axes :], self.shape[-self.axes :]
        return TensorSpec("x", letters, self.shape), TensorSpec("scale", *over), TensorSpec("offset", *over)

    def outputs(self) -> tuple[TensorSpec, ...]:
        return (replace(self.inputs()[0], name="y"),)

    def compute(self, x: Num, scale: Num, offset: Num) -> Num:  # type: ignore[override]
        return (x - mean_of(x, self.over, keepdims=True)) * (self.by(x) * scale) + offset

    @property
    def over(self) -> tuple[int, ...]:
        """The axes that are normalised together."""
        return tuple(range(-self.axes, 0))

    def by(self, x: Num) -> Num:
        """What the distances from the mean are multiplied with."""
        return rsqrt(variance_of(x, self.over, keepdims=True) + self.epsilon)

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        given = self.held()
        yield "epsilon added to the standard deviation, outside of the root", _LayerOutside(**given)
        yield "the unbiased variance, by n - 1", _LayerUnbiased(**given)
        yield "the root of the mean of the squares, with no mean taken off, as RMS norm", _Rms(**given)
        for last in range(1, len(self.shape) + 1):
            if last != self.axes:
                yield (
                    f"the mean and the variance over the last {last} of the axes, not {self.axes}",
                    _Over(**given, last=last),
                )


@dataclass(frozen=True)
class _LayerOutside(LayerNorm):
    """With epsilon outside of the root."""

    def by(self, x: Num) -> Num:
        return 1 / (sqrt(variance_of(x, self.over, keepdims=True)) + self.epsilon)


@dataclass(frozen=True)
class _LayerUnbiased(LayerNorm):
    """With the variance by n - 1."""

    def by(self, x: Num) -> Num:
        return rsqrt(variance_of(x, self.over, keepdims=True, ddof=1) + self.epsilon)


@dataclass(frozen=True)
class _Rms(LayerNorm):
    """With the mean left in."""

    def compute(self, x: Num, scale: Num, offset: Num) -> Num:  # type: ignore[override]
        squares = mean_of(x * x, self.over, keepdims=True)
        return x * (rsqrt(squares + self.epsilon) * scale) + offset


@dataclass(frozen=True)
class _Over(LayerNorm):
    """Over the last few axes, while scale and offset are as ever."""

    last: int = 1

    @property
    def over(self) -> tuple[int, ...]:
        return tuple(range(-self.last, 0))
