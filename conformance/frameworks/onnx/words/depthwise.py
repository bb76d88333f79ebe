"""How ONNX is asked: depthwise and separable convolutions, as Conv with a group for each channel.

https://onnx.ai/onnx/operators/onnx__Conv.html
"""

from __future__ import annotations

from typing import Any

from conformance.frameworks import Ask, Cell
from conformance.frameworks.onnx.model import answered, constant, node
from conformance.ops.base import SPATIAL
from conformance.ops.conv.depthwise import DepthwiseConv, SeparableConv
from conformance.outcome import Unsupported
from conformance.plan import Plan


def depthwise(ask: Ask[DepthwiseConv]) -> Plan | Unsupported:
    """One Conv, whose kernel is (in * multiplier, 1, height, width)."""
    nodes = _deep(ask, "y", ("x", "kernel", "b") if ask.op.bias else ("x", "kernel"))
    return answered(ask, nodes, {"y": "N(CM)" + SPATIAL[len(ask.op.size)], "b": "(CM)", **_kernel(ask)})


def separable(ask: Ask[SeparableConv]) -> Plan | Unsupported:
    """A Conv behind another."""
    p = ask.op
    joining = constant("joining", p.filters, p.channels * p.multiplier, *(1 for _ in p.size))
    second = ("z", "join", "b") if p.bias else ("z", "join")
    nodes = [*_deep(ask, "z", ("x", "kernel")), joining, node("join", "Reshape", ("p", "joining"))]
    return answered(ask, [*nodes, node("y", "Conv", second)], {"p": "O(CM)", **_kernel(ask)})


def _kernel(ask: Ask[Any]) -> dict[str, str]:
    return {"w": "(CM)" + SPATIAL[len(ask.op.size)]}


def _deep(ask: Ask[Any], y: str, inputs: tuple[str, ...]) -> list[str]:
    lows, highs = zip(*ask.meaning["pads"], strict=True)
    words = {"pads": (*lows, *highs), "strides": ask.meaning["strides"], "dilations": ask.meaning["dilations"]}
    return [
        constant("one", 1),
        node("kernel", "Unsqueeze", ("w", "one")),
        node(y, "Conv", inputs, group=ask.op.channels, **words),
    ]


TABLE: dict[str, Cell] = {"depthwise_conv": depthwise, "separable_conv": separable}
