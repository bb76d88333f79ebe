"""NumPy's functions that a plan may call.

Left out, since they trust their lengths: repeat, and tile, which calls it. Observed on 2.4.6: where the sum of the
repeats is beyond 64 bits, they write behind what they have allocated.
"""

from __future__ import annotations

from conformance.worker.allowed import Allowed, at_most, names

# One tensor in, one out. A second argument without a name would be written into.
_UNARY = names(
    "numpy",
    "abs absolute fabs negative positive sign sqrt cbrt square reciprocal exp exp2 expm1 log log2 log10 log1p",
    "sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh deg2rad rad2deg",
    "floor ceil trunc rint isnan isinf isfinite signbit logical_not invert bitwise_not conj conjugate",
)
# Two tensors in.
_BINARY = names(
    "numpy",
    "add subtract multiply divide true_divide floor_divide power float_power remainder mod fmod maximum minimum",
    "fmax fmin hypot arctan2 logaddexp logaddexp2 copysign heaviside nextafter",
    "equal not_equal less less_equal greater greater_equal logical_and logical_or logical_xor",
    "bitwise_and bitwise_or bitwise_xor left_shift right_shift matmul dot outer inner vdot",
)
# A tensor and its axis.
_REDUCTIONS = names(
    "numpy",
    "sum prod mean std var max min amax amin ptp all any argmax argmin cumsum cumprod count_nonzero median",
    "nansum nanprod nanmean nanmax nanmin nanstd nanvar",
    "round around",
)
_LISTS = names("numpy", "concatenate stack")
_OTHERS = names(
    "numpy",
    # made from numbers
    "array asarray zeros ones full zeros_like ones_like full_like arange linspace eye identity tri tril triu diag",
    # moved
    "reshape ravel transpose swapaxes moveaxis rollaxis squeeze",
    "expand_dims broadcast_to flip fliplr flipud rot90 roll",
    "pad split array_split vstack hstack dstack atleast_1d atleast_2d atleast_3d ascontiguousarray",
    # chosen and sorted
    "searchsorted digitize unique quantile",
    "where take_along_axis sort argsort clip real imag trace diagonal meshgrid diff",
    # products
    "einsum tensordot kron cross convolve correlate",
    "interp sinc",
    # windows
    "hanning hamming blackman bartlett",
) | names("numpy", "take")
_ELSEWHERE = (
    names("numpy.fft", "fft ifft fft2 ifft2 fftn ifftn rfft irfft rfft2 irfft2 rfftn irfftn fftshift ifftshift")
    | names(
        "numpy.linalg",
        "norm vector_norm inv pinv det slogdet solve lstsq cholesky qr svd eigvalsh eigh matrix_power matrix_rank",
    )
    | names("numpy.lib.stride_tricks", "sliding_window_view")
)
_DTYPES = names(
    "numpy", "float16 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64 bool_ complex64 complex128"
)

ALLOWED = Allowed(
    functions=_UNARY | _BINARY | _REDUCTIONS | _LISTS | _OTHERS | _ELSEWHERE | _DTYPES,
    dtypes=_DTYPES,
    constants=_DTYPES | names("numpy", "pi e inf nan newaxis"),
    methods=frozenset(
        "reshape transpose swapaxes astype sum mean max min flatten ravel squeeze conj copy std var prod "
        "cumsum argmax argmin argsort clip round".split()
    ),
    attributes=frozenset("shape dtype ndim size T mT real imag".split()),
    words=frozenset(["stable"]),
    positional={
        **at_most(1, _UNARY),
        **at_most(2, _BINARY | _REDUCTIONS | _LISTS),
        **at_most(3, names("numpy", "clip take quantile searchsorted digitize")),
        **at_most(4, names("numpy", "trace")),
        **at_most(
            1, (".sum", ".mean", ".max", ".min", ".std", ".var", ".prod", ".cumsum", ".argmax", ".argmin", ".round")
        ),
        **at_most(2, (".clip",)),
        **at_most(0, (".conj",)),
        **at_most(4, _ELSEWHERE),
        **at_most(2, names("numpy", "broadcast_to ones_like zeros_like full_like")),
        **at_most(2, names("numpy", "array asarray")),
        # A window writes into its tensor where it is asked to; it is only looked through.
        **at_most(3, names("numpy.lib.stride_tricks", "sliding_window_view")),
    },
)
