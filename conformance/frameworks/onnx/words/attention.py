"""How ONNX is asked: attention.

https://onnx.ai/onnx/operators/onnx__Attention.html
"""

from __future__ import annotations

from conformance.frameworks import Ask, Cell
from conformance.frameworks.onnx.model import answered, node
from conformance.ops.attention import Attention
from conformance.outcome import Unsupported
from conformance.plan import Plan


def attention(ask: Ask[Attention]) -> Plan | Unsupported:
    """Attention of opset 23, whose past is counted from the top left."""
    p = ask.op
    if p.causal == "bottom_right":
        return Unsupported("is_causal counts from the top left; an offset takes a cache of past keys")
    words = ({} if p.scale is None else {"scale": p.scale}) | ({"is_causal": 1} if p.causal == "top_left" else {})
    inputs = ("q", "k", "v", *(("mask",) if p.mask != "no" else ()))
    return answered(ask, [node("y", "Attention", inputs, **words)], opset=23)


TABLE: dict[str, Cell] = {
    "multi_head_attention": "ONNX's Attention (opset 23) has no weights of projections",
    "attention": attention,
}
