"""How JAX is asked: activations."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

# Those that take x alone: the op and the function.
_ALONE = {
    **{
        name: name for name in ("relu", "relu6", "selu", "silu", "sigmoid", "hard_swish", "mish", "log_sigmoid", "tanh")
    },
    "softsign": "soft_sign",
}

TABLE: dict[str, Cell] = {
    **{op: Words(f"y = jax.nn.{name}(x)") for op, name in _ALONE.items()},
    "leaky_relu": Words("y = jax.nn.leaky_relu(x, {slope})"),
    "elu": Words("y = jax.nn.elu(x, {alpha})"),
    "celu": Words("y = jax.nn.celu(x, {alpha})"),
    "hard_sigmoid": (
        Words("y = jax.nn.hard_sigmoid(x)", unless={"slope != 1 / 6": "of another slope"}),
        Words(
            "y = jax.numpy.clip({slope} * x + 0.5, 0.0, 1.0)",
            note="jax.nn.hard_sigmoid has the slope 1/6 alone: by hand",
        ),
    ),
    "hard_tanh": (
        Words("y = jax.nn.hard_tanh(x)", unless={"low != -1 or high != 1": "other bounds"}),
        Words("y = jax.numpy.clip(x, {low}, {high})", note="jax.nn.hard_tanh has the bounds -1 and 1 alone"),
    ),
    "softplus": (
        Words("y = jax.nn.softplus(x)", unless={"beta != 1": "of another beta"}),
        Words("y = jax.nn.softplus({beta} * x) / {beta}", note="jax.nn.softplus has no beta: by hand"),
    ),
    "softmax": Words("y = jax.nn.softmax(x, {axis})"),
    "log_softmax": Words("y = jax.nn.log_softmax(x, {axis})"),
    "glu": Words("y = jax.nn.glu(x, {axis})"),
    "clip": Words("y = jax.numpy.clip(x, {low}, {high})"),
    "gelu": Words("y = jax.nn.gelu(x, approximate={approximate|by_tanh})", own={"by_tanh": lambda a: a == "tanh"}),
}
