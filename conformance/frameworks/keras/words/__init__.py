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
