"""JAX's functions that a plan may call. XLA keeps every index within its array: a gather clamps, a scatter drops."""

from __future__ import annotations

from conformance.worker.allowed import Allowed, at_most, names

_LAX = names(
    "jax.lax",
    # products
    "conv conv_transpose conv_general_dilated conv_with_general_padding conv_general_dilated_patches",
    "conv_general_dilated_local dot dot_general batch_matmul",
    # elementwise
    "abs acos acosh add asin asinh atan atan2 atanh bessel_i0e bessel_i1e betainc bitwise_and bitwise_not bitwise_or",
    "bitwise_xor cbrt ceil clamp complex conj convert_element_type cos cosh digamma div eq erf erf_inv erfc exp exp2",
    "expm1 floor ge gt igamma igammac imag integer_pow is_finite le lgamma log log1p logistic lt max min mul ne neg",
    "nextafter pow real reciprocal rem round rsqrt select sign sin sinh sqrt square stop_gradient sub tan tanh",
    # moved
    "broadcast broadcast_in_dim collapse concatenate dynamic_index_in_dim dynamic_slice dynamic_slice_in_dim",
    "dynamic_update_slice dynamic_update_slice_in_dim expand_dims full full_like iota index_in_dim index_take pad",
    "reshape rev slice slice_in_dim squeeze transpose broadcasted_iota",
    # reduced, sorted
    "argmax argmin cumlogsumexp cummax cummin cumprod cumsum reduce_max reduce_min reduce_prod reduce_sum",
    "reduce_precision sort top_k",
    "reduce_window fft",
)
_NN = names(
    "jax.nn",
    "celu elu gelu glu hard_sigmoid hard_silu hard_swish hard_tanh leaky_relu log_sigmoid log_softmax logsumexp mish",
    "one_hot relu relu6 selu sigmoid silu",
    "soft_sign softmax softplus sparse_plus sparse_sigmoid squareplus standardize",
    "swish tanh logmeanexp dot_product_attention",
)
_NUMPY = names(
    "jax.numpy",
    # elementwise
    "abs absolute add arccos arccosh arcsin arcsinh arctan arctan2 arctanh around bitwise_and bitwise_not bitwise_or",
    "bitwise_xor cbrt ceil clip conj conjugate copysign cos",
    "cosh deg2rad divide equal exp exp2 expm1 fabs float_power",
    "floor floor_divide fmax fmin fmod greater greater_equal",
    "heaviside hypot imag invert isclose isfinite isinf isnan left_shift right_shift",
    "less less_equal log log10 log1p log2",
    "logaddexp logaddexp2 logical_and logical_not logical_or logical_xor maximum",
    "minimum mod multiply nan_to_num negative nextafter not_equal",
    "positive power rad2deg real reciprocal remainder rint",
    "round sign signbit sin sinc sinh sqrt square subtract tan tanh true_divide trunc where",
    # made
    "arange array asarray diag diagonal eye full full_like",
    "identity linspace meshgrid ones ones_like tri tril triu zeros",
    "zeros_like",
    # windows
    "hanning hamming blackman bartlett",
    # moved
    "array_split atleast_1d atleast_2d atleast_3d broadcast_to concatenate",
    "dstack expand_dims flip fliplr flipud hstack",
    "moveaxis pad ravel repeat reshape roll rot90 split squeeze stack swapaxes tile transpose vstack",
    # reduced, sorted, chosen
    "all amax amin any argmax argmin argsort average count_nonzero",
    "cumprod cumsum diff digitize interp max mean median min nanmax",
    "nanmean nanmin nanprod nanstd nansum nanvar percentile prod",
    "ptp quantile searchsorted sort std sum take unique take_along_axis trace",
    "var",
    # products
    "convolve correlate cross dot einsum inner kron matmul outer tensordot vdot",
)
_ELSEWHERE = (
    names("jax.numpy.fft", "fft fft2 fftn fftshift ifft ifft2 ifftn ifftshift irfft irfft2 irfftn rfft rfft2 rfftn")
    | names(
        "jax.numpy.linalg",
        "cholesky det eigh eigvalsh inv lstsq matrix_power norm pinv qr slogdet solve svd vector_norm",
    )
    | names("jax.image", "resize scale_and_translate")
    | names("jax.scipy.ndimage", "map_coordinates")
    | names("jax.scipy.signal", "convolve convolve2d correlate correlate2d stft istft")
    | names("jax.scipy.fft", "dct idct")
    | names(
        "jax.scipy.special",
        "betainc betaln digamma entr erf erfc erfinv expit gammainc gammaincc gammaln i0 i0e i1 i1e kl_div log_ndtr",
        "logit logsumexp multigammaln ndtr ndtri polygamma rel_entr xlog1py xlogy zeta",
    )
)
_DTYPES = names(
    "jax.numpy",
    "float16 float32 float64 bfloat16 int8 int16 int32 int64 uint8 uint16 uint32 uint64 bool_ complex64 complex128",
)

ALLOWED = Allowed(
    functions=_LAX | _NN | _NUMPY | _ELSEWHERE | _DTYPES,
    dtypes=_DTYPES,
    constants=_DTYPES | names("jax.numpy", "pi e inf nan newaxis") | names("jax.lax.Precision", "DEFAULT HIGH HIGHEST"),
    methods=frozenset(
        "reshape transpose swapaxes astype sum mean max min flatten "
        "ravel squeeze repeat conj std var prod cumsum argmax "
        "argmin argsort clip round".split()
    ),
    attributes=frozenset("shape dtype ndim size T mT real imag at".split()),
    # What comes after these is written into, placed, or says that the indices need not be looked at.
    positional={
        **at_most(2, names("jax.numpy", "all amax amin any argmax argmin around max median min nanmax nanmin outer")),
        **at_most(2, names("jax.numpy", "ptp round stack")),
        **at_most(3, names("jax.numpy", "cumprod cumsum mean nanmean nanprod nanstd nansum nanvar percentile prod")),
        **at_most(3, names("jax.numpy", "quantile searchsorted std sum take var")),
        **at_most(2, names("jax.nn", "log_softmax logmeanexp softmax")),
        **at_most(4, names("jax.lax", "full_like")),
        **at_most(5, names("jax.nn", "logsumexp standardize") | names("jax.scipy.special", "logsumexp")),
        **at_most(5, names("jax.numpy", "trace")),
        **at_most(11, names("jax.lax", "conv_general_dilated")),
    },
    words=frozenset({"cubic-pytorch", "even"}),
    # A pool is a reduction by one of these.
    operations={"jax.lax.reduce_window": names("jax.lax", "add max min mul")},
)
