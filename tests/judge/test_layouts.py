"""A wrong layout of an output is named, where its shape fits by chance too."""

from __future__ import annotations

import numpy as np
import pytest

from conformance.judge.layouts import explain_layout
from conformance.layout import parse_layout

RIGHT = np.arange(27.0).reshape(3, 3, 3)


@pytest.mark.parametrize(
    ("order", "written", "said"),
    [
        ((0, 2, 1), "NCW", "in layout NWC, not NCW as written"),
        ((0, 2, 1), "NWC", "in layout NCW, not NWC as written"),
        ((1, 2, 0), "NCW", "in layout CWN, not NCW as written"),
    ],
)
def test_an_order_of_axes_is_named(order: tuple[int, ...], written: str, said: str) -> None:
    assert said in explain_layout(RIGHT.transpose(order), RIGHT, None, "float32", "NCW", parse_layout(written))


def test_what_is_named_is_right() -> None:
    """The answer read in the layout that is named is the reference."""
    native = RIGHT.transpose(2, 0, 1)  # came as WNC, written as CWN
    canonical = native.transpose(2, 0, 1)  # C, W, N back to N, C, W
    text = explain_layout(canonical, RIGHT, None, "float32", "NCW", parse_layout("CWN"))
    assert "in layout WNC, not CWN" in text


def test_other_lengths_and_flips() -> None:
    right = np.arange(24.0).reshape(2, 3, 4)
    written = parse_layout("NCW")
    assert "NWC" in explain_layout(right.transpose(0, 2, 1), right, None, "float32", "NCW", written)
    assert "reversed along W" in explain_layout(right[..., ::-1], right, None, "float32", "NCW", written)
    assert explain_layout(right + 1, right, None, "float32", "NCW", written) == ""
    assert explain_layout(right.reshape(6, 4), right, None, "float32", "NCW", written) == ""


def test_real_values_within_the_allowance() -> None:
    right = np.random.RandomState(0).standard_normal((3, 3))
    allowed = np.full(right.shape, 1e-6)
    near = right.T + 5e-7
    assert "CN" in explain_layout(near, right, allowed, "float32", "NC", parse_layout("NC"))
    assert explain_layout(near + 1e-5, right, allowed, "float32", "NC", parse_layout("NC")) == ""
    assert explain_layout(near, right, None, "float32", "NC", parse_layout("NC")) == ""
