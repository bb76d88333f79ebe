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
    "unique": Words(
        "values, inverse, counts = tf.unique_with_counts(x)\n"
        "values = tf.pad(values, [[0, {length} - tf.shape(values)[0]]])\n"
        "counts = tf.pad(counts, [[0, {length} - tf.shape(counts)[0]]])",
        unless={
            "sorted": "tf.unique gives the values in the order in which they first come",
            "equal_nan": "tf.unique takes every NaN for a value of its own",
        },
        note="the outputs are filled up with 0 to the number of elements",
    ),
}
