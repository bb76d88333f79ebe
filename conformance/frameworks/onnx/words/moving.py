"""How ONNX is asked: moves, and numbers in a row."""

from __future__ import annotations

import numpy as np

from conformance.frameworks import Ask, Cell
from conformance.frameworks.onnx.model import answered, constant, node
from conformance.ops.moving import Arange, Pad, PixelShuffle, Repeat, Roll, SpaceToDepth, Tile
from conformance.outcome import Unsupported
from conformance.plan import Plan


def pad(ask: Ask[Pad]) -> Plan | Unsupported:
    """Pad: every start, then every end."""
    p = ask.op
    if p.mode == "symmetric":
        return Unsupported("ONNX's Pad has constant, reflect, edge and wrap")
    full = p.meaning()["full"]
    nodes = [constant("pads", *(low for low, _ in full), *(high for _, high in full))]
    given = ["x", "pads"]
    if p.mode == "constant":
        nodes += [node("c_32", "Constant", (), value_float=p.value), node("c", "CastLike", ("c_32", "x"))]
        given.append("c")
    return answered(ask, [*nodes, node("y", "Pad", given, mode=p.mode)])


def _taken(ask: Ask[Roll] | Ask[Repeat], places: list[int]) -> Plan | Unsupported:
    """By hand, with Gather."""
    if not places:
        return Unsupported("a model's text has no empty list: 'ParseError'")
    return answered(ask, [constant("places", *places), node("y", "Gather", ("x", "places"), axis=ask.op.axis)])


def roll(ask: Ask[Roll]) -> Plan | Unsupported:
    """By hand: ONNX has no such operator."""
    n = ask.op.shape[ask.op.axis]
    return _taken(ask, [(i - ask.op.shift) % n for i in range(n)])


def repeat(ask: Ask[Repeat]) -> Plan | Unsupported:
    """By hand: ONNX has no such operator."""
    n = ask.op.shape[ask.op.axis]
    return _taken(ask, [i for i in range(n) for _ in range(ask.op.times)])


def tile(ask: Ask[Tile]) -> Plan | Unsupported:
    """Tile, of every axis."""
    return answered(ask, [constant("times", *ask.op.meaning()["full"]), node("y", "Tile", ("x", "times"))])


def shuffled(ask: Ask[PixelShuffle]) -> Plan | Unsupported:
    """DepthToSpace, which has both orders."""
    mode = "DCR" if ask.op.depth_last else "CRD"
    return answered(ask, [node("y", "DepthToSpace", ("x",), blocksize=ask.op.block, mode=mode)])


def gathered(ask: Ask[SpaceToDepth]) -> Plan | Unsupported:
    """SpaceToDepth, which has one order; the other one by hand."""
    if ask.op.depth_last:
        return answered(ask, [node("y", "SpaceToDepth", ("x",), blocksize=ask.op.block)])
    meant = ask.op.meaning()
    shapes = [constant("split", *meant["split"]), constant("joined", *meant["joined"])]
    parts = [
        node("parts", "Reshape", ("x", "split"), allowzero=1),
        node("turned", "Transpose", ("parts",), perm=meant["order"]),
    ]
    return answered(ask, [*shapes, *parts, node("y", "Reshape", ("turned", "joined"), allowzero=1)])


_TYPES = {"float32": 1, "float64": 11}


def arange(ask: Ask[Arange]) -> Plan | Unsupported:
    """Range, of scalars of the type that comes out."""
    if ask.dtype not in ("float32", "float64"):
        return Unsupported("ONNX's Range is of float and double: 'INVALID_GRAPH : This is an invalid model'")
    if ask.dtype == "float64" and any(float(np.float32(v)) != v for v in ask.op.parameters().values()):
        return Unsupported("a model's text has constants of float32")
    nodes = []
    for name in ("start", "stop", "step"):
        nodes.append(node(f"{name}_32", "Constant", (), value_float=getattr(ask.op, name)))
        nodes.append(node(name, "Cast", (f"{name}_32",), to=_TYPES[ask.dtype]))
    return answered(ask, [*nodes, node("y", "Range", ("start", "stop", "step"))])


TABLE: dict[str, Cell] = {
    "pad": pad,
    "roll": roll,
    "repeat": repeat,
    "tile": tile,
    "pixel_shuffle": shuffled,
    "depth_to_space": shuffled,
    "space_to_depth": gathered,
    "linspace": "ONNX has no linspace",
    "arange": arange,
}
