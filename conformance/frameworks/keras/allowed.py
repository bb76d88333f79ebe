"""Keras's functions that a plan may call; `tf.keras` has the same layers and activations.

Attention in one call is left out: on PyTorch it reads beyond the keys where there are more values than keys.
"""

from __future__ import annotations

from typing import Dict

from conformance.worker.allowed import Allowed, at_most, names

ACTIVATIONS = (
    "celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_tanh leaky_relu linear log_sigmoid "
    "log_softmax mish relu relu6 selu sigmoid silu soft_shrink softmax softplus softsign sparse_plus sparsemax "
    "squareplus tanh tanh_shrink threshold"
)
LAYERS = (
    # convolutions and dense
    "Conv1D Conv2D Conv3D Conv1DTranspose Conv2DTranspose Conv3DTranspose DepthwiseConv1D DepthwiseConv2D "
    "SeparableConv1D SeparableConv2D Dense EinsumDense Embedding "
    # pools and shapes
    "AveragePooling1D AveragePooling2D AveragePooling3D MaxPooling1D MaxPooling2D MaxPooling3D AvgPool1D AvgPool2D "
    "AvgPool3D MaxPool1D MaxPool2D MaxPool3D GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D "
    "AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveAveragePooling3D "
    "AdaptiveMaxPooling1D AdaptiveMaxPooling2D AdaptiveMaxPooling3D "
    "GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D UpSampling1D UpSampling2D UpSampling3D ZeroPadding1D "
    "ZeroPadding2D ZeroPadding3D Cropping1D Cropping2D Cropping3D Flatten Reshape Permute RepeatVector Resizing "
    "CenterCrop Rescaling "
    # norms
    "BatchNormalization LayerNormalization GroupNormalization UnitNormalization RMSNormalization "
    # activations and merges
    "Activation ReLU LeakyReLU PReLU ELU Softmax Add Average Concatenate Dot Maximum Minimum Multiply Subtract "
    # recurrent, attention
    "GRU LSTM SimpleRNN Attention AdditiveAttention"
)
INITIALIZERS = "Zeros Ones Constant Identity"

_OPS = names(
    "keras.ops",
    # elementwise
    "abs absolute add arccos arccosh arcsin arcsinh arctan arctan2 arctanh bitwise_and bitwise_not bitwise_or",
    "bitwise_xor cast ceil clip conj conjugate copy cos cosh",
    "divide divide_no_nan equal erf erfinv exp exp2 expm1 floor",
    "floor_divide greater greater_equal imag isclose isfinite isinf",
    "isnan left_shift less less_equal log log10 log1p log2 logaddexp",
    "logical_and logical_not logical_or logical_xor maximum minimum mod multiply nan_to_num negative not_equal power",
    "real reciprocal right_shift round",
    "rsqrt saturate_cast sign signbit sin sinh sqrt square stop_gradient subtract tan tanh",
    "true_divide trunc where",
    # activations
    "celu elu gelu glu hard_shrink hard_sigmoid",
    "hard_silu hard_swish hard_tanh leaky_relu log_sigmoid log_softmax relu",
    "relu6 selu sigmoid silu soft_shrink softmax",
    "softplus softsign sparse_plus sparsemax squareplus swish tanh_shrink",
    "threshold",
    # made
    "arange array convert_to_tensor diag diagonal eye full",
    "full_like identity linspace logspace meshgrid ones ones_like",
    "tri tril triu zeros zeros_like one_hot multi_hot",
    # moved
    "append broadcast_to concatenate expand_dims flip hstack moveaxis pad ravel repeat reshape roll rot90 slice",
    "slice_update split squeeze stack swapaxes tile transpose unstack vstack",
    # reduced, sorted, chosen
    "all amax amin any argmax argmin argsort average digitize",
    "count_nonzero cumprod cumsum diff get_item in_top_k logsumexp max",
    "mean median min prod quantile scatter scatter_update searchsorted sort std sum take",
    "take_along_axis top_k trace unique var",
    # products
    "cholesky correlate cross det dot eigh einsum inner inv lstsq lu_factor matmul norm outer pinv qr solve svd",
    "tensordot vdot",
    # networks
    "adaptive_average_pool adaptive_max_pool depth_to_space fold space_to_depth unfold",
    "average_pool max_pool conv conv_transpose depthwise_conv separable_conv batch_normalization layer_normalization",
    "rms_normalization moments normalize binary_crossentropy categorical_crossentropy",
    "sparse_categorical_crossentropy psnr",
    # spectra
    "fft fft2 ifft2 irfft rfft extract_sequences stft istft hanning hamming blackman bartlett",
)
_IMAGE = names(
    "keras.ops.image",
    "crop_images extract_patches map_coordinates pad_images resize rgb_to_grayscale affine_transform",
    "rgb_to_hsv",
)
_NN = names(
    "keras.ops.nn",
    "average_pool batch_normalization binary_crossentropy categorical_crossentropy celu conv conv_transpose",
    "depthwise_conv elu gelu glu hard_sigmoid hard_silu hard_swish hard_tanh leaky_relu",
    "log_sigmoid log_softmax max_pool moments normalize one_hot relu relu6 selu separable_conv sigmoid silu softmax",
    "softplus softsign sparse_categorical_crossentropy swish",
)

_LOSSES = names(
    "keras.losses",
    "mean_squared_error huber hinge binary_crossentropy categorical_crossentropy sparse_categorical_crossentropy",
    "kl_divergence cosine_similarity",
)


def layers_positional(prefix: str) -> Dict[str, int]:
    """How many arguments a layer may be given without their names: after them come regularizers and constraints."""
    return {
        **at_most(5, names(prefix, "Dense")),
        **at_most(6, names(prefix, "EinsumDense SimpleRNN")),
        **at_most(7, names(prefix, "Embedding GRU")),
        **at_most(8, names(prefix, "LSTM")),
        **at_most(11, names(prefix, "Conv1D Conv2D Conv3D Conv1DTranspose Conv2DTranspose Conv3DTranspose")),
        **at_most(11, names(prefix, "DepthwiseConv1D DepthwiseConv2D")),
        **at_most(14, names(prefix, "SeparableConv1D SeparableConv2D")),
    }


ALLOWED = Allowed(
    functions=_OPS
    | _IMAGE
    | _NN
    | _LOSSES
    | names("keras.activations", ACTIVATIONS)
    | names("keras.initializers", INITIALIZERS),
    layers=names("keras.layers", LAYERS),
    shapes=names("keras.ops", "shape"),
    attributes=frozenset("shape dtype ndim".split()),
    layer_methods=frozenset("build stateless_call".split()),
    words=frozenset(["hann", "hamming"]),
    positional={
        **layers_positional("keras.layers"),
        **at_most(2, names("keras.ops", "convert_to_tensor")),
        **at_most(4, names("keras.ops", "one_hot multi_hot") | names("keras.ops.nn", "one_hot")),
    },
)
