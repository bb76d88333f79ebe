"""How ONNX is asked: blocks of models."""

from __future__ import annotations

from conformance.frameworks import Cell

_WHY = "ONNX is asked for one operator, of which a block has several"

TABLE: dict[str, Cell] = {
    **dict.fromkeys(("decoder", "up_block", "generator_block"), _WHY),
    "transformer_block": _WHY,
}
