"""Ops that put elements in order or choose among them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from conformance.exact.num import Num
from conformance.exact.order import Index, sort, topk
from conformance.ops.axes import OF, REAL, axis_of, check_axes, counted, element, of_field
from conformance.ops.base import (
    LETTERS,
    Field,
    Op,
    TensorSpec,
    an_integer,
    boolean_field,
    integer_field,
    optional,
    param,
    shape_field,
)


@dataclass(frozen=True)
class TopK(Op):
    """The k largest along the last axis, largest first, and where they stand; of equal ones any may be named.

    NaN counts as larger than every number. Without `largest`: the k smallest, smallest first.
    """

    name = "topk"
    unsaid = ("rows", "length")
    rows: int = param(integer_field(3, 0, "rows of x"))
    length: int = param(integer_field(7, 0, "the length of each row"))
    k: int = param(integer_field(3, 0, "how many of each row"))
    largest: bool = param(boolean_field(True, "the largest; false for the smallest"))

    def refusal(self) -> str | None:
        if self.k > self.length:
            return f"k is {self.k}, expected at most the length of a row, {self.length}"
        return None

    def inputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("x", "NK", (self.rows, self.length)),)

    def outputs(self) -> tuple[TensorSpec, ...]:
        shape = (self.rows, self.k)
        return TensorSpec("values", "NK", shape), TensorSpec("indices", "NK", shape, kind="index", into="x.K")

    def compute(self, x: Num) -> tuple[Num, Index]:  # type: ignore[override]
        return topk(x, self.k, smallest=not self.largest)


@dataclass(frozen=True)
class _Sorted(Op):
    """What is put in order along an axis."""

    unsaid = ("shape",)
    shape: tuple[int, ...] = param(shape_field((3, 5), "the shape of x"))
    axis: int = param(axis_of(-1, "the axis along which elements are put in order"))
    descending: bool = param(boolean_field(False, "the largest first"))
    of: str = param(of_field(OF[:-1]))

    def __post_init__(self) -> None:
        check_axes("axis", (self.axis,), self.shape)

    def inputs(self) -> tuple[TensorSpec, ...]:
        return (element("x", LETTERS[: len(self.shape)], self.shape, self.of),)


@dataclass(frozen=True)
class Sort(_Sorted):
    """The elements in order along an axis. NaN counts as larger than every number."""

    name = "sort"

    def outputs(self) -> tuple[TensorSpec, ...]:
        return (counted(self.of, False, "y", LETTERS[: len(self.shape)], self.shape),)

    def compute(self, x: Any) -> Any:  # type: ignore[override]
        if self.of == REAL:
            return sort(x, self.axis, self.descending)[0]
        y = np.sort(x, self.axis)
        return np.flip(y, self.axis) if self.descending else y


@dataclass(frozen=True)
class ArgSort(_Sorted):
    """The places of the elements in order along an axis; equal ones in any order, or `stable`: as they stood.

    NaN counts as larger than every number.
    """

    name = "argsort"
    stable: bool = param(boolean_field(False, "equal elements in the order in which they stand"))

    def outputs(self) -> tuple[TensorSpec, ...]:
        letters = LETTERS[: len(self.shape)]
        if self.stable:
            return (TensorSpec("indices", letters, self.shape, kind="integer"),)
        into = f"x.{letters[self.axis]}"
        return (TensorSpec("indices", letters, self.shape, kind="index", into=into),)

    def compute(self, x: Any) -> Any:  # type: ignore[override]
        made = x if self.of == REAL else Num(x.astype(np.float64))  # int64 beyond 2**53 is not drawn
        return sort(made, self.axis, self.descending)[1].value


@dataclass(frozen=True)
class SearchSorted(Op):
    """How many elements of a row in order are below each value of x, or with `right` not above it.

    That is where it would be put in: before those that are equal, or behind them. NaN is above every number.
    """

    name = "searchsorted"
    unsaid = ("rows", "length", "values")
    rows: int | None = param(
        Field(
            optional(an_integer(0)),
            None,
            "rows, each of values of its own; null for one without an axis for it",
            {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "null"}]},
            least=0,
        )
    )
    length: int = param(integer_field(6, 0, "the length of the row in order"))
    values: int = param(integer_field(5, 0, "how many values are looked up"))
    right: bool = param(boolean_field(False, "behind equal elements; false: before them"))

    def inputs(self) -> tuple[TensorSpec, ...]:
        lead = ("", ()) if self.rows is None else ("A", (self.rows,))
        return (
            TensorSpec("row", lead[0] + "K", (*lead[1], self.length), draw="ascending", pulled=False),
            TensorSpec("x", lead[0] + "B", (*lead[1], self.values), pulled=False),
        )

    def outputs(self) -> tuple[TensorSpec, ...]:
        x = self.inputs()[1]
        return (TensorSpec("places", x.axes, x.shape, kind="integer"),)

    def meaning(self) -> Mapping[str, Any]:
        """`side`: the word for it."""
        return {"side": "right" if self.right else "left"}

    def compute(self, row: Num, x: Num) -> Any:  # type: ignore[override]
        below, value = row.value[..., None, :], x.value[..., :, None]
        first = (below <= value) if self.right else (below < value)
        # NaN of the row is behind all numbers, NaN of x behind NaN or before it.
        behind = np.isnan(value) & (~np.isnan(below) | self.right)
        return (first | behind).sum(-1)


@dataclass(frozen=True)
class Bucketize(SearchSorted):
    """The number of the bucket of each x between boundaries in order: how many boundaries are below it.

    With `right`: how many are not above it, so that a bucket has its lower boundary and lacks its upper one. NaN is in
    the last.
    """

    name = "bucketize"
    rows: None = None  # one row of boundaries for all


@dataclass(frozen=True)
class Unique(Op):
    """The distinct values of x, in order or as they first come, the place of each element among them, and how many.

    `values` and `counts` are filled up with 0 to the number of elements. NaN counts as larger than every number; with
    `equal_nan` all are one value, else each is one of its own.
    """

    name = "unique"
    unsaid = ("length",)
    length: int = param(integer_field(7, 0, "the length of x"))
    sorted: bool = param(boolean_field(True, "values in order; false: in that in which they first come"))
    equal_nan: bool = param(boolean_field(True, "NaN is equal to NaN"))
    of: str = param(of_field(OF[:-1]))

    def inputs(self) -> tuple[TensorSpec, ...]:
        return (replace(element("x", "A", (self.length,), self.of), pulled=False),)

    def outputs(self) -> tuple[TensorSpec, ...]:
        return (
            replace(counted(self.of, False, "values", "U", (self.length,)), pulled=False),
            TensorSpec("inverse", "A", (self.length,), kind="integer"),
            TensorSpec("counts", "U", (self.length,), kind="integer"),
        )

    def compute(self, x: Any) -> Any:  # type: ignore[override]
        given = x.value if self.of == REAL else x
        found, first, inverse, counts = np.unique(
            given, return_index=True, return_inverse=True, return_counts=True, equal_nan=self.equal_nan
        )
        if not self.sorted:
            order = np.argsort(first)
            found, counts, inverse = found[order], counts[order], np.argsort(order)[inverse]
        fill = (0, self.length - len(found))
        values = np.pad(found, fill)
        return Num(values) if self.of == REAL else values, inverse, np.pad(counts, fill)
