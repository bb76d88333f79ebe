"""Pooling: one number of what lies under each position of a window."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, make_dataclass, replace
from functools import reduce
from itertools import product
from math import prod
from operator import le
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from conformance.exact.functions import power, sqrt
from conformance.exact.moves import pad_like, stack, windows
from conformance.exact.num import Num, total
from conformance.exact.order import largest
from conformance.exact.reduce import mean
from conformance.exact.truth import absolute
from conformance.ops.base import (
    SPATIAL,
    Field,
    Op,
    TensorSpec,
    axis_field,
    boolean_field,
    integer_field,
    one_an_axis,
    optional,
    param,
    per_axis,
    real_field,
)
from conformance.ops.confusions import Confusion
from conformance.ops.pool_confusions import POOLING

Pair = tuple[int, int]
MOST_SEEN = 1_000_000  # positions that begin in the padding


def parse_pads(value: Any) -> Any:
    """ "valid", "same", an integer, a list of integers, or a list of [before, after] pairs."""
    if value in ("valid", "same"):
        return value
    expected = "valid, same, an integer of at least 0, a list of them, or a list of [before, after] pairs"

    def number(v: Any) -> int:
        if isinstance(v, bool) or not isinstance(v, int) or not 0 <= v < 2**31:
            raise ValueError(expected)
        return v

    if not isinstance(value, list | tuple):
        return number(value)
    if not 1 <= len(value) <= 3:
        raise ValueError(expected)
    found = []
    for entry in value:
        pair = entry if isinstance(entry, list | tuple) else (entry, entry)
        if len(pair) != 2:
            raise ValueError(expected)
        found.append((number(pair[0]), number(pair[1])))
    return tuple(found)


_PADS = Field(
    parse_pads,
    "valid",
    "what stands around x: valid (nothing), same (as many positions as x has, over the stride, the odd one after), or "
    "how many places before and after",
    {
        "anyOf": [
            {"enum": ["valid", "same"]},
            {"type": "integer", "minimum": 0},
            {"type": "array", "minItems": 1, "maxItems": 3},
        ]
    },
    words=("valid", "same"),
)
_STRIDE = Field(
    optional(per_axis(1)),
    None,
    "the step from one position to the next; null is the window's length",
    {"anyOf": [{"type": "integer"}, {"type": "array", "items": {"type": "integer"}}, {"type": "null"}]},
    least=1,
)


@dataclass(frozen=True)
class Window:
    """What the parameters of a pool mean, for every spatial axis.

    `pads`: places before and after x; `covered`: as many as the positions reach, which is more after x with `ceil`;
    `beyond`: how far beyond the padding they reach.
    `lengths`: how many positions. `even`: both ends alike everywhere; `halved`: nowhere more than half of the window.
    """

    pads: tuple[Pair, ...]
    covered: tuple[Pair, ...]
    beyond: tuple[Pair, ...]
    lengths: tuple[int, ...]
    even: bool
    halved: bool


@dataclass(frozen=True)
class Sliding(Op):
    """What goes by positions of a window, over x of one to three spatial axes."""

    unsaid = ("size", "batch", "channels")
    size: tuple[int, ...] = param(axis_field((5, 6), 1, "the spatial size of x"))
    batch: int = param(integer_field(1, 0, "batch size N"))
    channels: int = param(integer_field(2, 1, "channels C"))
    window: tuple[int, ...] = param(axis_field(2, 1, "the window's length"), (2, 2))
    stride: tuple[int, ...] = param(_STRIDE, (2, 2))
    dilation: tuple[int, ...] = param(axis_field(1, 1, "the distance between two places of the window"), (1, 1))
    padding: str | tuple[Pair, ...] = param(_PADS)

    @property
    def rounds_up(self) -> bool:
        """Whether a last position may reach beyond what stands around x."""
        return False

    @classmethod
    def bind(cls, values: Mapping[str, Any], trusted: bool = False) -> Self:
        size = values["size"]
        size = size if isinstance(size, tuple) else (size,)
        spelled: dict[str, Any] = {**values, "size": size}
        if values["stride"] is None:
            spelled["stride"] = values["window"]
        for name in ("window", "stride", "dilation"):
            spelled[name] = one_an_axis(name, spelled[name], len(size), "as many as size")
        if isinstance(values["padding"], int):
            spelled["padding"] = ((values["padding"],) * 2,) * len(size)
        elif not isinstance(values["padding"], str):
            spelled["padding"] = one_an_axis("padding", values["padding"], len(size), "as many as size")
        return cls(**spelled)

    @property
    def spatial(self) -> str:
        """The letters of the spatial axes."""
        return SPATIAL[len(self.size)]

    def refusal(self) -> str | None:
        if min(lengths := self.positions().lengths) < 1:
            return f"the window does not fit into x with its padding: {lengths} positions"
        return None

    def meaning(self) -> Any:
        return self.positions()

    def positions(self) -> Window:
        """What the parameters mean."""
        pads, covered, lengths, halved = [], [], [], True
        for i, (n, k, s, d) in enumerate(zip(self.size, self.window, self.stride, self.dilation, strict=True)):
            extent = d * (k - 1) + 1
            if self.padding == "same":
                count = -(-n // s)
                spare = max((count - 1) * s + extent - n, 0)
                low, high = spare // 2, spare - spare // 2
            else:
                low, high = (0, 0) if isinstance(self.padding, str) else self.padding[i]
                count = (n + low + high - extent) // s + 1
                if self.rounds_up:
                    count = -(-(n + low + high - extent) // s) + 1
                    count -= (count - 1) * s >= n + low
            pads.append((low, high))
            covered.append((low, max((count - 1) * s + extent - n - low, 0)))
            lengths.append(count)
            halved &= 2 * max(low, high) <= k
        even = all(low == high for low, high in pads)
        beyond = tuple((0, max(reached - high, 0)) for (_, reached), (_, high) in zip(covered, pads, strict=True))
        return Window(tuple(pads), tuple(covered), beyond, tuple(lengths), even, halved)

    def inputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("x", "NC" + self.spatial, (self.batch, self.channels, *self.size)),)

    def under(self, a: Num, fill: float) -> Num:
        """What lies under each position, along one last axis; `fill` outside of `a`."""
        meant = self.positions()
        seen = windows(a, self.window, self.stride, self.dilation, meant.covered, fill)
        seen = seen[(slice(None), slice(None), *(slice(0, count) for count in meant.lengths))]
        return seen.reshape(*a.shape[:2], *meant.lengths, prod(self.window))

    def confusions(self) -> tuple[Confusion[Any], ...]:
        return (*POOLING, *super().confusions())

    def periods(self) -> Mapping[str, int]:
        return dict(zip(self.spatial, self.stride, strict=True))


@dataclass(frozen=True)
class Pool(Sliding):
    """One number of what lies under each position."""

    ceil: bool = param(boolean_field(False, "round the number of positions up, not down"))

    @property
    def rounds_up(self) -> bool:
        return self.ceil

    def refusal(self) -> str | None:
        if isinstance(self.padding, str) and self.ceil:
            return f"ceil has no meaning beside padding {self.padding}"
        if (reason := super().refusal()) is not None:
            return reason
        meant = self.positions()
        for i, ((low, _), count) in enumerate(zip(meant.pads, meant.lengths, strict=True)):
            if self._misses(i, low, count):
                return (
                    f"a position of the window lies outside of x along {self.spatial[i]}, so nothing is there to pool"
                )
        return None

    def _misses(self, i: int, low: int, count: int) -> bool:
        """Whether some position has no place within x along an axis. No array is made: windows may be of any length."""
        n, k, s, d = self.size[i], self.window[i], self.stride[i], self.dilation[i]
        if (count - 1) * s - low >= n or (low and -(-low // d) >= k):
            return True  # the last position begins after x, or the first one ends before it
        # With a dilation beyond x two places may lie on its two sides. A padding beyond MOST_SEEN is too large anyway.
        before = min(count, -(-low // s), MOST_SEEN)
        return d > n and any((j * s - low) % d >= n for j in range(before))

    def outputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("y", "NC" + self.spatial, (self.batch, self.channels, *self.positions().lengths)),)

    def within(self, padded: bool) -> list[NDArray[np.int64]]:
        """How many places of each position lie within x, or its padding as well, along each spatial axis."""
        meant, found = self.positions(), []
        for i, ((low, high), count) in enumerate(zip(meant.pads, meant.lengths, strict=True)):
            at = (np.arange(count) * self.stride[i] - low)[:, None] + np.arange(self.window[i]) * self.dilation[i]
            least, most = (-low, self.size[i] + high) if padded else (0, self.size[i])
            found.append(((at >= least) & (at < most)).sum(1))
        return found


@dataclass(frozen=True)
class MaxPool(Pool):
    """The largest of what lies under each position of a window, and, if asked for, where in its plane it stands.

    What stands around x is smaller than every number. NaN counts as larger than every number. With `ceil` a last
    position may reach beyond the padding after x, as long as it begins within x or the padding before it. `indices`
    count the places of one plane (of one batch item and channel), row by row; of equal elements any may be named.
    """

    name = "max_pool"
    indices: bool = param(boolean_field(False, "give the places of the largest, too"))

    def outputs(self) -> tuple[TensorSpec, ...]:
        [y] = super().outputs()
        if not self.indices:
            return (y,)
        return y, TensorSpec("indices", y.axes, y.shape, kind="index", into=f"x.({self.spatial})")

    def compute(self, x: Num) -> Any:  # type: ignore[override]
        seen = self.under(x, -np.inf)
        y = largest(seen, -1)
        if not self.indices:
            return y
        flat = np.arange(prod(self.size), dtype=np.float64).reshape(1, 1, *self.size)
        places = self.under(Num(np.broadcast_to(flat, x.shape)), -1.0).value
        top = y.value[..., None]
        # Of an element of x, also where all that lies under the window is -inf.
        hit = ((seen.value == top) | (np.isnan(seen.value) & np.isnan(top))) & (places >= 0)
        return y, np.take_along_axis(places, np.argmax(hit, -1)[..., None], -1)[..., 0].astype(np.int64)


@dataclass(frozen=True)
class AvgPool(Pool):
    """The mean of what lies under each position of a window.

    What stands around x is left out, or counts as 0 (`count_pad`). What lies beyond the padding, where a last position
    of `ceil` reaches, is left out in any case.
    """

    name = "avg_pool"
    count_pad: bool = param(boolean_field(False, "what stands around x counts as 0"))

    def compute(self, x: Num) -> Num:  # type: ignore[override]
        places = reduce(np.multiply.outer, self.within(self.count_pad))
        return total(self.under(x, 0.0), -1) / np.asarray(places, dtype=np.float64)

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        given = self.held()
        if self.ceil:
            yield "over as many as the window has, wherever it lies", _Whole(**given)
        yield "the nearest element of x for what stands around it", _Repeated(**given)


@dataclass(frozen=True)
class _Whole(AvgPool):
    """Over the window's length everywhere."""

    def compute(self, x: Num) -> Num:  # type: ignore[override]
        return total(self.under(x, 0.0), -1) / float(prod(self.window))


