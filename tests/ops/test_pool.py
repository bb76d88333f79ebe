"""Pooling by plain loops over positions and bins."""

from __future__ import annotations

import math
from itertools import product
from typing import Any

import numpy as np
import pytest

from tests.ops.asked import ASKED
from tests.strategies import parameters

Array = np.ndarray[Any, Any]


def under(op: Any, x: Array, spot: tuple[int, ...]) -> list[list[tuple[float, bool]]]:
    """Of every batch item and channel: what lies under one position, and whether it is of x; padding counts as 0."""
    meant, found = op.meaning(), []
    for taps in product(*map(range, op.window)):
        at = [
            s * i + d * t - low
            for s, i, d, t, (low, _) in zip(op.stride, spot, op.dilation, taps, meant.pads, strict=True)
        ]
        inside = all(0 <= a < n for a, n in zip(at, op.size, strict=True))
        padded = all(-low <= a < n + high for a, n, (low, high) in zip(at, op.size, meant.pads, strict=True))
        if padded:
            found.append((at, inside))
    return [
        [(float(x[(*nc, *at)]) if inside else 0.0, inside) for at, inside in found] for nc in np.ndindex(x.shape[:2])
    ]


def pooled(op: Any, x: Array, one: Any) -> Array:
    y = np.empty((*x.shape[:2], *op.meaning().lengths))
    for spot in product(*map(range, op.meaning().lengths)):
        for nc, seen in zip(np.ndindex(x.shape[:2]), under(op, x, spot), strict=True):
            y[(*nc, *spot)] = one(seen)
    return y


@pytest.mark.parametrize("given", ASKED["avg_pool"])
@pytest.mark.parametrize("count_pad", [False, True])
def test_avg_pool(given: dict[str, Any], count_pad: bool) -> None:
    op: Any = parameters("avg_pool", **{"batch": 2, **given, "count_pad": count_pad})
    x = np.random.RandomState(1).standard_normal(op.inputs()[0].shape)

    def mean(seen: list[tuple[float, bool]]) -> float:
        values = [v for v, inside in seen if inside or count_pad]
        return sum(values) / len(values)

    np.testing.assert_allclose(op.evaluate({"x": x})["y"].value, pooled(op, x, mean), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("given", ASKED["lp_pool"])
def test_lp_pool(given: dict[str, Any]) -> None:
    op: Any = parameters("lp_pool", **given)
    x = np.random.RandomState(2).standard_normal(op.inputs()[0].shape)

    def norm(seen: list[tuple[float, bool]]) -> float:
        return math.fsum(abs(v) ** op.p for v, _ in seen) ** (1 / op.p)

    np.testing.assert_allclose(op.evaluate({"x": x})["y"].value, pooled(op, x, norm), rtol=1e-12)


def test_the_border_of_two() -> None:
    """[10, 20], a window of 3: what lies outside is left out, counts as 0, or is taken for the border."""
    given = {"size": [2], "window": 3, "stride": 2, "padding": "same", "channels": 1}
    x = {"x": np.array([[[10.0, 20.0]]])}
    plain = parameters("avg_pool", **given)
    assert plain.evaluate(x)["y"].value.item() == 15
    assert parameters("avg_pool", **given, count_pad=True).evaluate(x)["y"].value.item() == 10
    near = {text: other.evaluate(x)["y"].value.item() for text, other in plain.neighbours()}
    assert near["the nearest element of x for what stands around it"] == pytest.approx(50 / 3)


def test_a_last_position_beyond_the_padding() -> None:
    """Of x 1, 2, 3 by 2 with ceil: the last holds 3 alone, whatever stands around x."""
    given = {"size": [3], "window": 2, "stride": 2, "padding": 0, "channels": 1, "ceil": True}
    x = {"x": np.array([[[1.0, 2.0, 3.0]]])}
    for count_pad in (False, True):
        assert parameters("avg_pool", **given, count_pad=count_pad).evaluate(x)["y"].value.tolist() == [[[1.5, 3.0]]]
    near = {text: y.evaluate(x)["y"].value.tolist() for text, y in parameters("avg_pool", **given).neighbours()}
    assert near["over as many as the window has, wherever it lies"] == [[[1.5, 1.5]]]
    op = parameters("lp_pool", **given)
    assert op.evaluate(x)["y"].value.tolist() == [[[math.sqrt(5), 3.0]]]
    near = {text: other.evaluate(x)["y"].value.reshape(-1).tolist() for text, other in op.neighbours()}
    assert near["as if all of the window lay within x, by the mean of what does"][1] == pytest.approx(math.sqrt(18))


@pytest.mark.parametrize("kind", ["avg", "max"])
@pytest.mark.parametrize("given", [{"size": [n], "output": o} for n, o in product((1, 2, 5, 7), (1, 2, 3, 8))])
def test_adaptive_pools(kind: str, given: dict[str, Any]) -> None:
    op = parameters(f"adaptive_{kind}_pool", **given, channels=1)
    n, o = given["size"][0], given["output"]
    x = np.random.RandomState(3).standard_normal((1, 1, n))
    bins = [x[0, 0, math.floor(i * n / o) : math.ceil((i + 1) * n / o)] for i in range(o)]
    right = [float(b.mean() if kind == "avg" else b.max()) for b in bins]
    np.testing.assert_allclose(op.evaluate({"x": x})["y"].value[0, 0], right, rtol=1e-14)


def test_an_adaptive_pool_of_a_plane() -> None:
    x = np.arange(24.0).reshape(1, 1, 4, 6)
    made = parameters("adaptive_avg_pool", size=[4, 6], output=[2, 3], channels=1).evaluate({"x": x})["y"].value
    assert made.tolist() == x.reshape(1, 1, 2, 2, 3, 2).mean((3, 5)).tolist()
    op = parameters("adaptive_avg_pool", size=[5], output=2, channels=1)
    [(_, other)] = op.neighbours()
    y = other.evaluate({"x": np.arange(5.0).reshape(1, 1, 5)})["y"].value
    assert y.tolist() == [[[0.5, 2.5]]]
