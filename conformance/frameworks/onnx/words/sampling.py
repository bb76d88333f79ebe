"""How ONNX is asked: sampling at places that are a tensor.

https://onnx.ai/onnx/operators/onnx__GridSample.html
"""

from __future__ import annotations

from conformance.frameworks import Ask, Cell
from conformance.frameworks.onnx.model import answered, constant, node
from conformance.ops.sampling import AffineGrid, GridSample
from conformance.outcome import Unsupported
from conformance.plan import Plan


def grid_sample(ask: Ask[GridSample]) -> Plan | Unsupported:
    """GridSample."""
    p = ask.op
    words = {"mode": p.method, "padding_mode": p.padding, "align_corners": int(p.align_corners)}
    return answered(ask, [node("y", "GridSample", ("x", "grid"), **words)])


def affine_grid(ask: Ask[AffineGrid]) -> Plan | Unsupported:
    """AffineGrid, which takes the size of an image."""
    p = ask.op
    if p.align_corners and 1 in p.size:
        return Unsupported("the specification does not say where the one place of an axis is when corners are aligned")
    size = constant("size", p.batch, 1, *p.size)
    return answered(ask, [size, node("grid", "AffineGrid", ("theta", "size"), align_corners=int(p.align_corners))])


TABLE: dict[str, Cell] = {
    "grid_sample": grid_sample,
    "affine_grid": affine_grid,
}
