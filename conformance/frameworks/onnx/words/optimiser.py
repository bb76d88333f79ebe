"""How ONNX is asked: optimisers."""

from __future__ import annotations

from conformance.frameworks import Cell

_NONE = "ONNX's optimisers are in a domain of their own, ai.onnx.preview.training; a plan names none"

TABLE: dict[str, Cell] = dict.fromkeys(("sgd", "adam", "adamw", "rmsprop", "adagrad"), _NONE)
