"""Depthwise and separable convolutions by plain loops."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from conformance.suite.values import make_inputs
from tests.strategies import a_case

Array = np.ndarray[Any, Any]


def depthwise(x: Array, w: Array, stride: int, dilation: int, same: bool) -> Array:
    """(N, C, H, W) and (C, M, K, K) to (N, C * M, ...); `same`: ceil(n / stride) places, the odd zero behind."""
    kernel = w.shape[-1]
    extent = dilation * (kernel - 1) + 1
    lengths = [-(-n // stride) if same else (n - extent) // stride + 1 for n in x.shape[2:]]
    before = [
        max((m - 1) * stride + extent - n, 0) // 2 if same else 0 for n, m in zip(x.shape[2:], lengths, strict=True)
    ]
    y = np.zeros((x.shape[0], x.shape[1] * w.shape[1], *lengths))
    for n, c, m, i, j in product(*map(range, (x.shape[0], *w.shape[:2], *lengths))):
        for k, q in product(range(kernel), repeat=2):
            h, v = i * stride + k * dilation - before[0], j * stride + q * dilation - before[1]
            if 0 <= h < x.shape[2] and 0 <= v < x.shape[3]:
                y[n, c * w.shape[1] + m, i, j] += x[n, c, h, v] * w[c, m, k, q]
    return y


@pytest.mark.parametrize("same", [True, False])
@pytest.mark.parametrize(("stride", "dilation", "kernel"), [(1, 1, 3), (2, 1, 3), (1, 2, 2), (3, 1, 2), (2, 2, 2)])
def test_by_loops(stride: int, dilation: int, kernel: int, same: bool) -> None:
    given: dict[str, Any] = {
        "stride": stride,
        "dilation": dilation,
        "kernel": kernel,
        "padding": "same" if same else "valid",
    }
    case = a_case("depthwise_conv", "float64", "normal", size=[5, 6], **given)
    a = make_inputs(case)
    deep = depthwise(a["x"], a["w"], stride, dilation, same)
    made = case.op.evaluate(a)["y"].value
    np.testing.assert_allclose(made.reshape(deep.shape), deep + a["b"].reshape(-1, 1, 1), rtol=1e-12, atol=1e-13)
    case = a_case("separable_conv", "float64", "normal", size=[5, 6], **given)
    a = make_inputs(case)
    deep = depthwise(a["x"], a["w"], stride, dilation, same)
    p = a["p"].reshape(-1, a["p"].shape[-1])
    right = sum(deep[:, i, None] * p[i][:, None, None] for i in range(len(p))) + a["b"][:, None, None]
    np.testing.assert_allclose(case.op.evaluate(a)["y"].value, right, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("op", ["depthwise_conv", "separable_conv"])
def test_padded_alike_at_both_ends(op: str) -> None:
    """Of a kernel of 3 and a stride of 2, `same` pads an even length behind alone."""
    case = a_case(op, "float64", "normal", size=[6, 4], stride=2, padding="same", bias=False)
    a = make_inputs(case)
    ((text, other),) = case.op.neighbours()
    assert "both ends" in text
    wide = a_case(op, "float64", "normal", size=[8, 6], stride=2, bias=False).op
    right = wide.evaluate({**a, "x": np.pad(a["x"], ((0, 0), (0, 0), (1, 1), (1, 1)))})["y"].value
    padded = other.evaluate(a)["y"].value
    np.testing.assert_allclose(padded, right, rtol=1e-12, atol=1e-13)
    assert not np.allclose(padded, case.op.evaluate(a)["y"].value)
