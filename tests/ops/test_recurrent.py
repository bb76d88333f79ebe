"""Recurrent layers by plain loops, one unit at a time."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from conformance.ops.base import ParamError
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


def both_ways(a: Any, layers: int, merge: str, lengths: list[int]) -> tuple[Any, Any]:
    """Plain recurrent layers forwards and backwards, a sequence at a time: each one's last states, and y."""
    batch, steps, units = len(lengths), a["x"].shape[1], a["h0"].shape[-1]
    ends = np.zeros((layers, 2, batch, units))
    for n, length in enumerate(lengths):
        seen = [[float(v) for v in a["x"][n, t]] for t in range(length)]
        for layer in range(layers):
            answers: list[list[list[float]]] = [[[] for _ in range(length)] for _ in range(2)]
            for way, order in enumerate((range(length), reversed(range(length)))):
                w, r, b = (a[f"{name}{layer}"][way] for name in "wrb")
                h = [float(v) for v in a["h0"][layer, way, n]]
                for t in order:
                    h = [math.tanh(dot(seen[t], w[u]) + dot(h, r[u]) + float(b[u])) for u in range(units)]
                    answers[way][t] = h
                ends[layer, way, n] = h
            pairs = list(zip(*answers, strict=True))
            if merge == "concat":
                seen = [one + other for one, other in pairs]
            elif merge == "mul":
                seen = [[p * q for p, q in zip(one, other, strict=True)] for one, other in pairs]
            else:
                half = 2 if merge == "ave" else 1
                seen = [[(p + q) / half for p, q in zip(one, other, strict=True)] for one, other in pairs]
        if n == 0:
            y = np.zeros((batch, steps, len(seen[0])))
        y[n, :length] = seen
    return y, ends


@pytest.mark.parametrize("merge", ["concat", "sum", "mul", "ave"])
@pytest.mark.parametrize("lengths", [None, [1, 4, 3]])
@pytest.mark.parametrize("layers", [1, 2])
def test_both_directions(merge: str, lengths: list[int] | None, layers: int) -> None:
    given: dict[str, Any] = {"batch": 3, "steps": 4, "features": 2, "units": 3, "merge": merge, "layers": layers}
    case = a_case("bidirectional", "float64", "normal", cell="simple_rnn", lengths=lengths, **given)
    a = make_inputs(case)
    y, ends = both_ways(a, layers, merge, lengths or [4, 4, 4])
    made = case.op.evaluate(a)
    np.testing.assert_allclose(made["y"].value.reshape(y.shape), y, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(made["h"].value, ends, rtol=1e-12)
    short = a_case("bidirectional", "float64", "normal", cell="simple_rnn", lengths=lengths, sequences=False, **given)
    one, other = ends[-1]
    right = {"concat": np.stack([one, other], 1), "sum": one + other, "mul": one * other, "ave": (one + other) / 2}
    np.testing.assert_allclose(short.op.evaluate(a)["y"].value, right[merge], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_both_directions_of_other_cells(cell: str) -> None:
    """The backward pass is the layer itself, of x turned round."""
    case = a_case("bidirectional", "float64", "normal", cell=cell, steps=3, features=2, units=3)
    a = make_inputs(case)
    alone = a_case(cell, "float64", "normal", steps=3, features=2, units=3)
    made = case.op.evaluate(a)
    for way, order in enumerate((slice(None), slice(None, None, -1))):
        names = [spec.name for spec in alone.op.inputs() if spec.name != "x"]
        given = {name: a[name][0, way] if name in ("h0", "c0") else a[f"{name}0"][way] for name in names}
        right = alone.op.evaluate({"x": a["x"][:, order], **given})
        np.testing.assert_allclose(made["y"].value[:, :, way], right["y"].value[:, order], rtol=1e-12)
        np.testing.assert_allclose(made["h"].value[0, way], right["h"].value, rtol=1e-12)


def test_what_both_directions_are_taken_for() -> None:
    given: dict[str, Any] = {"cell": "simple_rnn", "batch": 2, "steps": 3, "features": 2, "units": 3, "lengths": [3, 1]}
    case = a_case("bidirectional", "float64", "normal", sequences=False, **given)
    a = make_inputs(case)
    told = {text: op.evaluate(a)["y"].value for text, op in case.op.neighbours()}
    every = a_case("bidirectional", "float64", "normal", **given).op.evaluate(a)["y"].value
    last, unturned, whole = told.values()
    assert np.array_equal(last, every[:, -1])
    assert np.array_equal(unturned, case.op.evaluate(a)["y"].value)  # a state has no order of steps
    _, ends = both_ways(a, 1, "concat", [3, 3])
    np.testing.assert_allclose(whole, np.stack(list(ends[0]), 1), rtol=1e-12)
    texts = list(told)
    assert "last step" in texts[0]
    assert "lengths left out" in texts[2]


def test_lengths_fit_the_batch() -> None:
    with pytest.raises(ParamError, match="expected 2 of them, each 1 to 3"):
        a_case("bidirectional", batch=2, steps=3, lengths=[3, 4])
