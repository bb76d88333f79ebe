"""Ops that map every element by itself: activations."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from conformance.exact.functions import one_plus_erf, sigmoid, tanh
from conformance.exact.num import Num
from conformance.exact.truth import maximum
from conformance.ops.base import LETTERS, Op, TensorSpec, param, shape_field, word_field
from conformance.ops.confused import read_as
from conformance.ops.confusions import Confusion
from conformance.ops.question import Question


@dataclass(frozen=True)
class Gelu(Op):
    """x times the probability that a standard normal variable is below it (Hendrycks and Gimpel, 2016).

    x * (1 + erf(x / sqrt(2))) / 2; with `approximate: tanh`, x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))) / 2.
    """

    name = "gelu"
    unsaid = ("shape",)
    shape: tuple[int, ...] = param(shape_field((3, 5), "the shape of x"))
    approximate: str = param(word_field("none", ("none", "tanh"), "the formula: by erf (none), or by tanh"))

    def inputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("x", LETTERS[: len(self.shape)], self.shape),)

    def outputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("y", LETTERS[: len(self.shape)], self.shape),)

    def compute(self, x: Num) -> Num:  # type: ignore[override]
        return self.by(x, math.sqrt(2 / math.pi), 0.044715, math.sqrt(0.5))

    def by(self, x: Num, outer: float, cubic: float, root: float) -> Num:
        """The formula with its constants."""
        if self.approximate == "tanh":
            return 0.5 * x * (1 + tanh(outer * (x + cubic * (x * x * x))))
        return 0.5 * x * one_plus_erf(root * x)

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        yield "silu, x * sigmoid(x)", _Neighbour("silu", self.shape)
        yield "quick gelu, x * sigmoid(1.702 x)", _Neighbour("quick", self.shape)
        yield "relu", _Neighbour("relu", self.shape)

    def confusions(self) -> tuple[Confusion[Any], ...]:
        return (*super().confusions(), CONSTANTS)


@dataclass(frozen=True)
class _Narrow(Gelu):
    """With constants of float32: 1/sqrt(2), or sqrt(2), by which x is `divided`."""

    divided: bool = False

    def compute(self, x: Num) -> Num:  # type: ignore[override]
        root = 1 / _single(math.sqrt(2)) if self.divided else _single(math.sqrt(0.5))
        return self.by(x, _single(math.sqrt(2 / math.pi)), _single(0.044715), root)


def _single(value: float) -> float:
    return float(np.float32(value))


def _constants(q: Question) -> Iterator[Any]:
    op: Gelu = q.op  # type: ignore[assignment]
    yield read_as("its constants rounded to float32", _Narrow(op.shape, op.approximate))
    if op.approximate == "none":
        text = "its constants rounded to float32, and x divided by the root of 2"
        yield read_as(text, _Narrow(op.shape, op.approximate, divided=True))


CONSTANTS: Confusion[Question] = Confusion(
    "narrow constants",
    "the formula's constants rounded to float32",
    "no option of the call changes that; compute the formula by hand where float64 is needed",
    _constants,
    ("gelu",),
    pairs=False,
    rounding=True,
)


@dataclass(frozen=True)
class _Neighbour(Op):
    """An activation that gelu is taken for."""

    formula: str
    shape: tuple[int, ...]
    name = "activation"

    def inputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("x", LETTERS[: len(self.shape)], self.shape),)

    def outputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("y", LETTERS[: len(self.shape)], self.shape),)

    def compute(self, x: Num) -> Any:  # type: ignore[override]
        formulas = {
            "silu": lambda: x * sigmoid(x),
            "quick": lambda: x * sigmoid(1.702 * x),
            "relu": lambda: maximum(x, 0.0),
        }
        return formulas[self.formula]()
