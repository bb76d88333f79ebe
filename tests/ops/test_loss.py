"""Losses against SciPy, plain loops and figures that were computed by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from conformance.judge.explain import explain
from conformance.ops.base import Op, ParamError
from conformance.suite.values import make_inputs
from tests.strategies import a_case, parameters

special: Any = pytest.importorskip("scipy.special")  # it comes with JAX


def made(op: Op, **arrays: Any) -> Any:
    return op.evaluate({name: np.asarray(array) for name, array in arrays.items()})["y"].value


STREAM = np.random.RandomState(7)
X, T = STREAM.standard_normal((2, 3, 4)), STREAM.standard_normal((2, 3, 4))
UNIT, P = STREAM.uniform(0.05, 0.95, (3, 4)), STREAM.uniform(0.05, 0.95, (3, 4))

EACH = {
    "mse": (X - T) ** 2,
    "huber": special.huber(0.5, X - T),
    "smooth_l1": special.huber(0.5, X - T) / 0.5,
    "hinge": np.array([max(1 - t * x, 0.0) for x, t in zip(X.flat, T.flat, strict=True)]).reshape(X.shape),
}


@pytest.mark.parametrize("name", EACH)
@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
def test_losses_of_single_numbers(name: str, reduction: str) -> None:
    given = {"huber": {"delta": 0.5}, "smooth_l1": {"beta": 0.5}}.get(name, {})
    op = parameters(name, shape=[2, 3, 4], reduction=reduction, **given)
    right = EACH[name] if reduction == "none" else getattr(np, reduction)(EACH[name])
    np.testing.assert_allclose(made(op, x=X, target=T), right, rtol=1e-13)


@pytest.mark.parametrize("positive", [1.0, 2.0])
def test_binary_cross_entropy(positive: float) -> None:
    given = {"shape": [3, 4], "reduction": "none", "positive": positive}
    right = -(positive * special.xlogy(P, UNIT) + special.xlog1py(1 - P, -UNIT))
    found = made(parameters("binary_cross_entropy", **given, logits=False), x=UNIT, target=P)
    np.testing.assert_allclose(found, right, rtol=1e-13)
    found = made(parameters("binary_cross_entropy", **given), x=special.logit(UNIT), target=P)
    np.testing.assert_allclose(found, right, rtol=1e-12)


def test_binary_cross_entropy_of_what_is_certain() -> None:
    certain = parameters("binary_cross_entropy", shape=[2], reduction="none", logits=False)
    assert made(certain, x=[1.0, 0.0], target=[1.0, 0.0]).tolist() == [0, 0]
    assert made(certain, x=[0.0, 1.0], target=[1.0, 0.0]).tolist() == [math.inf, math.inf]
    logits = parameters("binary_cross_entropy", shape=[2], reduction="none")
    assert made(logits, x=[1000.0, -1000.0], target=[0.0, 1.0]).tolist() == [1000, 1000]


@pytest.mark.parametrize(("logs", "log_target"), [(False, False), (True, False), (False, True), (True, True)])
def test_kl_div(logs: bool, log_target: bool) -> None:
    op = parameters("kl_div", shape=[3, 4], reduction="none", logs=logs, log_target=log_target)
    x, target = np.log(UNIT) if logs else UNIT, np.log(P) if log_target else P
    right = special.rel_entr(P, UNIT)
    np.testing.assert_allclose(made(op, x=x, target=target), right, rtol=1e-12)
    for reduction, by in (("mean", 12), ("batchmean", 3), ("sum", 1)):
        whole = parameters("kl_div", shape=[3, 4], reduction=reduction, logs=logs, log_target=log_target)
        assert made(whole, x=x, target=target) == pytest.approx(right.sum() / by, rel=1e-12)


def test_kl_div_where_the_target_is_zero() -> None:
    op = parameters("kl_div", shape=[3], reduction="none", logs=False)
    assert made(op, x=[0.5, 0.0, 0.0], target=[0.0, 0.0, 0.5]).tolist() == [0, 0, math.inf]


@pytest.mark.parametrize(
    ("x", "target", "epsilon", "loss"),
    [
        ([3, 4], [3, 4], 1e-8, 0),
        ([3, 4], [-6, -8], 1e-8, 2),
        ([1, 0], [0, 2], 1e-8, 1),
        ([0, 0], [3, 4], 1e-8, 1),
        ([3, 4], [3, 4], 10.0, 0.75),  # each length counts as 10
    ],
)
def test_cosine(x: list[float], target: list[float], epsilon: float, loss: float) -> None:
    op = parameters("cosine", shape=[1, 2], epsilon=epsilon)
    assert made(op, x=[x], target=[target]) == pytest.approx(loss, abs=1e-15)


def by_loops(op: Any, x: Any, target: Any, weight: Any) -> Any:
    """Place by place, in the words of the docstring."""
    losses, weights = [], []
    shares = np.full(op.classes, op.smoothing / op.classes)
    for n in range(op.batch):
        for place in range(op.places or 1):
            logs = special.log_softmax(x[n, :, place] if op.places else x[n])
            at = target[n]
            at = at[..., place] if op.places else at
            share = np.eye(op.classes)[at] if op.target == "label" else at
            counts = op.target != "label" or at != op.ignore
            losses.append(-sum(weight * ((1 - op.smoothing) * share + shares) * logs) if counts else 0.0)
            weights.append((weight[at] if op.target == "label" else 1.0) if counts else 0.0)
    if op.reduction == "none":
        return np.reshape(losses, (op.batch, op.places) if op.places else op.batch)
    return sum(losses) / {"sum": 1, "count": len(losses), "mean": sum(weights)}[op.reduction]


@pytest.mark.parametrize("reduction", ["mean", "count", "sum", "none"])
@pytest.mark.parametrize("places", [0, 3])
@pytest.mark.parametrize(
    "given",
    [
        {},
        {"weighted": True},
        {"ignore": 1},
        {"smoothing": 0.1, "weighted": True, "ignore": 1},
        {"target": "probability"},
        {"target": "probability", "smoothing": 0.1, "weighted": True},
    ],
)
def test_cross_entropy_by_loops(given: dict[str, Any], places: int, reduction: str) -> None:
    case = a_case("cross_entropy", "float64", "normal", classes=3, places=places, reduction=reduction, **given)
    arrays = make_inputs(case)
    weight = arrays.get("weight", np.ones(3))
    right = by_loops(case.op, arrays["x"], arrays["target"], weight)
    np.testing.assert_allclose(case.op.evaluate(arrays)["y"].value, right, rtol=1e-12)


def test_a_weighted_mean_is_over_the_weights() -> None:
    """Two labels of the weights 1 and 3, and losses of log 2 each: the mean over places is twice as much."""
    arrays = {"x": np.zeros((2, 2)), "target": np.array([0, 1]), "weight": np.array([1.0, 3.0])}
    found = {
        name: made(parameters("cross_entropy", batch=2, classes=2, weighted=True, reduction=name), **arrays)
        for name in ("mean", "count")
    }
    assert found["mean"] == pytest.approx(math.log(2))
    assert found["count"] == pytest.approx(2 * math.log(2))


def test_parameters_that_contradict_one_another() -> None:
    with pytest.raises(ParamError, match="found 5, expected a label below 3"):
        parameters("cross_entropy", classes=3, ignore=5)
    with pytest.raises(ParamError, match=r"found 1\.5, expected a number from 0 to 1"):
        parameters("cross_entropy", smoothing=1.5)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize(
    ("name", "given", "text"),
    [
        ("mse", {}, "half of the loss"),
        ("mse", {"reduction": "sum"}, "the sum of the means over the last axis"),
        ("mse", {}, "reduction sum for mean"),
        ("huber", {"delta": 0.5}, "smooth L1"),
        ("hinge", {}, "0 or 1 as one of -1 or 1"),
        ("binary_cross_entropy", {}, "x taken for probabilities"),
        ("kl_div", {"logs": False}, "x and the target exchanged"),
        ("kl_div", {"logs": False}, "over the last axis's sums"),
        ("cross_entropy", {}, "x taken for probabilities"),
        ("cross_entropy", {}, "the softmax of a softmax"),
        ("cross_entropy", {"weighted": True}, "reduction count for mean"),
    ],
)
def test_what_a_loss_is_taken_for_is_told(name: str, given: dict[str, Any], text: str, dtype: str) -> None:
    """An answer of one number, which has no axis."""
    case = a_case(name, dtype, "normal", **given)
    arrays = make_inputs(case)
    if name == "binary_cross_entropy" or (name == "cross_entropy" and "prob" in text):
        arrays["x"] = np.abs(arrays["x"]) / 4 + 0.125
    others = {**dict(case.op.neighbours()), **dict(case.op.readings())}
    [other] = [taken for said, taken in others.items() if text in said]
    wrong = other.evaluate(arrays)["y"].value
    found = explain(case.op, arrays, wrong, wrong.shape, dtype=dtype)
    assert text in found.text
