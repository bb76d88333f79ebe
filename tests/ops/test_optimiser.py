"""Optimisers against one number that is stepped in Python, by the formulas of the papers and of two libraries."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tests.strategies import parameters

GRADIENTS = [0.5, -2.0, 1.25]


def stepped(name: str, **given: Any) -> dict[str, float]:
    """What the op gives for x = 1 and these gradients."""
    op = parameters(name, shape=[1], **given)
    made = op.evaluate({"x": np.ones(1), "g": np.array(GRADIENTS).reshape(3, 1)})
    return {key: float(found.value.item()) for key, found in made.items()}


def test_sgd_with_the_rate_within_the_velocity_and_without() -> None:
    """They are one as long as the rate is."""
    plain = stepped("sgd", momentum=0.9, rate=0.1)
    within = stepped("sgd", momentum=0.9, rate=0.1, scaled=True)
    assert plain["y"] == pytest.approx(within["y"])
    assert plain["velocity"] == pytest.approx((0.5 * 0.9 - 2.0) * 0.9 + 1.25)
    assert within["velocity"] == pytest.approx(-0.1 * plain["velocity"])
    # With a rate that is halved: 0.1, 0.05, 0.025.
    x, buffer = 1.0, 0.0
    y, velocity = 1.0, 0.0
    for rate, g in zip((0.1, 0.05, 0.025), GRADIENTS, strict=True):
        buffer = 0.9 * buffer + g
        x -= rate * buffer
        velocity = 0.9 * velocity - rate * g
        y += velocity
    assert stepped("sgd", momentum=0.9, change=0.5)["y"] == pytest.approx(x)
    assert stepped("sgd", momentum=0.9, change=0.5, scaled=True)["y"] == pytest.approx(y)
    assert abs(x - y) > 0.005


def test_sgd_nesterov_and_decay() -> None:
    x, buffer = 1.0, 0.0
    for g in GRADIENTS:
        d = g + 0.3 * x
        buffer = 0.9 * buffer + d
        x -= 0.1 * (d + 0.9 * buffer)
    assert stepped("sgd", momentum=0.9, nesterov=True, decay=0.3)["y"] == pytest.approx(x)
    x = 1.0
    for g in GRADIENTS:
        x = x - 0.1 * 0.3 * x - 0.1 * g
    assert stepped("sgd", decay=0.3, decoupled=True) == pytest.approx({"y": x})


@pytest.mark.parametrize("at", ["corrected", "uncorrected", "root"])
@pytest.mark.parametrize(("name", "decoupled"), [("adam", False), ("adamw", True)])
@pytest.mark.parametrize("amsgrad", [False, True])
def test_adam(at: str, name: str, decoupled: bool, amsgrad: bool) -> None:
    x, m, v, top, rate, decay, epsilon = 1.0, 0.0, 0.0, 0.0, 0.1, 0.2, 0.05
    for t, g in enumerate(GRADIENTS, 1):
        d = g if decoupled else g + decay * x
        if decoupled:
            x *= 1 - rate * decay
        m, v = 0.9 * m + 0.1 * d, 0.7 * v + 0.3 * d * d
        top = max(top, v)
        used, c1, c2 = top if amsgrad else v, 1 - 0.9**t, 1 - 0.7**t
        if at == "corrected":
            x -= rate * (m / c1) / (math.sqrt(used / c2) + epsilon)
        elif at == "uncorrected":
            x -= rate * math.sqrt(c2) / c1 * m / (math.sqrt(used) + epsilon)
        else:
            x -= rate * (m / c1) / math.sqrt(used / c2 + epsilon)
    given = {"beta2": 0.7, "epsilon": epsilon, "epsilon_at": at, "amsgrad": amsgrad, "decay": decay}
    right = {"y": x, "m": m, "v": v, **({"top": top} if amsgrad else {})}
    assert stepped(name, **given) == pytest.approx(right)


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("centered", [False, True])
@pytest.mark.parametrize("scaled", [False, True])
def test_rmsprop(inside: bool, centered: bool, scaled: bool) -> None:
    x, v, mean, velocity = 1.0, 0.0, 0.0, 0.0
    for rate, g in zip((0.1, 0.05, 0.025), GRADIENTS, strict=True):
        v, mean = 0.8 * v + 0.2 * g * g, 0.8 * mean + 0.2 * g
        under = v - mean**2 if centered else v
        d = g / (math.sqrt(under + 0.01) if inside else math.sqrt(under) + 0.01)
        velocity = 0.5 * velocity + (rate * d if scaled else d)
        x -= velocity if scaled else rate * velocity
    given = {"decay": 0.8, "epsilon": 0.01, "inside": inside, "centered": centered}
    right = {"y": x, "v": v, "velocity": velocity, **({"mean": mean} if centered else {})}
    assert stepped("rmsprop", momentum=0.5, scaled=scaled, change=0.5, **given) == pytest.approx(right)


@pytest.mark.parametrize("inside", [False, True])
def test_adagrad(inside: bool) -> None:
    x, total = 1.0, 0.1
    for g in GRADIENTS:
        total += g * g
        x -= 0.1 * g / (math.sqrt(total + 0.01) if inside else math.sqrt(total) + 0.01)
    assert stepped("adagrad", start=0.1, epsilon=0.01, inside=inside) == pytest.approx({"y": x, "total": total})


def test_what_is_taken_for_what() -> None:
    """Epsilon under the root, the decay of the other Adam, and a dampened velocity have names."""
    adam = parameters("adam", shape=[1], decay=0.1)
    assert any("epsilon_at root" in text for text, _ in adam.readings())
    assert any("as in AdamW" in text for text, _ in adam.neighbours())
    assert any("dampened" in text for text, _ in parameters("sgd", momentum=0.9).neighbours())
