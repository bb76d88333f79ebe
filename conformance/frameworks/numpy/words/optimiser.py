"""How NumPy is asked: optimisers, by hand."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.steps import by_hand

TABLE: dict[str, Cell] = {**by_hand("numpy", "NumPy has no optimisers: by hand")}
