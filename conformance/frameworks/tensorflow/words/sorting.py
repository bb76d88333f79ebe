"""How TensorFlow is asked: sorting."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Word, Words

_DIRECTION: dict[str, Word] = {"direction": lambda descending: "DESCENDING" if descending else "ASCENDING"}

TABLE: dict[str, Cell] = {
    "topk": (
        Words("values, indices = tf.math.top_k(x, {k})", unless={"not largest": "the smallest"}, refuses=True),
        Words("values, indices = tf.math.top_k(-x, {k})\nvalues = -values", refuses=True),
    ),
    "sort": Words("y = tf.sort(x, {axis}, {descending|direction})", own=_DIRECTION),
    "argsort": Words("indices = tf.argsort(x, {axis}, {descending|direction}, {stable})", own=_DIRECTION),
    "searchsorted": Words("places = tf.searchsorted(row, x, {side})"),
    "bucketize": Words("places = tf.searchsorted(row, x, {side})"),
    "unique": "tf.unique gives the values in the order in which they first come, each NaN as one of its own",
}
