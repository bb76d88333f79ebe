"""How Keras is asked: recurrent layers."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

# The weights that `build` draws are never used. Drawing the recurrent ones, orthogonal by default, takes a QR
# decomposition: no backend but JAX has one of bfloat16, and JAX compiles it for each shape.
# The seed of its dropout is a variable, too.
_LSTM = (
    "layer = keras.layers.LSTM("
    "{units}, recurrent_initializer='zeros', return_sequences=True, return_state=True, dtype={on_dtype})\n"
    "layer.build({x_shape})\n"
    "y, h, c = layer.stateless_call([w, r, b], layer.non_trainable_variables, x, initial_state=[h0, c0])[0]"
)

_GRU = (
    "layer = keras.layers.GRU({{units}}, recurrent_initializer='zeros', reset_after={{reset_after}}, "
    "return_sequences=True, return_state=True, dtype={{on_dtype}})\n"
    "layer.build({{x_shape}})\n"
    "y, h = layer.stateless_call([w, r, {0}], layer.non_trainable_variables, x, initial_state=h0)[0]"
)
_RNN = (
    "layer = keras.layers.SimpleRNN({units}, activation={activation}, recurrent_initializer='zeros', "
    "return_sequences=True, return_state=True, dtype={on_dtype})\n"
    "layer.build({x_shape})\n"
    "y, h = layer.stateless_call([w, r, b], layer.non_trainable_variables, x, initial_state=h0)[0]"
)
_LAYOUTS = {"w": "I(GH)", "r": "K(GH)", "b": "(GH)"}
_NONE = {"'api=ops' in on_options": "keras.ops has no recurrent layers"}

TABLE: dict[str, Cell] = {
    "lstm": Words(
        _LSTM,
        layouts={"w": "I(GH)", "r": "K(GH)", "b": "(GH)"},
        unless={"'api=ops' in on_options": "keras.ops has no recurrent layers"},
        trusted=True,
    ),
    "gru": (
        Words(
            _GRU.format("keras.ops.stack([b, rb])"),
            {**_LAYOUTS, "rb": "(GH)"},
            {**_NONE, "not reset_after": "reset before"},
            trusted=True,
        ),
        Words(_GRU.format("b"), _LAYOUTS, _NONE, trusted=True),
    ),
    "simple_rnn": Words(_RNN, {"w": "IH", "r": "KH"}, _NONE, trusted=True),
}
