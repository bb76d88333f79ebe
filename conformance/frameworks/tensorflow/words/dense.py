"""How TensorFlow is asked: sums of products."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

TABLE: dict[str, Cell] = {
    "matmul": Words(
        "y = tf.matmul(a, b, transpose_a={transpose_left}, transpose_b={transpose_right})",
        unless={"least < 2": 'tf.matmul takes no vectors: "In[0] and In[1] ndims must be >= 2" (2.21.0)'},
    ),
    "dot": Words("y = tf.tensordot(a, b, {axes})"),
    "dense": (
        Words("y = tf.tensordot(x, w, 1)", unless={"bias": "with a bias"}),
        Words(
            "y = tf.nn.bias_add(tf.tensordot(x, w, 1), b)", unless={"dims(shape) == 1": "tf.nn.bias_add takes a batch"}
        ),
        Words("y = tf.tensordot(x, w, 1) + b"),
    ),
    "einsum": (
        Words("y = tf.einsum({equation}, a)", unless={"operands != 1": "of two"}),
        Words("y = tf.einsum({equation}, a, b)"),
    ),
}
