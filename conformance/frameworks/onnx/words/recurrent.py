"""How ONNX is asked: recurrent layers.

https://onnx.ai/onnx/operators/onnx__LSTM.html
"""

from __future__ import annotations

from conformance.frameworks import Ask, Cell
from conformance.frameworks.onnx.model import answered, constant, node
from conformance.ops.recurrent import Lstm
from conformance.outcome import Unsupported
from conformance.plan import Plan

# The gates in ONNX's order.
_GATES = " G=iofg"


def lstm(ask: Ask[Lstm]) -> Plan | Unsupported:
    """LSTM of one direction, an axis that its tensors have; of its two biases the second is 0."""
    p = ask.op
    merged = {"x": "TNI", "w": "(GH)I" + _GATES, "r": "(GH)K" + _GATES, "b": "(GH)" + _GATES, "y": "TNH"}
    first = {"w": "kernel", "r": "recurrent", "both": "bias", "h0": "h_before", "c0": "c_before"}
    nodes = [
        constant("one", 0),
        constant("more", 0, 4 * p.units),
        node("both", "Pad", ("b", "more")),
        *(node(there, "Unsqueeze", (here, "one")) for here, there in first.items()),
        # sequence_lens, between the bias and the state, is left out.
        node(
            "all, h_after, c_after",
            "LSTM",
            ("x", "kernel", "recurrent", "bias", "", "h_before", "c_before"),
            hidden_size=p.units,
        ),
        constant("direction", 1),
        node("y", "Squeeze", ("all", "direction")),
        node("h", "Squeeze", ("h_after", "one")),
        node("c", "Squeeze", ("c_after", "one")),
    ]
    return answered(ask, nodes, merged)


TABLE: dict[str, Cell] = {"lstm": lstm}
