"""Pooling: one number of what lies under each position of a window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from conformance.exact.moves import windows
from conformance.exact.num import Num
from conformance.exact.order import largest
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

    `pads`: places before and after x; `covered`: as many as the positions reach, which is more after x with `ceil`.
    `lengths`: how many positions. `even`: both ends alike everywhere; `halved`: nowhere more than half of the window.
    """

    pads: tuple[Pair, ...]
    covered: tuple[Pair, ...]
    lengths: tuple[int, ...]
    even: bool
    halved: bool


@dataclass(frozen=True)
class MaxPool(Op):
    """The largest of what lies under each position of a window, and, if asked for, where in its plane it stands.

    What stands around x is smaller than every number. NaN counts as larger than every number. With `ceil` a last
    position may reach beyond the padding after x, as long as it begins within x or the padding before it. `indices`
    count the places of one plane (of one batch item and channel), row by row; of equal elements any may be named.
    """

    name = "max_pool"
    unsaid = ("size", "batch", "channels")
    size: tuple[int, ...] = param(axis_field((5, 6), 1, "the spatial size of x"))
    batch: int = param(integer_field(1, 0, "batch size N"))
    channels: int = param(integer_field(2, 1, "channels C"))
    window: tuple[int, ...] = param(axis_field(2, 1, "the window's length"), (2, 2))
    stride: tuple[int, ...] = param(_STRIDE, (2, 2))
    dilation: tuple[int, ...] = param(axis_field(1, 1, "the distance between two places of the window"), (1, 1))
    padding: str | tuple[Pair, ...] = param(_PADS)
    ceil: bool = param(boolean_field(False, "round the number of positions up, not down"))
    indices: bool = param(boolean_field(False, "give the places of the largest, too"))

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
        if isinstance(self.padding, str) and self.ceil:
            return f"ceil has no meaning beside padding {self.padding}"
        meant = self._window()
        if min(meant.lengths) < 1:
            return f"the window does not fit into x with its padding: {meant.lengths} positions"
        for i, ((low, _), count) in enumerate(zip(meant.pads, meant.lengths, strict=True)):
            if self._misses(i, low, count):
                return f"a position of the window lies outside of x along {self.spatial[i]}, so nothing is the largest"
        return None

    def _misses(self, i: int, low: int, count: int) -> bool:
        """Whether some position has no place within x along an axis. No array is made: windows may be of any length."""
        n, k, s, d = self.size[i], self.window[i], self.stride[i], self.dilation[i]
        if (count - 1) * s - low >= n or (low and -(-low // d) >= k):
            return True  # the last position begins after x, or the first one ends before it
        # With a dilation beyond x two places may lie on its two sides. A padding beyond MOST_SEEN is too large anyway.
        before = min(count, -(-low // s), MOST_SEEN)
        return d > n and any((j * s - low) % d >= n for j in range(before))

    def meaning(self) -> Window:
        return self._window()

    def _window(self) -> Window:
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
                if self.ceil:
                    count = -(-(n + low + high - extent) // s) + 1
                    count -= (count - 1) * s >= n + low
            pads.append((low, high))
            covered.append((low, max((count - 1) * s + extent - n - low, 0)))
            lengths.append(count)
            halved &= 2 * max(low, high) <= k
        even = all(low == high for low, high in pads)
        return Window(tuple(pads), tuple(covered), tuple(lengths), even, halved)

    def inputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("x", "NC" + self.spatial, (self.batch, self.channels, *self.size)),)

    def outputs(self) -> tuple[TensorSpec, ...]:
        shape = (self.batch, self.channels, *self._window().lengths)
        y = TensorSpec("y", "NC" + self.spatial, shape)
        if not self.indices:
            return (y,)
        return y, TensorSpec("indices", y.axes, shape, kind="index", into=f"x.({self.spatial})")

    def compute(self, x: Num) -> Any:  # type: ignore[override]
        meant = self._window()

        def under(a: Num, fill: float) -> Num:
            seen = windows(a, self.window, self.stride, self.dilation, meant.covered, fill)
            spots = tuple(slice(0, count) for count in meant.lengths)
            seen = seen[(slice(None), slice(None), *spots)]
            return seen.reshape(*seen.shape[: 2 + len(spots)], int(np.prod(self.window)))

        seen = under(x, -np.inf)
        y = largest(seen, -1)
        if not self.indices:
            return y
        flat = np.arange(int(np.prod(self.size)), dtype=np.float64).reshape(1, 1, *self.size)
        places = under(Num(np.broadcast_to(flat, x.shape)), -1.0).value
        top = y.value[..., None]
        # Of an element of x, also where all that lies under the window is -inf.
        hit = ((seen.value == top) | (np.isnan(seen.value) & np.isnan(top))) & (places >= 0)
        return y, np.take_along_axis(places, np.argmax(hit, -1)[..., None], -1)[..., 0].astype(np.int64)

    def confusions(self) -> tuple[Confusion[Any], ...]:
        return (*POOLING, *super().confusions())

    def periods(self) -> Mapping[str, int]:
        return dict(zip(self.spatial, self.stride, strict=True))
