"""How Keras is asked, an op a line; its convolutions are in convolution.py.

https://keras.io/api/layers/
https://keras.io/api/ops/
"""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.keras.convolution import conv, conv_transpose
from conformance.frameworks.words import Word, Words

_LAST = {0: "NC", 1: "NWC", 2: "NHWC", 3: "NDHWC"}
_OWN: dict[str, Word] = {
    "last": lambda size: _LAST[len(size)],
    "last_axes": lambda axes: tuple(range(-axes, 0)),
}

_IMAGES = {"x": "{size|last|text}", "y": "{size|last|text}"}
_POOL = "{window}, strides={stride}, padding="
_POOL_LAYER = f"keras.layers.MaxPooling{{size|dims}}D({_POOL}"
# The default of data_format is in the user's keras.json, so it is always said.
_FORMAT = "data_format='channels_last'"
# A layer casts what it is given to its own dtype, float32 by default.
_TYPED = _FORMAT + ", dtype={on_dtype}"
_NO_POOL = {
    "indices": "Keras's max pooling gives no indices (3.15.1)",
    "max(dilation) > 1": "Keras's max pooling has no dilation: 'Unrecognized keyword arguments' (3.15.1)",
}
# Keras has no name for infinity; this literal is Python's.
_FIRST = "x = keras.ops.pad(x, {covered|around_pairs}, constant_values=-1e999)\n"
_FIRST_NOTE = "'same' and 'valid' can't say this: x is padded with minus infinity (-1e999) first"
_WORD = {"padding != 'valid' and padding != 'same'": "no word of Keras's"}
_LAYER = {"'api=ops' in on_options": "asked for keras.ops"}

_NORM = (
    "layer = keras.layers.BatchNormalization(axis=-1, momentum={momentum}, epsilon={epsilon}, dtype={on_dtype})\n"
    "layer.build({x_shape})\n"
    "y, (new_mean, new_variance) = layer.stateless_call([scale, offset], [mean, variance], x, training=True)"
)
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
    "conv": conv,
    "conv_transpose": conv_transpose,
    "gelu": (
        Words("y = keras.ops.gelu(x, approximate=False)", unless={"approximate != 'none'": "by tanh"}),
        Words("y = keras.ops.gelu(x, approximate=True)"),
    ),
    "topk": Words(
        "values, indices = keras.ops.top_k(x, {k})",
        unless={
            "not largest": "keras.ops.top_k gives the largest only: \"unexpected keyword argument 'largest'\" (3.15.1)"
        },
        refuses=True,
    ),
    "max_pool": (
        Words(
            f"y = {_POOL_LAYER}{{padding}}, {_TYPED})(x)",
            layouts=_IMAGES,
            unless={**_NO_POOL, **_WORD, **_LAYER},
            own=_OWN,
            refuses=True,
        ),
        Words(
            f"{_FIRST}y = {_POOL_LAYER}'valid', {_TYPED})(x)",
            layouts=_IMAGES,
            unless={**_NO_POOL, **_LAYER},
            own=_OWN,
            note=_FIRST_NOTE,
        ),
        Words(
            f"y = keras.ops.max_pool(x, {_POOL}{{padding}}, {_FORMAT})",
            layouts=_IMAGES,
            unless={**_NO_POOL, **_WORD},
            own=_OWN,
            refuses=True,
        ),
        Words(
            f"{_FIRST}y = keras.ops.max_pool(x, {_POOL}'valid', {_FORMAT})",
            layouts=_IMAGES,
            unless=_NO_POOL,
            own=_OWN,
            note=_FIRST_NOTE,
        ),
    ),
    "batch_norm": Words(
        _NORM,
        layouts={"x": "{space|last|text}", "y": "{space|last|text}"},
        unless={
            "'api=ops' in on_options": "keras.ops.batch_normalization is given the statistics and keeps none",
            "unbiased": "the moving variance of Keras's layer is the biased one (observed with 3.15.1)",
        },
        own=_OWN,
    ),
    "layer_norm": (
        Words(
            "layer = keras.layers.LayerNormalization(axis={axes|last_axes}, epsilon={epsilon}, dtype={on_dtype})\n"
            "layer.build({x_shape})\n"
            "y = layer.stateless_call([scale, offset], [], x)[0]",
            unless=_LAYER,
            own=_OWN,
        ),
        Words(
            "y = keras.ops.layer_normalization(x, scale, offset, axis={axes|last_axes}, epsilon={epsilon})", own=_OWN
        ),
    ),
    "lstm": Words(
        _LSTM,
        layouts={"w": "I(GH)", "r": "K(GH)", "b": "(GH)"},
        unless={"'api=ops' in on_options": "keras.ops has no recurrent layers"},
        trusted=True,
    ),
}
