"""The signatures of JAX's functions, as they are in 0.10.2."""

from __future__ import annotations

from conformance.frameworks.calls import UNIQUE, Known, known, methods

_KEPT = "keepdims=False"
_LOGSUMEXP = f"a, axis=None, b=None, {_KEPT}, return_sign=False, where=None"

# JAX takes the mean of x and its transpose first, where the op reads one triangle: of a symmetric x it is the same.
_HALVES = {"symmetrize_input": False}
TENSOR = "jax.Array"
_METHODS = "sum mean prod max min all any argmax argmin var std cumsum cumprod take repeat round dot".split()

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
    **{f"jax.numpy.{name}": known("x") for name in ("negative", "abs")},
    **{
        f"jax.numpy.{name}": known("x1, x2")
        for name in ("add", "subtract", "multiply", "divide", "floor_divide", "remainder", "fmod")
    },
    "jax.numpy.left_shift": known("x, y"),
    "jax.numpy.right_shift": known("x1, x2"),
    **{
        f"jax.numpy.{name}": known("x1, x2", says=f"jax.numpy.{of}({{x1}}, {{x2}})")
        for name, of in (("mod", "remainder"), ("true_divide", "divide"))
    },
    "jax.lax.div": known("x, y"),
    "jax.numpy.round": known("a, decimals=0"),
    "jax.numpy.around": known("a, decimals=0", says="jax.numpy.round({a}, {decimals})"),
    "jax.nn.swish": known("x", says="jax.nn.silu({x})"),
    "jax.numpy.percentile": known(
        f"a, q, axis=None, overwrite_input=False, method='linear', {_KEPT}, *, weights=None, out_sharding=None",
        says="jax.numpy.quantile({a}, {q} / 100, {axis}, method={method}, keepdims={keepdims})",
    ),
    "jax.numpy.linalg.solve": known("a, b"),
    **{f"jax.numpy.linalg.{name}": known("a") for name in ("inv", "det")},
    "jax.numpy.linalg.cholesky": known(
        "a, *, upper=False, symmetrize_input=True", like="jax.numpy.linalg.cholesky", fixed=_HALVES
    ),
    "jax.numpy.linalg.qr": known("a, mode='reduced'"),
    "jax.numpy.linalg.svd": known("a, full_matrices=True, compute_uv=True, hermitian=False, subset_by_index=None"),
    "jax.numpy.linalg.eigh": known("a, UPLO='L', symmetrize_input=True", like="jax.numpy.linalg.eigh", fixed=_HALVES),
    "jax.numpy.linalg.lstsq": known("a, b, rcond=None, *, numpy_resid=False"),
    "jax.numpy.linalg.pinv": known("a, rtol=None, hermitian=False, *, rcond=None"),
    **{
        f"jax.numpy.fft.{name}": known("a, n=None, axis=-1, norm='backward'")
        for name in ("fft", "ifft", "rfft", "irfft")
    },
    "jax.scipy.fft.dct": known("x, type=2, n=None, axis=-1, norm='backward'"),
    "jax.image.resize": known("image, shape, method, antialias=True, precision=None"),
    "jax.numpy.unique": known(
        "ar, return_index=False, return_inverse=False, return_counts=False, axis=None, *, equal_nan=True, size=None, "
        "fill_value=None, sorted=True",
        way=UNIQUE,
    ),
    "jax.Array.astype": known("self, dtype, copy=False, device=None", like="jax.Array.astype"),
}
CALLS |= methods(CALLS, TENSOR, map("jax.numpy.{}".format, _METHODS))
