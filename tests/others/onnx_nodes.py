"""ONNX's node tests: the inputs and expected outputs that the `onnx` package makes for its operators.

https://github.com/onnx/onnx/blob/main/docs/OnnxBackendTest.md
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from onnx import NodeProto, helper
from onnx.backend.test.loader import load_model_tests

from tests.others.points import AnyArray, NotExpressible, Point

Attributes = Mapping[str, Any]
# (attributes, tensors in the order of the node's inputs, of its outputs) -> (params, inputs, outputs)
Read = tuple[dict[str, Any], dict[str, AnyArray], dict[str, AnyArray]]
Reader = Callable[[Attributes, Sequence[AnyArray | None], Sequence[AnyArray | None]], Read]


def points() -> Iterator[Point | tuple[str, str, str]]:
    """Every node test of an operator that is read here, and (operator, name, reason) for what can't be said."""
    for test in load_model_tests(kind="node"):
        nodes = test.model.graph.node
        if len(nodes) != 1 or nodes[0].op_type not in READERS or nodes[0].domain not in ("", "ai.onnx"):
            continue
        (node,) = nodes
        for given, expected in test.data_sets:
            try:
                yield _point(
                    test.name,
                    node,
                    _named(test.model.graph.input, node.input, given),
                    _named(test.model.graph.output, node.output, expected),
                )
            except NotExpressible as reason:
                yield READERS[node.op_type][0], test.name, str(reason)


def _named(declared: Sequence[Any], names: Sequence[str], arrays: Sequence[Any]) -> list[AnyArray | None]:
    """The tensors in the order in which the node names them; None for one that it leaves out."""
    by_name = dict(zip((value.name for value in declared), arrays, strict=True))
    if any(isinstance(array, list) or array is None for array in by_name.values()):
        raise NotExpressible("a sequence or an optional tensor")
    return [by_name.get(name) for name in names]


def _point(name: str, node: NodeProto, given: list[AnyArray | None], expected: list[AnyArray | None]) -> Point:
    attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    attributes = {k: v.decode() if isinstance(v, bytes) else v for k, v in attributes.items()}
    op, read = READERS[node.op_type]
    params, inputs, outputs = read(attributes, given, expected)
    dtypes = {array.dtype.name for array in inputs.values() if array.dtype.kind == "f"}
    if len(dtypes) > 1:
        raise NotExpressible(f"of {' and '.join(sorted(dtypes))}")
    return Point(name, op, params, inputs, outputs, "onnx", dtype=dtypes.pop() if dtypes else "float32")


def _needed(array: AnyArray | None) -> AnyArray:
    if array is None:
        raise NotExpressible("a tensor that is left out or constant")
    return array


def _only(attributes: Attributes, *known: str) -> None:
    if unknown := set(attributes) - set(known):
        raise NotExpressible(f"the attribute {sorted(unknown)[0]}")


def _window(attributes: Attributes, size: Sequence[int], kernel: Sequence[int]) -> dict[str, Any]:
    dims = len(kernel)
    word = attributes.get("auto_pad", "NOTSET")
    pads = attributes.get("pads", [0] * 2 * dims)
    words = {"SAME_UPPER": "same_upper", "SAME_LOWER": "same_lower", "VALID": "valid"}
    return {
        "size": list(size),
        "stride": list(attributes.get("strides", [1] * dims)),
        "dilation": list(attributes.get("dilations", [1] * dims)),
        "padding": words.get(word) or [list(pair) for pair in zip(pads[:dims], pads[dims:], strict=True)],
    }


def _conv(attributes: Attributes, given: Sequence[AnyArray | None], expected: Sequence[AnyArray | None]) -> Read:
    x, w, *more = map(_needed, given)
    kernel = w.shape[2:]
    params = {
        **_window(attributes, x.shape[2:], kernel),
        "convention": "onnx",
        "dims": len(kernel),
        "kernel": list(kernel),
        "batch": x.shape[0],
        "in_channels": x.shape[1],
        "out_channels": w.shape[0],
        "groups": attributes.get("group", 1),
        "bias": bool(more),
    }
    return params, dict(zip("xwb", (x, w, *more), strict=False)), {"y": _needed(expected[0])}


def _conv_transpose(
    attributes: Attributes, given: Sequence[AnyArray | None], expected: Sequence[AnyArray | None]
) -> Read:
    params, inputs, outputs = _conv(attributes, given, expected)
    params["out_channels"] = inputs["w"].shape[1] * params["groups"]
    if "output_padding" in attributes:
        params["output_padding"] = list(attributes["output_padding"])
    if "output_shape" in attributes:
        params["output_size"] = list(attributes["output_shape"])[-params["dims"] :]
    return params, inputs, outputs


