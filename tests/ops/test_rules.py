"""What each convention's words mean, at points that somebody wrote down: documents, issues, measurements."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.ops.base import ParamError
from tests.strategies import parameters


def axis_of(op: str, **given: Any) -> tuple[int, int]:
    """(output length, lo) along the one spatial axis."""
    bound = parameters(op, dims=1, **given)
    (axis,) = bound.geometry()  # type: ignore[attr-defined]
    return (axis.large if op == "conv_transpose" else axis.small), axis.lo


@pytest.mark.parametrize(
    ("convention", "given", "length", "lo"),
    [
        # Keras: None, 0 and 1 differ (tf#50168)
        ("keras", {"size": 4, "kernel": 3, "stride": 2, "padding": "same"}, 8, 0),
        ("keras", {"size": 4, "kernel": 3, "stride": 2, "padding": "same", "output_padding": 0}, 7, 1),
        ("keras", {"size": 4, "kernel": 3, "stride": 2, "padding": "same", "output_padding": 1}, 8, 0),
        ("keras", {"size": 4, "kernel": 3, "stride": 2}, 9, 0),
        ("keras", {"size": 5, "kernel": 3, "stride": 2}, 11, 0),
        ("keras", {"size": 5, "kernel": 3, "stride": 2, "output_padding": 1}, 12, 0),
        ("keras", {"size": 10, "kernel": 3, "dilation": 2, "padding": "same"}, 10, 2),
        ("keras", {"size": 15, "kernel": 3, "stride": 2, "padding": "same"}, 30, 0),
        ("keras", {"size": 15, "kernel": 3, "padding": "same"}, 15, 1),
        ("keras", {"size": 16, "kernel": 3, "stride": 2}, 33, 0),
        # the kernel is shorter than the stride: Keras and JAX reach a whole stride, PyTorch the last tap
        ("keras", {"size": 3, "kernel": 2, "stride": 4}, 12, 0),
        ("jax", {"size": 3, "kernel": 2, "stride": 4}, 12, 0),
        ("torch", {"size": 3, "kernel": 2, "stride": 4}, 10, 0),
        ("tensorflow", {"size": 3, "kernel": 2, "stride": 4, "output_size": 10}, 10, 0),
        ("tensorflow", {"size": 3, "kernel": 2, "stride": 4, "output_size": 13}, 13, 0),
        ("tensorflow", {"size": 3, "kernel": 2, "stride": 4}, 12, 0),
        # pairs pad the spread-out input in JAX (jax#17618), the result in PyTorch
        ("jax", {"size": 5, "kernel": 4, "stride": 2, "padding": [[0, 0]]}, 6, 3),
        ("torch", {"size": 5, "kernel": 4, "stride": 2, "padding": 0}, 12, 0),
        ("torch", {"size": 6, "kernel": 2, "padding": 3, "dilation": 2, "output_padding": 1}, 3, 3),
        ("torch", {"size": 4, "kernel": 3, "stride": 2, "padding": 1, "output_padding": 1}, 8, 1),
        ("torch", {"size": 4, "kernel": 4, "stride": 2, "padding": 1, "output_size": 9}, 9, 1),
        # ONNX: n*s, even where the kernel is shorter than the stride
        ("onnx", {"size": 3, "kernel": 1, "stride": 2, "padding": "same_upper"}, 6, -1),
        ("onnx", {"size": 3, "kernel": 4, "stride": 1, "padding": "same_upper"}, 3, 1),
        ("onnx", {"size": 3, "kernel": 4, "stride": 1, "padding": "same_lower"}, 3, 2),
        ("onnx", {"size": 3, "kernel": 3, "stride": 2, "padding": [[1, 0]], "output_padding": 1}, 7, 1),
        ("onnx", {"size": 3, "kernel": 4, "stride": 2, "padding": 0, "output_size": 7}, 7, 1),
        ("onnx", {"size": 3, "kernel": 4, "stride": 2, "padding": "valid", "output_size": 7}, 7, 1),
        ("onnx", {"size": 3, "kernel": 4, "stride": 2, "output_size": 7, "output_padding": 1}, 7, 1),
        ("onnx", {"size": 3, "kernel": 4, "stride": 2, "padding": "same_upper", "output_size": 7}, 7, 0),
        ("jax", {"size": 4, "kernel": 3, "stride": 2, "padding": "same"}, 8, 0),
        ("tensorflow", {"size": 4, "kernel": 3, "stride": 2, "padding": "same"}, 8, 0),
        ("tensorflow", {"size": 4, "kernel": 3, "stride": 2, "padding": "same", "output_size": 7}, 7, 1),
        ("tensorflow", {"size": 0, "kernel": 3, "stride": 2, "padding": "same"}, 0, 0),
    ],
)
def test_transposed(convention: str, given: dict[str, Any], length: int, lo: int) -> None:
    assert axis_of("conv_transpose", convention=convention, **given) == (length, lo)


@pytest.mark.parametrize(
    ("convention", "given", "length", "lo"),
    [
        # same with a stride pads (0, 1) here, where a port with padding=1 pads (1, 1) (pytorch#45667)
        ("tensorflow", {"size": 4, "kernel": 3, "stride": 2, "padding": "same"}, 2, 0),
        ("keras", {"size": 4, "kernel": 3, "stride": 2, "padding": "same"}, 2, 0),
        ("jax", {"size": 4, "kernel": 3, "stride": 2, "padding": "same"}, 2, 0),
        ("torch", {"size": 4, "kernel": 3, "stride": 2, "padding": 1}, 2, 1),
        ("torch", {"size": 4, "kernel": 2, "padding": "same"}, 4, 0),
        ("onnx", {"size": 4, "kernel": 2, "padding": "same_upper"}, 4, 0),
        ("onnx", {"size": 4, "kernel": 2, "padding": "same_lower"}, 4, 1),
        ("keras", {"size": 7, "kernel": 3, "stride": 2}, 3, 0),
        ("keras", {"size": 8, "kernel": 3, "stride": 2, "padding": "same"}, 4, 0),
        ("torch", {"size": 7, "kernel": 3, "dilation": 3}, 1, 0),
        ("jax", {"size": 7, "kernel": 3, "padding": [[-1, 2]]}, 6, -1),
        ("jax", {"size": 2, "kernel": 5}, 0, 0),
        ("tensorflow", {"size": 5, "kernel": 1, "stride": 3, "padding": "same"}, 2, 0),
    ],
)
def test_plain(convention: str, given: dict[str, Any], length: int, lo: int) -> None:
    assert axis_of("conv", convention=convention, **given) == (length, lo)


@pytest.mark.parametrize(
    ("op", "given", "reason"),
    [
        ("conv_transpose", {"convention": "torch", "padding": "same"}, "has no padding 'same'"),
        ("conv_transpose", {"convention": "torch", "padding": [[0, 1]]}, "pads both ends alike, found 0 and 1"),
        ("conv_transpose", {"convention": "torch", "output_padding": 1}, "output_padding is 1, expected below"),
        ("conv_transpose", {"convention": "torch", "size": 0}, "no empty spatial axis"),
        ("conv_transpose", {"convention": "torch", "size": 1, "kernel": 1, "padding": 1}, "length -1"),
        ("conv_transpose", {"convention": "torch", "stride": 2, "output_size": 4}, "expected 9 to 10"),
        ("conv_transpose", {"convention": "keras", "padding": 1}, "'valid' or 'same' only"),
        ("conv_transpose", {"convention": "keras", "stride": 2, "output_padding": 2}, "below the stride, which is 2"),
        ("conv_transpose", {"convention": "keras", "output_size": 9}, "no output_size"),
        ("conv_transpose", {"convention": "jax", "output_padding": 0}, "neither output_padding nor output_size"),
        ("conv_transpose", {"convention": "tensorflow", "output_padding": 0}, "no output_padding"),
        ("conv_transpose", {"convention": "tensorflow", "stride": 2, "output_size": 8}, "takes it to length 4"),
        ("conv_transpose", {"convention": "onnx", "output_padding": 1}, "below max"),
        ("conv", {"convention": "torch", "padding": "same", "stride": 2}, "takes stride 1 only"),
        ("conv", {"convention": "torch", "size": 2, "kernel": 5}, "reaches over 5 elements"),
        ("conv", {"convention": "keras", "padding": 1}, "'valid' or 'same' only"),
        ("conv", {"convention": "keras", "out_channels": 0}, "no filters=0"),
        ("conv_transpose", {"convention": "keras", "out_channels": 0}, "no filters=0"),
        ("conv", {"convention": "torch", "padding": [[1, 0]]}, "pads both ends alike"),
        ("conv", {"convention": "onnx", "padding": [[-1, 0]]}, "at least 0"),
    ],
)
def test_refused(op: str, given: dict[str, Any], reason: str) -> None:
    refusal = parameters(op, dims=1, **given).refusal()
    assert refusal is not None
    assert reason in refusal


@pytest.mark.parametrize(
    ("given", "param", "message"),
    [
        ({"dims": 4}, "dims", "expected 1, 2 or 3"),
        ({"in_channels": 3, "groups": 2}, "in_channels", "multiple of groups, which is 2"),
        ({"in_channels": 2, "out_channels": 3, "groups": 2}, "out_channels", "multiple of groups, which is 2"),
        ({"kernel": [3, 3, 3]}, "kernel", "3 entries, expected 2"),
        ({"padding": [1]}, "padding", "1 entries, expected 2"),
        ({"padding": "same_upper"}, "padding", "ONNX's word"),
        ({"padding": "same", "convention": "onnx"}, "padding", "expected same_upper or same_lower"),
        ({"output_padding": 1, "output_size": 9, "convention": "torch"}, "output_size", "at most one"),
    ],
)
def test_contradictions(given: dict[str, Any], param: str, message: str) -> None:
    with pytest.raises(ParamError, match=message) as caught:
        parameters("conv_transpose", **given)
    assert caught.value.param == param


@pytest.mark.parametrize(
    ("field", "value"),
    [("stride", 0), ("kernel", 0), ("kernel", True), ("size", -1), ("size", "4"), ("dilation", [1, 0]), ("kernel", []),
     ("groups", 0), ("padding", "full"), ("padding", True), ("padding", [[1, 2, 3]]), ("padding", [1, [1, 2]]),
     ("bias", 1), ("convention", "caffe"), ("output_padding", -1), ("kernel", 2.0)],
)  # fmt: skip
def test_values_that_no_parameter_takes(field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=r"integer|one of|true or false|valid, same"):
        parameters("conv_transpose", **{field: value})


def test_labels_tell_parameters_apart() -> None:
    variations: list[dict[str, Any]] = [
        {}, {"dims": 1}, {"dims": 3}, {"batch": 2}, {"in_channels": 2}, {"out_channels": 2}, {"size": 5},
        {"size": [4, 5]},
        {"kernel": [3, 2]}, {"kernel": 2}, {"stride": 2}, {"stride": [1, 2]}, {"stride": [2, 1]}, {"dilation": 2},
        {"padding": "same"}, {"padding": 1}, {"padding": [[1, 1], [1, 1]]}, {"padding": [1, 2]},
        {"padding": [[1, 2], [1, 2]]},
        {"padding": 0}, {"bias": True}, {"output_padding": 0}, {"output_padding": 1}, {"output_size": 9},
        {"convention": "torch"}, {"convention": "jax"}, {"data_format": "channels_first"},
        {"data_format": "channels_last"},
        {"in_channels": 2, "out_channels": 2, "groups": 2}, {"in_channels": 2, "out_channels": 2},
    ]  # fmt: skip
    labels = [parameters("conv_transpose", **v).label() for v in variations]
    assert len(set(labels)) == len(labels)
