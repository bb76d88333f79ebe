"""How Keras is asked, a family of ops a file.

https://keras.io/api/layers/
https://keras.io/api/ops/
"""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.keras.words import (
    attention,
    convolution,
    dense,
    indexing,
    loss,
    moving,
    norm,
    optimiser,
    pointwise,
    pool,
    recurrent,
    reduction,
    sorting,
)

TABLE: dict[str, Cell] = {
    **convolution.TABLE,
    **pointwise.TABLE,
    **pool.TABLE,
    **moving.TABLE,
    **norm.TABLE,
    **recurrent.TABLE,
    **sorting.TABLE,
    **reduction.TABLE,
    **indexing.TABLE,
    **loss.TABLE,
    **attention.TABLE,
    **dense.TABLE,
    **optimiser.TABLE,
}
