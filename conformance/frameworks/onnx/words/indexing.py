"""How ONNX is asked: elements by their places."""

from __future__ import annotations

from conformance.frameworks import Ask, Cell
from conformance.frameworks.onnx.model import answered, constant, node
from conformance.ops.indexing import DynamicSlice, Embedding, Gather, OneHot, ScatterAdd, TakeAlongAxis
from conformance.outcome import Unsupported
from conformance.plan import Plan


def embedding(ask: Ask[Embedding]) -> Plan | Unsupported:
    """Gather of the rows."""
    return answered(ask, [node("y", "Gather", ("w", "indices"))])


def gather(ask: Ask[Gather]) -> Plan | Unsupported:
    """Gather, along its axis."""
    return answered(ask, [node("y", "Gather", ("x", "indices"), axis=ask.op.axis)])


def take_along_axis(ask: Ask[TakeAlongAxis]) -> Plan | Unsupported:
    """GatherElements."""
    return answered(ask, [node("y", "GatherElements", ("x", "indices"), axis=ask.op.axis)])


def one_hot(ask: Ask[OneHot]) -> Plan | Unsupported:
    """OneHot, of values that are the case's."""
    return answered(
        ask,
        [
            node("classes", "Constant", (), value_int=ask.op.classes),
            node("off_on", "Constant", (), value_floats=(0.0, 1.0)),
            node("values", "Cast", ("off_on",), to=_TYPES[ask.dtype]),
            node("y", "OneHot", ("indices", "classes", "values")),
        ],
    )


def scatter_add(ask: Ask[ScatterAdd]) -> Plan | Unsupported:
    """ScatterND that adds."""
    return answered(
        ask,
        [
            constant("last", 1),
            node("places", "Unsqueeze", ("indices", "last")),
            node("y", "ScatterND", ("x", "places", "updates"), reduction="add"),
        ],
    )


def dynamic_slice(ask: Ask[DynamicSlice]) -> Plan | Unsupported:
    """Slice, which cuts what reaches beyond x."""
    if ask.op.beyond:
        return Unsupported("Slice moves no start: what reaches beyond x is cut off")
    return answered(
        ask,
        [
            constant("size", *ask.op.size),
            node("end", "Add", ("start", "size")),
            node("y", "Slice", ("x", "start", "end")),
        ],
    )


# The numbers of ONNX's types, as Cast takes them.
_TYPES = {"float32": 1, "float16": 10, "float64": 11, "bfloat16": 16}

TABLE: dict[str, Cell] = {
    "embedding": embedding,
    "gather": gather,
    "take_along_axis": take_along_axis,
    "one_hot": one_hot,
    "scatter_add": scatter_add,
    "dynamic_slice": dynamic_slice,
}
