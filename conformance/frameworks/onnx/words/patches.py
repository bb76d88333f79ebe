"""How ONNX is asked: patches.

https://onnx.ai/onnx/operators/onnx__Col2Im.html
"""

from __future__ import annotations

from conformance.frameworks import Ask, Cell
from conformance.frameworks.onnx.model import answered, constant, node
from conformance.ops.patches import Fold, Unfold
from conformance.outcome import Unsupported
from conformance.plan import Plan


def unfold(ask: Ask[Unfold]) -> Plan | Unsupported:
    """By hand, with Gather: ONNX has no such operator."""
    meant = ask.op.meaning()
    around = meant["around"]
    nodes = [
        constant("pads", *(low for low, _ in around), *(high for _, high in around)),
        node("padded", "Pad", ("x", "pads")),
        constant("shape", *meant["flat"]),
        node("flat", "Reshape", ("padded", "shape"), allowzero=1),
        constant("places", *meant["inside"]),
        node("y", "Gather", ("flat", "places"), axis=2),
    ]
    return answered(ask, nodes, {"y": f"NC(K{ask.op.spatial})"})


def fold(ask: Ask[Fold]) -> Plan | Unsupported:
    """Col2Im."""
    p = ask.op
    pads = p.meaning()["pads"]
    words = {"pads": (*(low for low, _ in pads), *(high for _, high in pads))}
    words |= {"strides": p.stride, "dilations": p.dilation}
    shapes = [constant("image", *p.size), constant("block", *p.window)]
    return answered(ask, [*shapes, node("y", "Col2Im", ("x", "image", "block"), **words)], {"x": f"N(CK)({p.spatial})"})


TABLE: dict[str, Cell] = {
    "unfold": unfold,
    "fold": fold,
}
