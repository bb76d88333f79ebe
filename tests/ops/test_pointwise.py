"""Activations against SciPy and formulas of the standard library, element by element, and where they bend."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from conformance.ops.base import ParamError
from conformance.ops.pointwise import ACTIVATIONS
from tests.strategies import parameters

special: Any = pytest.importorskip("scipy.special")  # it comes with JAX

X = np.concatenate([np.linspace(-12, 12, 241), [0.0, 1e-9, -1e-9, 40.0, -40.0]])


def expit(v: float) -> float:
    return 1 / (1 + math.exp(-v)) if v > 0 else math.exp(v) / (1 + math.exp(v))


def log1pexp(v: float) -> float:
    return max(v, 0.0) + math.log1p(math.exp(-abs(v)))


# name -> parameters, and the value of one element
RIGHT: dict[str, list[tuple[dict[str, Any], Callable[[float], float]]]] = {
    "relu": [({}, lambda v: max(v, 0.0))],
    "relu6": [({}, lambda v: min(max(v, 0.0), 6.0))],
    "leaky_relu": [({}, lambda v: v if v > 0 else v / 100), ({"slope": 1.5}, lambda v: v if v > 0 else 1.5 * v)],
    "elu": [({"alpha": 0.5}, lambda v: v if v > 0 else math.expm1(v) / 2)],
    "celu": [({"alpha": 0.5}, lambda v: v if v > 0 else math.expm1(2 * v) / 2)],
    "selu": [({}, lambda v: 1.0507009873554805 * (v if v > 0 else 1.6732632423543772 * math.expm1(v)))],
    "silu": [({}, lambda v: v * expit(v))],
    "sigmoid": [({}, lambda v: float(special.expit(v)))],
    "hard_sigmoid": [
        ({}, lambda v: min(max((v + 3) / 6, 0.0), 1.0)),
        ({"slope": 0.2}, lambda v: min(max((v + 2.5) / 5, 0.0), 1.0)),
    ],
    "hard_swish": [({}, lambda v: v * min(max(v + 3, 0.0), 6.0) / 6)],
    "hard_tanh": [
        ({}, lambda v: min(max(v, -1.0), 1.0)),
        ({"low": 0.25, "high": 2.0}, lambda v: min(max(v, 0.25), 2.0)),
    ],
    "softplus": [({}, log1pexp), ({"beta": 2.0}, lambda v: log1pexp(2 * v) / 2)],
    "softsign": [({}, lambda v: v / (1 + abs(v)))],
    "mish": [({}, lambda v: v * math.tanh(log1pexp(v)))],
    "tanh": [({}, math.tanh)],
    "log_sigmoid": [({}, lambda v: float(special.log_expit(v)))],
    "clip": [({}, lambda v: min(max(v, -1.0), 1.0)), ({"low": 2.0, "high": -1.0}, lambda v: -1.0)],
}
ROWS = {"softmax": special.softmax, "log_softmax": special.log_softmax}


def test_every_row_is_here() -> None:
    assert {op.name for op in ACTIVATIONS} == {*RIGHT, *ROWS}


@pytest.mark.parametrize("name", RIGHT)
def test_by_the_element(name: str) -> None:
    for given, right in RIGHT[name]:
        made = parameters(name, shape=[X.size], **given).evaluate({"x": X})["y"].value
        np.testing.assert_allclose(made, [right(v) for v in X.tolist()], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", RIGHT)
def test_nan_stays(name: str) -> None:
    made = parameters(name, shape=[2]).evaluate({"x": np.array([np.nan, 1.0])})["y"].value
    assert np.isnan(made).tolist() == [True, False]


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_along_an_axis(name: str, axis: int) -> None:
    x = np.random.RandomState(1).standard_normal((3, 4, 5)) * 50
    made = parameters(name, shape=[3, 4, 5], axis=axis).evaluate({"x": x})["y"].value
    np.testing.assert_allclose(made, ROWS[name](x, axis=axis), rtol=1e-12)


@pytest.mark.parametrize("name", ROWS)
def test_infinities_of_a_row(name: str) -> None:
    """-inf has no weight; a row of nothing else, or with +inf, has no answer, and other rows keep theirs."""
    x = np.array([[-np.inf, 0.0, 0.0], [-np.inf] * 3, [np.inf, 1.0, 2.0]])
    made = parameters(name, shape=[3, 3]).evaluate({"x": x})["y"].value
    half = [0.0, 0.5, 0.5] if name == "softmax" else [-np.inf, -math.log(2), -math.log(2)]
    np.testing.assert_allclose(made[0], half, rtol=1e-15)
    assert np.isnan(made[1:]).all()


@pytest.mark.parametrize(
    ("name", "given", "x", "slopes"),
    [
        ("relu", {}, [0.0, -0.0], [0, 0]),
        ("relu6", {}, [0.0, 6.0, 3.0], [0, 0, 1]),
        ("leaky_relu", {"slope": 0.25}, [0.0, -1.0, 1.0], [0.25, 0.25, 1]),
        ("elu", {"alpha": 2.0}, [0.0, 1.0], [2, 1]),
        ("celu", {"alpha": 2.0}, [0.0, 1.0], [1, 1]),
        ("hard_tanh", {}, [-1.0, 0.5, 1.0], [0, 1, 0]),
        ("clip", {}, [-1.0, 0.5, 1.0, 1.5], [1, 1, 1, 0]),
        ("clip", {"low": 1.0, "high": -1.0}, [-1.0, 0.0, 1.0], [0, 0, 0]),
    ],
)
def test_gradients_where_it_bends(name: str, given: dict[str, Any], x: list[float], slopes: list[float]) -> None:
    op = parameters(name, shape=[len(x)], **given)
    found = op.gradients({"x": np.array(x)}, {"y": np.ones(len(x))})["x"].value
    assert found.tolist() == slopes


def test_elu_far_above_0_does_not_overflow() -> None:
    op = parameters("elu", shape=[1])
    assert op.gradients({"x": np.array([1000.0])}, {"y": np.ones(1)})["x"].value.tolist() == [1.0]


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_glu(axis: int) -> None:
    x = np.random.RandomState(2).standard_normal((4, 6))
    first, second = np.split(x, 2, axis)
    made = parameters("glu", shape=[4, 6], axis=axis).evaluate({"x": x})["y"].value
    np.testing.assert_allclose(made, first * special.expit(second), rtol=1e-14)


def test_glu_needs_two_halves() -> None:
    assert parameters("glu", shape=[3, 5]).refusal() == "axis -1 has the odd length 5"


@pytest.mark.parametrize("name", ["softmax", "glu"])
def test_an_axis_that_x_has_not(name: str) -> None:
    with pytest.raises(ParamError, match="found 2, expected -2 to 1"):
        parameters(name, shape=[2, 4], axis=2)


def test_what_each_is_taken_for_differs_from_it() -> None:
    x = {"x": np.linspace(-7.3, 7.9, 24).reshape(2, 12)}
    # A bound above the other is where clips differ, another factor than 1 where the others do.
    telling: dict[str, dict[str, Any]] = {
        "clip": {"low": 1.0, "high": -1.0},
        "elu": {"alpha": 2.0},
        "celu": {"alpha": 2.0},
        "softplus": {"beta": 2.0},
    }
    for name in (*RIGHT, *ROWS, "glu", "gelu"):
        op = parameters(name, shape=[2, 12], **telling.get(name, {}))
        others = list(op.neighbours())
        assert others
        for text, other in others:
            assert not np.allclose(other.evaluate(x)["y"].value, op.evaluate(x)["y"].value), (name, text)
