"""The signatures of JAX's functions, as they are in 0.10.2."""

from __future__ import annotations

from conformance.frameworks.calls import Known, known

CALLS: dict[str, Known] = {
    "jax.nn.gelu": known("x, approximate=True"),
    "jax.lax.top_k": known("operand, k, *, axis=-1"),
    "jax.lax.reduce_window": known(
        "operand, init_value, computation, window_dimensions, window_strides=None, padding='VALID', "
        "base_dilation=None, window_dilation=None"
    ),
    "jax.nn.standardize": known("x, axis=-1, mean=None, variance=None, epsilon=1e-05, where=None, *, algorithm='fast'"),
    **{
        f"jax.nn.{name}": known("x")
        for name in ("relu", "relu6", "selu", "silu", "sigmoid", "mish", "log_sigmoid", "hard_swish", "soft_sign")
    },
    "jax.nn.leaky_relu": known("x, negative_slope=0.01"),
    "jax.nn.elu": known("x, alpha=1.0"),
    "jax.nn.celu": known("x, alpha=1.0"),
}
