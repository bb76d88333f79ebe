"""PyTorch's functions that a plan may call.

Left out, since they trust their indices or lengths: embedding_bag, segment_reduce, repeat_interleave, searchsorted,
lu_solve, ctc_loss, as_strided, what is sparse or quantized. Observed on 2.13.0 (CPU): scaled_dot_product_attention
reads beyond the keys where there are more values than keys, and LSTM beyond weights that are too small. Left out,
since they give memory that nobody wrote: empty, empty_like. An index of those below that is outside of its tensor is
refused by PyTorch.
"""

from __future__ import annotations

from conformance.worker.allowed import Allowed, at_most, names

_FUNCTIONAL = names(
    "torch.nn.functional",
    # convolutions, pools, windows
    "conv1d conv2d conv3d conv_transpose1d conv_transpose2d",
    "conv_transpose3d unfold fold pad interpolate pixel_shuffle",
    "pixel_unshuffle channel_shuffle avg_pool1d avg_pool2d avg_pool3d max_pool1d max_pool2d max_pool3d lp_pool1d",
    "lp_pool2d lp_pool3d",
    "adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool1d adaptive_max_pool2d",
    "adaptive_max_pool3d grid_sample affine_grid upsample",
    # activations
    "celu elu gelu glu hardshrink hardsigmoid hardswish hardtanh leaky_relu logsigmoid log_softmax mish prelu relu",
    "relu6 selu sigmoid silu softmax softmin softplus softshrink softsign tanh tanhshrink threshold",
    # norms
    "batch_norm group_norm instance_norm layer_norm local_response_norm normalize rms_norm",
    # products
    "linear bilinear embedding one_hot multi_head_attention_forward",
    # losses and distances
    "binary_cross_entropy binary_cross_entropy_with_logits cosine_embedding_loss cross_entropy gaussian_nll_loss",
    "hinge_embedding_loss huber_loss kl_div l1_loss margin_ranking_loss mse_loss nll_loss poisson_nll_loss",
    "smooth_l1_loss soft_margin_loss triplet_margin_loss cosine_similarity pairwise_distance",
)
_PLAIN = names(
    "torch",
    # elementwise
    "abs absolute acos acosh add addcdiv addcmul angle arccos arcsin arctan arctan2 asin asinh atan atan2 atanh",
    "bitwise_and bitwise_left_shift bitwise_not bitwise_or bitwise_right_shift bitwise_xor ceil clamp clip",
    "conj copysign cos cosh deg2rad digamma div divide",
    "eq erf erfc erfinv exp exp2 expm1 float_power floor floor_divide",
    "fmax fmin fmod frac ge gt heaviside hypot i0 imag",
    "isclose isfinite isinf isnan le lerp lgamma log log10 log1p log2 logaddexp logaddexp2 logical_and logical_not",
    "logical_or logical_xor logit lt maximum minimum mul multiply mvlgamma nan_to_num ne neg negative nextafter",
    "polygamma positive pow rad2deg real reciprocal relu remainder",
    "round rsqrt selu sigmoid sign signbit sin sinc sinh",
    "softmax log_softmax sqrt square sub subtract tan tanh threshold true_divide trunc where xlogy view_as_real",
    "view_as_complex complex celu prelu",
    # made
    "arange as_tensor eye full full_like linspace logspace ones ones_like tensor zeros zeros_like scalar_tensor",
    # windows, frames
    "hann_window hamming_window blackman_window bartlett_window stft istft",
    # moved
    "atleast_1d atleast_2d atleast_3d broadcast_to cat chunk clone concat constant_pad_nd diag diag_embed diagonal",
    "expand_copy flatten flip fliplr flipud hstack meshgrid moveaxis movedim narrow permute ravel reshape roll rot90",
    "select split squeeze stack swapaxes swapdims t tensor_split tile transpose tril triu unbind unflatten unsqueeze",
    "vstack dstack",
    # reduced, sorted, chosen
    "all amax amin aminmax any argmax argmin argsort count_nonzero cummax cummin cumprod cumsum diff dist gather",
    "index_select kthvalue logcumsumexp logsumexp masked_select max mean",
    "median min mode msort nanmean nanmedian nansum",
    "norm prod quantile scatter scatter_add sort std std_mean sum take take_along_dim topk trace",
    "bucketize unique var var_mean",
    # products
    "addbmm addmm addmv baddbmm bilinear bmm",
    "cdist chain_matmul conv1d conv2d conv3d conv_transpose1d conv_transpose2d",
    "conv_transpose3d cosine_similarity cross dot einsum inner kron matmul mm mv outer tensordot trapezoid vdot",
)
_ELSEWHERE = (
    names("torch.func", "functional_call")
    | names("torch.fft", "fft fft2 fftn fftshift ifft ifft2 ifftn ifftshift irfft irfft2 irfftn rfft rfft2 rfftn")
    | names(
        "torch.linalg",
        "cholesky cross det diagonal eigh eigvalsh inv lstsq",
        "matmul matrix_norm matrix_power multi_dot norm pinv qr slogdet",
        "solve svd svdvals vander vecdot vector_norm",
    )
    | names(
        "torch.special",
        "bessel_j0 bessel_j1 digamma entr erf erfc erfcx erfinv",
        "exp2 expit expm1 gammainc gammaincc gammaln i0 i0e i1",
        "i1e log1p log_ndtr log_softmax logit logsumexp multigammaln",
        "ndtr ndtri polygamma psi sinc softmax xlog1py xlogy",
        "zeta",
    )
)
_LAYERS = names(
    "torch.nn",
    "Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d Linear Bilinear Embedding Identity Flatten",
    "Unflatten Fold Unfold Upsample PixelShuffle PixelUnshuffle ChannelShuffle",
    "AvgPool1d AvgPool2d AvgPool3d MaxPool1d MaxPool2d",
    "MaxPool3d LPPool1d LPPool2d AdaptiveAvgPool1d AdaptiveAvgPool2d",
    "AdaptiveAvgPool3d AdaptiveMaxPool1d AdaptiveMaxPool2d AdaptiveMaxPool3d",
    "ConstantPad1d ConstantPad2d ConstantPad3d ReflectionPad1d ReflectionPad2d ReflectionPad3d ReplicationPad1d",
    "ReplicationPad2d ReplicationPad3d ZeroPad1d ZeroPad2d ZeroPad3d CircularPad1d CircularPad2d CircularPad3d",
    "BatchNorm1d BatchNorm2d BatchNorm3d GroupNorm InstanceNorm1d InstanceNorm2d InstanceNorm3d LayerNorm",
    "LocalResponseNorm RMSNorm",
    "CELU ELU GELU GLU Hardshrink Hardsigmoid Hardswish",
    "Hardtanh LeakyReLU LogSigmoid LogSoftmax Mish PReLU ReLU ReLU6",
    "SELU SiLU Sigmoid Softmax Softmin Softplus Softshrink Softsign Tanh Tanhshrink Threshold",
    "CosineSimilarity PairwiseDistance BCELoss BCEWithLogitsLoss CrossEntropyLoss HuberLoss KLDivLoss L1Loss MSELoss",
    "NLLLoss PoissonNLLLoss SmoothL1Loss SoftMarginLoss",
    "GRU RNN GRUCell LSTMCell RNNCell",
)
_DTYPES = names(
    "torch",
    "float16 float32 float64 bfloat16 half float double int8 int16 int32 int64 int long short uint8 bool complex64",
    "complex128",
)
_FORMATS = names("torch", "channels_last channels_last_3d contiguous_format preserve_format")
# What comes after these is written into, or works in place, or says on which device; the third of an embedding may
# renormalise rows, whose numbers it does not check.
_POSITIONAL = {
    **at_most(1, names("torch.nn.functional", "relu relu6 selu silu mish hardsigmoid hardswish")),
    **at_most(2, names("torch.nn.functional", "celu elu leaky_relu embedding")),
    **at_most(3, names("torch.nn.functional", "threshold hardtanh") | names("torch", "tensordot")),
    **at_most(13, names("torch.nn.functional", "multi_head_attention_forward")),
    **at_most(4, names("torch.nn.functional", "normalize") | names("torch", "norm")),
    **at_most(0, names("torch.nn", "ReLU ReLU6 SELU SiLU Mish Hardsigmoid Hardswish")),
    **at_most(1, names("torch.nn", "CELU ELU LeakyReLU")),
    **at_most(2, names("torch.nn", "Threshold Hardtanh PReLU Embedding")),
    **at_most(3, names("torch.nn", "Linear RMSNorm GRUCell LSTMCell")),
    **at_most(4, names("torch.nn", "Bilinear GroupNorm LayerNorm RNNCell")),
    **at_most(5, names("torch.nn", "BatchNorm1d BatchNorm2d BatchNorm3d")),
    **at_most(5, names("torch.nn", "InstanceNorm1d InstanceNorm2d InstanceNorm3d")),
    **at_most(9, names("torch.nn", "Conv1d Conv2d Conv3d")),
    **at_most(10, names("torch.nn", "ConvTranspose1d ConvTranspose2d ConvTranspose3d")),
}

ALLOWED = Allowed(
    functions=_FUNCTIONAL | _PLAIN | _ELSEWHERE,
    layers=_LAYERS,
    dtypes=_DTYPES,
    constants=_DTYPES | _FORMATS | names("torch", "pi e inf nan"),
    methods=frozenset(
        "size contiguous to reshape view permute transpose swapaxes "
        "flip add float double half bfloat16 sum mean flatten "
        "squeeze unsqueeze detach t sub mul div matmul max min "
        "amax amin abs exp log sqrt relu sigmoid tanh softmax clone "
        "expand narrow select chunk split unbind roll cumsum "
        "argmax argmin sort topk gather index_select clamp prod std "
        "var int long bool conj unflatten movedim".split()
    ),
    attributes=frozenset("shape dtype ndim T mT real imag".split()),
    positional=_POSITIONAL,
    takes_layer=names("torch.func", "functional_call"),
    words=frozenset({"reflection"}),
)
