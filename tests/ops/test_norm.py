"""Norms against exact rationals and plain loops."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest

from conformance.ops.base import Op, ParamError
from tests.strategies import parameters

Arrays = dict[str, np.ndarray[Any, Any]]


def whole(op: Op, seed: int = 5) -> Arrays:
    """Small integers, which are exact."""
    stream = np.random.RandomState(seed)
    return {spec.name: stream.randint(1, 9, spec.shape).astype(float) for spec in op.inputs()}


def standardized(values: list[float], epsilon: Fraction) -> list[float]:
    """Less the mean over the root of the variance and epsilon; rational but for the root."""
    x = [Fraction(v) for v in values]
    mean = sum(x) / len(x)
    spread = sum((v - mean) ** 2 for v in x) / len(x) + epsilon
    return [float(v - mean) / math.sqrt(spread) for v in x]


def test_batch_norm_in_inference_by_loops() -> None:
    op = parameters("batch_norm_inference", batch=3, channels=2, space=[2], epsilon=0.25)
    a = whole(op)
    made = op.evaluate(a)["y"].value
    for n, c, w in product(range(3), range(2), range(2)):
        root = math.sqrt(Fraction(a["variance"][c]) + Fraction(1, 4))
        right = a["scale"][c] * (a["x"][n, c, w] - a["mean"][c]) / root + a["offset"][c]
        assert made[n, c, w] == pytest.approx(right, rel=1e-13)
    assert set(op.gradients(a, {"y": np.ones(made.shape)})) == {"x", "scale", "offset"}


@pytest.mark.parametrize("groups", [1, 2, 3, 6])
def test_group_norm_in_exact_rationals(groups: int) -> None:
    op = parameters("group_norm", batch=2, channels=6, space=[2, 2], epsilon=0.25, groups=groups)
    a = whole(op)
    made = op.evaluate(a)["y"].value
    each = 6 // groups
    for n, g in product(range(2), range(groups)):
        members = slice(g * each, (g + 1) * each)
        flat = standardized(a["x"][n, members].reshape(-1).tolist(), Fraction(1, 4))
        right = np.reshape(flat, (each, 4)) * a["scale"][members, None] + a["offset"][members, None]
        np.testing.assert_allclose(made[n, members].reshape(each, 4), right, rtol=1e-13)


def test_instance_norm_is_group_norm_of_single_channels() -> None:
    given = {"batch": 2, "channels": 3, "space": [5], "epsilon": 0.25}
    op = parameters("instance_norm", **given)
    a = whole(op)
    made = op.evaluate(a)["y"].value
    for n, c in product(range(2), range(3)):
        right = np.array(standardized(a["x"][n, c].tolist(), Fraction(1, 4))) * a["scale"][c] + a["offset"][c]
        np.testing.assert_allclose(made[n, c], right, rtol=1e-13, atol=1e-15)
    grouped = parameters("group_norm", **given, groups=3)
    np.testing.assert_array_equal(made, grouped.evaluate(a)["y"].value)


def test_groups_divide_the_channels() -> None:
    with pytest.raises(ParamError, match="found 4, expected a divisor of the 6 channels"):
        parameters("group_norm", channels=6, groups=4)


@pytest.mark.parametrize("axes", [1, 2])
def test_rms_norm_in_exact_rationals(axes: int) -> None:
    op = parameters("rms_norm", shape=[2, 3, 4], axes=axes, epsilon=0.25)
    a = whole(op)
    rows = 6 if axes == 1 else 2
    made = op.evaluate(a)["y"].value.reshape(rows, -1)
    for row, given in zip(made, a["x"].reshape(rows, -1).tolist(), strict=True):
        root = math.sqrt(sum(Fraction(v) ** 2 for v in given) / len(given) + Fraction(1, 4))
        right = [v / root * s for v, s in zip(given, a["scale"].reshape(-1).tolist(), strict=True)]
        np.testing.assert_allclose(row, right, rtol=1e-13)
    with pytest.raises(ParamError, match="found 4, expected at most 3"):
        parameters("rms_norm", shape=[2, 3, 4], axes=4)


@pytest.mark.parametrize(
    ("x", "epsilon", "least", "y"),
    [
        ([3, 4], 1e-12, "norm", [0.6, 0.8]),
        ([3, 4], 10.0, "norm", [0.3, 0.4]),
        ([3, 4], 100.0, "square", [0.3, 0.4]),
        ([3, 4], 24.0, "square", [0.6, 0.8]),
        ([0, 0], 1e-12, "norm", [0, 0]),
        ([0, 0], 1e-12, "square", [0, 0]),
        ([0.03, 0.04], 1e-2, "square", [0.3, 0.4]),
        ([0.03, 0.04], 1e-2, "norm", [0.6, 0.8]),
    ],
)
def test_l2_normalize(x: list[float], epsilon: float, least: str, y: list[float]) -> None:
    """Of a triangle of 3, 4 and 5, and where the length or its square is below epsilon."""
    op = parameters("l2_normalize", shape=[1, 2], epsilon=epsilon, least=least)
    np.testing.assert_allclose(op.evaluate({"x": np.array([x], float)})["y"].value[0], y, rtol=1e-14)


@pytest.mark.parametrize(
    ("size", "extra", "ends"), [(3, "before", (1, 1)), (4, "before", (2, 1)), (4, "after", (1, 2))]
)
@pytest.mark.parametrize("divided", [True, False])
def test_lrn_by_loops(size: int, extra: str, ends: tuple[int, int], divided: bool) -> None:
    given = {"size": size, "extra": extra, "alpha": 0.5, "beta": 0.75, "k": 2.0, "divided": divided}
    op = parameters("lrn", batch=2, channels=6, space=[3], **given)
    x = whole(op)["x"]
    made = op.evaluate({"x": x})["y"].value
    for n, c, w in product(range(2), range(6), range(3)):
        near = range(max(c - ends[0], 0), min(c + ends[1], 5) + 1)
        squares = sum(x[n, i, w] ** 2 for i in near) * 0.5 / (size if divided else 1)
        assert made[n, c, w] == pytest.approx(x[n, c, w] / (2 + squares) ** 0.75, rel=1e-13)


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("batch_norm_inference", ["the statistics of this batch", "outside of the root"]),
        ("group_norm", ["that far apart", "as instance norm", "as layer norm", "by n - 1"]),
        ("instance_norm", ["as batch norm", "as layer norm", "outside of the root"]),
        ("rms_norm", ["1 + scale", "as layer norm", "the sum of the squares"]),
        ("l2_normalize", ["added under the root"]),
    ],
)
def test_what_a_norm_is_taken_for_is_another_answer(name: str, texts: list[str]) -> None:
    op = parameters(name, **({"epsilon": 0.5} if name != "batch_norm_inference" else {"space": [5], "epsilon": 0.5}))
    arrays = whole(op)
    right = op.evaluate(arrays)["y"].value
    found = dict(op.neighbours())
    for text in texts:
        [other] = [taken for said, taken in found.items() if text in said]
        wrong = other.evaluate(arrays)["y"].value
        assert wrong.shape == right.shape
        assert not np.allclose(wrong, right), text
