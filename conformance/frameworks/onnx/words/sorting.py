"""How ONNX is asked: sorting."""

from __future__ import annotations

from conformance.frameworks import Ask, Cell
from conformance.frameworks.onnx.model import answered, constant, node
from conformance.ops.sorting import TopK
from conformance.outcome import Unsupported
from conformance.plan import Plan


def topk(ask: Ask[TopK]) -> Plan | Unsupported:
    """TopK, along the last axis, which is its default."""
    smallest = {} if ask.op.largest else {"largest": 0}
    return answered(ask, [constant("k", ask.op.k), node("values, indices", "TopK", ("x", "k"), **smallest)])


TABLE: dict[str, Cell] = {"topk": topk}
