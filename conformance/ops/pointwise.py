"""Ops that map every element by itself, or rows of them: activations."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, make_dataclass
from typing import Any, ClassVar

import numpy as np

from conformance.exact.functions import expm1, one_plus_erf, sigmoid, softplus, tanh
from conformance.exact.moves import split
from conformance.exact.num import Num
from conformance.exact.reduce import log_softmax, softmax
from conformance.exact.truth import absolute, clip, greater, less, less_equal, where
from conformance.ops.base import (
    LETTERS,
    Field,
    Op,
    ParamError,
    TensorSpec,
    an_integer,
    param,
    real_field,
    shape_field,
    word_field,
)
from conformance.ops.confused import read_as
from conformance.ops.confusions import Confusion
from conformance.ops.question import Question

Formula = Callable[[Any, Num], Num]


@dataclass(frozen=True)
class Activation(Op):
    """An activation. `compute` is its formula; `taken_for` has others, of the same parameters, that it is taken for."""

    unsaid = ("shape",)
    taken_for: ClassVar[Mapping[str, Formula]] = {}
    shape: tuple[int, ...] = param(shape_field((3, 5), "the shape of x"))

    def __post_init__(self) -> None:
        axis = getattr(self, "axis", 0)
        if not -len(self.shape) <= axis < len(self.shape):
            raise ParamError(
                "axis", f"found {axis}, expected {-len(self.shape)} to {len(self.shape) - 1}: x has no more"
            )

    def inputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("x", LETTERS[: len(self.shape)], self.shape),)

    def outputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("y", LETTERS[: len(self.shape)], self.shape),)

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        given = self.held()
        for text, formula in self.taken_for.items():
            other = make_dataclass("_Other", [], bases=(type(self),), namespace={"compute": formula}, frozen=True)
            yield text, other(**given)


def _row(name: str, definition: str, formula: Formula, fields: Mapping[str, Field], **more: Any) -> type[Activation]:
    space = {"name": name, "compute": formula, "__doc__": definition, "__module__": __name__, **more}
    made = [(key, type(field.default), param(field)) for key, field in fields.items()]
    return make_dataclass(name.title().replace("_", ""), made, bases=(Activation,), frozen=True, namespace=space)


def _hard(x: Num, slope: float) -> Num:
    return clip(slope * x + 0.5, 0.0, 1.0)


def _leaky(x: Num, slope: float) -> Num:
    return where(greater(x, 0.0), x, slope * x)


def _below(x: Num) -> Num:
    """x where it is not above 0, and 0 elsewhere: what an exponential is made of that must not overflow."""
    return where(greater(x, 0.0), 0.0, x)


def _elu(x: Num, alpha: float, by: float = 1.0) -> Num:
    return where(greater(x, 0.0), x, alpha * expm1(_below(x) / by if by != 1.0 else _below(x)))


def _between(x: Num, low: float, high: float) -> Num:
    """With no gradient at the two ends."""
    return where(less_equal(x, low), low, where(less_equal(high, x), high, x))


def _clipped(x: Num, low: float, high: float) -> Num:
    """With the gradient of x at the two ends; high where both can't be. NaN stays."""
    if low > high:
        return where(less_equal(x, high) | greater(x, high), high, x)
    return where(less(x, low), low, where(greater(x, high), high, x))


def _relu(o: Any, x: Num) -> Num:
    return where(less_equal(x, 0.0), 0.0, x)  # NaN is not below 0


def _relu6(o: Any, x: Num) -> Num:
    return _between(x, 0.0, 6.0)


def _sigmoid(o: Any, x: Num) -> Num:
    return sigmoid(x)


def _silu(o: Any, x: Num) -> Num:
    return x * sigmoid(x)


def _tanh(o: Any, x: Num) -> Num:
    return tanh(x)


def _hard_swish(o: Any, x: Num) -> Num:
    return x * _hard(x, 1 / 6)


_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772, 1.0507009873554805
_AXIS = Field(an_integer(-6, 5), -1, "the axis, from the end where it is negative", {"type": "integer"})
_SLOPE = "the slope below 0"


