"""TensorFlow's plans: what they say, and that TensorFlow, given them, answers as the op is defined."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from conformance.frameworks.tensorflow.words import TABLE
from conformance.outcome import Unsupported
from conformance.plan import Plan
from conformance.worker.processor import instruction_sets
from tests.frameworks.exercise import asked, in_its_own_process, unlike
from tests.frameworks.real import statuses

# What Eigen's kernels have not, and in three dimensions oneDNN's neither (observed with 2.21.0).
LIMITS = (
    r"(?i)only supports (the )?ND?HWC",
    r"CPU implementations? do(es)? not yet support dilation rates larger than 1",
    r"CPU implementation of Conv3D currently only supports dilated rates of 1",
    r"Gradients for grouped convolutions are not supported on CPU",
    r"must have the same (depth|number of channels)",
    r"Number of channels in filter \(\d+\) must match last dimension of input",
)
# oneDNN gives the answer to an empty convolution the shape of x (observed with 2.21.0), which bias_add may then refuse.
EMPTY = (r"^shape \(.*, expected \(.*\b0\b", r"Must provide as many biases as the last dimension")
# ... and its transposed convolution takes output shapes that are empty, or that no convolution maps to x.
LENIENT = (r"output_size is \d+; no .* convolution takes it",)


def plan(op: str, target: str = "tensorflow", dtype: str = "float32", **params: Any) -> Plan:
    found = TABLE[op](asked(target, op, dtype, **params))
    assert isinstance(found, Plan), found
    return found


def test_own_words_pass_as_they_are() -> None:
    found = plan("conv_transpose", convention="tensorflow", stride=2, padding="same", output_size=7, bias=True)
    assert found.text.splitlines() == [
        "y = tf.nn.conv2d_transpose(x, w, output_shape=(1, 7, 7, 1), strides=(2, 2), padding='SAME')",
        "y = tf.nn.bias_add(y, b)",
    ]
    assert dict(found.layouts) == {"x": "NHWC", "w": "HWOI", "b": "C", "y": "NHWC"}


def test_own_words_pass_even_where_the_definition_refuses_them() -> None:
    found = plan("conv_transpose", convention="tensorflow", padding="valid", output_size=9)
    assert "output_shape=(1, 9, 9, 1), strides=(1, 1), padding='VALID'" in found.text
    assert "output_padding=(1, 1)" in plan("conv_transpose", convention="tensorflow", output_padding=1).text
    assert (
        "[[0, 0], [-1, 0], [-1, 0], [0, 0]]" in plan("conv", convention="tensorflow", padding=[[-1, 0], [-1, 0]]).text
    )


def test_a_crop_is_a_list_of_paddings_in_two_dimensions() -> None:
    given = {"convention": "torch", "padding": 2}
    found = plan("conv_transpose", **given)
    assert found.text == (
        "y = tf.nn.conv2d_transpose(x, w, output_shape=(1, 2, 2, 1), strides=(1, 1), "
        "padding=[[0, 0], [2, 2], [2, 2], [0, 0]])"
    )
    # oneDNN has no explicit padding, and Eigen no dilation.
    call, crop = plan("conv_transpose", **given, dilation=3).text.splitlines()
    assert call.endswith("output_shape=(1, 10, 10, 1), strides=(1, 1), padding='VALID', dilations=(3, 3))")
    assert crop == "y = y[:, 2:8, 2:8, :]"


def test_a_crop_is_same_where_same_says_it() -> None:
    found = plan("conv_transpose", convention="torch", dims=1, stride=2, padding=1)
    assert found.text == "y = tf.nn.conv1d_transpose(x, w, output_shape=(1, 7, 1), strides=2, padding='SAME')"


def test_a_crop_is_a_slice_in_one_dimension() -> None:
    found = plan("conv_transpose", convention="torch", dims=1, padding=2)
    assert found.text.splitlines() == [
        "y = tf.nn.conv1d_transpose(x, w, output_shape=(1, 6, 1), strides=1, padding='VALID')",
        "y = y[:, 2:4, :]",
    ]


def test_the_bias_is_on_the_zeros_too() -> None:
    found = plan("conv_transpose", convention="jax", size=3, kernel=2, padding=[[2, 3]], dims=1, bias=True)
    assert found.text.splitlines() == [
        "y = tf.nn.conv1d_transpose(x, w, output_shape=(1, 4, 1), strides=1, padding='VALID')",
        "y = tf.pad(y, [[0, 0], [1, 2], [0, 0]])",
        "y = tf.nn.bias_add(y, b)",
    ]


def test_channels_first_is_said_everywhere() -> None:
    found = plan("conv", convention="torch", padding=1, data_format="channels_first", bias=True)
    assert found.text.splitlines() == [
        "y = tf.nn.conv2d(x, w, strides=(1, 1), padding='SAME', data_format='NCHW')",
        "y = tf.nn.bias_add(y, b, data_format='NCHW')",
    ]


@pytest.mark.parametrize(
    ("target", "dtype", "name"),
    [
        ("tensorflow", "float32", "tf.nn.convolution"),
        ("tensorflow+onednn=1", "float32", "tf.nn.conv2d"),
        ("tensorflow+onednn=1", "float64", "tf.nn.convolution"),
        ("tensorflow:xla", "float64", "tf.nn.conv2d"),
    ],
)
def test_a_dilated_convolution_is_asked_where_its_gradient_is(target: str, dtype: str, name: str) -> None:
    assert plan("conv", target, dtype, dilation=2, size=7).text.startswith(f"y = {name}(")


def test_depthwise_has_its_own_function() -> None:
    found = plan("conv", in_channels=3, out_channels=6, groups=3)
    assert found.text == "y = tf.nn.depthwise_conv2d(x, w, strides=(1, 1, 1, 1), padding='VALID')"
    assert dict(found.layouts)["w"] == "HWGO"


def test_groups_of_a_transposed_convolution_are_asked_whoever_has_them() -> None:
    given = {"in_channels": 4, "out_channels": 6, "groups": 2}
    for target, dtype in (("tensorflow", "float32"), ("tensorflow+onednn=1", "float64"), ("tensorflow:xla", "float64")):
        assert dict(plan("conv_transpose", target, dtype, **given).layouts)["w"] == "HWO(GI)"


def test_another_convention_that_refuses_has_no_words() -> None:
    found = TABLE["conv_transpose"](asked("tensorflow", "conv_transpose", convention="keras", output_padding=2))
    assert isinstance(found, Unsupported)
    assert "the keras convention rejects" in found.reason


def wrong_window(note: dict[str, str]) -> bool:
    """Eigen's conv3d with SAME and a stride beyond the kernel's reach starts too late (observed with 2.21.0)."""
    return "elements differ" in note["message"] and bool(re.search(r"tf\.nn\.conv3d\(.*padding='SAME'", note["plan"]))


def unwritten(note: dict[str, str]) -> bool:
    """Through oneDNN on AVX-512, a strided convolution of one input channel answers memory that nobody wrote."""
    one_channel = "avx512" in instruction_sets() and not re.search(r" c(?!1>)\d", note["label"])
    return (
        one_channel and "elements differ" in note["message"] and bool(re.search(r"tf\.nn\.conv[23]d\(", note["plan"]))
    )


@pytest.mark.skipif(find_spec("tensorflow") is None, reason="TensorFlow is not installed")
@pytest.mark.parametrize(
    ("target", "convention", "seed"), [("tensorflow+onednn=0", "", 1), ("tensorflow+onednn=1", "", 2)]
)
def test_tensorflow_answers_as_defined(target: str, convention: str, seed: int) -> None:
    count = 300
    found = in_its_own_process(target, count, seed, convention=convention)
    onednn = target.endswith("1")
    declared = unwritten if onednn else wrong_window
    mismatches = [note for note in found["mismatches"] if not declared(note)]
    assert unlike(mismatches, *(EMPTY if onednn else ())) == []
    assert found["whitelist"] == []
    assert unlike(found["raised"], *LIMITS, *(EMPTY if onednn else ())) == []
    assert unlike(found["accepted"], *(LENIENT if onednn else ())) == []
    assert found["agreed"] > count / 4
    assert found["refused_by_both"] > 10


@pytest.mark.skipif(find_spec("tensorflow") is None, reason="TensorFlow is not installed")
def test_a_fused_normalisation_in_half_precision(tmp_path: Path) -> None:
    asked = [{"space": [3], "unbiased": True}, {"space": [3, 4], "unbiased": True}]
    found = statuses(tmp_path, "batch_norm", "tensorflow+onednn=0", asked, dtype="bfloat16")
    assert {status.split()[0] for status in found.values()} == {"pass"}, found
