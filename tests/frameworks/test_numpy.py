"""NumPy's plans: what they say, and that NumPy, given them, answers as the op is defined."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from conformance.frameworks.numpy.words import TABLE
from conformance.layout import from_layout, to_layout
from conformance.outcome import Unsupported
from conformance.plan import Plan
from tests.frameworks.exercise import asked, exercise


def test_a_transposed_convolution_is_straight_line_code() -> None:
    found = TABLE["conv_transpose"](
        asked("numpy", "conv_transpose", dims=1, size=3, kernel=3, stride=2, convention="torch", padding=1)
    )
    assert isinstance(found, Plan)
    assert found.text.splitlines() == [
        "split = numpy.reshape(x, (1, 1, 3, 1))",
        "split = numpy.pad(split, ((0, 0), (0, 0), (0, 0), (0, 1)))",
        "spread = numpy.reshape(split, (1, 1, 6))",
        "padded = numpy.pad(spread, ((0, 0), (0, 0), (1, 0)))",
        "windows = numpy.lib.stride_tricks.sliding_window_view(padded, (3,), axis=(2,))",
        "y = numpy.einsum('nawk,abk->nbw', windows, w)",
    ]
    assert dict(found.layouts) == {"x": "NCW", "w": "IOW flipped", "y": "NCW"}


def test_what_numpy_has_not() -> None:
    found = TABLE["conv"](asked("numpy", "conv", dtype="bfloat16"))
    assert found == Unsupported("NumPy has no bfloat16")
    refused = TABLE["conv_transpose"](asked("numpy", "conv_transpose", stride=2, output_padding=2))
    assert isinstance(refused, Unsupported)


@pytest.mark.parametrize("op", ["conv", "conv_transpose"])
def test_numpy_answers_as_defined(op: str) -> None:
    count = 300
    found = exercise("numpy", count, 1, op)
    assert found.mismatches == []
    assert found.whitelist == []
    assert found.raised == []
    assert found.accepted == []
    assert found.agreed > count / 4


@pytest.mark.parametrize("op", ["conv", "conv_transpose"])
@pytest.mark.parametrize("groups", [1, 2])
def test_float16_sums_in_float32(op: str, groups: int) -> None:
    params: dict[str, Any] = {
        "in_channels": 256,
        "out_channels": 2,
        "groups": groups,
        "bias": True,
        "kernel": 5,
        "size": 9,
    }
    ask = asked("numpy", op, dtype="float16", **params)
    plan = TABLE[op](ask)
    assert isinstance(plan, Plan)
    generator = np.random.default_rng(0)
    arrays = {s.name: generator.standard_normal(s.shape).astype(np.float16) for s in ask.op.inputs()}
    namespace: dict[str, Any] = {"numpy": np}
    for spec in ask.op.inputs():
        namespace[spec.name] = to_layout(arrays[spec.name], spec.axes, plan.layout(spec.name))
    exec(plan.text, namespace)
    assert namespace["y"].dtype == np.float16
    exact = ask.op.evaluate({n: a.astype(np.float64) for n, a in arrays.items()})["y"]
    found = from_layout(namespace["y"], "NCHW", plan.layout("y")).astype(np.float64)
    # Half a unit in the last place from the one rounding to float16, and next to nothing from the sums.
    allowance = np.abs(exact.value) * 2.0**-11 + exact.magnitude() * 2.0**-20
    assert (np.abs(found - exact.value) <= allowance).all()
