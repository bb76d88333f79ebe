"""How ONNX is asked: pooling.

https://onnx.ai/onnx/operators/onnx__MaxPool.html
"""

from __future__ import annotations

from math import prod

from conformance.frameworks import Ask, Cell
from conformance.frameworks.onnx.model import answered, constant, node
from conformance.ops.pool import MaxPool
from conformance.outcome import Unsupported
from conformance.plan import Plan

_SAME = {"same": "SAME_UPPER", "valid": "VALID"}


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
        return answered(ask, [node("y", "MaxPool", ("x",), **words)])
    nodes = [
        node("y, places", "MaxPool", ("x",), **words),
        constant("plane", prod(p.size)),
        node("indices", "Mod", ("places", "plane")),
    ]
    return answered(ask, nodes)


TABLE: dict[str, Cell] = {"max_pool": max_pool}
