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
    "gather": Words("y = keras.ops.take(x, indices, {axis})"),
    "take_along_axis": Words("y = keras.ops.take_along_axis(x, indices, {axis})"),
    "one_hot": Words("y = keras.ops.one_hot(indices, {classes}, dtype={on_dtype})"),
    "scatter_add": Words(
        "y = keras.ops.add(x, keras.ops.scatter(keras.ops.expand_dims(indices, 1), updates, {x_shape}))",
        note="keras.ops.scatter adds up what has one place; it begins with zeros",
    ),
    "dynamic_slice": Words("y = keras.ops.slice(x, start, {size})"),
}
