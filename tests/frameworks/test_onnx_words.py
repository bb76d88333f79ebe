"""ONNX's plans of what is no convolution: what their models say, and that both backends answer as the op is defined."""

from __future__ import annotations

import re
from importlib.util import find_spec
from typing import Any

import pytest

from conformance.frameworks import Ask, lower
from conformance.frameworks.check import check_plan
from conformance.ops import OPS
from conformance.ops.base import Op
from conformance.outcome import Unsupported
from conformance.plan import Plan
from conformance.target import parse_target

INSTALLED = {
    "onnx": find_spec("onnx") is not None and find_spec("onnxruntime") is not None,
    "onnx/reference": find_spec("onnx") is not None,
}


def op_of(name: str, given: dict[str, Any]) -> Op:
    """An op: `given` as a case file has it, every other parameter its default."""
    fields = OPS[name].fields()
    return OPS[name].bind({n: f.parse(given[n]) if n in given else f.default for n, f in fields.items()})


def lowered(op: Op, target: str = "onnx", dtype: str = "float32") -> Plan | Unsupported:
    return lower(Ask(op, None, dtype, parse_target(target)))


def nodes(name: str, **given: Any) -> str:
    found = lowered(op_of(name, given))
    assert isinstance(found, Plan), found
    assert not check_plan(found.text, "onnx", list(found.inputs), list(found.outputs))
    match = re.search(r"\{ (.*?) \}'\)", found.text)
    assert match, found.text
    return match[1]


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("gelu", {}, 'y = Gelu <approximate = "none"> (x)'),
        ("gelu", {"approximate": "tanh"}, 'y = Gelu <approximate = "tanh"> (x)'),
        ("topk", {"k": 2}, "k = Constant <value_ints = [2]> () values, indices = TopK (x, k)"),
        (
            "topk",
            {"k": 2, "largest": False},
            "k = Constant <value_ints = [2]> () values, indices = TopK <largest = 0> (x, k)",
        ),
        (
            "max_pool",
            {"stride": 1, "padding": "same"},
            'y = MaxPool <kernel_shape = [2, 2], auto_pad = "SAME_UPPER"> (x)',
        ),
        # The start of every axis, then the end of every axis.
        (
            "max_pool",
            {"padding": [[0, 1], [1, 0]], "dilation": [1, 2], "ceil": True},
            "y = MaxPool <kernel_shape = [2, 2], strides = [2, 2], dilations = [1, 2], pads = [0, 1, 1, 0], "
            "ceil_mode = 1> (x)",
        ),
        # ONNX's indices count the whole of x.
        (
            "max_pool",
            {"size": [4, 6], "indices": True, "stride": 1, "padding": 0},
            "y, places = MaxPool <kernel_shape = [2, 2]> (x) plane = Constant <value_ints = [24]> () "
            "indices = Mod (places, plane)",
        ),
        (
            "batch_norm",
            {"momentum": 0.25, "epsilon": 0.5},
            "y, new_mean, new_variance = BatchNormalization <training_mode = 1, epsilon = 0.5, momentum = 0.25> "
            "(x, scale, offset, mean, variance)",
        ),
        (
            "layer_norm",
            {"shape": [2, 3, 4], "axes": 2, "epsilon": 0.5},
            "y = LayerNormalization <axis = -2, epsilon = 0.5> (x, scale, offset)",
        ),
    ],
)
def test_what_a_model_says(name: str, given: dict[str, Any], expected: str) -> None:
    assert nodes(name, **given) == expected


def test_an_lstm_is_of_one_direction_with_a_second_bias() -> None:
    said = nodes("lstm", units=3)
    assert "all, h_after, c_after = LSTM <hidden_size = 3> (x, kernel, recurrent, bias, , h_before, c_before)" in said
    assert "more = Constant <value_ints = [0, 12]> () both = Pad (b, more)" in said
    found = lowered(op_of("lstm", {}))
    assert isinstance(found, Plan)
    assert dict(found.layouts)["w"] == "(GH)I G=iofg"
    assert "float[16,3] w" in found.text


def test_what_the_definition_rejects_is_asked_all_the_same() -> None:
    assert "k = Constant <value_ints = [3]> ()" in nodes("topk", length=2, k=3)
    assert "kernel_shape = [4, 4]" in nodes("max_pool", size=[3, 3], window=4)


def test_what_has_no_words() -> None:
    assert lowered(op_of("batch_norm", {"unbiased": True})) == Unsupported("ONNX's running variance is the biased one")
    assert lowered(op_of("gelu", {}), dtype="float8_e4m3fn") == Unsupported("ONNX has no float8_e4m3fn")
