"""PyTorch's plans: what they say, and that PyTorch, given them, answers as the op is defined."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import pytest

from conformance.frameworks.torch.words import TABLE
from conformance.outcome import Unsupported
from conformance.plan import Plan
from tests.frameworks.exercise import asked, in_its_own_process, unlike

# What PyTorch refuses though a convention answers: outputs and inputs with an empty spatial axis.
LIMITS = (
    r"Kernel size can't be greater than actual input size",
    r"Only zero batch or zero channel inputs are supported",
    r"Calculated output size per channel: \([\d x]*\b0\b[\d x]*\)\. Output size is too small",
    r"narrow\(\): length must be non-negative",
    r"invalid shape dimension -\d+",
)
# What it answers though its own documentation refuses it, both with an empty batch alone.
LENIENT = (r"expected below max\(stride, dilation\) .* it answered \(0,", r"no empty spatial axis; it answered \(0,")


def plan(op: str, target: str = "torch", **params: Any) -> Plan:
    found = TABLE[op](asked(target, op, **params))
    assert isinstance(found, Plan), found
    return found


def test_own_words_pass_as_they_are() -> None:
    found = plan(
        "conv_transpose",
        convention="torch",
        in_channels=4,
        out_channels=6,
        groups=2,
        stride=2,
        padding=1,
        output_padding=1,
        bias=True,
    )
    assert found.text == (
        "y = torch.nn.functional.conv_transpose2d(x, w, bias=b, stride=(2, 2), padding=(1, 1), output_padding=(1, 1), "
        "groups=2)"
    )
    assert dict(found.layouts) == {"x": "NCHW", "w": "(GI)OHW", "b": "C", "y": "NCHW"}


def test_own_words_pass_even_where_the_definition_refuses_them() -> None:
    assert "output_padding=(5, 5)" in plan("conv_transpose", convention="torch", padding=0, output_padding=5).text
    assert "padding='same'" in plan("conv_transpose", convention="torch", padding="same").text
    assert "padding=((1, 2), (1, 2))" in plan("conv", convention="torch", padding=[[1, 2], [1, 2]]).text


def test_output_size_is_the_modules() -> None:
    found = plan("conv_transpose", convention="torch", stride=2, padding=1, output_size=8)
    assert found.text.splitlines() == [
        "layer = torch.nn.ConvTranspose2d(1, 1, (3, 3), stride=(2, 2), padding=(1, 1), bias=False)",
        'y = torch.func.functional_call(layer, {"weight": w}, (x, (8, 8)))',
    ]


def test_keras_same_is_cropped() -> None:
    found = plan("conv_transpose", convention="keras", size=4, kernel=3, stride=2, padding="same")
    assert found.text.splitlines() == [
        "y = torch.nn.functional.conv_transpose2d(x, w, stride=(2, 2))",
        "y = y[:, :, 0:8, 0:8]",
    ]


def test_the_bias_is_on_the_zeros_too() -> None:
    found = plan("conv_transpose", convention="keras", size=3, kernel=2, stride=4, padding="valid", dims=1, bias=True)
    # Length 12, where the full scatter is 10: output_padding says it, and PyTorch adds the bias there.
    assert found.text == "y = torch.nn.functional.conv_transpose1d(x, w, bias=b, stride=(4,), output_padding=(2,))"
    found = plan("conv_transpose", convention="jax", size=3, kernel=2, padding=[[2, 3]], dims=1, bias=True)
    assert found.text.splitlines() == [
        "y = torch.nn.functional.conv_transpose1d(x, w, stride=(1,))",
        "y = torch.nn.functional.pad(y, (1, 2))",
        "y = y + torch.reshape(b, (1, -1, 1))",
    ]


def test_uneven_padding_pads_x_first() -> None:
    found = plan("conv", convention="keras", size=4, kernel=3, stride=2, padding="same")
    assert found.text.splitlines() == [
        "padded = torch.nn.functional.pad(x, (0, 1, 0, 1))",
        "y = torch.nn.functional.conv2d(padded, w, stride=(2, 2))",
    ]


def test_channels_last_is_a_memory_format() -> None:
    assert "x.contiguous(memory_format=torch.channels_last)," in plan("conv", data_format="channels_last").text
    assert "torch.channels_last_3d)" in plan("conv", data_format="channels_last", dims=3).text
    assert isinstance(TABLE["conv"](asked("torch", "conv", data_format="channels_last", dims=1)), Unsupported)


def test_another_convention_that_refuses_has_no_words() -> None:
    found = TABLE["conv_transpose"](asked("torch", "conv_transpose", convention="keras", stride=2, output_padding=2))
    assert isinstance(found, Unsupported)
    assert "the keras convention rejects" in found.reason


@pytest.mark.skipif(find_spec("torch") is None, reason="PyTorch is not installed")
@pytest.mark.parametrize(
    ("target", "convention", "seed"),
    [("torch", "", 1), ("torch", "torch", 2), ("torch+api=module", "", 3)],
)
def test_torch_answers_as_defined(target: str, convention: str, seed: int) -> None:
    count = 400
    found = in_its_own_process(target, count, seed, convention=convention)
    assert found["mismatches"] == []
    assert found["whitelist"] == []
    assert unlike(found["raised"], *LIMITS) == []
    assert unlike(found["accepted"], *LENIENT) == []
    assert found["agreed"] > count / 4
    assert found["refused_by_both"] > 10
