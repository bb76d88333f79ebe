"""Keras's plans: what they say, and that Keras, given them, answers as the op is defined, on each backend."""

from __future__ import annotations

import re
from importlib.util import find_spec
from typing import Any

import pytest

from conformance.frameworks import Ask, lower
from conformance.frameworks.keras.words import TABLE
from conformance.ops import OPS
from conformance.outcome import Unsupported
from conformance.plan import Plan
from conformance.target import parse_target
from tests.frameworks.exercise import asked, in_its_own_process, unlike
from tests.frameworks.test_tensorflow import LIMITS as TENSORFLOW_LIMITS

LIMITS = {
    # 'same' with an output_padding whose length SAME does not map back to n: TensorFlow refuses it.
    "tensorflow": (*TENSORFLOW_LIMITS, r"Size of out_backprop doesn't match computed"),
    # Empty spatial axes.
    "torch": (
        r"Kernel size can't be greater than actual input size",
        r"Only zero batch or zero channel inputs are supported",
    ),
    "jax": (),
}


def plan(op: str, target: str = "keras/torch", **params: Any) -> Plan:
    found = TABLE[op](asked(target, op, **params))
    assert isinstance(found, Plan), found
    return found


def reason(op: str, target: str, **params: Any) -> str:
    found = TABLE[op](asked(target, op, **params))
    assert isinstance(found, Unsupported), found
    return found.reason


def test_own_words_pass_as_they_are() -> None:
    found = plan("conv_transpose", in_channels=2, out_channels=3, stride=2, padding="same", output_padding=1, bias=True)
    assert found.text.splitlines() == [
        "layer = keras.layers.Conv2DTranspose(3, (3, 3), strides=(2, 2), padding='same', output_padding=(1, 1), "
        "data_format='channels_last', use_bias=True, dtype='float32')",
        "layer.build((1, 4, 4, 2))",
        "y = layer.stateless_call([w, b], [], x)[0]",
    ]
    assert dict(found.layouts) == {"x": "NHWC", "w": "HWOI", "b": "C", "y": "NHWC"}


def test_own_words_pass_even_where_the_definition_refuses_them() -> None:
    assert "output_padding=(2, 2)" in plan("conv_transpose", stride=2, output_padding=2).text
    assert "padding=(1, 1)" in plan("conv", padding=1).text
    assert "output_size=(9, 9)" in plan("conv_transpose", stride=2, output_size=9).text


def test_jax_draws_no_weights_that_it_would_compile_for() -> None:
    assert "kernel_initializer='zeros'" in plan("conv", "keras/jax").text
    assert "kernel_initializer" not in plan("conv", "keras/torch").text


def test_ops_are_asked_without_a_layer() -> None:
    found = plan("conv", "keras/torch+api=ops", padding="same", bias=True, data_format="channels_first", dilation=2)
    assert found.text.splitlines() == [
        "y = keras.ops.conv(x, w, strides=(1, 1), padding='same', dilation_rate=(2, 2), data_format='channels_first')",
        "y = y + keras.ops.reshape(b, (1, -1, 1, 1))",
    ]


def test_torch_padding_is_same_with_output_padding() -> None:
    found = plan("conv_transpose", convention="torch", stride=2, padding=1, output_padding=0)
    assert "padding='same', output_padding=(0, 0)" in found.text
    assert "padding='same', data_format" in plan("conv_transpose", convention="tensorflow", padding="same").text


def test_same_is_not_said_where_tensorflow_would_refuse_the_length() -> None:
    found = plan("conv_transpose", convention="torch", dims=1, size=6, kernel=4, padding=2)
    assert "padding='valid', output_padding=(0,)" in found.text
    assert found.text.endswith("y = y[:, 2:7, :]")


def test_an_uneven_padding_pads_x_and_the_layer_is_built_for_it() -> None:
    found = plan("conv", convention="torch", size=4, stride=2, padding=1)
    assert found.text.splitlines()[:1] == ["x = keras.ops.pad(x, ((0, 0), (1, 0), (1, 0), (0, 0)))"]
    assert "layer.build((1, 5, 5, 1))" in found.text


def test_the_bias_is_on_the_zeros_too() -> None:
    found = plan("conv_transpose", convention="jax", size=3, kernel=2, padding=[[2, 3]], dims=1, bias=True)
    assert found.text.splitlines()[2:] == [
        "y = layer.stateless_call([w], [], x)[0]",
        "y = keras.ops.pad(y, ((0, 0), (1, 2), (0, 0)))",
        "y = y + b",
    ]


def test_what_keras_cannot_do() -> None:
    both = {"stride": 2, "dilation": 2, "size": 7}
    assert "layers refuse strides > 1" in reason("conv", "keras/torch", **both)
    assert "tensorflow backend refuses" in reason("conv", "keras/tensorflow+api=ops", **both)
    assert "dilation_rate=(2, 2)" in plan("conv", "keras/torch+api=ops", **both).text
    assert "no groups" in reason("conv_transpose", "keras/jax", in_channels=2, out_channels=2, groups=2)
    assert "empty output" in reason("conv", "keras/jax", convention="jax", size=2)
    assert "the torch convention rejects" in reason("conv", "keras/jax", convention="torch", stride=2, padding="same")


