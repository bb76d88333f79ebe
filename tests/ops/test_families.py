"""Each op against a source that is no target: SciPy, exact rationals, plain loops; and the gradients of all of them."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest

from conformance.ops.base import Op, ParamError
from conformance.ops.defined import DEFINED
from conformance.suite.values import make_cotangents, make_inputs
from tests.ops.asked import ASKED
from tests.strategies import a_case, parameters

special: Any = pytest.importorskip("scipy.special")  # it comes with JAX


def values(op: Op, seed: int = 0) -> dict[str, np.ndarray[Any, Any]]:
    stream = np.random.RandomState(seed)
    drawn = {spec.name: stream.standard_normal(spec.shape) for spec in op.inputs()}
    return {s.name: np.abs(drawn[s.name]) + 0.25 if s.draw == "positive" else drawn[s.name] for s in op.inputs()}


def test_every_op_is_here() -> None:
    assert set(ASKED) == set(DEFINED)


CASES = [(name, given) for name, all_given in ASKED.items() for given in all_given]


@pytest.mark.parametrize(("name", "given"), CASES)
def test_gradients_are_those_of_the_values(name: str, given: dict[str, Any]) -> None:
    """By a central difference along one random direction, of all inputs at once."""
    case = a_case(name, "float64", "normal", **given)
    op, arrays = case.op, make_inputs(case)
    cotangents = make_cotangents(case, op.outputs())
    gradients = op.gradients(arrays, cotangents)
    stream = np.random.RandomState(3)
    along = {key: stream.standard_normal(arrays[key].shape) for key in gradients}

    def pulled(step: float) -> float:
        moved = {key: a + step * along[key] if key in along else a for key, a in arrays.items()}
        out = op.evaluate(moved)
        return sum(float((out[key].value * c).sum()) for key, c in cotangents.items())

    step = 1e-5
    expected = (pulled(step) - pulled(-step)) / (2 * step)
    found = sum(float((g.value * along[key]).sum()) for key, g in gradients.items())
    assert found == pytest.approx(expected, rel=1e-6, abs=1e-6)
    assert gradients.keys() == {s.name for s in op.inputs() if s.pulled and s.kind == "real"}


@pytest.mark.parametrize("approximate", ["none", "tanh"])
def test_gelu(approximate: str) -> None:
    x = np.concatenate([np.linspace(-12, 12, 997), [0.0, -0.0, 1e-30]])
    op = parameters("gelu", shape=[x.size], approximate=approximate)
    made = op.evaluate({"x": x})["y"]
    if approximate == "none":
        right = x * special.ndtr(x)
    else:
        right = x / (1 + np.exp(-2 * math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    # By tanh, 1 + tanh has no more than the digits of 1.
    np.testing.assert_allclose(made.value, right, rtol=1e-13, atol=1e-15 if approximate == "tanh" else 0)
    edge = parameters("gelu", shape=[3], approximate=approximate).evaluate({"x": np.array([np.inf, -np.inf, np.nan])})
    assert edge["y"].value[0] == np.inf
    assert np.isnan(edge["y"].value[1:]).all()


@pytest.mark.parametrize("largest", [True, False])
def test_topk(largest: bool) -> None:
    op = parameters("topk", rows=4, length=9, k=4, largest=largest)
    x = np.random.RandomState(1).randint(-3, 4, (4, 9)).astype(float)
    made = op.evaluate({"x": x})
    right = [sorted(row, reverse=largest)[:4] for row in x.tolist()]
    assert made["values"].value.tolist() == right
    assert np.take_along_axis(x, made["indices"].value, 1).tolist() == right
    assert all(len(set(row)) == 4 for row in made["indices"].value.tolist())
    assert made["values"].exact


def test_topk_counts_nan_as_the_largest() -> None:
    x = {"x": np.array([[1.0, np.nan, 3.0, -np.inf]])}
    made = parameters("topk", rows=1, length=4, k=2).evaluate(x)
    assert np.isnan(made["values"].value[0, 0])
    assert made["indices"].value.tolist() == [[1, 2]]
    assert parameters("topk", rows=1, length=4, k=2, largest=False).evaluate(x)["indices"].value.tolist() == [[3, 0]]


def pooled(op: Any, x: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """By the definition, one element at a time."""
    meant = op.meaning()
    y = np.empty((op.batch, op.channels, *meant.lengths))
    at = np.empty(y.shape, np.int64)
    for n, c, *spot in product(*map(range, y.shape)):
        best, place = None, -1
        for taps in product(*map(range, op.window)):
            where = [
                s * i + d * t - low
                for s, i, d, t, (low, _) in zip(op.stride, spot, op.dilation, taps, meant.pads, strict=True)
            ]
            if all(0 <= w < length for w, length in zip(where, op.size, strict=True)):
                value = x[(n, c, *where)]
                if best is None or value > best:
                    best, place = value, int(np.ravel_multi_index(where, op.size))
        assert best is not None
        y[(n, c, *spot)], at[(n, c, *spot)] = best, place
    return y, at


@pytest.mark.parametrize("given", ASKED["max_pool"])
def test_max_pool(given: dict[str, Any]) -> None:
    op = parameters("max_pool", **{"batch": 2, **given, "indices": True})
    assert op.refusal() is None
    x = np.random.RandomState(2).standard_normal(op.inputs()[0].shape)
    made = op.evaluate({"x": x})
    y, at = pooled(op, x)
    assert np.array_equal(made["y"].value, y)
    assert np.array_equal(made["indices"].value, at)
    assert made["y"].exact


@pytest.mark.parametrize(
    ("given", "length"),
    [
        ({"size": [5], "window": 2, "stride": 2, "padding": 0, "ceil": True}, 3),
        ({"size": [5], "window": 2, "stride": 2, "padding": 1, "ceil": True}, 3),  # a fourth would begin after x
        ({"size": [5], "window": 3, "stride": 2, "padding": "same"}, 3),
        ({"size": [6], "window": 3, "stride": 4, "padding": "valid"}, 1),
    ],
)
def test_how_many_positions(given: dict[str, Any], length: int) -> None:
    """torch.nn.MaxPool1d's rule for ceil_mode, and TensorFlow's for SAME."""
    assert parameters("max_pool", **given).meaning().lengths == (length,)


def test_max_pool_refuses_what_has_no_largest() -> None:
    assert "does not fit" in str(parameters("max_pool", size=[3], window=4).refusal())
    assert "lies outside" in str(parameters("max_pool", size=[3], window=2, padding=[[2, 0]]).refusal())
    assert "lies outside" in str(parameters("max_pool", size=[2], window=2, dilation=4, padding=2).refusal())


@pytest.mark.parametrize("size", [1, 2, 5])
@pytest.mark.parametrize("low", [0, 1, 3, 5])
def test_max_pool_finds_every_position_that_misses_x(size: int, low: int) -> None:
    for window, stride, dilation, high in product((1, 2, 3), (1, 2, 4), (1, 2, 6), (0, 2)):
        given = {"size": [size], "window": window, "stride": stride, "dilation": dilation, "padding": [[low, high]]}
        count = (size + low + high - dilation * (window - 1) - 1) // stride + 1
        places = np.arange(count)[:, None] * stride - low + np.arange(window) * dilation
        right = count > 0 and bool(((places >= 0) & (places < size)).any(1).all())
        assert (parameters("max_pool", **given).refusal() is None) is right, given


def test_a_window_may_be_of_any_length() -> None:
    assert "does not fit" in str(parameters("max_pool", size=[5], window=2**40, stride=1).refusal())
    found = parameters("max_pool", size=[5], window=2**40, stride=1, padding=[[2**31 - 1, 2**31 - 1]])
    assert "does not fit" in str(found.refusal())
    assert parameters("max_pool", size=[5], window=1, stride=1, dilation=2**40).refusal() is None


def test_an_index_names_an_element_of_x_though_all_is_minus_infinity() -> None:
    op = parameters("max_pool", size=[3], window=2, padding=1, stride=2, channels=1, indices=True)
    assert op.evaluate({"x": np.full((1, 1, 3), -np.inf)})["indices"].value.tolist() == [[[0, 1]]]


@pytest.mark.parametrize("unbiased", [False, True])
def test_batch_norm_in_exact_rationals(unbiased: bool) -> None:
    op = parameters("batch_norm", batch=3, channels=2, space=[2], epsilon=0.25, momentum=0.75, unbiased=unbiased)
    stream = np.random.RandomState(5)
    arrays = {spec.name: stream.randint(1, 9, spec.shape).astype(float) for spec in op.inputs()}
    made = op.evaluate(arrays)
    for c in range(2):
        x = [Fraction(v) for v in arrays["x"][:, c].reshape(-1).tolist()]
        mean = sum(x) / len(x)
        squares = sum((v - mean) ** 2 for v in x)
        biased = squares / len(x)
        scale, offset, old, spread = (Fraction(arrays[n][c]) for n in ("scale", "offset", "mean", "variance"))
        y = [float(v - mean) * float(scale) / math.sqrt(biased + Fraction(1, 4)) + float(offset) for v in x]
        np.testing.assert_allclose(made["y"].value[:, c].reshape(-1), y, rtol=1e-14)
        new = squares / (len(x) - 1) if unbiased else biased
        assert made["new_mean"].value[c] == pytest.approx(float((3 * old + mean) / 4), rel=1e-14)
        assert made["new_variance"].value[c] == pytest.approx(float((3 * spread + new) / 4), rel=1e-14)


def test_one_element_is_its_own_mean_and_has_no_unbiased_variance() -> None:
    alone = {"batch": 1, "channels": 1, "space": [1]}
    assert "at least 2" in str(parameters("batch_norm", **alone, unbiased=True).refusal())
    op = parameters("batch_norm", **alone, momentum=0.5)
    arrays = {spec.name: np.full(spec.shape, 3.0) for spec in op.inputs()} | {"offset": np.array([0.25])}
    made = op.evaluate(arrays)
    assert [made[name].value.item() for name in ("y", "new_mean", "new_variance")] == [0.25, 3.0, 1.5]


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_layer_norm_in_exact_rationals(axes: int) -> None:
    op = parameters("layer_norm", shape=[2, 3, 4], axes=axes, epsilon=0.25)
    stream = np.random.RandomState(6)
    arrays = {spec.name: stream.randint(1, 9, spec.shape).astype(float) for spec in op.inputs()}
    rows = int(np.prod((2, 3, 4)[:-axes]))
    made = op.evaluate(arrays)["y"].value.reshape(rows, -1)
    scale, offset = arrays["scale"].reshape(-1), arrays["offset"].reshape(-1)
    for row, given in zip(made, arrays["x"].reshape(rows, -1).tolist(), strict=True):
        x = [Fraction(v) for v in given]
        mean = sum(x) / len(x)
        root = math.sqrt(sum((v - mean) ** 2 for v in x) / len(x) + Fraction(1, 4))
        right = [float(v - mean) * s / root + b for v, s, b in zip(x, scale, offset, strict=True)]
        np.testing.assert_allclose(row, right, rtol=1e-13, atol=1e-13)


def test_layer_norm_has_no_more_axes_than_x() -> None:
    with pytest.raises(ParamError, match="found 3, expected at most 2"):
        parameters("layer_norm", shape=[2, 3], axes=3)


def test_lstm_by_plain_loops() -> None:
    op = parameters("lstm", batch=2, steps=3, features=2, units=3)
    a = values(op)

    def sigmoid(v: float) -> float:
        return 1 / (1 + math.exp(-v))

    made = op.evaluate(a)
    for n in range(2):
        h, c = a["h0"][n].tolist(), a["c0"][n].tolist()
        for t in range(3):
            gates = [
                [
                    a["b"][g, u]
                    + sum(a["w"][g, u, i] * a["x"][n, t, i] for i in range(2))
                    + sum(a["r"][g, u, k] * h[k] for k in range(3))
                    for u in range(3)
                ]
                for g in range(4)
            ]
            i, f, g, o = gates
            c = [sigmoid(f[u]) * c[u] + sigmoid(i[u]) * math.tanh(g[u]) for u in range(3)]
            h = [sigmoid(o[u]) * math.tanh(c[u]) for u in range(3)]
            np.testing.assert_allclose(made["y"].value[n, t], h, rtol=1e-12)
        np.testing.assert_allclose(made["h"].value[n], h, rtol=1e-12)
        np.testing.assert_allclose(made["c"].value[n], c, rtol=1e-12)
