"""JAX's plans: what they say, and that JAX, given them, answers as the op is defined."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import pytest

from conformance.frameworks import Ask, lower
from conformance.frameworks.jax.words import TABLE
from conformance.ops import OPS
from conformance.outcome import Unsupported
from conformance.plan import Plan
from conformance.target import parse_target
from tests.frameworks.exercise import asked, in_its_own_process


def plan(op: str, target: str = "jax", **params: Any) -> Plan:
    found = TABLE[op](asked(target, op, **params))
    assert isinstance(found, Plan), found
    return found


def test_own_words_pass_as_they_are() -> None:
    found = plan("conv_transpose", convention="jax", stride=2, padding="same")
    assert found.text == (
        "y = jax.lax.conv_transpose(x, w, strides=(2, 2), padding='SAME', dimension_numbers=('NHWC', 'HWIO', 'NHWC'))"
    )
    assert dict(found.layouts) == {"x": "NHWC", "w": "HWIO flipped", "y": "NHWC"}
    assert "padding=((0, 1), (0, 1))" in plan("conv_transpose", convention="jax", padding=[[0, 1], [0, 1]]).text


def test_pairs_say_every_geometry() -> None:
    found = plan("conv_transpose", convention="torch", stride=2, padding=1, output_padding=1)
    assert "padding=((1, 2), (1, 2))" in found.text


def test_transpose_kernel_takes_in_and_out_swapped() -> None:
    found = plan("conv_transpose", "jax+api=transpose_kernel", convention="torch", padding=0)
    assert found.text.endswith("dimension_numbers=('NHWC', 'HWIO', 'NHWC'), transpose_kernel=True)")
    assert dict(found.layouts)["w"] == "HWOI"


def test_groups_take_conv_general_dilated() -> None:
    params = {"convention": "torch", "padding": 0, "in_channels": 4, "out_channels": 4, "groups": 2, "stride": 2}
    found = plan("conv_transpose", **params)
    assert found.text == (
        "y = jax.lax.conv_general_dilated(x, w, window_strides=(1, 1), padding=((2, 2), (2, 2)), lhs_dilation=(2, 2), "
        "dimension_numbers=('NHWC', 'HWIO', 'NHWC'), feature_group_count=2)"
    )
    assert dict(found.layouts)["w"] == "HWI(GO) flipped"
    refused = TABLE["conv_transpose"](asked("jax+api=transpose_kernel", "conv_transpose", **params))
    assert isinstance(refused, Unsupported)


def test_options_are_passed() -> None:
    assert "precision='highest'" in plan("conv", "jax+precision=highest").text
    found = plan("conv", data_format="channels_first", bias=True)
    assert "dimension_numbers=('NCHW', 'OIHW', 'NCHW')" in found.text
    assert found.text.splitlines()[1] == "y = y + jax.numpy.reshape(b, (1, -1, 1, 1))"


def test_what_jax_has_no_word_for() -> None:
    found = TABLE["conv_transpose"](asked("jax", "conv_transpose", convention="jax", output_padding=0))
    assert isinstance(found, Unsupported)
    assert "neither output_padding nor output_size" in found.reason


@pytest.mark.skipif(find_spec("jax") is None, reason="JAX is not installed")
@pytest.mark.parametrize(
    ("target", "convention", "count"),
    [
        ("jax", "", 30),
        ("jax", "jax", 16),
        ("jax+api=transpose_kernel", "", 16),
        ("jax+api=conv_general_dilated", "", 16),
    ],
)
def test_jax_answers_as_defined(target: str, convention: str, count: int) -> None:
    # Few, since each new shape is a compilation.
    found = in_its_own_process(target, count, 1, convention=convention)
    assert found["mismatches"] == []
    assert found["whitelist"] == []
    assert found["raised"] == []
    assert found["accepted"] == []
    assert found["agreed"] > count / 4


def test_no_places_of_a_pool() -> None:
    op = OPS["max_pool"].bind({**{n: f.default for n, f in OPS["max_pool"].fields().items()}, "indices": True})
    found = lower(Ask(op, None, "float32", parse_target("jax")))
    assert found == Unsupported("JAX has no pooling that gives the places")
