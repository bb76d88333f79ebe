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
    words: dict[str, object] = {"mode": p.method, "coordinate_transformation_mode": p.coordinates}
    if p.method == "nearest":
        words["nearest_mode"] = _ROUNDING.get(p.rounding, p.rounding)
    if p.method == "cubic":
        words["cubic_coeff_a"] = p.a
    if p.exclude or p.antialias:
        words["exclude_outside"] = 1
    if p.antialias:
        words["antialias"] = 1
    # Cubic takes planes alone, of which a line is one row.
    row = p.method == "cubic" and len(p.size) == 1
    one, x, y = (1,) * row, "plane" if row else "x", "made" if row else "y"
    if p.output is None:
        nodes = [node("scales", "Constant", (), value_floats=(1.0, 1.0, *map(float, one), *p.scale))]
        nodes.append(node(y, "Resize", (x, "", "scales"), **words))
    else:
        nodes = [constant("sizes", p.batch, p.channels, *one, *p.lengths)]
        nodes.append(node(y, "Resize", (x, "", "", "sizes"), **words))
    if row:
        nodes = [constant("axis", 2), node(x, "Unsqueeze", ("x", "axis")), *nodes]
        nodes.append(node("y", "Squeeze", (y, "axis")))
    return answered(ask, nodes)


TABLE: dict[str, Cell] = {
    "resize": resize,
}
