"""How Keras is asked: sums of products."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

_LAYER = {"'api=ops' in on_options": "asked for keras.ops", "dims(shape) == 1": "a layer takes a batch"}
_DENSE = (
    "layer = keras.layers.Dense({{units}}, use_bias={{bias}}, dtype={{on_dtype}})\n"
    "layer.build({{x_shape}})\n"
    "y = layer.stateless_call([{}], [], x)[0]"
)

TABLE: dict[str, Cell] = {
    "matmul": (
        Words("y = keras.ops.matmul(a, b)", unless={"transpose_left": "turned", "transpose_right": "turned"}),
        Words(
            "y = keras.ops.matmul(keras.ops.swapaxes(a, -1, -2), b)",
            unless={"not transpose_left": "as it is", "transpose_right": "turned"},
        ),
        Words("y = keras.ops.matmul(a, keras.ops.swapaxes(b, -1, -2))", unless={"transpose_left": "turned"}),
        Words("y = keras.ops.matmul(keras.ops.swapaxes(a, -1, -2), keras.ops.swapaxes(b, -1, -2))"),
    ),
    "dot": Words("y = keras.ops.dot(a, b)"),
    "dense": (
        Words(_DENSE.format("w"), unless={**_LAYER, "bias": "with a bias"}),
        Words(_DENSE.format("w, b"), unless={**_LAYER, "not bias": "without"}),
        Words("y = keras.ops.matmul(x, w)", unless={"bias": "with a bias"}),
        Words("y = keras.ops.add(keras.ops.matmul(x, w), b)"),
    ),
    "einsum": (
        Words("y = keras.ops.einsum({equation}, a)", unless={"operands != 1": "of two"}),
        Words("y = keras.ops.einsum({equation}, a, b)"),
    ),
}
