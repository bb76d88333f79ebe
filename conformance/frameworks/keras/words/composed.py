"""How Keras is asked: blocks of models, layer by layer."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

_UP = (
    "up = keras.layers.Conv2DTranspose({{filters}}, {{kernel}}, 2, 'same', use_bias={0}, dtype={{on_dtype}})\n"
    "up.build({{x_shape}})\n"
    "z = up.stateless_call([{1}], [], x)[0]\n"
)
_CONV = (
    "conv = keras.layers.Conv2D({{filters}}, 3, 1, 'same', dtype={{on_dtype}})\n"
    "conv.build({{{0}}})\n"
    "z = conv.stateless_call([w2, b2], [], z)[0]\n"
)
_SPACE = {"x": "NHWC", "w": "HWOI", "y": "NHWC"}
_BOTH = {**_SPACE, "w2": "HWIO"}
_NORM = (
    "norm = keras.layers.LayerNormalization(axis=-1, epsilon={{epsilon}}, dtype={{on_dtype}})\n"
    "norm.build({{x_shape}})\n"
    "h = norm.stateless_call([{0}], [], {1})[0]\n"
)

TABLE: dict[str, Cell] = {
    "decoder": Words(
        _UP.format(True, "w, b") + _CONV.format("large") + "y = keras.activations.sigmoid(z)",
        _BOTH,
    ),
    "up_block": Words(
        _UP.format(True, "w, b")
        + "z = keras.layers.Concatenate(dtype={on_dtype})([skip, z])\n"
        + _CONV.format("joined")
        + "y = keras.activations.relu(z)",
        {**_BOTH, "skip": "NHWC"},
    ),
    "generator_block": Words(
        _UP.format(False, "w") + "norm = keras.layers.BatchNormalization(epsilon={epsilon}, dtype={on_dtype})\n"
        "norm.build({large})\n"
        "old = keras.ops.zeros_like(scale)\n"
        "z = norm.stateless_call([scale, offset], [old, old], z, training=True)[0]\n"
        "y = keras.activations.relu(z)",
        _SPACE,
    ),
    # On PyTorch its attention trusts that there are as many values as keys.
    "transformer_block": Words(
        _NORM.format("scale, offset", "x") + "q = keras.ops.reshape(keras.ops.matmul(h, wq), {split})\n"
        "k = keras.ops.reshape(keras.ops.matmul(h, wk), {split})\n"
        "v = keras.ops.reshape(keras.ops.matmul(h, wv), {split})\n"
        "a = keras.ops.dot_product_attention(q, k, v, is_causal={causal})\n"
        "z = x + keras.ops.matmul(keras.ops.reshape(a, {x_shape}), wo)\n"
        + _NORM.format("scale2, offset2", "z")
        + "h = keras.activations.gelu(keras.ops.matmul(h, w1) + b1, approximate={approximate|by_tanh})\n"
        "y = z + keras.ops.matmul(h, w2) + b2",
        own={"by_tanh": lambda a: a == "tanh"},
        trusted=True,
    ),
}
