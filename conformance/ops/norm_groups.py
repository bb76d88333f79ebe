"""Normalisation of each batch item by itself: of groups of channels, and of single channels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

from conformance.exact.functions import rsqrt, sqrt
from conformance.exact.num import Num
from conformance.exact.reduce import mean, variance
from conformance.ops.base import Op, ParamError, integer_field, param
from conformance.ops.norm import Channelwise


@dataclass(frozen=True)
class InstanceNorm(Channelwise):
    """Instance normalisation (Ulyanov, Vedaldi and Lempitsky, 2016).

    y = scale * (x - mean) / sqrt(variance + epsilon) + offset, by the mean and the (biased) variance over space of each
    channel of each batch item. It keeps no running statistics.
    """

    name = "instance_norm"

    def compute(self, x: Num, scale: Num, offset: Num) -> Num:  # type: ignore[override]
        return self.normalised(x, self.channels) * self.spread(scale) + self.spread(offset)

    def normalised(
        self, x: Num, groups: int, ddof: int = 0, inside: bool = True, over: tuple[int, ...] = (2, 3)
    ) -> Num:
        """x by the statistics of its groups of channels. `inside`: epsilon is under the root."""
        parts = x.reshape(self.batch, groups, self.channels // groups, prod(self.space))
        spread = variance(parts, over, keepdims=True, ddof=ddof)
        by = rsqrt(spread + self.epsilon) if inside else 1 / (sqrt(spread) + self.epsilon)
        return ((parts - mean(parts, over, keepdims=True)) * by).reshape(*x.shape)

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        given = self.held()
        yield "the statistics of all batch items together, as batch norm", _Grouped(**given, over=(0, 3))
        yield "the statistics of all channels together, as layer norm", _Grouped(**given, parts=1)
        yield "epsilon added to the standard deviation, outside of the root", _Grouped(**given, inside=False)
        if prod(self.space) > 1:
            yield "the unbiased variance, by n - 1", _Grouped(**given, ddof=1)


@dataclass(frozen=True)
class GroupNorm(InstanceNorm):
    """Group normalisation (Wu and He, 2018).

    y = scale * (x - mean) / sqrt(variance + epsilon) + offset, by the mean and the (biased) variance over space of each
    group of adjacent channels of each batch item. Scale and offset are each channel's own.
    """

    name = "group_norm"
    channels: int = param(integer_field(4, 1, "channels C"))
    groups: int = param(integer_field(2, 1, "groups of channels"))

    def __post_init__(self) -> None:
        if self.channels % self.groups:
            raise ParamError("groups", f"found {self.groups}, expected a divisor of the {self.channels} channels")

    def meaning(self) -> Mapping[str, int]:
        return {"each": self.channels // self.groups, "positions": prod(self.space)}

    def compute(self, x: Num, scale: Num, offset: Num) -> Num:  # type: ignore[override]
        return self.normalised(x, self.groups) * self.spread(scale) + self.spread(offset)

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        given: dict[str, Any] = {name: getattr(self, name) for name in Channelwise.fields()}
        apart = self.channels // self.groups
        yield "the channels of a group that far apart, not adjacent", _Apart(**given, parts=self.groups)
        if apart > 1:
            yield "the statistics of each channel by itself, as instance norm", _Grouped(**given, parts=self.channels)
            yield f"groups of {self.groups} channels, not {self.groups} groups", _Grouped(**given, parts=apart)
        if self.groups > 1:
            yield "the statistics of all channels together, as layer norm", _Grouped(**given, parts=1)
        yield (
            "epsilon added to the standard deviation, outside of the root",
            _Grouped(**given, parts=self.groups, inside=False),
        )
        if apart * prod(self.space) > 1:
            yield "the unbiased variance, by n - 1", _Grouped(**given, parts=self.groups, ddof=1)
        yield (
            "the statistics of each place by itself, over the channels of a group",
            _Grouped(**given, parts=self.groups, over=(2,)),
        )


@dataclass(frozen=True)
class _Grouped(InstanceNorm):
    """By other groups of channels (each channel's own where `parts` is 0), or over other axes."""

    parts: int = 0
    ddof: int = 0
    inside: bool = True
    over: tuple[int, ...] = (2, 3)

    def compute(self, x: Num, scale: Num, offset: Num) -> Num:  # type: ignore[override]
        y = self.normalised(x, self.parts or self.channels, self.ddof, self.inside, self.over)
        return y * self.spread(scale) + self.spread(offset)


@dataclass(frozen=True)
class _Apart(_Grouped):
    """With every group's channels as far apart as there are groups."""

    def compute(self, x: Num, scale: Num, offset: Num) -> Num:  # type: ignore[override]
        shape = (self.batch, self.channels // self.parts, self.parts, prod(self.space))
        mixed = self.normalised(x.reshape(*shape).swapaxes(1, 2).reshape(*x.shape), self.parts)
        back = (self.batch, self.parts, self.channels // self.parts, prod(self.space))
        y = mixed.reshape(*back).swapaxes(1, 2).reshape(*x.shape)
        return y * self.spread(scale) + self.spread(offset)
