"""One (transposed) convolution as a `Problem` that confusions alter: any of its arrays and any of its geometry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import product
from math import prod
from typing import Any

import numpy as np

from conformance.dtypes import DType, rounded
from conformance.exact.graph import sum_allowance
from conformance.exact.precision import Precision
from conformance.exact.trilinear import (
    Geometry,
    contract_to_large,
    contract_to_small,
    gather_exactly,
    most_summed,
    scatter_exactly,
)
from conformance.ops.base import Array
from conformance.ops.confusions import Part
from conformance.ops.conv.convolution import Convolution, Refused
from conformance.ops.reference import whole

CONV = ("conv",)
TRANSPOSED = ("conv_transpose",)
BOTH = (*CONV, *TRANSPOSED)


@dataclass(frozen=True, eq=False)
class ConvProblem:
    """x is "NC..", w "GIO..", b "C", y "NC..".

    `overwrite`: overlaps are overwritten, not summed (transposed only). `cast`: a dtype that the answer is rounded to.
    """

    op: Convolution
    x: Array
    w: Array
    b: Array | None
    geometry: Geometry = ()
    y: Array | None = None
    overwrite: bool = False
    cast: str = ""

    def having(self, **changes: Any) -> ConvProblem:
        """A copy with other fields."""
        return replace(self, **changes)

    def with_params(self, **changes: Any) -> ConvProblem:
        """A copy whose parameters are read differently."""
        return replace(self, op=replace(self.op, **changes))

    def with_axis(self, i: int, **changes: int) -> ConvProblem:
        """A copy with another geometry along one axis; `length` stands for the output's length."""
        if "length" in changes:
            changes["large" if self.op.transposed else "small"] = changes.pop("length")
        axes = list(self.geometry)
        axes[i] = replace(axes[i], **changes)
        return replace(self, geometry=tuple(axes))

    def length(self, i: int) -> int:
        """The output's length along one axis."""
        return self.geometry[i].large if self.op.transposed else self.geometry[i].small

    @property
    def products(self) -> int:
        """The products in one output element's sum, the bias included."""
        sums = most_summed(self.geometry)
        return int(self.w.shape[1]) * (sums.large if self.op.transposed else sums.small) + int(self.b is not None)

    def settled(self) -> ConvProblem | None:
        """With the geometry that the op's definition gives these parameters."""
        try:
            return replace(self, geometry=self.op.geometry())
        except Refused:
            return None

    def shape(self) -> tuple[int, ...] | None:
        """The output's shape, None where the arrays don't fit."""
        g, a, o = self.w.shape[:3]
        lengths = [(x.small, x.large) if self.op.transposed else (x.large, x.small) for x in self.geometry]
        if self.x.shape[1] != g * a or self.x.shape[2:] != tuple(n for n, _ in lengths):
            return None
        if self.w.shape[3:] != tuple(axis.kernel for axis in self.geometry) or any(n < 0 for _, n in lengths):
            return None
        return (self.x.shape[0], g * o, *(n for _, n in lengths))

    def cost(self, part: Part | None = None) -> float:
        """Seconds, by a fixed model: a constant, a call a tap, and the traffic of the columns."""
        taps = prod(self.w.shape[3:])
        columns = self.x.shape[0] * self.w.shape[0] * taps * prod(axis.small for axis in self.geometry)
        channels = self.w.shape[2] if self.op.transposed else self.w.shape[1]
        seconds = 5e-5 + 4e-6 * taps + columns * (3e-9 * channels + 3e-10 * self.w.shape[1] * self.w.shape[2])
        return float(seconds / max(self.x.shape[0] * self.w.shape[0] * channels, 1) if part else seconds)

    def computed(self, part: Part | None = None, power: int = 1) -> ConvProblem | None:
        """With `y`, or the part of it that belongs to one batch item and one output channel."""
        shape = self.shape()
        if shape is None:
            return None
        if power == 0:
            return replace(self, y=np.zeros(shape))
        x, w, b = self.x, self.w, self.b
        if part is not None:
            g, c = divmod(part[1], w.shape[2])
            channels = w.shape[1]
            x = x[part[0] : part[0] + 1, g * channels : (g + 1) * channels]
            w = w[g : g + 1, :, c : c + 1]
            b = None if b is None else b[part[1] : part[1] + 1]
            shape = (1, 1, *shape[2:])
        if power > 1:
            x, w = np.abs(x) ** (power - 1), np.abs(w) ** (power - 1)
            b = None if b is None else np.abs(b) ** (power - 1)
        y = self._contract(x.reshape(x.shape[0], w.shape[0], w.shape[1], *x.shape[2:]), w).reshape(shape)
        if b is not None:
            y = y + b.reshape(-1, *(1 for _ in self.geometry))
        return replace(self, y=rounded(y, self.cast) if self.cast and power == 1 else y)

    def allowed(
        self, finish: Callable[[ConvProblem | None], ConvProblem | None], dtype: DType, part: Part | None = None
    ) -> Array:
        """By the sum's absolute values, on which `finish` acts as it does on the answer."""
        sizes, done = finish(self.computed(part, power=2)), finish(self.computed(part))
        assert sizes is not None
        assert sizes.y is not None
        assert done is not None
        assert done.y is not None
        return sum_allowance(done.y, sizes.y, self.products + 1, Precision.of(dtype.name))

    def is_exact(self, dtype: DType) -> bool:
        """Whether the inputs are integers whose sums the dtype holds exactly."""
        arrays = {"x": self.x, "w": self.w} | ({} if self.b is None else {"b": self.b})
        if not all(map(whole, arrays.values())):
            return False
        finite = {name: np.nan_to_num(array, nan=0.0, posinf=0.0, neginf=0.0) for name, array in arrays.items()}
        magnitude = self.having(**finite).computed(power=2)
        if magnitude is None or magnitude.y is None:
            return False
        return float(magnitude.y.max(initial=0.0)) <= 2.0**dtype.precision

    def _contract(self, x: Array, w: Array) -> Array:
        if self.overwrite:
            return _overwrite(x, w, self.geometry)
        finite = bool(np.isfinite(x).all() and np.isfinite(w).all())
        if self.op.transposed:
            return (contract_to_large if finite else scatter_exactly)(x, w, self.geometry)
        return (contract_to_small if finite else gather_exactly)(x, w.swapaxes(1, 2), self.geometry)


def start(op: Convolution, arrays: Mapping[str, Array]) -> ConvProblem:
    """The unconfused problem; Refused where the op's definition rejects the parameters."""
    return ConvProblem(op, arrays["x"], arrays["w"], arrays.get("b"), op.geometry())


def _overwrite(small: Array, kernel: Array, geometry: Geometry) -> Array:
    """The scatter with assignment where it should add: the last tap that reaches an element wins."""
    n, g = small.shape[:2]
    large = np.zeros((n, g, kernel.shape[2], *(axis.large for axis in geometry)))
    for taps in product(*(range(axis.kernel) for axis in geometry)):
        joined = [axis.tap(t) for axis, t in zip(geometry, taps, strict=True)]
        pairs = [pair for pair in joined if pair is not None]
        if len(pairs) == len(joined):
            near: tuple[Any, ...] = (Ellipsis, *(p[0] for p in pairs))
            far: tuple[Any, ...] = (Ellipsis, *(p[1] for p in pairs))
            tap: Any = (Ellipsis, *taps)
            large[far] = np.einsum("nga...,gab->ngb...", small[near], kernel[tap])
    return large
