"""How TensorFlow is asked: recurrent layers of both directions."""

from __future__ import annotations

from conformance.frameworks import Ask, Cell
from conformance.frameworks.recurrent import joined, plan
from conformance.ops.bidirectional import Bidirectional
from conformance.outcome import Unsupported
from conformance.plan import Plan


def bidirectional(ask: Ask[Bidirectional]) -> Plan | Unsupported:
    """BlockLSTMV2 of the steps, and of the steps turned round."""
    p = ask.op
    if p.cell != "lstm":
        return Unsupported("tf.raw_ops has cells of LSTM and GRU alone, and that GRU resets before the product")
    if p.lengths is not None:
        return Unsupported("tf.raw_ops.BlockLSTMV2 has one seq_len_max for the whole batch")
    # Time is its first axis.
    lines, seen = [f"zero = tf.zeros_like(b0[0, : {p.units}])"], "x"
    for layer in range(p.layers):
        for way, name in enumerate("fb"):
            x = f"tf.reverse({seen}, [0])" if way else seen
            at = f"{name}{layer}"
            lines.append(
                f"i, c_{at}, f, o, ci, co, h_{at} = tf.raw_ops.BlockLSTMV2(seq_len_max={p.steps}, x={x}, "
                f"cs_prev=c0[{layer}, {way}], h_prev=h0[{layer}, {way}], "
                f"w=tf.concat([w{layer}[{way}], r{layer}[{way}]], 0), wci=zero, wcf=zero, wco=zero, b=b{layer}[{way}])"
            )
        both = f"h_f{layer}", f"tf.reverse(h_b{layer}, [0])"
        if not p.sequences and layer == p.layers - 1:
            both = f"h_f{layer}[-1]", f"h_b{layer}[-1]"
        joint = f"y = tf.concat([{', '.join(both)}], -1)" if p.merge == "concat" else joined(p, *both)
        lines.append(joint)
        seen = "y"
    for name in "hc":
        ends = (f"tf.stack([{name}_f{layer}[-1], {name}_b{layer}[-1]])" for layer in range(p.layers))
        lines.append(f"{name} = tf.stack([{', '.join(ends)}])")
    y = "N" if not p.sequences else "TN"
    own = dict.fromkeys(("h0", "c0", "h", "c"), "ADNH")
    own |= {"x": "TNI", "y": y + ("(DH)" if p.merge == "concat" else "H")}
    note = "TensorFlow has no layer of both directions outside of Keras: two of one direction"
    return plan(p, lines, "{features}{units}", note=note, own=own)


TABLE: dict[str, Cell] = {"bidirectional": bidirectional}
