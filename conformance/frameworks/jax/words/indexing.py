"""How JAX is asked: elements by their places."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

TABLE: dict[str, Cell] = {
    "embedding": Words("y = jax.numpy.take(w, indices, 0)"),
    "gather": Words("y = jax.numpy.take(x, indices, {axis})"),
    "take_along_axis": Words("y = jax.numpy.take_along_axis(x, indices, {axis})"),
    "one_hot": Words("y = jax.nn.one_hot(indices, {classes}, dtype={on_dtype})"),
    "scatter_add": Words("y = x.at[indices].add(updates)"),
    "dynamic_slice": Words("y = jax.lax.dynamic_slice(x, start, {size})"),
}
