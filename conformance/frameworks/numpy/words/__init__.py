"""How NumPy is asked, a family of ops a file."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.numpy.words import (
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
