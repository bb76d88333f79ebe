"""How JAX is asked: reductions, and what runs along an axis."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.reductions import numpy_like
from conformance.frameworks.words import Words

TABLE: dict[str, Cell] = {
    **numpy_like("jax.numpy", "0.10.2", running_in="int32"),
    "logsumexp": Words("y = jax.nn.logsumexp(x, {axes}, keepdims={keepdims})"),
}