def _real(default: float, doc: str, *near: float, above: float | None = None) -> Field:
    return real_field(default, doc, near, above)


# Written as a table: name, definition, formula, parameters, and what it is taken for.
ACTIVATIONS: tuple[type[Activation], ...] = (
    _row(
        "relu", "x where it is above 0, and 0 elsewhere; NaN stays. No gradient at 0.", _relu, {},
        taken_for={"relu6, no more than 6": _relu6},
    ),
    _row(
        "relu6", "x between 0 and 6, and these beyond; NaN stays. No gradient at 0 and 6.", _relu6, {},
        taken_for={"relu, with nothing above it": _relu},
    ),
    _row(
        "leaky_relu", "x where it is above 0, and slope * x elsewhere, at 0 too.", lambda o, x: _leaky(x, o.slope),
        {"slope": _real(0.01, _SLOPE, 0.2, 0.3, 0.01)},
        taken_for={"relu, without a slope": _relu},
    ),
    _row(
        "elu", "x where it is above 0, and alpha * (exp(x) - 1) elsewhere, at 0 too (Clevert et al., 2015).",
        lambda o, x: _elu(x, o.alpha), {"alpha": _real(1.0, "what it goes towards below 0", 1.0)},
        taken_for={"celu, x over alpha in the exponential": lambda o, x: _elu(x, o.alpha, o.alpha)},
    ),
    _row(
        "selu", "The elu with alpha 1.6732632423543772, times 1.0507009873554805 (Klambauer et al., 2017).",
        lambda o, x: _SELU_SCALE * _elu(x, _SELU_ALPHA), {},
        taken_for={"elu with alpha 1": lambda o, x: _elu(x, 1.0)},
    ),
    _row(
        "celu", "x where it is above 0, and alpha * (exp(x / alpha) - 1) elsewhere (Barron, 2017).",
        lambda o, x: _elu(x, o.alpha, o.alpha), {"alpha": _real(1.0, "what it goes towards below 0", 1.0, above=0.0)},
        taken_for={"elu, x in the exponential": lambda o, x: _elu(x, o.alpha)},
    ),
    _row(
        "silu", "x * sigmoid(x), or swish.", _silu, {},
        taken_for={
            "sigmoid, without the factor x": _sigmoid,
            "hard swish": _hard_swish,
            "gelu by erf": lambda o, x: 0.5 * x * one_plus_erf(math.sqrt(0.5) * x),
        },
    ),
    _row(
        "sigmoid", "1 / (1 + exp(-x)).", _sigmoid, {},
        taken_for={
            "hard sigmoid of slope 1/6": lambda o, x: _hard(x, 1 / 6),
            "hard sigmoid of slope 0.2": lambda o, x: _hard(x, 0.2),
        },
    ),
    _row(
        "hard_sigmoid", "slope * x + 1/2 between 0 and 1, and these beyond.", lambda o, x: _hard(x, o.slope),
        {"slope": _real(1 / 6, "the slope in the middle", 1 / 6, 0.2)},
        taken_for={"sigmoid": _sigmoid},
    ),
    _row(
        "hard_swish", "x times the hard sigmoid of slope 1/6 (Howard et al., 2019).", _hard_swish, {},
        taken_for={"silu": _silu, "x times the hard sigmoid of slope 0.2": lambda o, x: x * _hard(x, 0.2)},
    ),
    _row(
        "hard_tanh", "x between low and high, and these beyond; NaN stays. No gradient at the two.",
        lambda o, x: _between(x, o.low, o.high),
        {"low": _real(-1.0, "the least", -1.0, 0.0), "high": _real(1.0, "the most", 1.0, 6.0)},
        taken_for={"tanh": _tanh},
    ),
    _row(
        "softplus", "log(1 + exp(beta * x)) / beta.", lambda o, x: softplus(o.beta * x) / o.beta,
        {"beta": _real(1.0, "how sharply it bends", 1.0, above=0.0)},
        taken_for={"relu": _relu, "softplus without the division by beta": lambda o, x: softplus(o.beta * x)},
    ),
    _row("softsign", "x / (1 + |x|).", lambda o, x: x / (1.0 + absolute(x)), {}, taken_for={"tanh": _tanh}),
    _row(
        "mish", "x * tanh(log(1 + exp(x))) (Misra, 2019).", lambda o, x: x * tanh(softplus(x)), {},
        taken_for={"silu": _silu},
    ),
    _row(
        "tanh", "(exp(2 x) - 1) / (exp(2 x) + 1).", _tanh, {},
        taken_for={"hard tanh": lambda o, x: _between(x, -1.0, 1.0)},
    ),
    _row(
        "log_sigmoid", "log(1 / (1 + exp(-x))).", lambda o, x: -softplus(-x), {}, taken_for={"sigmoid": _sigmoid},
    ),
    _row(
        "softmax", "exp(x) over its sum along an axis.", lambda o, x: softmax(x, o.axis), {"axis": _AXIS},
        taken_for={"log_softmax": lambda o, x: log_softmax(x, o.axis)},
    ),
    _row(
        "log_softmax", "The logarithm of exp(x) over its sum along an axis.", lambda o, x: log_softmax(x, o.axis),
        {"axis": _AXIS},
        taken_for={"softmax": lambda o, x: softmax(x, o.axis)},
    ),
    _row(
        "clip", "max(x, low), and of that and high the smaller one; NaN stays.",
        lambda o, x: _clipped(x, o.low, o.high),
        {"low": _real(-1.0, "the least"), "high": _real(1.0, "the most")},
        taken_for={"low where low is above high": lambda o, x: _clipped(x, o.low, o.low) if o.low > o.high else x},
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Glu(Activation):
    """The first half along an axis, times the sigmoid of the second (Dauphin et al., 2016)."""

    name = "glu"
    taken_for: ClassVar[Mapping[str, Formula]] = {
        "the second half, times the sigmoid of the first": lambda o, x: Glu.gated(o, x, 1)
    }
    shape: tuple[int, ...] = param(shape_field((3, 6), "the shape of x"))
    axis: int = param(_AXIS)

    def refusal(self) -> str | None:
        length = self.shape[self.axis]
        return f"axis {self.axis} has the odd length {length}" if length % 2 else None

    def outputs(self) -> tuple[TensorSpec, ...]:
        at = self.axis % len(self.shape)
        shape = tuple(n // 2 if i == at else n for i, n in enumerate(self.shape))
        return (TensorSpec("y", LETTERS[: len(shape)], shape),)

    def compute(self, x: Num) -> Num:  # type: ignore[override]
        return self.gated(x, 0)

    def gated(self, x: Num, first: int) -> Num:
        """One half, times the sigmoid of the other."""
        halves = split(x, 2, self.axis)
        return halves[first] * sigmoid(halves[1 - first])


@dataclass(frozen=True)
class Gelu(Activation):
    """x times the probability that a standard normal variable is below it (Hendrycks and Gimpel, 2016).

    x * (1 + erf(x / sqrt(2))) / 2; with `approximate: tanh`, x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))) / 2.
    """

    name = "gelu"
    taken_for: ClassVar[Mapping[str, Formula]] = {
        "silu, x * sigmoid(x)": _silu,
        "quick gelu, x * sigmoid(1.702 x)": lambda o, x: x * sigmoid(1.702 * x),
        "relu": _relu,
    }
    approximate: str = param(word_field("none", ("none", "tanh"), "the formula: by erf (none), or by tanh"))

    def compute(self, x: Num) -> Num:  # type: ignore[override]
        return self.by(x, math.sqrt(2 / math.pi), 0.044715, math.sqrt(0.5))

    def by(self, x: Num, outer: float, cubic: float, root: float) -> Num:
        """The formula with its constants."""
        if self.approximate == "tanh":
            return 0.5 * x * (1 + tanh(outer * (x + cubic * (x * x * x))))
        return 0.5 * x * one_plus_erf(root * x)

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
