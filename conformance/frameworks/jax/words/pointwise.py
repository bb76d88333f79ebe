"""How JAX is asked: activations."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

TABLE: dict[str, Cell] = {
    "gelu": Words("y = jax.nn.gelu(x, approximate={approximate|by_tanh})", own={"by_tanh": lambda a: a == "tanh"}),
}
