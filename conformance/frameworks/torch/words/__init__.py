"""How PyTorch is asked, a family of ops a file.

https://docs.pytorch.org/docs/stable/nn.functional.html
"""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.torch.words import (
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
