"""Ops that choose elements by their places."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.exact.moves import take, take_along
from conformance.exact.num import Num, add_up, scattered
from conformance.ops.base import LETTERS, Op, ParamError, TensorSpec, boolean_field, integer_field, param, shape_field

Ints = NDArray[np.int64]
# The letters of indices that are no axis of x.
_AT = "RSTU"


@dataclass(frozen=True)
class Embedding(Op):
    """The rows of a table w by their numbers: y[..., :] = w[indices[...], :]."""

    name = "embedding"
    unsaid = ("shape", "rows", "features")
    shape: tuple[int, ...] = param(shape_field((2, 3), "the shape of the indices"))
    rows: int = param(integer_field(5, 1, "rows of the table"))
    features: int = param(integer_field(4, 1, "length of a row"))

    def inputs(self) -> tuple[TensorSpec, ...]:
        letters = LETTERS[: len(self.shape)]
        indices = TensorSpec("indices", letters, self.shape, kind="index", draw=f"0..{self.rows - 1}")
        return indices, TensorSpec("w", "YZ", (self.rows, self.features))

    def outputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("y", LETTERS[: len(self.shape)] + "Z", (*self.shape, self.features)),)

    def compute(self, indices: NDArray[np.int64], w: Num) -> Num:  # type: ignore[override]
        return take(w, indices.reshape(-1), 0).reshape(*self.shape, self.features)


@dataclass(frozen=True)
class Gather(Op):
    """Elements along one axis by their numbers, as NumPy's take: y[.., i, ..] = x[.., indices[i], ..].

    The axes of the indices stand in y where the axis of x stood. A number below 0 counts from the end.
    """

    name = "gather"
    unsaid = ("shape", "at")
    shape: tuple[int, ...] = param(shape_field((3, 5), "the shape of x", most=3))
    axis: int = param(integer_field(0, 0, "the axis along which x is taken from"))
    at: tuple[int, ...] = param(shape_field((4,), "the shape of the indices", most=2))
    negative: bool = param(boolean_field(False, "indices may be below 0"))

    def __post_init__(self) -> None:
        _check_axis(self.axis, self.shape)

    def meaning(self) -> dict[str, Any]:
        return {"out": self.outputs()[0].shape}

    def inputs(self) -> tuple[TensorSpec, ...]:
        x = TensorSpec("x", LETTERS[: len(self.shape)], self.shape)
        n = self.shape[self.axis]
        draw = f"{-n if self.negative else 0}..{n - 1}"
        return x, TensorSpec("indices", _AT[: len(self.at)], self.at, kind="index", draw=draw)

    def outputs(self) -> tuple[TensorSpec, ...]:
        axes, i = LETTERS[: len(self.shape)], self.axis
        letters = axes[:i] + _AT[: len(self.at)] + axes[i + 1 :]
        return (TensorSpec("y", letters, (*self.shape[:i], *self.at, *self.shape[i + 1 :])),)

    def compute(self, x: Num, indices: Ints) -> Num:  # type: ignore[override]
        return take(x, indices, self.axis)


@dataclass(frozen=True)
class TakeAlongAxis(Op):
    """Elements along one axis by numbers of their own at each place, as NumPy's: y[i, j] = x[indices[i, j], j].

    A number below 0 counts from the end.
    """

    name = "take_along_axis"
    unsaid = ("shape", "length")
    shape: tuple[int, ...] = param(shape_field((3, 5), "the shape of x", most=4))
    axis: int = param(integer_field(1, 0, "the axis along which x is taken from"))
    length: int = param(integer_field(4, 1, "how many of them"))
    negative: bool = param(boolean_field(False, "indices may be below 0"))

    def __post_init__(self) -> None:
        _check_axis(self.axis, self.shape)

    def inputs(self) -> tuple[TensorSpec, ...]:
        y, n = self.outputs()[0], self.shape[self.axis]
        draw = f"{-n if self.negative else 0}..{n - 1}"
        return TensorSpec("x", y.axes, self.shape), TensorSpec("indices", y.axes, y.shape, kind="index", draw=draw)

    def outputs(self) -> tuple[TensorSpec, ...]:
        shape = (*self.shape[: self.axis], self.length, *self.shape[self.axis + 1 :])
        return (TensorSpec("y", LETTERS[: len(shape)], shape),)

    def compute(self, x: Num, indices: Ints) -> Num:  # type: ignore[override]
        return take_along(x, indices, self.axis)


@dataclass(frozen=True)
class OneHot(Op):
    """1 at the number of each index, along a new last axis, and 0 elsewhere; of what is no class all is 0."""

    name = "one_hot"
    unsaid = ("shape",)
    shape: tuple[int, ...] = param(shape_field((2, 3), "the shape of the indices", most=3))
    classes: int = param(integer_field(4, 1, "how many classes"))
    beyond: bool = param(boolean_field(False, "indices may be below 0, or not below the number of classes"))

    def inputs(self) -> tuple[TensorSpec, ...]:
        draw = f"{-2 if self.beyond else 0}..{self.classes + (1 if self.beyond else -1)}"
        return (TensorSpec("indices", LETTERS[: len(self.shape)], self.shape, kind="index", draw=draw),)

    def outputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("y", LETTERS[: len(self.shape)] + "Z", (*self.shape, self.classes), pulled=False),)

    def compute(self, indices: Ints) -> Num:  # type: ignore[override]
        return Num((self.classed(indices)[..., None] == np.arange(self.classes)).astype(np.float64))

    def classed(self, indices: Ints) -> Ints:
        """The class of each index."""
        return indices

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        given = {f.name: getattr(self, f.name) for f in fields(self)}
        yield "an index below 0 counts from the end", _Wrapped(**given)
        yield "an index beyond the classes taken as the nearest class", _Clamped(**given)


@dataclass(frozen=True)
class _Wrapped(OneHot):
    """With classes counted from the end."""

    def classed(self, indices: Ints) -> Ints:
        return np.where(indices < 0, indices + self.classes, indices)


@dataclass(frozen=True)
class _Clamped(OneHot):
    """With the nearest class."""

    def classed(self, indices: Ints) -> Ints:
        return np.clip(indices, 0, self.classes - 1)


@dataclass(frozen=True)
class ScatterAdd(Op):
    """Rows added where their numbers say: y is x, and y[indices[i]] gains updates[i], as often as a number comes."""

    name = "scatter_add"
    unsaid = ("rows", "features", "count")
    rows: int = param(integer_field(5, 1, "rows of x"))
    features: int = param(integer_field(3, 1, "length of a row"))
    count: int = param(integer_field(6, 1, "how many updates"))

    def inputs(self) -> tuple[TensorSpec, ...]:
        return (
            TensorSpec("x", "AB", (self.rows, self.features)),
            TensorSpec("indices", "R", (self.count,), kind="index", draw=f"0..{self.rows - 1}"),
            TensorSpec("updates", "RB", (self.count, self.features)),
        )

    def outputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("y", "AB", (self.rows, self.features)),)

    def compute(self, x: Num, indices: Ints, updates: Num) -> Num:  # type: ignore[override]
        flat = indices[:, None] * self.features + np.arange(self.features)
        return self.joined(x, scattered(updates, flat, x.shape), indices)

    def joined(self, x: Num, added: Num, indices: Ints) -> Num:
        """x with what is added."""
        return add_up(x, added)

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        yield "the last update of a row in place of their sum", _LastWins(self.rows, self.features, self.count)


@dataclass(frozen=True)
class _LastWins(ScatterAdd):
    """With the other updates of a row lost."""

    def compute(self, x: Num, indices: Ints, updates: Num) -> Num:  # type: ignore[override]
        last = {int(row): i for i, row in enumerate(indices)}
        kept = sorted(last.values())
        flat = indices[kept][:, None] * self.features + np.arange(self.features)
        return x + scattered(take(updates, np.array(kept), 0), flat, x.shape)


@dataclass(frozen=True)
class DynamicSlice(Op):
    """So many elements along each axis, from a start that is a tensor.

    A start from which the slice would reach beyond x is moved, so that it fits; one below 0 counts from the end first.
    """

    name = "dynamic_slice"
    unsaid = ("shape", "size")
    shape: tuple[int, ...] = param(shape_field((5, 6), "the shape of x", most=3))
    size: tuple[int, ...] = param(shape_field((2, 3), "how many elements along each axis", most=3))
    beyond: bool = param(boolean_field(False, "the slice may reach beyond x, and is moved then"))

    def __post_init__(self) -> None:
        fits = len(self.size) == len(self.shape) and all(s <= n for s, n in zip(self.size, self.shape, strict=True))
        if not fits:
            raise ParamError("size", f"found {self.size}, expected a length for each axis of {self.shape}, no larger")

    def inputs(self) -> tuple[TensorSpec, ...]:
        most = min(n - s for n, s in zip(self.shape, self.size, strict=True))
        draw = f"0..{max(self.shape) + 1 if self.beyond else most}"
        x = TensorSpec("x", LETTERS[: len(self.shape)], self.shape)
        return x, TensorSpec("start", "R", (len(self.shape),), kind="index", draw=draw)

    def outputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("y", LETTERS[: len(self.size)], self.size),)

    def compute(self, x: Num, start: Ints) -> Num:  # type: ignore[override]
        for axis, (first, n, size) in enumerate(zip(start.tolist(), self.shape, self.size, strict=True)):
            at = min(max(first + n if first < 0 else first, 0), n - size)
            x = take(x, np.arange(at, at + size), axis)
        return x


def _check_axis(axis: int, shape: tuple[int, ...]) -> None:
    if axis >= len(shape):
        raise ParamError("axis", f"found {axis}, expected below {len(shape)}: x has no more axes")
