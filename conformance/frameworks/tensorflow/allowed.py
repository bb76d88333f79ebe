"""TensorFlow's functions that a plan may call.

Left out, since they trust what they are given: segment_*, unsorted_segment_*, what is sparse, ragged or quantized,
raw_ops, bincount. tf.gather refuses an index outside of its tensor on the CPU, and gives zeros for it elsewhere.
"""

from __future__ import annotations

import os

from conformance.worker.allowed import Allowed, at_most, names
from conformance.worker.rooms import ALLOWED as FILE
from conformance.worker.rooms import load_file

# `tf.keras` is Keras.
_KERAS = load_file(os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "keras"), FILE)

_ELEMENTWISE = (
    "abs acos acosh add asin asinh atan atan2 atanh cos cosh divide equal exp floor greater greater_equal less "
    "less_equal logical_and logical_not logical_or maximum minimum "
    "multiply negative not_equal pow round sigmoid sign "
    "sin sinh sqrt square subtract tan tanh argmax argmin cumsum reduce_all reduce_any reduce_logsumexp reduce_max "
    "reduce_mean reduce_min reduce_prod reduce_sum scalar_mul truediv"
)
_PLAIN = names(
    "tf",
    _ELEMENTWISE,
    # made
    "cast complex constant convert_to_tensor eye fill linspace",
    "meshgrid ones ones_like one_hot range saturate_cast zeros",
    "zeros_like",
    # moved
    "broadcast_to concat expand_dims identity pad rank repeat reshape reverse roll shape slice split squeeze stack",
    "stop_gradient strided_slice tile transpose unstack space_to_batch batch_to_space",
    # chosen, sorted, clipped
    "argsort boolean_mask clip_by_value gather",
    "gather_nd scatter_nd searchsorted tensor_scatter_nd_add tensor_scatter_nd_update sort unique unique_with_counts",
    "where norm truncatediv truncatemod",
    # products
    "einsum matmul tensordot",
)
_MATH = names(
    "tf.math",
    _ELEMENTWISE,
    "acosh angle bessel_i0 bessel_i0e bessel_i1 bessel_i1e betainc ceil conj cumprod cumulative_logsumexp digamma",
    "divide_no_nan erf erfc erfinv expm1 floordiv floormod igamma igammac imag is_finite is_inf is_nan l2_normalize",
    "lbeta lgamma log log1p log_sigmoid log_softmax logical_xor mod multiply_no_nan ndtri nextafter polygamma real",
    "reciprocal reduce_euclidean_norm reduce_std reduce_variance rint rsqrt softmax softplus softsign",
    "squared_difference top_k in_top_k xdivy xlog1py xlogy zero_fraction zeta",
)
_NN = names(
    "tf.nn",
    # convolutions, pools, windows
    "atrous_conv2d atrous_conv2d_transpose conv1d conv2d conv3d",
    "conv1d_transpose conv2d_transpose conv3d_transpose conv_transpose convolution",
    "depthwise_conv2d separable_conv2d avg_pool avg_pool1d avg_pool2d avg_pool3d max_pool max_pool1d max_pool2d",
    "max_pool3d max_pool_with_argmax pool depth_to_space space_to_depth bias_add",
    # activations
    "crelu elu gelu leaky_relu log_softmax relu relu6 selu sigmoid silu softmax softplus softsign swish tanh",
    # norms, losses
    "batch_normalization l2_loss l2_normalize local_response_normalization lrn moments",
    "sigmoid_cross_entropy_with_logits softmax_cross_entropy_with_logits sparse_softmax_cross_entropy_with_logits",
    "weighted_cross_entropy_with_logits log_poisson_loss ctc_loss top_k in_top_k",
)
_ELSEWHERE = (
    names(
        "tf.linalg",
        "band_part cholesky cholesky_solve cross det diag diag_part",
        "eigh eigvalsh einsum expm eye inv l2_normalize logdet lstsq",
        "matmul matrix_transpose matvec norm normalize pinv qr slogdet solve svd tensordot trace triangular_solve",
    )
    | names(
        "tf.image",
        "adjust_brightness adjust_contrast central_crop crop_and_resize",
        "crop_to_bounding_box extract_patches flip_left_right flip_up_down",
        "image_gradients non_max_suppression non_max_suppression_padded pad_to_bounding_box",
        "per_image_standardization psnr resize resize_with_crop_or_pad",
        "resize_with_pad rgb_to_grayscale rgb_to_hsv rot90 sobel_edges ssim total_variation transpose",
    )
    | names("tf.compat.v1.image", "resize resize_nearest_neighbor resize_bilinear resize_bicubic resize_area")
    | names(
        "tf.signal",
        "fft fft2d fft3d fftshift frame ifft ifft2d ifft3d ifftshift irfft irfft2d rfft rfft2d dct idct",
        "stft inverse_stft overlap_and_add hann_window hamming_window",
    )
    | names("tf.bitwise", "left_shift right_shift")
    | names("tf.keras.activations", _KERAS.ACTIVATIONS)
    | names("tf.keras.initializers", _KERAS.INITIALIZERS)
)
_DTYPES = names(
    "tf",
    "float16 float32 float64 bfloat16 half double int8 int16 int32 int64 uint8 uint16 uint32 uint64 bool complex64",
    "complex128",
)

ALLOWED = Allowed(
    functions=_PLAIN | _MATH | _NN | _ELSEWHERE,
    layers=names("tf.keras.layers", _KERAS.LAYERS),
    dtypes=_DTYPES,
    constants=_DTYPES
    | names("tf", "newaxis")
    | names("tf.experimental.numpy", "inf")
    | names("tf.image.ResizeMethod", "AREA BICUBIC BILINEAR GAUSSIAN LANCZOS3 LANCZOS5 MITCHELLCUBIC NEAREST_NEIGHBOR"),
    attributes=frozenset("shape dtype ndim".split()),
    layer_methods=frozenset("build stateless_call".split()),
    operations=dict.fromkeys(names("tf.signal", "stft inverse_stft"), names("tf.signal", "hann_window hamming_window")),
    positional={
        **_KERAS.layers_positional("tf.keras.layers"),
        **at_most(2, names("tf", "gather")),
        **at_most(3, names("tf", "fill ones ones_like zeros zeros_like")),
    },
)
