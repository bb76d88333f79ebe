"""Ops along one axis: where the largest or the smallest stands, and what runs up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

import numpy as np

from conformance.exact.moves import concatenate, flip
from conformance.exact.num import Num
from conformance.exact.order import argmax, argmin
from conformance.exact.reduce import cumulative_sum
from conformance.ops.axes import OF, REAL, axis_of, check_axes, check_wide, counted, element, of_field, wide_field
from conformance.ops.base import LETTERS, Op, TensorSpec, boolean_field, param, shape_field, word_field


@dataclass(frozen=True)
class _Place(Op):
    """Where the largest or the smallest stands."""

    unsaid = ("shape",)
    shape: tuple[int, ...] = param(shape_field((3, 5), "the shape of x"))
    axis: int | None = param(axis_of(-1, "the axis along which it is looked for; null: in x row by row", nullable=True))
    keepdims: bool = param(boolean_field(False, "the axis stays, with length 1"))
    ties: str = param(word_field("any", ("any", "first", "last"), "which of equal ones is named"))
    lowest: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_axes("axis", () if self.axis is None else (self.axis,), self.shape)

    def refusal(self) -> str | None:
        choices = prod(self.shape if self.axis is None else (self.shape[self.axis],))
        answers = prod(self.outputs()[0].shape)
        return "there is nothing to choose from" if answers and not choices else None

    def inputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("x", LETTERS[: len(self.shape)], self.shape),)

    def outputs(self) -> tuple[TensorSpec, ...]:
        letters, rank = LETTERS[: len(self.shape)], len(self.shape)
        gone = set(range(rank)) if self.axis is None else {self.axis % rank}
        if self.keepdims:
            axes, shape = letters, tuple(1 if i in gone else n for i, n in enumerate(self.shape))
        else:
            stay = [i for i in range(rank) if i not in gone]
            axes, shape = "".join(letters[i] for i in stay), tuple(self.shape[i] for i in stay)
        if self.ties != "any":
            return (TensorSpec("indices", axes, shape, kind="integer"),)
        into = f"x.({''.join(letters[i] for i in sorted(gone))})"
        return (TensorSpec("indices", axes, shape, kind="index", into=into),)

    def meaning(self) -> Mapping[str, Any]:
        """`result`: the shape of what is left."""
        return {"result": self.outputs()[0].shape}

    def compute(self, x: Num) -> Any:  # type: ignore[override]
        rows = x.reshape(-1) if self.axis is None else x
        axis = 0 if self.axis is None else self.axis % x.ndim
        choose = argmin if self.lowest else argmax
        if self.ties == "last":
            found = rows.shape[axis] - 1 - choose(flip(rows, axis), axis).value
        else:
            found = choose(rows, axis).value
        return found.reshape(self.outputs()[0].shape)


@dataclass(frozen=True)
class ArgMax(_Place):
    """Where the largest stands along an axis: any of equal ones, the first or the last. NaN counts as the largest."""

    name = "argmax"


@dataclass(frozen=True)
class ArgMin(_Place):
    """Where the smallest stands along an axis: any of equal ones, the first or the last. NaN counts as the smallest."""

    name = "argmin"
    lowest = True


@dataclass(frozen=True)
class _UpAlong(Op):
    """What runs up along an axis."""

    unsaid = ("shape",)
    shape: tuple[int, ...] = param(shape_field((3, 5), "the shape of x"))
    axis: int = param(axis_of(-1, "the axis along which it runs"))
    exclusive: bool = param(boolean_field(False, "without the element itself"))
    reverse: bool = param(boolean_field(False, "from the last element on"))
    of: str = param(of_field(OF[:-1]))
    wide: bool = param(wide_field())

    def __post_init__(self) -> None:
        check_axes("axis", (self.axis,), self.shape)
        check_wide(self.of, self.wide)

    def inputs(self) -> tuple[TensorSpec, ...]:
        return (element("x", LETTERS[: len(self.shape)], self.shape, self.of),)

    def outputs(self) -> tuple[TensorSpec, ...]:
        return (counted(self.of, self.wide, "y", LETTERS[: len(self.shape)], self.shape),)

    def compute(self, x: Any) -> Any:  # type: ignore[override]
        axis = self.axis % len(self.shape)
        if self.of != REAL:
            return self.turned(x, axis, np.flip, np.concatenate, np.ones_like)
        return self.turned(x, axis, flip, concatenate, lambda a: Num(np.ones(a.shape)))

    def turned(self, x: Any, axis: int, turn: Any, join: Any, ones: Any) -> Any:
        """In the order that is asked for, with or without the element itself."""
        x = turn(x, axis) if self.reverse else x
        if self.exclusive and self.shape[axis]:
            lead = (slice(None),) * axis
            x = join([ones(x[(*lead, slice(0, 1))]) * self.neutral, x[(*lead, slice(0, -1))]], axis)
        y = self.running(x, axis)
        return turn(y, axis) if self.reverse else y

    neutral: ClassVar[int] = 0

    def running(self, x: Any, axis: int) -> Any:
        """The definition, each element with all before it."""
        raise NotImplementedError


@dataclass(frozen=True)
class CumSum(_UpAlong):
    """Sums of the elements up to each along an axis, in any order; of integers in a wide dtype, or in theirs."""

    name = "cumsum"

    def running(self, x: Any, axis: int) -> Any:
        if self.of == REAL:
            return cumulative_sum(x, axis)
        return np.cumsum(x, axis, dtype="int64" if self.wide else self.of)


@dataclass(frozen=True)
class CumProd(_UpAlong):
    """Products of the elements up to each along an axis, in any order; of integers in a wide dtype, or in theirs."""

    name = "cumprod"
    neutral = 1

    def running(self, x: Any, axis: int) -> Any:
        if self.of != REAL:
            return np.cumprod(x, axis, dtype="int64" if self.wide else self.of)
        lead = (slice(None),) * axis
        made = [x[(*lead, slice(0, 1))]]
        for k in range(1, x.shape[axis]):
            made.append(made[-1] * x[(*lead, slice(k, k + 1))])
        return concatenate(made, axis)
