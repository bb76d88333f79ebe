"""Ops that map every element by itself: activations."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from conformance.exact.functions import one_plus_erf, sigmoid, tanh
from conformance.exact.num import Num
from conformance.exact.truth import maximum
from conformance.ops.base import Op, TensorSpec, param, shape_field, word_field

# Letters of tensors whose axes mean nothing: none of those that stand for batch, channels or space.
LETTERS = "ABEFJK"


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
        if self.approximate == "tanh":
            return 0.5 * x * (1 + tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * (x * x * x))))
        return 0.5 * x * one_plus_erf(math.sqrt(0.5) * x)

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        yield "silu, x * sigmoid(x)", _Neighbour("silu", self.shape)
        yield "quick gelu, x * sigmoid(1.702 x)", _Neighbour("quick", self.shape)
        yield "relu", _Neighbour("relu", self.shape)


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
