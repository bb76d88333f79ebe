"""How TensorFlow is asked: activations."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Word, Words

_OWN: dict[str, Word] = {
    "by_tanh": lambda approximate: approximate == "tanh",
}

_BELOW = "tf.math.expm1(tf.minimum(x, 0.0)"
_NONE = "TensorFlow has no function for it: by hand"

TABLE: dict[str, Cell] = {
    **{op: Words(f"y = tf.nn.{op}(x)") for op in ("relu", "relu6", "selu", "silu", "softsign")},
    **{op: Words(f"y = tf.math.{op}(x)") for op in ("sigmoid", "log_sigmoid", "tanh")},
    "leaky_relu": Words("y = tf.nn.leaky_relu(x, {slope})"),
    "elu": (
        Words("y = tf.nn.elu(x)", unless={"alpha != 1": "of another alpha"}),
        Words(
            f"y = tf.where(tf.greater(x, 0.0), x, {{alpha}} * {_BELOW}))",
            note="tf.nn.elu has the alpha 1 alone: by hand",
        ),
    ),
    "celu": Words(f"y = tf.where(tf.greater(x, 0.0), x, {{alpha}} * {_BELOW} / {{alpha}}))", note=_NONE),
    "hard_sigmoid": Words("y = tf.clip_by_value({slope} * x + 0.5, 0.0, 1.0)", note=_NONE),
    "hard_swish": Words("y = x * tf.nn.relu6(x + 3.0) / 6.0", note=_NONE),
    "hard_tanh": Words("y = tf.clip_by_value(x, {low}, {high})", note=_NONE),
    "softplus": (
        Words("y = tf.math.softplus(x)", unless={"beta != 1": "of another beta"}),
        Words("y = tf.math.softplus({beta} * x) / {beta}", note="tf.math.softplus has no beta: by hand"),
    ),
    "mish": Words("y = x * tf.math.tanh(tf.math.softplus(x))", note=_NONE),
    "softmax": Words("y = tf.nn.softmax(x, {axis})"),
    "log_softmax": Words("y = tf.nn.log_softmax(x, {axis})"),
    "glu": Words("y, gate = tf.split(x, 2, {axis})\ny = y * tf.math.sigmoid(gate)", note=_NONE),
    "clip": Words("y = tf.clip_by_value(x, {low}, {high})"),
    "gelu": Words("y = tf.nn.gelu(x, approximate={approximate|by_tanh})", own=_OWN),
}
