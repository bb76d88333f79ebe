"""How NumPy is asked: reductions, and what runs along an axis."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.reductions import numpy_like

TABLE: dict[str, Cell] = {
    **numpy_like("numpy", "2.4.6"),
    "logsumexp": "NumPy has no logsumexp: it is in SciPy",
}
