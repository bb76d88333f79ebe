"""Reductions, and what runs along an axis, against Python's statistics, exact rationals, SciPy and plain loops."""

from __future__ import annotations

import math
import operator
import statistics
from fractions import Fraction
from itertools import accumulate
from typing import Any

import numpy as np
import pytest

from conformance.dtypes import DTYPES
from conformance.ops.base import ParamError
from tests.strategies import parameters

special: Any = pytest.importorskip("scipy.special")  # it comes with JAX

X = np.random.RandomState(5).standard_normal((3, 6, 2))


def y_of(op: str, x: Any, **given: Any) -> Any:
    array = np.asarray(x)
    asked = parameters(op, shape=list(array.shape), **given)
    assert asked.refusal() is None
    return asked.evaluate({"x": array})[asked.outputs()[0].name].value


def rows_of(x: np.ndarray[Any, Any]) -> list[list[float]]:
    """What becomes one element over the axes 0 and 2, by plain loops."""
    return [[float(x[i, j, k]) for i in range(x.shape[0]) for k in range(x.shape[2])] for j in range(x.shape[1])]


def test_sums_and_their_like_are_those_of_exact_rationals() -> None:
    rows = rows_of(X)
    exact = [[Fraction(v) for v in row] for row in rows]
    given: dict[str, Any] = {"axes": [0, 2]}
    np.testing.assert_allclose(y_of("sum", X, **given), [float(sum(row)) for row in exact], rtol=1e-12)
    np.testing.assert_allclose(y_of("mean", X, **given), [statistics.fmean(row) for row in rows], rtol=1e-12)
    np.testing.assert_allclose(y_of("prod", X, **given), [float(math.prod(row)) for row in exact], rtol=1e-12)
    for ddof, variance in ((0, statistics.pvariance), (1, statistics.variance)):
        right = [float(variance(row)) for row in exact]
        np.testing.assert_allclose(y_of("var", X, ddof=ddof, **given), right, rtol=1e-12)
        np.testing.assert_allclose(y_of("std", X, ddof=ddof, **given), np.sqrt(right), rtol=1e-12)
    assert y_of("max", X, **given).tolist() == [max(row) for row in rows]
    assert y_of("min", X, **given).tolist() == [min(row) for row in rows]
    np.testing.assert_allclose(y_of("logsumexp", X * 300, **given), special.logsumexp(X * 300, (0, 2)), rtol=1e-12)


def test_shapes() -> None:
    assert y_of("sum", X, axes=None).shape == ()
    assert y_of("sum", X, axes=None, keepdims=True).shape == (1, 1, 1)
    assert y_of("sum", X, axes=[-1, 0], keepdims=True).shape == (1, 6, 1)
    np.testing.assert_array_equal(y_of("sum", X, axes=[]), X)
    np.testing.assert_array_equal(y_of("max", X, axes=[]), X)
    with pytest.raises(ParamError, match="each axis once"):
        parameters("sum", shape=[2, 3], axes=[1, -1])
    with pytest.raises(ParamError, match="below 2"):
        parameters("sum", shape=[2, 3], axes=[2])


def test_of_nothing() -> None:
    nothing = np.zeros((2, 0))
    assert y_of("sum", nothing).tolist() == [0, 0]
    assert y_of("prod", nothing).tolist() == [1, 1]
    assert np.isnan(y_of("mean", nothing)).all()
    assert np.isnan(y_of("var", nothing)).all()
    assert y_of("logsumexp", nothing).tolist() == [-math.inf, -math.inf]
    assert y_of("any", nothing != 0).tolist() == [False, False]
    assert y_of("all", nothing != 0).tolist() == [True, True]
    for op in ("max", "min", "median", "quantile", "argmax"):
        assert parameters(op, shape=[2, 0]).refusal() is not None
        assert parameters(op, shape=[0, 2]).refusal() is None
    assert y_of("var", [[1.0, 3.0]], ddof=2).tolist() == [math.inf]
    assert np.isnan(y_of("var", [[1.0]], ddof=1)).all()


def test_integers() -> None:
    hundreds = np.array([[100, 100], [-100, -100], [127, 3]], np.int8)
    assert y_of("sum", hundreds, of="int8").tolist() == [200, -200, 130]
    assert y_of("sum", hundreds, of="int8", wide=False).tolist() == [-56, 56, -126]
    assert y_of("prod", hundreds, of="int8").tolist() == [10000, 10000, 381]
    assert y_of("prod", hundreds, of="int8", wide=False).tolist() == [16, 16, 125]
    assert y_of("mean", hundreds, of="int8").tolist() == [100, -100, 65]
    assert y_of("mean", np.array([[1, 2]], np.int32), of="int32").tolist() == [1.5]
    assert y_of("cumsum", hundreds, of="int8", wide=False).tolist() == [[100, -56], [-100, 56], [127, -126]]
    assert y_of("cumprod", hundreds, of="int8").tolist() == [[100, 10000], [-100, 10000], [127, 381]]
    assert y_of("max", hundreds, of="int8", axes=None).tolist() == 127
    assert y_of("sum", np.array([[True, True, False]]), of="bool").tolist() == [2]
    with pytest.raises(ParamError, match="an integer dtype"):
        parameters("sum", wide=False)


