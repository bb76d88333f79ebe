"""How ONNX is asked: recurrent layers.

https://onnx.ai/onnx/operators/onnx__LSTM.html
"""

from __future__ import annotations

from typing import Any

from conformance.frameworks import Ask, Cell
from conformance.frameworks.onnx.model import answered, constant, node
from conformance.ops.recurrent import Gru, Lstm, SimpleRnn
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


def gru(ask: Ask[Gru]) -> Plan | Unsupported:
    """GRU of one direction, whose gates are z, r, h, and whose second bias is of the state."""
    p = ask.op
    after = p.reset_after
    both = node("both", "Concat", ("b", "rb"), axis=0) if after else node("both", "Pad", ("b", "more"))
    before = [] if after else [constant("more", 0, 3 * p.units)]
    words = {"hidden_size": p.units, "linear_before_reset": int(after)}
    return _one_state(ask, "GRU", [*before, both], {**_MERGED, **({"rb": "(GH)"} if after else {})}, words)


def simple_rnn(ask: Ask[SimpleRnn]) -> Plan | Unsupported:
    """RNN of one direction; of its two biases the second is 0."""
    p = ask.op
    words = {"hidden_size": p.units, "activations": (p.activation.capitalize(),)}
    nodes = [constant("more", 0, p.units), node("both", "Pad", ("b", "more"))]
    return _one_state(ask, "RNN", nodes, {"x": "TNI", "y": "TNH"}, words)


_MERGED = {"x": "TNI", "w": "(GH)I", "r": "(GH)K", "b": "(GH)", "y": "TNH"}


def _one_state(
    ask: Ask[Any], operator: str, biases: list[str], layouts: dict[str, str], words: dict[str, Any]
) -> Plan | Unsupported:
    first = {"w": "kernel", "r": "recurrent", "both": "bias", "h0": "h_before"}
    nodes = [
        constant("one", 0),
        *biases,
        *(node(there, "Unsqueeze", (here, "one")) for here, there in first.items()),
        node("all, h_after", operator, ("x", "kernel", "recurrent", "bias", "", "h_before"), **words),
        constant("direction", 1),
        node("y", "Squeeze", ("all", "direction")),
        node("h", "Squeeze", ("h_after", "one")),
    ]
    return answered(ask, nodes, layouts)


TABLE: dict[str, Cell] = {"lstm": lstm, "gru": gru, "simple_rnn": simple_rnn}
