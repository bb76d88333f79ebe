"""How ONNX is asked: pooling.

https://onnx.ai/onnx/operators/onnx__MaxPool.html
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from conformance.frameworks import Ask, Cell
from conformance.frameworks.onnx.model import answered, constant, node
from conformance.ops.pool import AdaptiveAvgPool, AvgPool, LpPool, MaxPool, Pool
from conformance.outcome import Unsupported
from conformance.plan import Plan

_SAME = {"same": "SAME_UPPER", "valid": "VALID"}


def _words(p: Pool) -> dict[str, object]:
    """The attributes that every pool has."""
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
    return words


def max_pool(ask: Ask[MaxPool]) -> Plan | Unsupported:
    """MaxPool, whose indices count the whole of x: the remainder is the place in the plane."""
    p = ask.op
    words = _words(p)
    if not p.indices:
        return answered(ask, [node("y", "MaxPool", ("x",), **words)])
    nodes = [
        node("y, places", "MaxPool", ("x",), **words),
        constant("plane", prod(p.size)),
        node("indices", "Mod", ("places", "plane")),
    ]
    return answered(ask, nodes)


def avg_pool(ask: Ask[AvgPool]) -> Plan | Unsupported:
    """AveragePool."""
    counted = {"count_include_pad": 1} if ask.op.count_pad else {}
    return answered(ask, [node("y", "AveragePool", ("x",), **_words(ask.op), **counted)])


def lp_pool(ask: Ask[LpPool]) -> Plan | Unsupported:
    """LpPool, whose p is an integer."""
    if ask.op.p % 1:
        return Unsupported("ONNX's LpPool has an integer for p")
    return answered(ask, [node("y", "LpPool", ("x",), **_words(ask.op), p=int(ask.op.p))])


def _adaptive(operator: str) -> Callable[[Ask[AdaptiveAvgPool]], Plan | Unsupported]:
    def ask_for(ask: Ask[AdaptiveAvgPool]) -> Plan | Unsupported:
        meant = ask.op.meaning()
        if not meant.divides:
            return Unsupported("ONNX has no adaptive pooling, and bins that do not divide x are no window")
        return answered(ask, [node("y", operator, ("x",), kernel_shape=meant.window, strides=meant.window)])

    return ask_for


TABLE: dict[str, Cell] = {
    "max_pool": max_pool,
    "avg_pool": avg_pool,
    "lp_pool": lp_pool,
    "adaptive_avg_pool": _adaptive("AveragePool"),
    "adaptive_max_pool": _adaptive("MaxPool"),
}
