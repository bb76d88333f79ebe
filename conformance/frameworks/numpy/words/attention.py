"""How NumPy is asked: attention."""

from __future__ import annotations

from conformance.frameworks import Cell

TABLE: dict[str, Cell] = {"multi_head_attention": "NumPy has no attention", "attention": "NumPy has no attention"}
