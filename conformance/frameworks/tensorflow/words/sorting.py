"""How TensorFlow is asked: sorting."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

TABLE: dict[str, Cell] = {
    "topk": (
        Words("values, indices = tf.math.top_k(x, {k})", unless={"not largest": "the smallest"}, refuses=True),
        Words("values, indices = tf.math.top_k(-x, {k})\nvalues = -values", refuses=True),
    ),
}
