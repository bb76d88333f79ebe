"""How NumPy is asked: blocks of models."""

from __future__ import annotations

from conformance.frameworks import Cell

_WHY = "NumPy has no layers: what they compute is asked one by one"

TABLE: dict[str, Cell] = {
    **dict.fromkeys(("decoder", "up_block", "generator_block"), _WHY),
    "transformer_block": "NumPy has no attention",
}