@dataclass(frozen=True)
class _Repeated(AvgPool):
    """Of x with its border repeated."""

    def compute(self, x: Num) -> Num:  # type: ignore[override]
        padded = pad_like(x, ((0, 0), (0, 0), *self.positions().covered), "edge")
        inner = replace(self, size=padded.shape[2:], padding=((0, 0),) * len(self.size), ceil=False)
        seen = inner.under(padded, 0.0)[(..., *(slice(0, n) for n in self.positions().lengths), slice(None))]
        return total(seen, -1) / float(prod(self.window))


@dataclass(frozen=True)
class LpPool(Pool):
    """The p-th root of the sum of |x| to the power p, over what lies under each position of a window."""

    name = "lp_pool"
    p: float = param(real_field(2.0, "the power", near=(1.0, 2.0), above=0.0))

    def compute(self, x: Num) -> Num:  # type: ignore[override]
        return self.root(total(self.raised(absolute(self.under(x, 0.0))), -1))

    def raised(self, a: Num) -> Num:
        """To the power p."""
        return a if self.p == 1 else a * a if self.p == 2 else power(a, self.p)

    def root(self, a: Num) -> Num:
        """The p-th root."""
        return a if self.p == 1 else sqrt(a) if self.p == 2 else power(a, 1 / self.p)

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        given = self.held()
        yield "x to the power p with its sign, not its absolute value", _Signed(**given)
        yield "as if all of the window lay within x, by the mean of what does", _Scaled(**given)


