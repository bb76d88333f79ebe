"""The signatures of JAX's functions, as they are in 0.10.2."""

from __future__ import annotations

from conformance.frameworks.calls import Known, known

_KEPT = "keepdims=False"
_LOGSUMEXP = f"a, axis=None, b=None, {_KEPT}, return_sign=False, where=None"

CALLS: dict[str, Known] = {
    "jax.nn.gelu": known("x, approximate=True"),
    "jax.lax.top_k": known("operand, k, *, axis=-1"),
    "jax.lax.reduce_window": known(
        "operand, init_value, computation, window_dimensions, window_strides=None, padding='VALID', "
        "base_dilation=None, window_dilation=None"
    ),
    # A dilation of None is one of 1.
    "jax.lax.conv_general_dilated_patches": known(
        "lhs, filter_shape, window_strides, padding, lhs_dilation=None, rhs_dilation=1, dimension_numbers=None, "
        "precision=None, preferred_element_type=None"
    ),
    "jax.nn.standardize": known("x, axis=-1, mean=None, variance=None, epsilon=1e-05, where=None, *, algorithm='fast'"),
    **{
        f"jax.nn.{name}": known("x")
        for name in ("relu", "relu6", "selu", "silu", "sigmoid", "mish", "log_sigmoid", "hard_swish", "soft_sign")
    },
    "jax.nn.leaky_relu": known("x, negative_slope=0.01"),
    "jax.nn.elu": known("x, alpha=1.0"),
    "jax.nn.celu": known("x, alpha=1.0"),
    **{f"jax.nn.{name}": known("x") for name in ("hard_sigmoid", "hard_tanh", "softplus", "tanh")},
    "jax.numpy.tanh": known("x", like="jax.nn.tanh"),
    **{f"jax.nn.{name}": known("x, axis=-1, where=None") for name in ("softmax", "log_softmax")},
    "jax.nn.glu": known("x, axis=-1"),
    **{f"jax.numpy.{name}": known(f"a, axis=None, {_KEPT}, *, where=None") for name in ("all", "any")},
    **{f"jax.numpy.{name}": known(f"a, axis=None, {_KEPT}, initial=None, where=None") for name in ("max", "min")},
    **{
        f"jax.numpy.{name}": known(
            f"a, axis=None, dtype=None, {_KEPT}, initial=None, where=None, promote_integers=True"
        )
        for name in ("sum", "prod")
    },
    "jax.numpy.mean": known(f"a, axis=None, dtype=None, {_KEPT}, *, where=None"),
    **{
        f"jax.numpy.{name}": known(
            f"a, axis=None, dtype=None, ddof=0, {_KEPT}, *, where=None, mean=None, correction=None"
        )
        for name in ("var", "std")
    },
    "jax.numpy.median": known(f"a, axis=None, overwrite_input=False, {_KEPT}"),
    "jax.numpy.quantile": known(f"a, q, axis=None, overwrite_input=False, method='linear', {_KEPT}, *, weights=None"),
    "jax.numpy.linalg.norm": known(f"x, ord=2, axis=None, {_KEPT}"),
    "jax.numpy.linalg.vector_norm": known(f"x, *, axis=None, {_KEPT}, ord=2"),
    "jax.nn.logsumexp": known(_LOGSUMEXP),
    "jax.scipy.special.logsumexp": known(_LOGSUMEXP, like="jax.nn.logsumexp"),
    **{f"jax.numpy.{name}": known("a, axis=None, keepdims=False") for name in ("argmax", "argmin")},
    **{f"jax.numpy.{name}": known("a, axis=None, dtype=None") for name in ("cumsum", "cumprod")},
    "jax.numpy.sort": known("a, axis=-1, *, kind=None, order=None, stable=True, descending=False"),
    "jax.numpy.argsort": known("a, axis=-1, *, kind=None, order=None, stable=True, descending=False, dtype=None"),
    "jax.numpy.searchsorted": known("a, v, side='left', sorter=None, *, method='scan'"),
    "jax.numpy.digitize": known("x, bins, right=False, *, method=None"),
    "jax.numpy.take": known(
        "a, indices, axis=None, mode=None, unique_indices=False, indices_are_sorted=False, fill_value=None"
    ),
    "jax.numpy.take_along_axis": known(
        "arr, indices, axis=-1, mode=None, fill_value=None, *, wrap_negative_indices=None"
    ),
    "jax.nn.one_hot": known("x, num_classes, *, dtype=None, axis=-1"),
    "jax.numpy.tile": known("A, reps"),
    "jax.numpy.repeat": known("a, repeats, axis=None, *, total_repeat_length=None, out_sharding=None"),
    "jax.numpy.roll": known("a, shift, axis=None"),
    "jax.numpy.linspace": known(
        "start, stop, num=50, endpoint=True, retstep=False, dtype=None, axis=0, *, device=None"
    ),
    **{
        f"jax.numpy.{name}": known("a, b, *, precision=None, preferred_element_type=None, out_sharding=None")
        for name in ("matmul", "dot")
    },
    "jax.nn.dot_product_attention": known(
        "query, key, value, bias=None, mask=None, *, scale=None, is_causal=False, query_seq_lengths=None, "
        "key_value_seq_lengths=None, local_window_size=None, implementation=None, return_residual=False"
    ),
}
