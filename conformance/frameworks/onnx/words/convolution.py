"""How ONNX is asked: a model of one node, as text, and the run of it.

ONNX's words for a transposed convolution are `pads` (a crop of either end of the full scatter), `output_padding`,
`output_shape` and `auto_pad`. A case in ONNX's convention passes them as they are. Elsewhere the pads come from the
geometry, and where an end is extended instead of cropped, which no attribute can say, nodes for that follow in the same
graph.

    https://onnx.ai/onnx/operators/onnx__Conv.html
    https://onnx.ai/onnx/operators/onnx__ConvTranspose.html
"""

from __future__ import annotations

from collections.abc import Sequence

from conformance.exact.trilinear import Axis
from conformance.frameworks import Ask, Cell
from conformance.frameworks.onnx.model import TYPES, constant, model, node
from conformance.frameworks.text import Pair, rejected
from conformance.frameworks.windows import gather_window
from conformance.ops.conv.convolution import Convolution
from conformance.outcome import Unsupported
from conformance.plan import Plan

# The end of an axis, however long it is.
_END = 2**63 - 1
_WORDS = {"valid": "VALID", "same_upper": "SAME_UPPER", "same_lower": "SAME_LOWER"}


def conv(ask: Ask[Convolution]) -> Plan | Unsupported:
    """Conv, of x as it is or, where more is cut off than `pads` can say, of a slice of it."""
    p = ask.op
    unable = _unable(ask)
    if unable is not None:
        return unable
    nodes: list[str] = []
    x, note = "x", ""
    if ask.native("onnx") or ask.geometry is None:
        padding = _own_padding(p)
    else:
        windows = [gather_window(axis) for axis in ask.geometry]
        padding = _pads([window.zeros for window in windows])
        if any(window.keep for window in windows):
            bounds = [
                (w.keep[0], w.keep[1] - axis.large) if w.keep else (0, 0)
                for w, axis in zip(windows, ask.geometry, strict=True)
            ]
            nodes += _slice("x", "kept", bounds)
            x, note = "kept", "pads are not negative: x is cut first"
    nodes.append(node("y", "Conv", (x, "w", *(["b"] if p.bias else [])), **_words(p, **padding)))
    return _plan(ask, nodes, "OI" if p.groups == 1 else "(GO)I", note)


def conv_transpose(ask: Ask[Convolution]) -> Plan | Unsupported:
    """ConvTranspose; an axis that it can't say is the full scatter, extended by Pad and cropped by Slice."""
    p = ask.op
    unable = _unable(ask)
    if unable is not None:
        return unable
    kernel = "IO" if p.groups == 1 else "(GI)O"
    bias = ("b",) if p.bias else ()
    if ask.native("onnx") or ask.geometry is None:
        own = {**_own_padding(p), "output_padding": p.output_padding, "output_shape": p.output_size}
        return _plan(ask, [node("y", "ConvTranspose", ("x", "w", *bias), **_words(p, **own))], kernel)

    ends = [(axis.lo, _hi(axis)) for axis in ask.geometry]
    says = [min(pair) >= 0 for pair in ends]
    words = _words(p, **_pads([pair if said else (0, 0) for pair, said in zip(ends, says, strict=True)]))
    if all(says):
        return _plan(ask, [node("y", "ConvTranspose", ("x", "w", *bias), **words)], kernel)
    zeros = [(0, 0) if said else (max(-lo, 0), max(-hi, 0)) for (lo, hi), said in zip(ends, says, strict=True)]
    crops = [(0, 0) if said else (max(lo, 0), min(-hi, 0)) for (lo, hi), said in zip(ends, says, strict=True)]
    cuts = any(not said and max(pair) > 0 for pair, said in zip(ends, says, strict=True))
    # The bias belongs on the zeros too.
    steps = ["full", "extended", *(["cropped"] if cuts else []), *(["biased"] if p.bias else [])]
    steps[-1] = "y"
    nodes = [node(steps[0], "ConvTranspose", ("x", "w"), **words)]
    flat = (0, 0, *(low for low, _ in zeros), 0, 0, *(high for _, high in zeros))
    nodes += [constant("zeros", *flat), node(steps[1], "Pad", (steps[0], "zeros"))]
    if cuts:
        nodes += _slice(steps[1], steps[2], crops)
    if p.bias:
        axes = (0, *range(2, 2 + p.dims))
        nodes += [
            constant("others", *axes),
            node("column", "Unsqueeze", ("b", "others")),
            node("y", "Add", (steps[-2], "column")),
        ]
    return _plan(ask, nodes, kernel, "pads are not negative: the full scatter is extended by zeros")


def _unable(ask: Ask[Convolution]) -> Unsupported | None:
    p = ask.op
    if p.data_format == "channels_last":
        return Unsupported("ONNX's convolutions have their channels first")
    if ask.dtype not in TYPES:
        return Unsupported(f"ONNX's convolutions have no {ask.dtype}")
    if ask.geometry is None and not ask.native("onnx"):
        return rejected(p)
    return None


def _hi(axis: Axis) -> int:
    """What is cropped from the end, by ONNX's formula for the length, which an empty axis makes no exception of."""
    return (axis.small - 1) * axis.stride + axis.extent - axis.lo - axis.large


def _own_padding(p: Convolution) -> dict[str, object]:
    """The case's padding as it is written."""
    return {"auto_pad": _WORDS[p.padding]} if isinstance(p.padding, str) else _pads(p.padding)


def _pads(pairs: Sequence[Pair]) -> dict[str, object]:
    """`pads` lists every axis's start, then every axis's end; nothing where all are 0, which is the default."""
    flat = (*(low for low, _ in pairs), *(high for _, high in pairs))
    return {"pads": flat} if any(flat) else {}


def _words(p: Convolution, **more: object) -> dict[str, object]:
    """Attributes, without those that say what ONNX's defaults say."""
    words: dict[str, object] = {"strides": p.stride, "dilations": p.dilation, "group": p.groups, **more}
    defaults = {"strides": (1,) * p.dims, "dilations": (1,) * p.dims, "group": 1}
    return {name: value for name, value in words.items() if value is not None and value != defaults.get(name)}


def _slice(source: str, output: str, bounds: Sequence[Pair]) -> list[str]:
    """A slice of every spatial axis, from its start to where it stops before the end, which is 0 or below."""
    return [
        constant("starts", *(start for start, _ in bounds)),
        constant("stops", *(stop or _END for _, stop in bounds)),
        constant("axes", *range(2, 2 + len(bounds))),
        node(output, "Slice", (source, "starts", "stops", "axes")),
    ]


def _plan(ask: Ask[Convolution], nodes: Sequence[str], kernel: str, note: str = "") -> Plan:
    """The model of these nodes over the convolution's tensors."""
    p = ask.op
    layouts = {"x": "NC" + p.spatial, "w": kernel + p.spatial, **({"b": "C"} if p.bias else {})}
    shapes = {spec.name: spec.shape for spec in p.inputs()}
    groups, a, b = shapes["w"][:3]
    shapes["w"] = (groups * a, b, *p.kernel) if p.transposed else (groups * b, a, *p.kernel)
    given = [(name, shapes[name]) for name in layouts]
    return model(ask, given, nodes, {**layouts, "y": "NC" + p.spatial}, note)


TABLE: dict[str, Cell] = {"conv": conv, "conv_transpose": conv_transpose}
