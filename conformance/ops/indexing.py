"""Ops that choose elements by their places."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from conformance.exact.moves import take
from conformance.exact.num import Num
from conformance.ops.base import LETTERS, Op, TensorSpec, integer_field, param, shape_field


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
