"""How Keras is asked: normalisation."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Word, Words

_LAST = {0: "NC", 1: "NWC", 2: "NHWC", 3: "NDHWC"}
_OWN: dict[str, Word] = {
    "last": lambda size: _LAST[len(size)],
    "last_axes": lambda axes: tuple(range(-axes, 0)),
}
_LAYER = {"'api=ops' in on_options": "asked for keras.ops"}

_NORM = (
    "layer = keras.layers.BatchNormalization(axis=-1, momentum={momentum}, epsilon={epsilon}, dtype={on_dtype})\n"
    "layer.build({x_shape})\n"
    "y, (new_mean, new_variance) = layer.stateless_call([scale, offset], [mean, variance], x, training=True)"
)

_XY = dict.fromkeys(("x", "y"), "N{space|letters|text}C")

TABLE: dict[str, Cell] = {
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
    "batch_norm_inference": (
        Words(
            "layer = keras.layers.BatchNormalization(axis=-1, epsilon={epsilon}, dtype={on_dtype})\n"
            "layer.build({x_shape})\n"
            "y = layer.stateless_call([scale, offset], [mean, variance], x, training=False)[0]",
            layouts=_XY,
            unless=_LAYER,
        ),
        Words("y = keras.ops.batch_normalization(x, mean, variance, -1, offset, scale, {epsilon})", layouts=_XY),
    ),
    "group_norm": Words(
        "layer = keras.layers.GroupNormalization({groups}, axis=-1, epsilon={epsilon}, dtype={on_dtype})\n"
        "layer.build({x_shape})\n"
        "y = layer.stateless_call([scale, offset], [], x)[0]",
        layouts=_XY,
        unless={"'api=ops' in on_options": "keras.ops has no group_normalization (3.15.1)"},
    ),
    "instance_norm": Words(
        "layer = keras.layers.GroupNormalization(-1, axis=-1, epsilon={epsilon}, dtype={on_dtype})\n"
        "layer.build({x_shape})\n"
        "y = layer.stateless_call([scale, offset], [], x)[0]",
        layouts=_XY,
        unless={"'api=ops' in on_options": "keras.ops has no group_normalization (3.15.1)"},
        note="Keras has no instance normalisation: groups of one channel each, which it is asked for by -1",
    ),
    "rms_norm": (
        Words(
            "layer = keras.layers.RMSNormalization(axis={axes|last_axes}, epsilon={epsilon}, dtype={on_dtype})\n"
            "layer.build({x_shape})\n"
            "y = layer.stateless_call([scale], [], x)[0]",
            unless=_LAYER,
            own=_OWN,
        ),
        Words("y = keras.ops.rms_normalization(x, scale, axis={axes|last_axes}, epsilon={epsilon})", own=_OWN),
    ),
    "l2_normalize": (
        Words("y = keras.ops.normalize(x, -1, 2, {epsilon})", unless={"least != 'norm'": "of the square"}),
        Words("y = x * keras.ops.rsqrt(keras.ops.maximum(keras.ops.sum(x * x, -1, keepdims=True), {epsilon}))"),
    ),
    "lrn": "Keras 3 has no local response normalisation, as a layer or in keras.ops (3.15.1)",
}
