"""How TensorFlow is asked: blocks of models."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

_UP = "z = tf.nn.conv2d_transpose(x, w, {large}, 2, 'SAME')\n"
_SPACE = {"x": "NHWC", "w": "HWOI", "y": "NHWC"}
_BOTH = {**_SPACE, "w2": "HWIO"}
_ATTENTION = (
    "mean, variance = tf.nn.moments(x, -1, keepdims=True)\n"
    "h = tf.nn.batch_normalization(x, mean, variance, offset, scale, {epsilon})\n"
    "q = tf.reshape(tf.matmul(h, wq), {split})\n"
    "k = tf.reshape(tf.matmul(h, wk), {split})\n"
    "v = tf.reshape(tf.matmul(h, wv), {split})\n"
    "scores = tf.einsum('nqhf,nkhf->nhqk', q, k) * {features|by}\n"
)
_PAST = (
    "past = tf.greater_equal(tf.range({length})[:, None], tf.range({length}))\n"
    "scores = tf.where(past, scores, scores.dtype.min)\n"
)
_DENSE = (
    "a = tf.reshape(tf.einsum('nhqk,nkhf->nqhf', tf.nn.softmax(scores), v), {x_shape})\n"
    "z = x + tf.matmul(a, wo)\n"
    "mean, variance = tf.nn.moments(z, -1, keepdims=True)\n"
    "h = tf.nn.batch_normalization(z, mean, variance, offset2, scale2, {epsilon})\n"
    "h = tf.nn.gelu(tf.matmul(h, w1) + b1, approximate={approximate|by_tanh})\n"
    "y = z + tf.matmul(h, w2) + b2"
)
_OWN = {"by_tanh": lambda a: a == "tanh", "by": lambda features: features**-0.5}

TABLE: dict[str, Cell] = {
    "decoder": Words(_UP + "y = tf.sigmoid(tf.nn.conv2d(z + b, w2, 1, 'SAME') + b2)", _BOTH),
    "up_block": Words(
        _UP + "z = tf.concat((skip, z + b), -1)\ny = tf.nn.relu(tf.nn.conv2d(z, w2, 1, 'SAME') + b2)",
        {**_BOTH, "skip": "NHWC"},
    ),
    "generator_block": Words(
        _UP + "mean, variance = tf.nn.moments(z, (0, 1, 2))\n"
        "y = tf.nn.relu(tf.nn.batch_normalization(z, mean, variance, offset, scale, {epsilon}))",
        _SPACE,
    ),
    "transformer_block": (
        Words(_ATTENTION + _DENSE, unless={"causal": "with a past"}, own=_OWN),
        Words(_ATTENTION + _PAST + _DENSE, own=_OWN, trusted=True),
    ),
}
