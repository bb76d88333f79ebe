"""Elements by their places, one at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from conformance.ops.base import ParamError
from conformance.suite.values import make_inputs
from tests.strategies import a_case, parameters


@pytest.mark.parametrize("negative", [False, True])
def test_gather(negative: bool) -> None:
    case = a_case("gather", "float64", shape=[2, 5, 3], axis=1, at=[2, 2], negative=negative)
    a = make_inputs(case)
    assert (a["indices"].min() < 0) == negative
    y = case.op.evaluate(a)["y"]
    for n, i, j, k in np.ndindex(2, 2, 2, 3):
        assert y.value[n, i, j, k] == a["x"][n, int(a["indices"][i, j]) % 5, k]
    assert y.exact


def test_take_along_axis() -> None:
    case = a_case("take_along_axis", "float64", shape=[3, 2, 4], axis=0, length=5, negative=True)
    a = make_inputs(case)
    y = case.op.evaluate(a)["y"].value
    for i, j, k in np.ndindex(5, 2, 4):
        assert y[i, j, k] == a["x"][int(a["indices"][i, j, k]) % 3, j, k]


def test_one_hot() -> None:
    op = parameters("one_hot", shape=[5], classes=3, beyond=True)
    indices = np.array([0, 2, 3, -1, -3])
    assert op.evaluate({"indices": indices})["y"].value.tolist() == [[1, 0, 0], [0, 0, 1], [0] * 3, [0] * 3, [0] * 3]
    told = {text: other.evaluate({"indices": indices})["y"].value.tolist() for text, other in op.neighbours()}
    assert told["an index below 0 counts from the end"][2:] == [[0, 0, 0], [0, 0, 1], [1, 0, 0]]
    assert told["an index beyond the classes taken as the nearest class"][2:] == [[0, 0, 1], [1, 0, 0], [1, 0, 0]]


def test_scatter_add() -> None:
    op = parameters("scatter_add", rows=3, features=1, count=4)
    given: dict[str, Any] = {
        "x": np.array([[1.0], [2.0], [3.0]]),
        "indices": np.array([1, 1, 0, 1]),
        "updates": np.array([[10.0], [20.0], [5.0], [40.0]]),
    }
    assert op.evaluate(given)["y"].value.tolist() == [[6.0], [72.0], [3.0]]
    [(text, last)] = op.neighbours()
    assert text == "the last update of a row in place of their sum"
    assert last.evaluate(given)["y"].value.tolist() == [[6.0], [42.0], [3.0]]


@pytest.mark.parametrize(
    ("start", "first"), [(0, 0), (3, 3), (4, 3), (9, 3), (-1, 3), (-4, 1), (-9, 0)]
)  # jax.lax.dynamic_slice's rule
def test_dynamic_slice(start: int, first: int) -> None:
    op = parameters("dynamic_slice", shape=[5], size=[2])
    x = np.arange(5.0)
    assert op.evaluate({"x": x, "start": np.array([start])})["y"].value.tolist() == x[first : first + 2].tolist()


def test_what_does_not_go_together() -> None:
    with pytest.raises(ParamError, match="x has no more axes"):
        parameters("gather", shape=[3], axis=1)
    with pytest.raises(ParamError, match="no larger"):
        parameters("dynamic_slice", shape=[5], size=[6])
