"""How TensorFlow is asked: recurrent layers."""

from __future__ import annotations

from conformance.frameworks import Ask, Cell
from conformance.frameworks.words import Words
from conformance.ops.recurrent import Gru
from conformance.outcome import Unsupported
from conformance.plan import Plan

# The slices of its weights are i, f, c, o, where c is what is called g elsewhere; those of BlockLSTM are i, c, f, o.
_LSTM = (
    "zero = tf.zeros_like(b[:{units}])\n"
    "i, cs, f, o, ci, co, y = tf.raw_ops.BlockLSTMV2(seq_len_max={steps}, x=x, cs_prev=c0, h_prev=h0, "
    "w=tf.concat([w, r], 0), wci=zero, wcf=zero, wco=zero, b=b)\n"
    "h = y[-1]\n"
    "c = cs[-1]"
)

# What they are called in TensorFlow.
_GRU_LAYOUTS = {"w": "I(GH) G=rzh", "r": "K(GH) G=rzh", "b": "(GH) G=rzh"}


def gru(ask: Ask[Gru]) -> Plan | Unsupported:
    """GRUBlockCell, a step at a time; its gates are r, u, c, where u is what is called z elsewhere."""
    p = ask.op
    if p.reset_after:
        return Unsupported("tf.raw_ops.GRUBlockCell resets before the product with the recurrent weights")
    n = 2 * p.units
    lines = [
        "weights = tf.concat([w, r], 0)",
        *(
            f"s{t}, u{t}, c{t}, h{t + 1} = tf.raw_ops.GRUBlockCell(x=x[:, {t}], h_prev=h{t}, w_ru=weights[:, :{n}], "
            f"w_c=weights[:, {n}:], b_ru=b[:{n}], b_c=b[{n}:])"
            for t in range(p.steps)
        ),
        f"y = tf.stack([{', '.join(f'h{t + 1}' for t in range(p.steps))}], 1)",
        f"h = h{p.steps}",
    ]
    layouts = {spec.name: _GRU_LAYOUTS.get(spec.name, spec.axes) for spec in (*p.inputs(), *p.outputs())}
    return Plan.of("\n".join(lines), layouts, "", ("y", "h"), True)


TABLE: dict[str, Cell] = {
    "lstm": Words(
        _LSTM,
        {"x": "TNI", "w": "I(GH)", "r": "K(GH)", "b": "(GH)", "y": "TNH"},
        trusted=True,
    ),
    "gru": gru,
    "simple_rnn": "tf.raw_ops has cells of LSTM and GRU alone",
}
