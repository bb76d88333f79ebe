"""How ONNX is asked: what boxes cut out of images, and which boxes remain.

https://onnx.ai/onnx/operators/onnx__Resize.html, https://onnx.ai/onnx/operators/onnx__NonMaxSuppression.html
"""

from __future__ import annotations

from conformance.frameworks import Ask, Cell
from conformance.frameworks.onnx.model import answered, constant, node
from conformance.ops.boxes import CropAndResize
from conformance.ops.nms import NonMaxSuppression
from conformance.outcome import Unsupported
from conformance.plan import Plan


def crop_and_resize(ask: Ask[CropAndResize]) -> Plan | Unsupported:
    """Resize of the image of each box, which is its roi along both axes."""
    p = ask.op
    words: dict[str, object] = {"axes": (2, 3), "coordinate_transformation_mode": "tf_crop_and_resize"}
    words |= {"extrapolation_value": p.extrapolation, "mode": p.method}
    words |= {"nearest_mode": "round_prefer_ceil"} if p.method == "nearest" else {}
    nodes = [constant("size", *p.output)]
    for k in range(p.boxes):
        nodes += [
            constant(f"at{k}", k),
            node(f"index{k}", "Gather", ("box_indices", f"at{k}")),
            node(f"image{k}", "Gather", ("x", f"index{k}")),
            node(f"row{k}", "Gather", ("boxes", f"at{k}")),
            node(f"box{k}", "Squeeze", (f"row{k}",)),
            node(f"y{k}", "Resize", (f"image{k}", f"box{k}", "", "size"), **words),
        ]
    return answered(ask, [*nodes, node("y", "Concat", [f"y{k}" for k in range(p.boxes)], axis=0)])


def nms(ask: Ask[NonMaxSuppression]) -> Plan | Unsupported:
    """NonMaxSuppression of one image and one class, filled up with 0."""
    p = ask.op
    least = () if p.least is None else ("least",)
    nodes = [
        constant("zero", 0),
        constant("ends", 0, 1),
        constant("keep", p.keep),
        node("iou", "Constant", (), value_floats=(p.iou,)),
        *([node("least", "Constant", (), value_floats=(p.least,))] if least else []),
        node("image", "Unsqueeze", ("boxes", "zero")),
        node("rated", "Unsqueeze", ("scores", "ends")),
        node(
            "found",
            "NonMaxSuppression",
            ("image", "rated", "keep", "iou", *least),
            center_point_box=int(p.form == "centre"),
        ),
        node("last", "Constant", (), value_int=2),
        node("places", "Gather", ("found", "last"), axis=1),
        node("size", "Shape", ("places",)),
        node("count", "Squeeze", ("size",)),
        node("more", "Sub", ("keep", "size")),
        node("pads", "Concat", ("zero", "more"), axis=0),
        node("indices", "Pad", ("places", "pads")),
    ]
    return answered(ask, nodes)


TABLE: dict[str, Cell] = {
    "crop_and_resize": crop_and_resize,
    "nms": nms,
}
