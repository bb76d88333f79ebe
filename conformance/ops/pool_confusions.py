"""How pooling is misunderstood: what stands around x, the step that nobody said, and what an index counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.ops.confused import on, read_as
from conformance.ops.confusions import Confusion
from conformance.ops.question import Question
from conformance.ops.reference import Array

if TYPE_CHECKING:
    from conformance.ops.pool import MaxPool, Sliding


def _padded(q: Question) -> Iterator[Any]:
    """`same` as one number for both ends, or with the odd place before x."""
    op: Sliding = q.op  # type: ignore[assignment]
    if isinstance(op.padding, tuple):
        ends = [n for pair in op.padding for n in pair]
        by_end = ends[::2] + ends[1::2]  # every start, then every end
        yield read_as(
            "padding read axis by axis where every start stands before every end",
            _with(op, list(zip(by_end[::2], by_end[1::2], strict=True))),
        )
        yield read_as("padding exchanged between start and end", _with(op, [(b, a) for a, b in op.padding]))
    if op.padding != "same":
        return
    if any(d > 1 for d in op.dilation):
        spare = [max((n - 1) // s * s + k - n, 0) for n, s, k in zip(op.size, op.stride, op.window, strict=True)]
        yield read_as("same as if the window were not dilated", _with(op, [(n // 2, n - n // 2) for n in spare]))
    reach = [d * (k - 1) for k, d in zip(op.window, op.dilation, strict=True)]
    for by in dict.fromkeys((tuple(n // 2 for n in reach), tuple((n + 1) // 2 for n in reach))):
        if any(by):
            yield read_as(f"padding {'x'.join(map(str, by))} at both ends for same", _with(op, [(n, n) for n in by]))
    pads = op.positions().pads
    if any(low != high for low, high in pads):
        yield read_as("the odd place of same before x, not after it", _with(op, [(high, low) for low, high in pads]))


def _with(op: Sliding, pads: list[tuple[int, int]]) -> Sliding:
    return replace(op, padding=tuple(pads))


def _stepped(q: Question) -> Iterator[Any]:
    """The stride left out: 1 in one framework, the window's length in another."""
    op: Sliding = q.op  # type: ignore[assignment]
    for text, stride in (("a stride of 1", (1,) * len(op.size)), ("the window's length for the stride", op.window)):
        if stride != op.stride:
            yield read_as(text, replace(op, stride=stride))


def _counted(q: Question) -> Iterator[Any]:
    """Indices that count the places of something else than one plane of x, row by row."""
    op: MaxPool = q.op  # type: ignore[assignment]
    if q.output != "indices" or q.op.refusal() is not None:
        return
    dims, plane, channels = len(op.size), prod(op.size), op.channels
    meant = op.positions()
    item, channel = (
        np.arange(n).reshape([-1 if i == at else 1 for i in range(2 + dims)])
        for at, n in ((0, op.batch), (1, channels))
    )

    def places(y: Array) -> tuple[Any, ...]:
        return np.unravel_index(np.asarray(y, dtype=np.int64), op.size)

    def within(y: Array) -> Array:
        """Of one position's window."""
        found: list[Any] = []
        for i, at in enumerate(places(y)):
            first = np.arange(meant.lengths[i]) * op.stride[i] - meant.pads[i][0]
            shape = [-1 if axis == 2 + i else 1 for axis in range(2 + dims)]
            found.append((at - first.reshape(shape)) // op.dilation[i])
        return np.asarray(np.ravel_multi_index(tuple(found), op.window), dtype=np.float64)

    def padded(y: Array) -> Array:
        """Of the plane with its padding."""
        around = [(n + low + high, low) for n, (low, high) in zip(op.size, meant.pads, strict=True)]
        moved = [at + low for at, (_, low) in zip(places(y), around, strict=True)]
        return np.asarray(np.ravel_multi_index(tuple(moved), tuple(n for n, _ in around)), dtype=np.float64)

    ways: dict[str, Callable[[Array], Array]] = {"counted within the window": within}
    if channels > 1:
        ways["counted over one image, its channels last"] = lambda y: y * channels + channel
        ways["counted over one image, its channels first"] = lambda y: channel * plane + y
    if op.batch > 1:
        ways["counted over all of x, its channels last"] = lambda y: (item * plane + y) * channels + channel
        ways["counted over all of x, its channels first"] = lambda y: (item * channels + channel) * plane + y
    if dims > 1:
        ways["counted column by column"] = lambda y: np.asarray(
            np.ravel_multi_index(places(y)[::-1], op.size[::-1]), dtype=np.float64
        )
    if any(map(any, meant.pads)):
        ways["counted over the padded plane"] = padded
    for text, change in ways.items():
        yield on(f"its indices {text}", "y", change)


_WINDOWED = ("max_pool", "avg_pool", "lp_pool", "unfold")
POOLING: tuple[Confusion[Question], ...] = (
    Confusion(
        "indices counted otherwise",
        "the places of the largest counted over an image, all of x or the window instead of one plane",
        "indices = indices % plane  # or indices // channels, as the framework documents",
        _counted,
        ("max_pool",),
    ),
    Confusion(
        "padding around a pool",
        "same written as one number for both ends, with the odd place before x, or undilated; pads in another order",
        "x = pad(x, [(low, high), ...], value=-inf)  # first, as much at each end as same does",
        _padded,
        _WINDOWED,
    ),
    Confusion(
        "stride left out",
        "the stride that holds where none is said: 1, or the window's length",
        "stride=s  # say it",
        _stepped,
        _WINDOWED,
    ),
)