@dataclass(frozen=True)
class _Signed(LpPool):
    """Of what may be negative; NaN where the sum is."""

    def compute(self, x: Num) -> Num:  # type: ignore[override]
        return self.root(total(self.raised(self.under(x, 0.0)), -1))


@dataclass(frozen=True)
class _Scaled(LpPool):
    """By the mean times the window's length."""

    def compute(self, x: Num) -> Num:  # type: ignore[override]
        places = np.asarray(reduce(np.multiply.outer, self.within(padded=False)), dtype=np.float64)
        raised = total(self.raised(absolute(self.under(x, 0.0))), -1)
        return self.root(raised * (prod(self.window) / places))


@dataclass(frozen=True)
class Bins:
    """The bins of an adaptive pool: [first, end) of each along each axis. `divides`: all alike, each `window` long."""

    ends: tuple[tuple[Pair, ...], ...]
    divides: bool
    window: tuple[int, ...]


@dataclass(frozen=True)
class AdaptiveAvgPool(Op):
    """The mean of each of so many bins an axis: bin i of o goes from floor(i n / o) to ceil((i + 1) n / o)."""

    name = "adaptive_avg_pool"
    unsaid = ("size", "batch", "channels")
    size: tuple[int, ...] = param(axis_field((6, 9), 1, "the spatial size of x"))
    batch: int = param(integer_field(1, 0, "batch size N"))
    channels: int = param(integer_field(2, 1, "channels C"))
    output: tuple[int, ...] = param(axis_field(3, 1, "how many bins"), (3, 3))

    @classmethod
    def bind(cls, values: Mapping[str, Any], trusted: bool = False) -> Self:
        size = values["size"] if isinstance(values["size"], tuple) else (values["size"],)
        output = one_an_axis("output", values["output"], len(size), "as many as size")
        return cls(**{**values, "size": size, "output": output})

    def meaning(self) -> Bins:
        pairs = tuple(zip(self.size, self.output, strict=True))
        ends = tuple(tuple((i * n // o, -(-(i + 1) * n // o)) for i in range(o)) for n, o in pairs)
        return Bins(ends, all(n % o == 0 for n, o in pairs), tuple(max(n // o, 1) for n, o in pairs))

    def inputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("x", "NC" + SPATIAL[len(self.size)], (self.batch, self.channels, *self.size)),)

    def outputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("y", "NC" + SPATIAL[len(self.size)], (self.batch, self.channels, *self.output)),)

    def compute(self, x: Num) -> Num:  # type: ignore[override]
        bins = [self.pooled(x[(..., *(slice(*ends) for ends in spot))]) for spot in product(*self.bins())]
        return stack(bins, 2).reshape(*self.outputs()[0].shape)

    def bins(self) -> tuple[tuple[Pair, ...], ...]:
        """[first, end) of each bin along each axis."""
        return self.meaning().ends

    def pooled(self, bin: Num) -> Num:
        """One number of a bin."""
        return mean(bin, tuple(range(2, bin.ndim)))

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        given = self.held()
        if not self.meaning().divides and all(map(le, self.output, self.size)):
            yield "bins of equal length that leave the rest out", _equal(type(self))(**given)


@dataclass(frozen=True)
class AdaptiveMaxPool(AdaptiveAvgPool):
    """The largest of each of so many bins an axis: bin i of o goes from floor(i n / o) to ceil((i + 1) n / o)."""

    name = "adaptive_max_pool"

    def pooled(self, bin: Num) -> Num:
        return largest(bin.reshape(*bin.shape[:2], prod(bin.shape[2:])), -1)


def _equal(of: type[AdaptiveAvgPool]) -> type[AdaptiveAvgPool]:
    """An adaptive pool by a window and a stride of the floor of n over o."""

    def bins(self: AdaptiveAvgPool) -> tuple[tuple[Pair, ...], ...]:
        meant = self.meaning()
        return tuple(
            tuple((i * k, (i + 1) * k) for i in range(o)) for k, o in zip(meant.window, self.output, strict=True)
        )

    return make_dataclass("_Equal", [], bases=(of,), namespace={"bins": bins}, frozen=True)
