"""How TensorFlow is asked: elements by their places."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

TABLE: dict[str, Cell] = {
    "embedding": Words("y = tf.gather(w, indices)"),
    "gather": Words(
        "y = tf.gather(x, indices, axis={axis})",
        unless={"negative": 'tf.gather on the CPU refuses them: "indices[0] = -1 is not in [0, 3)" (2.21.0)'},
    ),
    "take_along_axis": Words("y = tf.experimental.numpy.take_along_axis(x, indices, {axis})", trusted=True),
    "one_hot": Words("y = tf.one_hot(indices, {classes}, dtype={on_dtype})"),
    "scatter_add": Words("y = tf.tensor_scatter_nd_add(x, indices[:, None], updates)"),
    "dynamic_slice": Words(
        "y = tf.slice(x, start, {size})",
        unless={"beyond": 'tf.slice refuses them: "Expected begin[0] in [0, 5], but got 6" (2.21.0)'},
    ),
}
