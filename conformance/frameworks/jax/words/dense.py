"""How JAX is asked: sums of products."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

TABLE: dict[str, Cell] = {
    "matmul": (
        Words("y = jax.numpy.matmul(a, b)", unless={"transpose_left": "turned", "transpose_right": "turned"}),
        Words("y = jax.numpy.matmul(a.mT, b)", unless={"not transpose_left": "as it is", "transpose_right": "turned"}),
        Words("y = jax.numpy.matmul(a, b.mT)", unless={"transpose_left": "turned"}),
        Words("y = jax.numpy.matmul(a.mT, b.mT)"),
    ),
    "dot": Words("y = jax.numpy.dot(a, b)"),
    "dense": (
        Words("y = jax.numpy.dot(x, w)", unless={"bias": "with a bias"}),
        Words("y = jax.numpy.dot(x, w) + b"),
    ),
    "einsum": (
        Words("y = jax.numpy.einsum({equation}, a)", unless={"operands != 1": "of two"}),
        Words("y = jax.numpy.einsum({equation}, a, b)"),
    ),
}
