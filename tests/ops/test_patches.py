"""Patches against plain loops over positions and places of a window."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from tests.strategies import parameters

QUESTIONS: list[dict[str, Any]] = [
    {"stride": 1, "batch": 2},
    {"size": [5, 4], "window": 3, "padding": "same"},
    {"size": [5, 6], "window": [1, 3], "stride": [3, 1], "dilation": [1, 2], "padding": [[1, 0], [0, 2]]},
    {"size": [7], "window": 3, "stride": 2, "padding": 2},
    {"size": [3, 4, 5], "padding": "same", "stride": [1, 2, 3]},
    {"size": [3, 3], "window": 2, "dilation": 3, "padding": 2},
]


def lie(op: Any) -> list[tuple[tuple[int, ...], int, tuple[int, ...]]]:
    """Each position, the number of a place of the window, and the element of x that lies under it, if one does."""
    pads = []
    for n, k, s, d in zip(op.size, op.window, op.stride, op.dilation, strict=True):
        reach = d * (k - 1) + 1
        if op.padding == "same":
            spare = max((-(-n // s) - 1) * s + reach - n, 0)
            pads.append((spare // 2, spare - spare // 2))
        else:
            pads.append((0, 0) if op.padding == "valid" else op.padding[len(pads)])
    counts = [
        (n + sum(pad) - d * (k - 1) - 1) // s + 1
        for n, k, s, d, pad in zip(op.size, op.window, op.stride, op.dilation, pads, strict=True)
    ]
    found = []
    for position in product(*map(range, counts)):
        for number, tap in enumerate(product(*map(range, op.window))):
            at = tuple(
                p * s + t * d - low
                for p, s, t, d, (low, _) in zip(position, op.stride, tap, op.dilation, pads, strict=True)
            )
            if all(0 <= i < n for i, n in zip(at, op.size, strict=True)):
                found.append((position, number, at))
    return found


def counted(op: Any) -> np.ndarray:
    """An x whose elements are 1, 2, 3, ..."""
    [spec] = op.inputs()
    return np.arange(1.0, 1 + np.prod(spec.shape)).reshape(spec.shape)


@pytest.mark.parametrize("given", QUESTIONS, ids=str)
def test_unfold(given: dict[str, Any]) -> None:
    op = parameters("unfold", **given)
    x = counted(op)
    right = np.zeros(op.outputs()[0].shape)
    for position, number, at in lie(op):
        right[(slice(None), slice(None), number, *position)] = x[(slice(None), slice(None), *at)]
    found = op.evaluate({"x": x})["y"]
    assert found.exact
    assert found.value.tolist() == right.tolist()


@pytest.mark.parametrize("given", QUESTIONS, ids=str)
def test_fold(given: dict[str, Any]) -> None:
    op = parameters("fold", **given)
    x = counted(op)
    right = np.zeros(op.outputs()[0].shape)
    for position, number, at in lie(op):
        right[(slice(None), slice(None), *at)] += x[(slice(None), slice(None), number, *position)]
    assert op.evaluate({"x": x})["y"].value.tolist() == right.tolist()


def test_a_window_that_does_not_fit() -> None:
    assert "does not fit" in str(parameters("unfold", size=[2, 2], window=3).refusal())
    assert parameters("unfold", size=[1, 1], window=2, padding=2, dilation=2).refusal() is None


def test_the_order_within_a_patch() -> None:
    """What tf.image.extract_patches and torch.nn.functional.unfold give for two channels of four elements."""
    op = parameters("unfold", size=[2, 2])
    x = {"x": np.arange(8.0).reshape(1, 2, 2, 2)}
    assert op.evaluate(x)["y"].value.reshape(-1).tolist() == [0, 1, 2, 3, 4, 5, 6, 7]
    [(text, other)] = op.neighbours()
    assert "the channels of each place side by side" in text
    assert other.evaluate(x)["y"].value.reshape(-1).tolist() == [0, 4, 1, 5, 2, 6, 3, 7]
    back = parameters("fold", size=[2, 2])
    [(_, other)] = back.neighbours()
    mixed = {"x": np.array([0.0, 4, 1, 5, 2, 6, 3, 7]).reshape(1, 2, 4, 1, 1)}
    assert other.evaluate(mixed)["y"].value.reshape(-1).tolist() == [0, 1, 2, 3, 4, 5, 6, 7]
