"""How JAX is asked, a family of ops a file.

https://docs.jax.dev/en/latest/jax.lax.html
"""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.jax.words import (
    attention,
    convolution,
    dense,
    indexing,
    norm,
    optimiser,
    pointwise,
    pool,
    recurrent,
    sorting,
)

TABLE: dict[str, Cell] = {
    **convolution.TABLE,
    **pointwise.TABLE,
    **pool.TABLE,
    **norm.TABLE,
    **recurrent.TABLE,
    **sorting.TABLE,
    **indexing.TABLE,
    **attention.TABLE,
    **dense.TABLE,
    **optimiser.TABLE,
}
