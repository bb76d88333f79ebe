"""Patches: what lies under each position of a window, side by side, and the sum of such patches where they lay."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.exact.num import Num, scattered
from conformance.ops.base import Op, TensorSpec
from conformance.ops.pool import Sliding

_ORDER = "the channels of each place side by side, as in TensorFlow, for the places of each channel, as in PyTorch"


@dataclass(frozen=True)
class _Patches(Sliding):
    """What both share: patches have an axis of channels, one of the places of a window (row by row), and positions."""

    def patches(self, name: str) -> TensorSpec:
        """The tensor of patches."""
        lengths = (max(n, 0) for n in self.positions().lengths)
        shape = (self.batch, self.channels, prod(self.window), *lengths)
        return TensorSpec(name, "NCK" + self.spatial, shape)

    def image(self, name: str) -> TensorSpec:
        """The tensor that patches are of."""
        return TensorSpec(name, "NC" + self.spatial, (self.batch, self.channels, *self.size))

    def meaning(self) -> Mapping[str, Any]:
        """What a window means, and for who goes by numbers the places in one plane, whatever lies outside behind it."""
        meant = self.positions()
        around = [(0, 0), (0, 0), *meant.covered]
        seen = list(zip(self.size, meant.covered, strict=True))
        inside = self.plane(tuple(n + low + high for n, (low, high) in seen))
        padded = tuple(n + low + high for n, (low, high) in zip(self.size, meant.pads, strict=True))
        return {
            **vars(meant),
            "around": around,
            "flat": (self.batch, self.channels, prod(n + low + high for n, (low, high) in seen)),
            "inside": [int(i) for i in inside.reshape(-1)],
            "places": [int(i) for i in self.places().reshape(-1)],
            "rows": (prod(self.size) + 1, self.batch, self.channels),
            "padded": padded,
            "first": (0, 0, *(low for low, _ in meant.pads)),
            "whole": self.image("y").shape,
            "cut": tuple((-low, -high) for low, high in meant.pads),
        }

    def places(self) -> NDArray[np.int64]:
        """Of each place of a window at each position: its number in a plane of x, one beyond the last outside of x."""
        numbers = np.arange(prod(self.size), dtype=np.float64).reshape(1, 1, *self.size)
        seen = np.moveaxis(self.under(Num(numbers), float(prod(self.size))).value[0, 0], -1, 0)
        return np.asarray(seen, dtype=np.int64)

    def plane(self, size: tuple[int, ...]) -> NDArray[np.int64]:
        """The same, in the plane with what stands around x."""
        at: Any = np.zeros((), np.int64)
        rank = len(size)
        for i, (n, count) in enumerate(zip(size, self.positions().lengths, strict=True)):
            taps = np.arange(self.window[i]) * self.dilation[i]
            spots = taps.reshape([-1 if a == i else 1 for a in range(2 * rank)])
            steps = np.arange(count) * self.stride[i]
            at = at * n + spots + steps.reshape([-1 if a == rank + i else 1 for a in range(2 * rank)])
        return np.asarray(at)


@dataclass(frozen=True)
class Unfold(_Patches):
    """What lies under each position of a window, zeros where that is outside of x; im2col of one to three axes.

    y[n, c, k, position] is the element of channel c under the place k of the window, its places counted row by row.
    Whether a framework then has the places of a channel next to one another, or the channels of a place, is layout.
    """

    name = "unfold"

    def outputs(self) -> tuple[TensorSpec, ...]:
        return (self.patches("y"),)

    def compute(self, x: Num) -> Num:  # type: ignore[override]
        rank = len(self.size)
        return self.under(x, 0.0).transpose(0, 1, 2 + rank, *range(2, 2 + rank))

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        yield _ORDER, _Interleaved(**self.held())


@dataclass(frozen=True)
class _Interleaved(Unfold):
    """In the other order."""

    def compute(self, x: Num) -> Num:  # type: ignore[override]
        y = super().compute(x)
        return y.swapaxes(1, 2).reshape(*y.shape)


@dataclass(frozen=True)
class Fold(_Patches):
    """Patches added up where they lay: the transpose of `unfold`; col2im.

    y[n, c, place] is the sum of all x[n, c, k, position] whose place k lies there; what lies outside of y is left out.
    """

    name = "fold"

    def products(self) -> int:
        return prod(self.window)

    def inputs(self) -> tuple[TensorSpec, ...]:
        return (self.patches("x"),)

    def outputs(self) -> tuple[TensorSpec, ...]:
        return (self.image("y"),)

    def compute(self, x: Num) -> Num:  # type: ignore[override]
        planes, size = self.batch * self.channels, prod(self.size)
        at = np.arange(planes).reshape(-1, 1) * (size + 1) + self.places().reshape(1, -1)
        y = scattered(x.reshape(planes, at.shape[1]), at, (planes, size + 1))
        return y[:, :size].reshape(self.batch, self.channels, *self.size)

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        yield _ORDER, _Gathered(**self.held())


@dataclass(frozen=True)
class _Gathered(Fold):
    """Of patches in the other order."""

    def compute(self, x: Num) -> Num:  # type: ignore[override]
        n, c, k, *space = x.shape
        return super().compute(x.reshape(n, k, c, *space).swapaxes(1, 2))
