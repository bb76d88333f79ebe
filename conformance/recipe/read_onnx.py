"""Reads ONNX's Conv and ConvTranspose, as onnx.helper.make_node makes them (opset 22).

https://onnx.ai/onnx/operators/onnx__Conv.html
https://onnx.ai/onnx/operators/onnx__ConvTranspose.html
"""

from __future__ import annotations

import re
from dataclasses import replace

from conformance.frameworks import Ask, lower
from conformance.ops.base import SPATIAL
from conformance.ops.conv.convolution import Pair
from conformance.outcome import Unsupported
from conformance.recipe.call import Call
from conformance.recipe.reading import DEFAULT_SIZES, Reading, Shape
from conformance.target import parse_target

_OPS = {"Conv": "conv", "ConvTranspose": "conv_transpose"}
_AUTO = {"VALID": "valid", "SAME_UPPER": "same_upper", "SAME_LOWER": "same_lower"}
# `y = ConvTranspose <strides = [2, 2]> (x, w)`, as onnx.printer writes it.
_TEXT = re.compile(
    r"\s*(?P<y>\w+)\s*=\s*(?P<op>Conv|ConvTranspose)\s*(?:<(?P<words>[^<>]*)>)?\s*\((?P<x>[\w\s,]*)\)\s*"
)


def as_call(text: str) -> str:
    """A node in ONNX's own text as the call of onnx.helper.make_node; any other text as it is."""
    match = _TEXT.fullmatch(text)
    if match is None or (match["words"] is None and match["op"] == "Conv" and "=" not in text):
        return text
    inputs = [name.strip() for name in match["x"].split(",") if name.strip()]
    words = re.sub(r"(\w+)\s*:\s*\w+\s*=", r"\1=", match["words"] or "")
    return (
        f"onnx.helper.make_node({match['op']!r}, {inputs!r}, [{match['y']!r}]{', ' + words if words.strip() else ''})"
    )


def read_onnx(r: Reading) -> Call:
    """A node."""
    kind = r.literal("op_type")
    if kind not in _OPS:
        r.fail("op_type", f"the node is {kind!r}, expected one of: {', '.join(_OPS)}")
    transposed = kind == "ConvTranspose"
    inputs = r.literal("inputs")
    if not isinstance(inputs, list | tuple) or len(inputs) not in (2, 3):
        r.fail("inputs", f"inputs is {inputs!r}, expected two or three names: x, w and perhaps b")
    bias = len(inputs) == 3
    groups = r.integer("group") if "group" in r.given else 1
    shape = r.given.get("kernel_shape") or r.given.get("strides")
    dims = r.rank(len(shape.value) if shape is not None and isinstance(shape.value, list | tuple) else None)
    w = ("IO" if groups == 1 else "(GI)O") if transposed else ("OI" if groups == 1 else "(GO)I")
    first, second, *rest = r.weight(w + SPATIAL[dims], dims)
    kernel = tuple(rest)
    if first % groups:
        r.fail("group", f"the first axis of the weights is {first}, which must be divisible by group, {groups}")
    if "kernel_shape" in r.given and (said := r.axes("kernel_shape", dims)) != kernel:
        r.fail("kernel_shape", f"kernel_shape is {said}, and the weights have {kernel}")
    stride, dilation = (_each(r, name, dims) for name in ("strides", "dilations"))
    inside, outside = (first, second * groups) if transposed else (second * groups, first)
    extents = (d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True))
    x = r.input("NC" + SPATIAL[dims], inside, tuple(map(max, DEFAULT_SIZES[:dims], extents)))
    output_padding = r.axes("output_padding", dims, 0) if "output_padding" in r.given else None
    output_size = r.axes("output_shape", dims, 1) if "output_shape" in r.given else None
    call = r.finish(
        op=_OPS[kind],
        x=x,
        out_channels=outside,
        groups=groups,
        kernel=kernel,
        stride=stride,
        dilation=dilation,
        padding=_padding(r, dims),
        output_padding=output_padding,
        output_size=output_size,
        convention="onnx",
        layouts={
            "x": "NC" + SPATIAL[dims],
            "w": w + SPATIAL[dims],
            **({"b": "C"} if bias else {}),
            "y": "NC" + SPATIAL[dims],
        },
        weights={"w": "weight", **({"b": "bias"} if bias else {})},
        plan="",
        dtype="float32",
    )
    plan = lower(Ask(call.op, call.op.geometry(), call.dtype, parse_target("onnx")))
    if isinstance(plan, Unsupported):
        r.fail("op_type", f"the node can't be run: {plan.reason}")
    return replace(call, plan=plan.text, layouts=tuple((n, dict(plan.layouts)[n]) for n, _ in call.layouts))


def _each(r: Reading, name: str, dims: int) -> Shape:
    return r.axes(name, dims) if name in r.given else (1,) * dims


def _padding(r: Reading, dims: int) -> str | tuple[Pair, ...]:
    """`auto_pad`, or `pads`, which lists every axis's start and then every axis's end."""
    auto = r.literal("auto_pad") if "auto_pad" in r.given else "NOTSET"
    if auto in _AUTO:
        return _AUTO[auto]
    if auto != "NOTSET":
        r.fail("auto_pad", f"auto_pad is {auto!r}, expected one of: NOTSET, {', '.join(_AUTO)}")
    if "pads" not in r.given:
        return ((0, 0),) * dims
    pads = r.integers("pads", {2 * dims}, 0, scalar=False)
    return tuple(zip(pads[:dims], pads[dims:], strict=True))
