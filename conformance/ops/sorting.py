"""Ops that put elements in order or choose among them."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.exact.num import Num
from conformance.exact.order import Index, topk
from conformance.ops.base import Op, TensorSpec, boolean_field, integer_field, param


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
