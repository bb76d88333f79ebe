"""How ONNX is asked: resizing.

https://onnx.ai/onnx/operators/onnx__Resize.html
"""

from __future__ import annotations

from conformance.frameworks import Ask, Cell
from conformance.frameworks.onnx.model import answered, constant, node
from conformance.ops.resize import Resize
from conformance.outcome import Unsupported
from conformance.plan import Plan

_ROUNDING = {"prefer_floor": "round_prefer_floor", "prefer_ceil": "round_prefer_ceil"}


def resize(ask: Ask[Resize]) -> Plan | Unsupported:
    """Resize, by the sizes or the scales; with antialias what is outside of x is left out."""
    p = ask.op
    if p.method == "area":
        return Unsupported("ONNX's Resize has no area: 'mode' is nearest, linear or cubic")
    if p.method == "cubic" and len(p.size) != 2 and ask.target.backend == "onnxruntime":
        return Unsupported("ONNX Runtime's cubic is of planes: ''Cubic' mode only supports: 2-D inputs'")
    words: dict[str, object] = {"mode": p.method, "coordinate_transformation_mode": p.coordinates}
    if p.method == "nearest":
        words["nearest_mode"] = _ROUNDING.get(p.rounding, p.rounding)
    if p.method == "cubic":
        words["cubic_coeff_a"] = p.a
    if p.exclude or p.antialias:
        words["exclude_outside"] = 1
    if p.antialias:
        words["antialias"] = 1
    if p.output is None:
        scales = node("scales", "Constant", (), value_floats=(1.0, 1.0, *p.scale))
        return answered(ask, [scales, node("y", "Resize", ("x", "", "scales"), **words)])
    sizes = constant("sizes", p.batch, p.channels, *p.lengths)
    return answered(ask, [sizes, node("y", "Resize", ("x", "", "", "sizes"), **words)])


TABLE: dict[str, Cell] = {
    "resize": resize,
}
