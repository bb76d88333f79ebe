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

TABLE: dict[str, Cell] = {
    "lstm": Words(
        _LSTM,
        layouts={"w": "I(GH)", "r": "K(GH)", "b": "(GH)"},
        unless={"'api=ops' in on_options": "keras.ops has no recurrent layers"},
        trusted=True,
    ),
}
