"""Attention against plain loops over one query at a time."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from conformance.suite.values import make_inputs
from tests.ops.asked import ASKED
from tests.strategies import a_case, parameters

Arrays = dict[str, np.ndarray[Any, Any]]


def attended(op: Any, given: Arrays) -> np.ndarray[Any, Any]:
    """By the definition, one query at a time, in Python's floats."""
    q, k, v, mask = (given.get(name) for name in ("q", "k", "v", "mask"))
    assert q is not None
    assert k is not None
    assert v is not None
    y = np.zeros((op.batch, op.heads, op.queries, op.value_features))
    scale = 1 / math.sqrt(op.features) if op.scale is None else op.scale
    for n, a, i in np.ndindex(op.batch, op.heads, op.queries):
        head = a * op.kv_heads // op.heads
        weights = {}
        for j in range(op.keys):
            last = {"no": op.keys, "top_left": i, "bottom_right": i + op.keys - op.queries}[op.causal]
            extra = 0.0 if mask is None else float(mask[n, 0, i, j])
            if j > last or extra == -math.inf or (op.mask == "boolean" and not extra):
                continue
            score = sum(float(x) * float(z) for x, z in zip(q[n, a, i], k[n, head, j], strict=True)) * scale
            weights[j] = math.exp(score + (extra if op.mask == "additive" else 0.0))
        for j, weight in weights.items():
            y[n, a, i] += weight / sum(weights.values()) * v[n, head, j]
    return y


@pytest.mark.parametrize("given", [*ASKED["attention"], {"queries": 5, "keys": 2, "causal": "bottom_right"}])
def test_attention(given: dict[str, Any]) -> None:
    case = a_case("attention", "float64", "normal", **given)
    arrays = make_inputs(case)
    np.testing.assert_allclose(case.op.evaluate(arrays)["y"].value, attended(case.op, arrays), rtol=1e-12, atol=1e-14)


def hidden(kind: str) -> Arrays:
    """Two queries and two keys of one number, the second query with no key left."""
    shown = [[0.0, 0.0], [-math.inf, -math.inf]] if kind == "additive" else [[1.0, 1.0], [0.0, 0.0]]
    mask = np.array(shown, dtype=float if kind == "additive" else bool).reshape(1, 1, 2, 2)
    ones = np.ones((1, 1, 2, 1))
    return {"q": ones, "k": ones, "v": np.array([2.0, 4.0]).reshape(1, 1, 2, 1), "mask": mask}


@pytest.mark.parametrize("kind", ["boolean", "additive"])
def test_a_query_with_no_key_left(kind: str) -> None:
    """It gets 0 and pulls no gradient; the average and NaN, which others give, are neighbours."""
    op = parameters(
        "attention", batch=1, heads=1, kv_heads=1, queries=2, keys=2, features=1, value_features=1, mask=kind
    )
    made = op.evaluated(hidden(kind))
    assert made.outputs["y"].value.ravel().tolist() == [3.0, 0.0]
    gradients = made.gradients({"y": np.ones((1, 1, 2, 1))})
    assert gradients["v"].value.ravel().tolist() == [0.5, 0.5]
    assert np.isfinite(gradients["q"].value).all()
    told = dict(op.neighbours())
    average = told["a query that no key is left for gets the average of all values"]
    assert average.evaluate(hidden(kind))["y"].value.ravel().tolist() == [3.0, 3.0]
    nothing = told["a query that no key is left for gets NaN"]
    assert np.isnan(nothing.evaluate(hidden(kind))["y"].value.ravel()[1])


def test_what_masks_are_taken_for() -> None:
    """A mask the other way round, and one that is added as numbers."""
    op = parameters(
        "attention", batch=1, heads=1, kv_heads=1, queries=1, keys=2, features=1, value_features=1, mask="boolean"
    )
    ones, mask = np.ones((1, 1, 2, 1)), np.array([True, False]).reshape(1, 1, 1, 2)
    given = {"q": ones[:, :, :1], "k": ones, "v": np.array([2.0, 4.0]).reshape(1, 1, 2, 1), "mask": mask}
    told = {text: float(other.evaluate(given)["y"].value.item()) for text, other in op.neighbours()}
    assert float(op.evaluate(given)["y"].value.item()) == 2.0
    assert told["the mask's true hides a key, where it should show it"] == 4.0
    assert told["the mask added as numbers, 1 and 0 where it is boolean"] == pytest.approx(
        (2 * math.e + 4) / (math.e + 1)
    )
    assert told["keys and values swapped: the order (query, value, key)"] == 1.0