def known_wrong(note: dict[str, str], backend: str) -> bool:
    """What was observed with Keras 3.15.1 on TensorFlow 2.21.0 alone.

    conv3d with SAME and a stride beyond the kernel's reach (see test_tensorflow), and a bias added along the last axis
    where that is as long as there are channels, although they come first.
    """
    same = re.search(r"Conv3D\(.*padding='same'", note["plan"])
    first = "channels_first" in note["plan"] and "use_bias=True" in note["plan"]
    return backend == "tensorflow" and "elements differ" in note["message"] and bool(same or first)


@pytest.mark.skipif(find_spec("keras") is None, reason="Keras is not installed")
@pytest.mark.parametrize(
    ("backend", "option", "count"),
    [("tensorflow", "+onednn=0", 120), ("torch", "", 160), ("torch", "+api=ops", 160), ("jax", "", 40)],
)
def test_keras_answers_as_defined(backend: str, option: str, count: int) -> None:
    if find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    found = in_its_own_process(f"keras/{backend}{option}", count, seed=4)
    assert unlike([note for note in found["mismatches"] if not known_wrong(note, backend)]) == []
    assert found["whitelist"] == []
    assert unlike(found["raised"], *LIMITS[backend]) == []
    # The layer refuses what the op below it lets through.
    assert unlike(found["accepted"], *(("expected below the stride",) if "ops" in option else ())) == []
    assert found["agreed"] > count / 5
    assert found["refused_by_both"] > 0


# --- the ops that words are data for ----------------------------------------------------------------------------------


def said(op: str, target: str = "keras/torch", dtype: str = "float32", **given: Any) -> Plan | Unsupported:
    definition = OPS[op]
    values = {n: f.parse(given[n]) if n in given else f.default for n, f in definition.fields().items()}
    return lower(Ask(definition.bind(values), None, dtype, parse_target(target)))


def text(op: str, target: str = "keras/torch", dtype: str = "float32", **given: Any) -> str:
    found = said(op, target, dtype, **given)
    assert isinstance(found, Plan), found
    return found.text


def test_gelu_says_which_formula() -> None:
    assert text("gelu") == "y = keras.ops.gelu(x, approximate=False)"
    assert text("gelu", approximate="tanh") == "y = keras.ops.gelu(x, approximate=True)"


def test_a_pool_is_a_layer_or_an_op() -> None:
    found = said("max_pool", size=[5], window=3, stride=2, padding="same", dtype="float16")
    assert isinstance(found, Plan)
    assert found.text == (
        "y = keras.layers.MaxPooling1D((3,), strides=(2,), padding='same', data_format='channels_last', "
        "dtype='float16')(x)"
    )
    assert dict(found.layouts) == {"x": "NWC", "y": "NWC"}
    assert text("max_pool", "keras/jax+api=ops", size=[5, 6], window=2) == (
        "y = keras.ops.max_pool(x, (2, 2), strides=(2, 2), padding='valid', data_format='channels_last')"
    )


@pytest.mark.parametrize("target", ["keras/torch", "keras/torch+api=ops"])
def test_a_pool_with_another_padding_is_padded_first(target: str) -> None:
    first, last = text("max_pool", target, size=[5], window=2, padding=[[1, 0]]).splitlines()
    assert first == "x = keras.ops.pad(x, ((0, 0), (1, 0), (0, 0)), constant_values=-1e999)"
    assert "padding='valid'" in last


def test_layers_with_weights_are_built_for_the_layout_of_x() -> None:
    norm = text("batch_norm", dtype="float64", batch=2, channels=3, space=[4, 5], momentum=0.99, epsilon=1e-3)
    assert norm.splitlines()[:2] == [
        "layer = keras.layers.BatchNormalization(axis=-1, momentum=0.99, epsilon=0.001, dtype='float64')",
        "layer.build((2, 4, 5, 3))",
    ]
    found = said("lstm", batch=2, steps=3, features=4, units=5)
    assert isinstance(found, Plan)
    assert "layer.build((2, 3, 4))" in found.text
    assert {n: v for n, v in found.layouts if n in "wrb"} == {"w": "I(GH)", "r": "K(GH)", "b": "(GH)"}


@pytest.mark.parametrize(
    ("op", "target", "given", "reason"),
    [
        ("topk", "keras/jax", {"largest": False}, "the largest only"),
        ("max_pool", "keras/jax", {"indices": True}, "no indices"),
        ("max_pool", "keras/jax", {"dilation": 2}, "no dilation"),
        ("batch_norm", "keras/jax", {"unbiased": True}, "the biased one"),
        ("batch_norm", "keras/jax+api=ops", {}, "keeps none"),
        ("lstm", "keras/jax+api=ops", {}, "no recurrent layers"),
    ],
)
def test_what_keras_has_not(op: str, target: str, given: dict[str, Any], reason: str) -> None:
    found = said(op, target, **given)
    assert isinstance(found, Unsupported)
    assert reason in found.reason