def _max_pool(attributes: Attributes, given: Sequence[AnyArray | None], expected: Sequence[AnyArray | None]) -> Read:
    _only(attributes, "auto_pad", "ceil_mode", "dilations", "kernel_shape", "pads", "strides")
    x = _needed(given[0])
    params = _window(attributes, x.shape[2:], attributes["kernel_shape"])
    if params["padding"] == "same_lower":
        raise NotExpressible("auto_pad SAME_LOWER")
    params["padding"] = {"same_upper": "same"}.get(str(params["padding"]), params["padding"])
    params |= {"window": list(attributes["kernel_shape"]), "batch": x.shape[0], "channels": x.shape[1]}
    params |= {"ceil": bool(attributes.get("ceil_mode", 0)), "indices": len(expected) > 1}
    outputs = {"y": _needed(expected[0])}
    if len(expected) > 1:
        # Theirs count the whole of x, ours the plane.
        outputs["indices"] = _needed(expected[1]) % np.prod(x.shape[2:])
    return params, {"x": x}, outputs


def _gelu(attributes: Attributes, given: Sequence[AnyArray | None], expected: Sequence[AnyArray | None]) -> Read:
    x = _needed(given[0])
    params = {"shape": list(x.shape), "approximate": attributes.get("approximate", "none")}
    return params, {"x": x}, {"y": _needed(expected[0])}


def _topk(attributes: Attributes, given: Sequence[AnyArray | None], expected: Sequence[AnyArray | None]) -> Read:
    x, k = map(_needed, given)
    if x.ndim != 2 or attributes.get("axis", -1) not in (-1, 1):
        raise NotExpressible("along another axis than the last of two")
    if not attributes.get("sorted", 1):
        raise NotExpressible("unsorted")
    params = {"rows": x.shape[0], "length": x.shape[1], "k": int(k[0]), "largest": bool(attributes.get("largest", 1))}
    return params, {"x": x}, {"values": _needed(expected[0]), "indices": _needed(expected[1])}


def _batch_norm(attributes: Attributes, given: Sequence[AnyArray | None], expected: Sequence[AnyArray | None]) -> Read:
    if not attributes.get("training_mode", 0):
        raise NotExpressible("in inference")
    x = _needed(given[0])
    params = {"batch": x.shape[0], "channels": x.shape[1], "space": list(x.shape[2:])}
    params |= {"epsilon": attributes.get("epsilon", 1e-5), "momentum": attributes.get("momentum", 0.9)}
    inputs = dict(zip(("x", "scale", "offset", "mean", "variance"), map(_needed, given), strict=True))
    return (
        params,
        inputs,
        dict(zip(("y", "new_mean", "new_variance"), map(_needed, expected), strict=False)),
    )


def _layer_norm(attributes: Attributes, given: Sequence[AnyArray | None], expected: Sequence[AnyArray | None]) -> Read:
    x, scale, *more = map(_needed, given)
    axes = -attributes.get("axis", -1) if attributes.get("axis", -1) < 0 else x.ndim - attributes["axis"]
    params = {"shape": list(x.shape), "axes": axes, "epsilon": attributes.get("epsilon", 1e-5)}
    inputs = {"x": x, "scale": scale, "offset": more[0] if more else np.zeros_like(scale)}
    return params, inputs, {"y": _needed(expected[0])}


def _lstm(attributes: Attributes, given: Sequence[AnyArray | None], expected: Sequence[AnyArray | None]) -> Read:
    _only(attributes, "hidden_size")
    x, w, r, *more = given
    x, w, r = _needed(x), _needed(w), _needed(r)
    if len(more) > 1 or w.shape[0] != 1:
        raise NotExpressible("with lengths, an initial state, peepholes or two directions")
    units = attributes["hidden_size"]
    both = _needed(more[0])[0] if more else np.zeros(8 * units, w.dtype)
    state = np.zeros((x.shape[1], units), w.dtype)
    params = {"steps": x.shape[0], "batch": x.shape[1], "features": x.shape[2], "units": units}
    # The two biases are one here.
    inputs = {"x": x, "w": w[0], "r": r[0], "b": both[: 4 * units] + both[4 * units :], "h0": state, "c0": state}
    named = dict(zip(("y", "h", "c"), expected, strict=False))
    outputs = {name: array[:, 0] if name == "y" else array[0] for name, array in named.items() if array is not None}
    return params, inputs, outputs


def _gather(attributes: Attributes, given: Sequence[AnyArray | None], expected: Sequence[AnyArray | None]) -> Read:
    w, indices = map(_needed, given)
    if attributes.get("axis", 0) != 0 or w.ndim != 2 or (indices < 0).any():
        raise NotExpressible("along another axis, or by negative places")
    params = {"shape": list(indices.shape), "rows": w.shape[0], "features": w.shape[1]}
    return params, {"w": w, "indices": indices}, {"y": _needed(expected[0])}


# operator -> the op that it is read as, and how
READERS: dict[str, tuple[str, Reader]] = {
    "Conv": ("conv", _conv),
    "ConvTranspose": ("conv_transpose", _conv_transpose),
    "MaxPool": ("max_pool", _max_pool),
    "Gelu": ("gelu", _gelu),
    "TopK": ("topk", _topk),
    "BatchNormalization": ("batch_norm", _batch_norm),
    "LayerNormalization": ("layer_norm", _layer_norm),
    "LSTM": ("lstm", _lstm),
    "Gather": ("embedding", _gather),
}
