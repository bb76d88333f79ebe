"""Sums of products against sums in fractions, one product at a time."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest

from conformance.ops.dense import EQUATIONS
from conformance.suite.values import make_inputs
from tests.ops.asked import ASKED
from tests.strategies import a_case, parameters

Arrays = dict[str, np.ndarray[Any, Any]]


def summed(equation: str, *operands: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The sum over all letters that are not in y, in fractions; a letter twice in an operand is its diagonal."""
    left, out = equation.split("->")
    sizes = {
        c: n for name, a in zip(left.split(","), operands, strict=True) for c, n in zip(name, a.shape, strict=True)
    }
    y = np.full([sizes[c] for c in out], Fraction(0), dtype=object)
    for places in product(*(range(n) for n in sizes.values())):
        at = dict(zip(sizes, places, strict=True))
        term = Fraction(1)
        for name, a in zip(left.split(","), operands, strict=True):
            term *= Fraction(float(a[tuple(at[c] for c in name)]))
        y[tuple(at[c] for c in out)] += term
    return y.astype(float)


# Without an arrow: the letters that come once, as the alphabet has them.
SAID = {"ij,jk": "ij,jk->ik", "ba": "ba->ab", "ii": "ii->"}


@pytest.mark.parametrize("equation", EQUATIONS)
def test_einsum(equation: str) -> None:
    case = a_case("einsum", "float64", "normal", equation=equation)
    arrays = make_inputs(case)
    made = case.op.evaluate(arrays)["y"].value
    np.testing.assert_allclose(made, summed(SAID.get(equation, equation), *arrays.values()), rtol=1e-13, atol=1e-15)


def test_an_equation_whose_letters_are_not_sorted() -> None:
    op = parameters("einsum", equation="ba")
    a = np.arange(10.0).reshape(2, 5)
    assert np.array_equal(op.evaluate({"a": a})["y"].value, a.T)
    [(text, other)] = op.neighbours()
    assert "as they stand" in text or "in which they stand" in text
    assert np.array_equal(other.evaluate({"a": a})["y"].value, a)


@pytest.mark.parametrize(
    ("given", "equation"),
    [
        ({"left": [4], "right": [4]}, "i,i->"),
        ({"left": [3, 4], "right": [4]}, "ij,j->i"),
        ({"left": [4], "right": [2, 4, 5]}, "i,aij->aj"),
        ({"left": [2, 3, 4], "right": [4, 5]}, "aij,jk->aik"),
        ({"left": [4, 3], "right": [5, 4], "transpose_left": True, "transpose_right": True}, "ji,kj->ik"),
    ],
)
def test_matmul(given: dict[str, Any], equation: str) -> None:
    case = a_case("matmul", "float64", "normal", **given)
    arrays = make_inputs(case)
    np.testing.assert_allclose(case.op.evaluate(arrays)["y"].value, summed(equation, *arrays.values()), rtol=1e-13)


def test_matmul_broadcasts_batches() -> None:
    case = a_case("matmul", "float64", "integers", left=[3, 1, 2, 4], right=[2, 4, 5])
    arrays = make_inputs(case)
    made = case.op.evaluate(arrays)["y"].value
    assert made.shape == (3, 2, 2, 5)
    assert np.array_equal(made[2, 1], summed("ij,jk->ik", arrays["a"][2, 0], arrays["b"][1]))


@pytest.mark.parametrize("op", ["matmul", "dot"])
def test_what_does_not_fit_is_refused(op: str) -> None:
    assert "do not fit: 4 numbers are to meet 5" in str(parameters(op, left=[3, 4], right=[5, 2]).refusal())


@pytest.mark.parametrize(
    ("given", "equation"),
    [
        ({"left": [2, 3, 4], "right": [2, 4, 5]}, "aij,bjk->aibk"),
        ({"left": [3, 4], "right": [2, 4, 5]}, "ij,bjk->ibk"),
        ({"left": [4], "right": [2, 4, 5]}, "j,bjk->bk"),
        ({"left": [2, 3, 4], "right": [4]}, "aij,j->ai"),
    ],
)
def test_dot(given: dict[str, Any], equation: str) -> None:
    case = a_case("dot", "float64", "normal", **given)
    arrays = make_inputs(case)
    np.testing.assert_allclose(case.op.evaluate(arrays)["y"].value, summed(equation, *arrays.values()), rtol=1e-13)


@pytest.mark.parametrize("given", ASKED["dense"])
def test_dense(given: dict[str, Any]) -> None:
    case = a_case("dense", "float64", "normal", **given)
    arrays = make_inputs(case)
    letters = "abc"[: len(case.op.inputs()[0].shape) - 1]
    right = summed(f"{letters}i,iu->{letters}u", arrays["x"], arrays["w"]) + arrays.get("b", 0.0)
    np.testing.assert_allclose(case.op.evaluate(arrays)["y"].value, right, rtol=1e-12, atol=1e-14)
