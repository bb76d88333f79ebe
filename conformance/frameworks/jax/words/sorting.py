"""How JAX is asked: sorting."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

TABLE: dict[str, Cell] = {
    "topk": (
        Words("values, indices = jax.lax.top_k(x, {k})", unless={"not largest": "the smallest"}, refuses=True),
        Words("values, indices = jax.lax.top_k(-x, {k})\nvalues = -values", refuses=True),
    ),
    "sort": Words("y = jax.numpy.sort(x, {axis}, descending={descending})"),
    "argsort": Words("indices = jax.numpy.argsort(x, {axis}, stable={stable}, descending={descending})"),
    "searchsorted": Words(
        "places = jax.numpy.searchsorted(row, x, {side})",
        unless={"rows != null": "jax.numpy.searchsorted takes one row"},
    ),
    "bucketize": Words(
        "places = jax.numpy.digitize(x, row, {right|flipped})", own={"flipped": lambda right: not right}
    ),
    "unique": Words(
        "values, inverse, counts = jax.numpy.unique("
        "x, return_inverse=True, return_counts=True, equal_nan={equal_nan}, size={length}, fill_value=0)",
        unless={"not sorted": "jax.numpy.unique has sorted=False, which sorts all the same (0.10.2)"},
    ),
}
