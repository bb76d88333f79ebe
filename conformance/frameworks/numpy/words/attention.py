"""How NumPy is asked: attention."""

from __future__ import annotations

from conformance.frameworks import Cell

TABLE: dict[str, Cell] = {"attention": "NumPy has no attention"}
