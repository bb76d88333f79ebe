"""How Keras is asked: sorting."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

TABLE: dict[str, Cell] = {
    "topk": Words(
        "values, indices = keras.ops.top_k(x, {k})",
        unless={
            "not largest": "keras.ops.top_k gives the largest only: \"unexpected keyword argument 'largest'\" (3.15.1)"
        },
        refuses=True,
    ),
    "sort": (
        Words("y = keras.ops.sort(x, {axis})", unless={"descending": "keras.ops.sort has no descending"}),
        Words("y = keras.ops.flip(keras.ops.sort(x, {axis}), {axis})"),
    ),
    "argsort": (
        Words("indices = keras.ops.argsort(x, {axis})", unless={"descending": "the largest first"}),
        Words(
            "indices = keras.ops.flip(keras.ops.argsort(x, {axis}), {axis})",
            unless={"stable": "keras.ops.argsort has no descending; turned round, equal elements are, too"},
        ),
    ),
    "searchsorted": Words(
        "places = keras.ops.searchsorted(row, x, {side})",
        unless={"rows != null": "keras.ops.searchsorted takes one row"},
    ),
    "bucketize": Words(
        "places = keras.ops.digitize(x, row)",
        unless={"not right": "keras.ops.digitize counts the boundaries that are not above x"},
    ),
    "unique": Words(
        "values, inverse, counts = keras.ops.unique("
        "x, return_inverse=True, return_counts=True, size={length}, fill_value=0)",
        unless={
            "not sorted": "the order of keras.ops.unique with sorted=False is left open: as the values first come on "
            "TensorFlow, sorted on PyTorch and JAX (3.15.1)"
        },
    ),
}