def test_quantiles_and_medians() -> None:
    rows = rows_of(X)
    for even, right in (
        ("mean", statistics.median),
        ("lower", statistics.median_low),
        ("higher", statistics.median_high),
    ):
        found = y_of("median", X, axes=[0, 2], even=even)
        np.testing.assert_allclose(found, [right(row) for row in rows], rtol=1e-15)
    # Of 1 to 4 the share 0.25 is at the place 0.75.
    ways = {"linear": 1.75, "lower": 1.0, "higher": 2.0, "midpoint": 1.5, "nearest": 2.0}
    for interpolation, right in ways.items():
        assert y_of("quantile", [[4.0, 1.0, 3.0, 2.0]], q=0.25, interpolation=interpolation).tolist() == [right]
    right = [statistics.quantiles(row, n=8, method="inclusive")[2] for row in rows]
    np.testing.assert_allclose(y_of("quantile", X, axes=[0, 2], q=0.375), right, rtol=1e-13)
    # The even place of two that are as near.
    assert y_of("quantile", [[1.0, 2.0, 3.0, 4.0]], q=0.5, interpolation="nearest").tolist() == [3.0]
    assert np.isnan(y_of("quantile", [[1.0, math.nan, 3.0]], q=0.0)).all()
    assert y_of("quantile", [[-math.inf, 0.0, math.inf]], q=1.0).tolist() == [math.inf]


@pytest.mark.parametrize(
    ("order", "right"),
    [("2", 30**0.5), ("1", 10), ("3", 100 ** (1 / 3)), ("inf", 4), ("-inf", 1), ("0", 4), ("0.5", None)],
)
def test_norms_of_vectors(order: str, right: float | None) -> None:
    x = [[1.0, -2.0], [3.0, -4.0]]
    wanted = (1 + 2**0.5 + 3**0.5 + 2) ** 2 if right is None else right
    assert float(y_of("norm", x, axes=None, order=order)) == pytest.approx(wanted, rel=1e-14)


@pytest.mark.parametrize(
    ("order", "right"),
    # The eigenvalues of [[1, 2], [3, 4]] times its transpose have the sum 30 and the product 4.
    [("2", (15 + 221**0.5) ** 0.5), ("nuc", 34**0.5), ("1", 6), ("inf", 7), ("-inf", 3)],
)
def test_norms_of_matrices(order: str, right: float) -> None:
    x = [[1.0, 2.0], [3.0, 4.0]]
    assert float(y_of("norm", x, axes=[0, 1], matrix=True, order=order)) == pytest.approx(right, rel=1e-14)
    turned = {"1": "inf", "inf": "1"}.get(order, order)
    if order != "-inf":
        assert float(y_of("norm", x, axes=[1, 0], matrix=True, order=turned)) == pytest.approx(right, rel=1e-14)


def test_the_gradient_of_a_norm_at_zero_is_zero() -> None:
    op = parameters("norm", shape=[2, 2])
    found = op.gradients({"x": np.array([[0.0, 0.0], [3.0, 4.0]])}, {"y": np.array([1.0, 5.0])})["x"]
    np.testing.assert_allclose(found.value, [[0, 0], [3, 4]], rtol=1e-15)


def test_singular_values_near_each_other_leave_their_vectors_open() -> None:
    op = parameters("norm", shape=[2, 2], axes=[0, 1], matrix=True)
    apart, near = (
        op.gradients({"x": np.diag([2.0, second])}, {"y": np.ones(())})["x"].allowance("float32").max()
        for second in (1.0, 1.9999)
    )
    assert 0 < apart < 1e-4
    assert near > 1000 * apart


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("exclusive", [False, True])
def test_running(reverse: bool, exclusive: bool) -> None:
    for name, step, neutral in (("cumsum", operator.add, 0), ("cumprod", operator.mul, 1)):
        found = y_of(name, X, axis=1, reverse=reverse, exclusive=exclusive)
        for i in range(3):
            for k in range(2):
                row = [Fraction(v) for v in X[i, :, k].tolist()]
                row = row[::-1] if reverse else row
                row = [Fraction(neutral), *row[:-1]] if exclusive else row
                right = [float(v) for v in accumulate(row, step)]
                np.testing.assert_allclose(found[i, :, k], right[::-1] if reverse else right, rtol=1e-12, atol=1e-15)


def test_places() -> None:
    x = np.array([[1.0, 5.0, 5.0, 0.0, 0.0], [math.nan, 2.0, 9.0, math.nan, -1.0]])
    assert y_of("argmax", x, ties="first").tolist() == [1, 0]
    assert y_of("argmax", x, ties="last").tolist() == [2, 3]
    assert y_of("argmin", x, ties="first").tolist() == [3, 0]
    assert y_of("argmin", x, ties="last").tolist() == [4, 3]
    assert y_of("argmax", x[:, 1:3], axis=None, keepdims=True).tolist() == [[3]]
    assert parameters("argmax", shape=[2, 3], axis=None).outputs()[0].into == "x.(AB)"


def test_truths() -> None:
    x = np.array([[0.0, -0.0], [math.nan, 0.0], [1e-320, math.inf]])
    assert y_of("any", x, of="real").tolist() == [False, True, True]
    assert y_of("all", x, of="real").tolist() == [False, False, True]


def test_the_variance_by_the_mean_of_the_squares_is_a_neighbour() -> None:
    op = parameters("var", shape=[1, 3])
    text, other = list(op.neighbours())[-1]
    assert "less the square of the mean" in text
    far = {"x": np.array([[9999.0, 10000.0, 10001.0]])}
    assert abs(other.evaluate(far)["y"].value[0] - 2 / 3) > 0.1
    assert op.evaluate(far)["y"].value[0] == pytest.approx(2 / 3)


def test_sums_of_small_integers_are_exact() -> None:
    op = parameters("sum", shape=[2, 40])
    x = {"x": np.ones((2, 40))}
    assert op.evaluate(x)["y"].sums_exactly(x.values(), DTYPES["float16"])
