"""Moves against NumPy and plain loops; numbers in a row against exact rationals."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest

from conformance.judge.explain import explain
from conformance.ops.base import ParamError
from tests.strategies import parameters


def values(op: Any) -> dict[str, Any]:
    return {spec.name: np.arange(1.0, 1 + np.prod(spec.shape)).reshape(spec.shape) for spec in op.inputs()}


def made(name: str, **given: Any) -> tuple[Any, Any]:
    op = parameters(name, **given)
    x = values(op)
    found = op.evaluate(x)["y"]
    assert found.exact
    return x["x"], found.value


@pytest.mark.parametrize("mode", ["constant", "reflect", "symmetric", "edge", "wrap"])
@pytest.mark.parametrize("pads", [[[1, 2]], [[0, 9]], [[1, 0], [5, 2]]])
def test_pad(mode: str, pads: list[list[int]]) -> None:
    """By the place in an endless row of what is repeated: x, or x and its mirror image."""
    x, y = made("pad", shape=[3, 4], pads=pads, mode=mode, value=0.5)
    full = [[0, 0]] * (2 - len(pads)) + pads

    def place(i: int, n: int) -> int | None:
        if 0 <= i < n:
            return i
        if mode == "constant":
            return None
        if mode == "edge":
            return min(max(i, 0), n - 1)
        row = {
            "wrap": [*range(n)],
            "symmetric": [*range(n), *range(n)[::-1]],
            "reflect": [*range(n), *range(n - 2, 0, -1)],
        }
        return row[mode][i % len(row[mode])]

    for spot in product(*map(range, y.shape)):
        at = [place(i - low, n) for i, (low, _), n in zip(spot, full, x.shape, strict=True)]
        assert y[spot] == (0.5 if None in at else x[tuple(at)])


def test_pad_of_nothing_by_its_elements_is_refused() -> None:
    assert parameters("pad", shape=[2, 0]).refusal() is None
    assert "no element" in str(parameters("pad", shape=[2, 0], mode="edge").refusal())
    with pytest.raises(ParamError, match="found 2 pairs, expected at most 1"):
        parameters("pad", shape=[2], pads=[[1, 1], [1, 1]])


@pytest.mark.parametrize(("shift", "axis"), [(2, -1), (-1, 0), (17, 1)])
def test_roll(shift: int, axis: int) -> None:
    x, y = made("roll", shift=shift, axis=axis)
    for i in range(x.shape[axis]):
        assert y.take((i + shift) % x.shape[axis], axis).tolist() == x.take(i, axis).tolist()


def test_roll_of_all_elements_is_told_apart() -> None:
    op = parameters("roll", shape=[2, 3], shift=1, axis=1)
    near = {text: other.evaluate(values(op))["y"].value.tolist() for text, other in op.neighbours()}
    assert near["all elements in a row rolled, not those along the axis"] == [[6, 1, 2], [3, 4, 5]]
    assert near["in the other direction"] == [[2, 3, 1], [5, 6, 4]]


def test_repeat_and_tile() -> None:
    assert made("repeat", shape=[3], times=2)[1].tolist() == [1, 1, 2, 2, 3, 3]
    assert made("tile", shape=[3], times=[2])[1].tolist() == [1, 2, 3, 1, 2, 3]
    x, y = made("repeat", shape=[2, 3], times=3, axis=0)
    assert y.tolist() == [row for row in x.tolist() for _ in range(3)]
    x, y = made("tile", shape=[2, 3], times=[2, 1])
    assert y.tolist() == x.tolist() * 2
    assert made("repeat", shape=[2, 3], times=0)[1].shape == (2, 0)
    assert made("tile", shape=[2, 3], times=[0])[1].shape == (2, 0)
    for name, other in (("repeat", {"times": 2}), ("tile", {"times": [2]})):
        op = parameters(name, shape=[3], **other)
        [(_, taken)] = op.neighbours()
        assert taken.evaluate(values(op))["y"].value.tolist() != op.evaluate(values(op))["y"].value.tolist()


@pytest.mark.parametrize(
    ("name", "mode"), [("pixel_shuffle", ""), ("depth_to_space", "CRD"), ("depth_to_space", "DCR")]
)
def test_channels_into_space(name: str, mode: str) -> None:
    x, y = made(name, size=[3, 2], batch=2, channels=2, block=3, **({"mode": mode} if mode else {}))
    for n, c, h, w, i, j in product(range(2), range(2), range(3), range(2), range(3), range(3)):
        channel = (3 * i + j) * 2 + c if mode == "DCR" else (c * 3 + i) * 3 + j
        assert y[n, c, 3 * h + i, 3 * w + j] == x[n, channel, h, w]


@pytest.mark.parametrize("mode", ["CRD", "DCR"])
def test_space_into_channels(mode: str) -> None:
    x, y = made("space_to_depth", size=[3, 2], batch=2, channels=2, block=3, mode=mode)
    for n, c, h, w, i, j in product(range(2), range(2), range(3), range(2), range(3), range(3)):
        channel = (3 * i + j) * 2 + c if mode == "DCR" else (c * 3 + i) * 3 + j
        assert y[n, channel, h, w] == x[n, c, 3 * h + i, 3 * w + j]
    [(text, other)] = parameters("space_to_depth", mode=mode).neighbours()
    assert ("space_to_depth" if mode == "CRD" else "pixel_unshuffle") in text
    assert other.parameters()["mode"] != mode


def test_the_order_of_eight_channels() -> None:
    """What tf.nn.depth_to_space and torch's pixel_shuffle give for 0 to 7, in the order of channels last."""
    x = {"x": np.arange(8.0).reshape(1, 8, 1, 1)}
    by_depth = parameters("depth_to_space", size=[1, 1], channels=2).evaluate(x)["y"].value[0]
    shuffled = parameters("pixel_shuffle", size=[1, 1], channels=2).evaluate(x)["y"].value[0]
    assert by_depth.reshape(-1).tolist() == [0, 2, 4, 6, 1, 3, 5, 7]
    assert shuffled.reshape(-1).tolist() == [0, 1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("endpoint", [True, False])
@pytest.mark.parametrize(("start", "stop", "count"), [(0.0, 1.0, 5), (0.1, -0.7, 50), (2.0, 3.0, 1), (2.0, 3.0, 0)])
def test_linspace(start: float, stop: float, count: int, endpoint: bool) -> None:
    op = parameters("linspace", start=start, stop=stop, count=count, endpoint=endpoint)
    step = (Fraction(stop) - Fraction(start)) / max(count - endpoint, 1)
    right = [float(Fraction(start) + i * step) for i in range(count)]
    np.testing.assert_allclose(op.evaluate({})["y"].value, right, rtol=1e-15, atol=1e-16)


@pytest.mark.parametrize(
    ("start", "stop", "step", "count"),
    [(0.0, 5.0, 1.0, 5), (0.0, 1.0, 0.1, 10), (1.0, 10.0, 0.3, 30), (5.0, 0.0, -0.75, 7), (3.0, 1.0, 1.0, 0)],
)
def test_arange(start: float, stop: float, step: float, count: int) -> None:
    y = parameters("arange", start=start, stop=stop, step=step).evaluate({})["y"].value
    right = [float(Fraction(start) + i * Fraction(step)) for i in range(count)]
    np.testing.assert_allclose(y, right, rtol=1e-15)
    assert parameters("arange", step=0.0).refusal() == "a step of 0 leads nowhere"


def test_one_more_by_a_step_of_float32_is_explained() -> None:
    op = parameters("arange", stop=7.0, step=0.7)
    assert op.outputs()[0].shape == (10,)
    y = np.arange(11) * float(np.float32(0.7))
    found = explain(op, {}, y, y.shape, dtype="float32")
    assert "step rounded to float32" in found.text
