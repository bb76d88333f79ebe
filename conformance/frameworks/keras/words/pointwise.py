"""How Keras is asked: activations."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

TABLE: dict[str, Cell] = {
    "gelu": (
        Words("y = keras.ops.gelu(x, approximate=False)", unless={"approximate != 'none'": "by tanh"}),
        Words("y = keras.ops.gelu(x, approximate=True)"),
    ),
}
