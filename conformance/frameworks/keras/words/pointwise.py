"""How Keras is asked: activations."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

_LAYER = {"'api=ops' in on_options": "asked for keras.ops"}
# Those that take x alone.
_ALONE = "relu6 selu silu sigmoid hard_swish softsign tanh log_sigmoid".split()


def _layered(op: str, layer: str, parameter: str = "") -> tuple[Words, ...]:
    """By the layer, and by the function of the op's own name."""
    said = [f"{{{parameter}}}"] if parameter else []
    return (
        Words(f"y = keras.layers.{layer}({', '.join([*said, 'dtype={on_dtype}'])})(x)", unless=_LAYER),
        Words(f"y = keras.ops.{op}({', '.join(['x', *said])})"),
    )


TABLE: dict[str, Cell] = {
    **{op: Words(f"y = keras.ops.{op}(x)") for op in _ALONE},
    "relu": _layered("relu", "ReLU"),
    "leaky_relu": _layered("leaky_relu", "LeakyReLU", "slope"),
    "elu": _layered("elu", "ELU", "alpha"),
    "softmax": _layered("softmax", "Softmax", "axis"),
    "log_softmax": Words("y = keras.ops.log_softmax(x, {axis})"),
    "celu": Words("y = keras.ops.celu(x, {alpha})"),
    "mish": Words("y = keras.activations.mish(x)"),
    "hard_sigmoid": (
        Words("y = keras.ops.hard_sigmoid(x)", unless={"slope != 1 / 6": "of another slope"}),
        Words(
            "y = keras.ops.clip({slope} * x + 0.5, 0.0, 1.0)",
            note="keras.ops.hard_sigmoid has the slope 1/6 alone: by hand",
        ),
    ),
    "hard_tanh": (
        Words("y = keras.ops.hard_tanh(x)", unless={"low != -1 or high != 1": "other bounds"}),
        Words("y = keras.ops.clip(x, {low}, {high})", note="keras.ops.hard_tanh has the bounds -1 and 1 alone"),
    ),
    "softplus": (
        Words("y = keras.ops.softplus(x)", unless={"beta != 1": "of another beta"}),
        Words("y = keras.ops.softplus({beta} * x) / {beta}", note="keras.ops.softplus has no beta: by hand"),
    ),
    "glu": Words("y = keras.ops.glu(x, {axis})"),
    "clip": Words("y = keras.ops.clip(x, {low}, {high})"),
    "gelu": (
        Words("y = keras.ops.gelu(x, approximate=False)", unless={"approximate != 'none'": "by tanh"}),
        Words("y = keras.ops.gelu(x, approximate=True)"),
    ),
}
