"""How ONNX is asked: sorting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance.frameworks import Ask, Cell
from conformance.frameworks.onnx.model import answered, constant, node
from conformance.ops.sorting import TopK, Unique
from conformance.outcome import Unsupported
from conformance.plan import Plan


def topk(ask: Ask[TopK]) -> Plan | Unsupported:
    """TopK, along the last axis, which is its default."""
    smallest = {} if ask.op.largest else {"largest": 0}
    return answered(ask, [constant("k", ask.op.k), node("values, indices", "TopK", ("x", "k"), **smallest)])


def ordered(output: str) -> Callable[[Ask[Any]], Plan | Unsupported]:
    """TopK of all, which names equal elements as they stand; its first output or its second."""

    def asked(ask: Ask[Any]) -> Plan | Unsupported:
        p = ask.op
        names = "y, places" if output == "y" else "values, indices"
        words = {"axis": p.axis, "largest": int(p.descending)}
        return answered(ask, [constant("k", p.shape[p.axis]), node(names, "TopK", ("x", "k"), **words)])

    return asked


def unique(ask: Ask[Unique]) -> Plan | Unsupported:
    """Unique, filled up with 0 to the number of elements."""
    p = ask.op
    if p.equal_nan and p.of == "real":
        return Unsupported("ONNX's Unique does not say that NaN is equal to NaN")
    nodes = [
        node("found, first, inverse, times", "Unique", ("x",), sorted=int(p.sorted)),
        constant("length", p.length),
        node("size", "Shape", ("found",)),
        node("more", "Sub", ("length", "size")),
        constant("nothing", 0),
        node("pads", "Concat", ("nothing", "more"), axis=0),
        node("values", "Pad", ("found", "pads")),
        node("counts", "Pad", ("times", "pads")),
    ]
    return answered(ask, nodes)


TABLE: dict[str, Cell] = {
    "topk": topk,
    "sort": ordered("y"),
    "argsort": ordered("indices"),
    "searchsorted": "ONNX has no search in a row in order",
    "bucketize": "ONNX has no buckets",
    "unique": unique,
}
