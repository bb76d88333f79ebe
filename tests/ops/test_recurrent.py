"""Recurrent layers by plain loops, one unit at a time."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from conformance.suite.values import make_inputs
from tests.strategies import a_case


def logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def dot(a: Any, b: Any) -> float:
    return sum(float(x) * float(y) for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize("after", [True, False])
def test_gru(after: bool) -> None:
    case = a_case("gru", "float64", "normal", batch=2, steps=3, features=2, units=3, reset_after=after)
    a = make_inputs(case)
    rb = a.get("rb", np.zeros((3, 3)))
    y = np.zeros((2, 3, 3))
    for n in range(2):
        h = [float(value) for value in a["h0"][n]]
        for t in range(3):
            given = [[dot(a["x"][n, t], a["w"][g, u]) + float(a["b"][g, u]) for u in range(3)] for g in range(3)]
            past = [[dot(h, a["r"][g, u]) + float(rb[g, u]) for u in range(3)] for g in range(3)]
            z, s = ([logistic(given[g][u] + past[g][u]) for u in range(3)] for g in range(2))
            if after:
                c = [math.tanh(given[2][u] + s[u] * past[2][u]) for u in range(3)]
            else:
                kept = [s[u] * h[u] for u in range(3)]
                c = [math.tanh(given[2][u] + dot(kept, a["r"][2, u])) for u in range(3)]
            h = [z[u] * h[u] + (1 - z[u]) * c[u] for u in range(3)]
            y[n, t] = h
    made = case.op.evaluate(a)
    np.testing.assert_allclose(made["y"].value, y, rtol=1e-12)
    assert np.array_equal(made["h"].value, made["y"].value[:, -1])


def test_what_a_gru_is_taken_for() -> None:
    """Another gate order, the share of what is new for that of what stays, and the reset on the other side."""
    case = a_case("gru", "float64", "normal")
    a, op = make_inputs(case), case.op
    told = dict(op.neighbours())
    swapped = told["z and 1 - z swapped: z is the share of what is new"]
    turned = {**a, "w": a["w"].copy(), "r": a["r"].copy(), "b": a["b"].copy(), "rb": a["rb"].copy()}
    for name in ("w", "r", "b", "rb"):
        turned[name][0] *= -1  # 1 - sigmoid(x) is sigmoid(-x)
    np.testing.assert_allclose(swapped.evaluate(a)["y"].value, op.evaluate(turned)["y"].value, rtol=1e-12)
    before = told["the reset before the product with r, as in reset_after=False"]
    assert not np.allclose(before.evaluate(a)["y"].value, op.evaluate(a)["y"].value)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_simple_rnn(activation: str) -> None:
    case = a_case("simple_rnn", "float64", "normal", batch=1, steps=3, features=2, units=3, activation=activation)
    a = make_inputs(case)
    h = [float(value) for value in a["h0"][0]]
    for t in range(3):
        z = [dot(a["x"][0, t], a["w"][u]) + dot(h, a["r"][u]) + float(a["b"][u]) for u in range(3)]
        h = [math.tanh(v) if activation == "tanh" else max(v, 0.0) for v in z]
    np.testing.assert_allclose(case.op.evaluate(a)["h"].value, [h], rtol=1e-12)
