"""How NumPy is asked: pooling."""

from __future__ import annotations

from conformance.frameworks import Cell

TABLE: dict[str, Cell] = {
    "max_pool": "NumPy has no pooling",
}
