"""How Keras is asked: elements by their places."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

_LAYER = {"'api=ops' in on_options": "asked for keras.ops"}

TABLE: dict[str, Cell] = {
    "embedding": (
        Words(
            "layer = keras.layers.Embedding({rows}, {features}, dtype={on_dtype})\n"
            "layer.build()\n"
            "y = layer.stateless_call([w], [], indices)[0]",
            unless=_LAYER,
        ),
        Words("y = keras.ops.take(w, indices, 0)"),
    ),
}
