"""Connectionist temporal classification against all paths, one by one, and figures that were computed by hand."""

from __future__ import annotations

import math
from itertools import groupby, product
from typing import Any

import numpy as np
import pytest

from conformance.judge.explain import explain
from conformance.ops.base import ParamError
from conformance.suite.values import make_inputs
from tests.strategies import a_case, parameters

STREAM = np.random.RandomState(7)
LABELS = np.array([[1, 1], [1, 2], [2, 1], [2, 2], [1, 2], [1, 2]])
FRAMES, COUNTS = np.array([5, 4, 3, 3, 5, 0]), np.array([2, 2, 1, 2, 0, 0])


def probability(p: Any, labels: list[int], blank: int) -> float:
    """Of the labels: the sum over every path of classes that reads as them."""
    found = 0.0
    for path in product(range(p.shape[1]), repeat=len(p)):
        if [one for one, _ in groupby(path) if one != blank] == labels:
            found += math.prod(p[t, one] for t, one in enumerate(path))
    return found


def losses(logs: Any, labels: Any, frames: Any, counts: Any, blank: int) -> Any:
    each = [probability(np.exp(logs[i, : frames[i]]), labels[i, : counts[i]].tolist(), blank) for i in range(len(logs))]
    return np.array([-math.log(one) if one else math.inf for one in each])


