"""How ONNX is asked: recurrent layers of both directions.

https://onnx.ai/onnx/operators/onnx__LSTM.html
"""

from __future__ import annotations

from typing import Any

from conformance.frameworks import Ask, Cell
from conformance.frameworks.onnx.model import answered, constant, node
from conformance.frameworks.recurrent import plan
from conformance.ops.bidirectional import Bidirectional
from conformance.outcome import Unsupported
from conformance.plan import Plan

_INT32 = 6
_OPERATORS: dict[str, tuple[str, dict[str, Any]]] = {
    "lstm": ("LSTM", {}),
    "gru": ("GRU", {"linear_before_reset": 1}),
    "simple_rnn": ("RNN", {}),
}
_JOINED = {"sum": "ReduceSum", "mul": "ReduceProd", "ave": "ReduceMean"}


def bidirectional(ask: Ask[Bidirectional]) -> Plan | Unsupported:
    """A node a layer, whose answer has an axis of directions; of two biases the second is 0, but for a GRU."""
    p = ask.op
    operator, words = _OPERATORS[p.cell]
    states = "hc" if p.cell == "lstm" else "h"
    gates = p.inputs()[1].sizes.get("G", 1)
    nodes = [constant("zero", 0), constant("one", 1), constant("more", 0, 0, 0, gates * p.units)]
    if p.lengths is not None:
        nodes += [constant("lengths", *p.lengths), node("ends", "Cast", ("lengths",), to=_INT32)]
    seen = "x"
    for layer in range(p.layers):
        both = node(f"bias{layer}", "Pad", (f"b{layer}", "more"))
        if p.cell == "gru":
            both = node(f"bias{layer}", "Concat", (f"b{layer}", f"rb{layer}"), axis=1)
        nodes += [
            both,
            constant(f"from{layer}", 2 * layer),
            constant(f"to{layer}", 2 * layer + 2),
            *(
                node(f"{state}_before{layer}", "Slice", (f"{state}0", f"from{layer}", f"to{layer}", "zero"))
                for state in states
            ),
            node(
                ", ".join([f"all{layer}", *(f"{state}_after{layer}" for state in states)]),
                operator,
                (
                    *(seen, f"w{layer}", f"r{layer}", f"bias{layer}", "" if p.lengths is None else "ends"),
                    *(f"{state}_before{layer}" for state in states),
                ),
                direction="bidirectional",
                hidden_size=p.units,
                **words,
            ),
        ]
        seen = f"seen{layer}"
        if layer == p.layers - 1:
            last, axis = (f"all{layer}", "one") if p.sequences else (f"h_after{layer}", "zero")
            nodes.append(_joined(p, "y", last, axis))
        elif p.merge == "concat":
            nodes += [
                node(f"turned{layer}", "Transpose", (f"all{layer}",), perm=(0, 2, 1, 3)),
                constant(f"flat{layer}", 0, 0, -1),
                node(seen, "Reshape", (f"turned{layer}", f"flat{layer}")),
            ]
        else:
            nodes.append(_joined(p, seen, f"all{layer}", "one"))
    nodes += [node(s, "Concat", tuple(f"{s}_after{layer}" for layer in range(p.layers)), axis=0) for s in states]
    y = "T" * p.sequences + ("DNH" if p.merge == "concat" else "NH")
    order = {"lstm": "iofg"}.get(p.cell, "")
    return answered(ask, nodes, dict(plan(p, [], gates=order, own={"x": "TNI", "y": y}).layouts))


def _joined(p: Bidirectional, y: str, both: str, axis: str) -> str:
    if p.merge == "concat":
        return node(y, "Identity", (both,))
    return node(y, _JOINED[p.merge], (both, axis), keepdims=0)


TABLE: dict[str, Cell] = {"bidirectional": bidirectional}
