"""How ONNX is asked what is no convolution: a model of one operator, and of the nodes that its inputs and outputs need.

Functions, not words: the text of a model says its types and shapes, which no hole does.

    https://onnx.ai/onnx/operators/onnx__MaxPool.html
    https://onnx.ai/onnx/operators/onnx__LSTM.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from conformance.frameworks import Ask
from conformance.frameworks.onnx.model import TYPES, constant, model, node
from conformance.layout import parse_layout
from conformance.ops.norm import BatchNorm, LayerNorm
from conformance.ops.pointwise import Gelu
from conformance.ops.pool import MaxPool
from conformance.ops.recurrent import Lstm
from conformance.ops.sorting import TopK
from conformance.outcome import Unsupported
from conformance.plan import Plan

_SAME = {"same": "SAME_UPPER", "valid": "VALID"}
# The gates in ONNX's order.
_GATES = " G=iofg"


def gelu(ask: Ask[Gelu]) -> Plan | Unsupported:
    """Gelu."""
    return _plan(ask, [node("y", "Gelu", ("x",), approximate=ask.op.approximate)])


def topk(ask: Ask[TopK]) -> Plan | Unsupported:
    """TopK, along the last axis, which is its default."""
    smallest = {} if ask.op.largest else {"largest": 0}
    return _plan(ask, [constant("k", ask.op.k), node("values, indices", "TopK", ("x", "k"), **smallest)])


def max_pool(ask: Ask[MaxPool]) -> Plan | Unsupported:
    """MaxPool, whose indices count the whole of x: the remainder is the place in the plane."""
    p = ask.op
    words: dict[str, object] = {"kernel_shape": p.window}
    if set(p.stride) != {1}:
        words["strides"] = p.stride
    if set(p.dilation) != {1}:
        words["dilations"] = p.dilation
    if isinstance(p.padding, str):
        words["auto_pad"] = _SAME[p.padding]
    elif any(map(any, p.padding)):
        words["pads"] = (*(low for low, _ in p.padding), *(high for _, high in p.padding))
    if p.ceil:
        words["ceil_mode"] = 1
    if not p.indices:
        return _plan(ask, [node("y", "MaxPool", ("x",), **words)])
    nodes = [
        node("y, places", "MaxPool", ("x",), **words),
        constant("plane", prod(p.size)),
        node("indices", "Mod", ("places", "plane")),
    ]
    return _plan(ask, nodes)


def batch_norm(ask: Ask[BatchNorm]) -> Plan | Unsupported:
    """BatchNormalization in training, whose momentum is the share of the old statistics."""
    p = ask.op
    if p.unbiased:
        return Unsupported("ONNX's running variance is the biased one")
    words = {"training_mode": 1, "epsilon": p.epsilon, "momentum": p.momentum}
    inputs = ("x", "scale", "offset", "mean", "variance")
    return _plan(ask, [node("y, new_mean, new_variance", "BatchNormalization", inputs, **words)])


def layer_norm(ask: Ask[LayerNorm]) -> Plan | Unsupported:
    """LayerNormalization, which is told the first of its axes."""
    words = {"axis": -ask.op.axes, "epsilon": ask.op.epsilon}
    return _plan(ask, [node("y", "LayerNormalization", ("x", "scale", "offset"), **words)])


def lstm(ask: Ask[Lstm]) -> Plan | Unsupported:
    """LSTM of one direction, an axis that its tensors have; of its two biases the second is 0."""
    p = ask.op
    merged = {"x": "TNI", "w": "(GH)I" + _GATES, "r": "(GH)K" + _GATES, "b": "(GH)" + _GATES, "y": "TNH"}
    first = {"w": "kernel", "r": "recurrent", "both": "bias", "h0": "h_before", "c0": "c_before"}
    nodes = [
        constant("one", 0),
        constant("more", 0, 4 * p.units),
        node("both", "Pad", ("b", "more")),
        *(node(there, "Unsqueeze", (here, "one")) for here, there in first.items()),
        # sequence_lens, between the bias and the state, is left out.
        node(
            "all, h_after, c_after",
            "LSTM",
            ("x", "kernel", "recurrent", "bias", "", "h_before", "c_before"),
            hidden_size=p.units,
        ),
        constant("direction", 1),
        node("y", "Squeeze", ("all", "direction")),
        node("h", "Squeeze", ("h_after", "one")),
        node("c", "Squeeze", ("c_after", "one")),
    ]
    return _plan(ask, nodes, merged)


def _plan(ask: Ask[Any], nodes: Sequence[str], special: Mapping[str, str] | None = None) -> Plan | Unsupported:
    """The model of these nodes over the op's tensors, where ONNX has the type."""
    if ask.dtype not in TYPES:
        return Unsupported(f"ONNX has no {ask.dtype}")
    layouts, shapes = {}, []
    for spec in ask.op.inputs():
        layouts[spec.name] = (special or {}).get(spec.name, spec.axes)
        lengths = dict(zip(spec.axes, spec.shape, strict=True))
        axes = parse_layout(layouts[spec.name]).axes
        shapes.append((spec.name, [prod(lengths[letter] for letter in axis) for axis in axes]))
    for spec in ask.op.outputs():
        layouts[spec.name] = (special or {}).get(spec.name, spec.axes)
    indices = [spec.name for spec in ask.op.outputs() if spec.kind == "index"]
    return model(ask, shapes, nodes, layouts, indices=indices)
