"""How Keras is asked: recurrent layers of both directions.

https://keras.io/api/layers/recurrent_layers/bidirectional/
"""

from __future__ import annotations

from conformance.frameworks import Ask, Cell
from conformance.frameworks.recurrent import plan
from conformance.ops.bidirectional import Bidirectional
from conformance.outcome import Unsupported
from conformance.plan import Plan

_LAYERS = {"lstm": "LSTM", "gru": "GRU", "simple_rnn": "SimpleRNN"}


def bidirectional(ask: Ask[Bidirectional]) -> Plan | Unsupported:
    """A wrapper a layer; sequences of lengths of their own are masked."""
    p = ask.op
    if ("api", "ops") in ask.target.options:
        return Unsupported("keras.ops has no recurrent layers")
    states = "hc" if p.cell == "lstm" else "h"
    lines, seen, features, given = [], "x", p.features, ""
    if p.lengths is not None:
        mask = [[step < length for step in range(p.steps)] for length in p.lengths]
        lines.append(f"mask = keras.ops.convert_to_tensor({mask})")
        given = ", mask=mask"
    for layer in range(p.layers):
        # What the wrapper joins it casts to its own dtype; that of the layer in it is not asked.
        every = p.sequences or layer < p.layers - 1
        weights, begun, ends = [], [], ["y"]
        for way, name in enumerate("fb"):
            bias = f"keras.ops.stack([b{layer}[{way}], rb{layer}[{way}]])" if p.cell == "gru" else f"b{layer}[{way}]"
            weights += [f"w{layer}[{way}]", f"r{layer}[{way}]", bias]
            begun += [f"{state}0[{layer}, {way}]" for state in states]
            ends += [f"{state}_{name}{layer}" for state in states]
        lines += [
            f"inner = keras.layers.{_LAYERS[p.cell]}({p.units}, recurrent_initializer='zeros', "
            f"return_sequences={every}, return_state=True, dtype={ask.dtype!r})",
            f"layer = keras.layers.Bidirectional(inner, merge_mode={p.merge!r}, dtype={ask.dtype!r})",
            f"layer.build({(p.batch, p.steps, features)!r})",
            f"{', '.join(ends)} = layer.stateless_call([{', '.join(weights)}], layer.non_trainable_variables, {seen}, "
            f"initial_state=[{', '.join(begun)}]{given})[0]",
        ]
        seen, features = "y", p.units * (2 if p.merge == "concat" else 1)
    for state in states:
        pairs = (f"keras.ops.stack([{state}_f{layer}, {state}_b{layer}])" for layer in range(p.layers))
        lines.append(f"{state} = keras.ops.stack([{', '.join(pairs)}])")
    own = dict.fromkeys(("h0", "c0", "h", "c"), "ADNH")
    return plan(p, lines, "{features}{units}", own=own)


TABLE: dict[str, Cell] = {"bidirectional": bidirectional}
