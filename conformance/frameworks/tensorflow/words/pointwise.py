"""How TensorFlow is asked: activations."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Word, Words

_OWN: dict[str, Word] = {
    "by_tanh": lambda approximate: approximate == "tanh",
    "upper": lambda padding: padding.upper() if isinstance(padding, str) else "VALID",
    "nothing": lambda pairs: not any(map(any, pairs)),
    "most": lambda pairs: max(map(max, pairs)),
}

TABLE: dict[str, Cell] = {
    "gelu": Words("y = tf.nn.gelu(x, approximate={approximate|by_tanh})", own=_OWN),
}
