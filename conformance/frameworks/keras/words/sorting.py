"""How Keras is asked: sorting."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

TABLE: dict[str, Cell] = {
    "topk": Words(
        "values, indices = keras.ops.top_k(x, {k})",
        unless={
            "not largest": "keras.ops.top_k gives the largest only: \"unexpected keyword argument 'largest'\" (3.15.1)"
        },
        refuses=True,
    ),
}
