"""How TensorFlow is asked: recurrent layers."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

# The slices of its weights are i, f, c, o, where c is what is called g elsewhere; those of BlockLSTM are i, c, f, o.
_LSTM = (
    "zero = tf.zeros_like(b[:{units}])\n"
    "i, cs, f, o, ci, co, y = tf.raw_ops.BlockLSTMV2(seq_len_max={steps}, x=x, cs_prev=c0, h_prev=h0, "
    "w=tf.concat([w, r], 0), wci=zero, wcf=zero, wco=zero, b=b)\n"
    "h = y[-1]\n"
    "c = cs[-1]"
)

TABLE: dict[str, Cell] = {
    "lstm": Words(
        _LSTM,
        {"x": "TNI", "w": "I(GH)", "r": "K(GH)", "b": "(GH)", "y": "TNH"},
        trusted=True,
    ),
}