def given(blank: int, logits: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    """Parameters and inputs of six items of three classes, the labels such that none is the blank."""
    x = STREAM.standard_normal((6, 5, 3))
    target = (LABELS + blank) % 3
    params = {"batch": 6, "steps": 5, "classes": 3, "labels": 2, "blank": blank, "logits": logits}
    return params, {"x": x, "target": target, "input_lengths": FRAMES, "target_lengths": COUNTS}


def made(params: dict[str, Any], arrays: dict[str, Any]) -> Any:
    return parameters("ctc", **params).evaluate(arrays)["y"].value


@pytest.mark.parametrize("blank", [0, 1, 2])
@pytest.mark.parametrize("logits", [False, True])
def test_it_is_the_sum_over_all_paths(blank: int, logits: bool) -> None:
    params, arrays = given(blank, logits)
    x = arrays["x"]
    logs = x - np.log(np.exp(x).sum(-1, keepdims=True)) if logits else x
    right = losses(logs, arrays["target"], FRAMES, COUNTS, blank)
    # Two equal labels need a third frame for the blank between them, and have it.
    assert np.isfinite(right).all()
    np.testing.assert_allclose(made({**params, "reduction": "none"}, arrays), right, rtol=1e-12, atol=1e-15)
    for reduction, whole in {
        "sum": right.sum(),
        "count": right.mean(),
        "mean": (right / np.maximum(COUNTS, 1)).mean(),
    }.items():
        assert made({**params, "reduction": reduction}, arrays) == pytest.approx(whole, rel=1e-12)


def test_labels_without_a_path() -> None:
    params, arrays = given(0, True)
    # Two equal labels in two frames; a label in none; two that differ have one path in two frames.
    arrays |= {"input_lengths": np.array([2, 0, 3, 2, 5, 2]), "target_lengths": np.array([2, 1, 1, 2, 0, 2])}
    found = made({**params, "reduction": "none"}, arrays)
    assert np.isinf(found).tolist() == [True, True, False, True, False, False]
    assert made(params, arrays) == math.inf
    counted = made({**params, "reduction": "none", "zero_infinity": True}, arrays)
    assert counted.tolist() == np.where(np.isinf(found), 0.0, found).tolist()
    over = np.maximum(arrays["target_lengths"], 1)
    assert made({**params, "zero_infinity": True}, arrays) == pytest.approx((counted / over).mean(), rel=1e-14)


def test_the_gradient_is_a_central_difference_and_none_without_a_path() -> None:
    params, arrays = given(1, False)
    arrays["input_lengths"] = np.array([2, 4, 3, 3, 5, 0])
    op = parameters("ctc", **params, reduction="none")
    slope = op.gradients(arrays, {"y": np.ones(6)})["x"].value
    # By logarithms that are free: only labels and blanks count, and only the frames that are read.
    assert np.isnan(slope[0, :2]).all()
    assert (slope[0, 2:] == 0).all()
    assert (slope[2, 3:] == 0).all()
    assert (slope[5] == 0).all()
    for at in ((1, 0, 1), (1, 3, 2), (2, 2, 0), (4, 4, 1)):
        step = np.zeros((6, 5, 3))
        step[at] = 1e-6
        ends = [op.evaluate({**arrays, "x": arrays["x"] + by * step})["y"].value[at[0]] for by in (1, -1)]
        assert slope[at] == pytest.approx((ends[0] - ends[1]) / 2e-6, abs=1e-8)
    counted = parameters("ctc", **params, reduction="none", zero_infinity=True)
    again = counted.gradients(arrays, {"y": np.ones(6)})["x"].value
    assert np.array_equal(again, np.where(np.isnan(slope), 0.0, slope))


def test_figures_by_hand() -> None:
    """One label in two frames: l l, l -, - l. Of classes that are even, three paths of nine."""
    params = {"batch": 1, "steps": 2, "classes": 3, "labels": 1, "reduction": "none"}
    arrays = {"x": np.zeros((1, 2, 3)), "target": np.array([[1]])}
    arrays |= {"input_lengths": np.array([2]), "target_lengths": np.array([1])}
    assert made(params, arrays)[0] == pytest.approx(math.log(3), rel=1e-15)
    # A class that is impossible in the first frame leaves - l alone.
    arrays["x"][0, 0, 1] = -np.inf
    assert made(params, arrays)[0] == pytest.approx(math.log(6), rel=1e-15)
    slope = parameters("ctc", **params).gradients(arrays, {"y": np.ones(1)})["x"].value
    np.testing.assert_allclose(slope[0], [[-0.5, 0, 0.5], [1 / 3, -2 / 3, 1 / 3]], atol=1e-15)


def test_a_blank_that_is_no_class() -> None:
    with pytest.raises(ParamError, match="found 4, expected a class below 4"):
        parameters("ctc", blank=4)


@pytest.mark.parametrize("blank", [0, 1, 3])
def test_no_blank_is_drawn_for_a_label(blank: int) -> None:
    arrays = make_inputs(a_case("ctc", "float32", "normal", batch=20, steps=9, labels=5, blank=blank))
    assert set(arrays["target"].reshape(-1).tolist()) == {0, 1, 2, 3} - {blank}
    assert set(arrays["target_lengths"].tolist()) == {1, 2, 3, 4, 5}
    assert set(arrays["input_lengths"].tolist()) == {9}


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({}, "reduction count for mean"),
        ({}, "logits no for yes"),
        ({}, "the blank as the last class"),
        ({"blank": 3}, "the blank as the first class"),
        ({}, "the softmax of a softmax"),
    ],
)
def test_what_it_is_taken_for_is_told(params: dict[str, Any], text: str) -> None:
    case = a_case("ctc", "float32", "normal", **params)
    arrays = make_inputs(case)
    [other] = [taken for said, taken in (*case.op.neighbours(), *case.op.readings()) if text in said]
    wrong = other.evaluate(arrays)["y"].value
    assert text in explain(case.op, arrays, wrong, wrong.shape, dtype="float32").text


def test_lengths_exchanged_are_told() -> None:
    case = a_case("ctc", "float32", "normal")
    arrays = make_inputs(case)
    params, rest = case.op.held(), {**arrays, "input_lengths": arrays["target_lengths"]}
    wrong = made(params, {**rest, "target_lengths": np.minimum(arrays["input_lengths"], 2)})
    found = explain(case.op, arrays, wrong, wrong.shape, dtype="float32")
    assert "input_lengths and target_lengths exchanged" in found.text
