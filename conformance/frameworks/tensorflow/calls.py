"""The signatures of TensorFlow's functions, as they are in 2.21.0."""

from __future__ import annotations

from conformance.frameworks.calls import Known, known

_TOP = "input, k=1, sorted=True, index_type=None, name=None"
_POOL = "input, ksize, strides, padding"
_L2 = "x, axis=None, epsilon=1e-12, name=None, dim=None"

_AXIS = "axis=None, keepdims=False, name=None"
_PLACE = "input, axis=0, output_type=None, name=None"
_RUNNING = "x, axis=0, exclusive=False, reverse=False, name=None"

CALLS: dict[str, Known] = {
    "tf.nn.gelu": known("features, approximate=False, name=None"),
    "tf.math.top_k": known(_TOP),
    "tf.nn.top_k": known(_TOP, like="tf.math.top_k"),
    "tf.nn.max_pool": known(f"{_POOL}, data_format=None, name=None"),
    "tf.nn.max_pool1d": known(f"{_POOL}, data_format='NWC', name=None"),
    "tf.nn.max_pool2d": known(f"{_POOL}, data_format='NHWC', name=None"),
    "tf.nn.max_pool3d": known(f"{_POOL}, data_format='NDHWC', name=None"),
    **{f"tf.nn.{name}": known("features, name=None") for name in ("relu", "relu6", "selu", "softsign", "elu")},
    "tf.nn.leaky_relu": known("features, alpha=0.2, name=None"),
    "tf.nn.depth_to_space": known("input, block_size, data_format='NHWC', name=None"),
    "tf.nn.space_to_depth": known("input, block_size, data_format='NHWC', name=None"),
    "tf.image.extract_patches": known("images, sizes, strides, rates, padding, name=None"),
    "tf.math.l2_normalize": known(_L2),
    "tf.nn.l2_normalize": known(_L2, like="tf.math.l2_normalize"),
    "tf.nn.local_response_normalization": known("input, depth_radius=5, bias=1, alpha=1, beta=0.5, name=None"),
    "tf.nn.batch_normalization": known("x, mean, variance, offset, scale, variance_epsilon, name=None"),
    "tf.nn.sigmoid_cross_entropy_with_logits": known("labels=None, logits=None, name=None"),
    "tf.nn.weighted_cross_entropy_with_logits": known("labels, logits, pos_weight, name=None"),
    "tf.nn.sparse_softmax_cross_entropy_with_logits": known("labels, logits, name=None"),
    "tf.nn.softmax_cross_entropy_with_logits": known("labels, logits, axis=-1, name=None"),
    # The blank is None by default, which is 0 where the labels are a tensor.
    "tf.nn.ctc_loss": known(
        "labels, logits, label_length, logit_length, logits_time_major=True, unique=None, blank_index=0, name=None",
        way="only logits with the frames first are read: tf.transpose(logits, (1, 0, 2))",
    ),
    **{
        f"tf.{name}": known(f"input_tensor, {_AXIS}")
        for name in ("reduce_all", "reduce_any", "reduce_logsumexp", "reduce_max", "reduce_mean", "reduce_min")
    },
    **{f"tf.{name}": known(f"input_tensor, {_AXIS}") for name in ("reduce_prod", "reduce_sum")},
    **{f"tf.math.{name}": known(f"input_tensor, {_AXIS}") for name in ("reduce_std", "reduce_variance")},
    **{
        f"tf.math.{name}": known(f"input_tensor, {_AXIS}", like=f"tf.{name}")
        for name in ("reduce_all", "reduce_any", "reduce_logsumexp", "reduce_max", "reduce_mean", "reduce_min")
    },
    **{f"tf.math.{name}": known(f"input_tensor, {_AXIS}", like=f"tf.{name}") for name in ("reduce_prod", "reduce_sum")},
    "tf.norm": known(f"tensor, ord=2, {_AXIS}"),
    "tf.linalg.norm": known(f"tensor, ord=2, {_AXIS}", like="tf.norm"),
    **{f"tf.{name}": known(_PLACE) for name in ("argmax", "argmin")},
    **{f"tf.math.{name}": known(_PLACE, like=f"tf.{name}") for name in ("argmax", "argmin")},
    **{f"tf.math.{name}": known(_RUNNING) for name in ("cumsum", "cumprod")},
    "tf.cumsum": known(_RUNNING, like="tf.math.cumsum"),
    "tf.sort": known("values, axis=-1, direction='ASCENDING', name=None"),
    "tf.argsort": known("values, axis=-1, direction='ASCENDING', stable=False, name=None"),
    "tf.searchsorted": known("sorted_sequence, values, side='left', out_type=None, name=None"),
    "tf.gather": known("params, indices, validate_indices=None, axis=0, batch_dims=0, name=None"),
    "tf.one_hot": known("indices, depth, on_value=None, off_value=None, axis=-1, dtype=None, name=None"),
    "tf.tile": known("input, multiples, name=None"),
    "tf.repeat": known("input, repeats, axis=None, name=None"),
    "tf.roll": known("input, shift, axis, name=None"),
    "tf.linspace": known("start, stop, num, name=None, axis=0"),
    "tf.pad": known("tensor, paddings, mode='CONSTANT', constant_values=0, name=None"),
    **{f"tf.math.{name}": known("x, name=None") for name in ("log_sigmoid", "sigmoid", "tanh")},
    **{f"tf.nn.{name}": known("x, name=None", like=f"tf.math.{name}") for name in ("sigmoid", "tanh")},
    **{f"tf.{name}": known("x, name=None", like=f"tf.math.{name}") for name in ("sigmoid", "tanh")},
    "tf.math.softplus": known("features, name=None"),
    "tf.nn.softplus": known("features, name=None", like="tf.math.softplus"),
    "tf.nn.silu": known("features, beta=1.0"),
    **{f"tf.nn.{name}": known("logits, axis=-1, name=None") for name in ("softmax", "log_softmax")},
    "tf.nn.avg_pool": known(f"{_POOL}, data_format=None, name=None"),
    "tf.nn.avg_pool1d": known(f"{_POOL}, data_format='NWC', name=None"),
    "tf.nn.avg_pool2d": known(f"{_POOL}, data_format='NHWC', name=None"),
    "tf.nn.avg_pool3d": known(f"{_POOL}, data_format='NDHWC', name=None"),
    **{
        f"tf.{room}": known(
            "a, b, transpose_a=False, transpose_b=False, adjoint_a=False, adjoint_b=False, a_is_sparse=False, "
            "b_is_sparse=False, output_type=None, grad_a=False, grad_b=False, name=None",
            like=like,
        )
        for room, like in (("matmul", ""), ("linalg.matmul", "tf.matmul"))
    },
    **{f"tf.{name}": known("x, name=None") for name in ("negative", "abs", "round")},
    **{f"tf.{name}": known("x, y, name=None") for name in ("add", "subtract", "multiply", "divide")},
    **{f"tf.{name}": known("x, y, name=None") for name in ("truncatediv", "truncatemod")},
    **{f"tf.math.{name}": known("x, y, name=None") for name in ("floordiv", "floormod")},
    **{f"tf.bitwise.{name}": known("x, y, name=None") for name in ("left_shift", "right_shift")},
    **{f"tf.math.{name}": known("x, name=None", says=f"tf.{name}({{x}})") for name in ("negative", "abs", "round")},
    **{
        f"tf.math.{name}": known("x, y, name=None", says=f"tf.{name}({{x}}, {{y}})")
        for name in ("add", "subtract", "multiply", "divide")
    },
    "tf.math.mod": known("x, y, name=None", says="tf.math.floormod({x}, {y})"),
    "tf.cast": known("x, dtype, name=None"),
    **{
        name: known("logits, axis=-1, name=None", says=f"tf.nn.{name.rpartition('.')[2]}({{logits}}, {{axis}})")
        for name in ("tf.math.softmax", "tf.math.log_softmax")
    },
    "tf.clip_by_value": known("t, clip_value_min, clip_value_max, name=None"),
    "tf.linalg.solve": known("matrix, rhs, adjoint=False, name=None"),
    "tf.linalg.inv": known("input, adjoint=False, name=None"),
    **{f"tf.linalg.{name}": known("input, name=None") for name in ("det", "cholesky")},
    "tf.linalg.qr": known("input, full_matrices=False, name=None"),
    "tf.linalg.svd": known("tensor, full_matrices=False, compute_uv=True, name=None"),
    "tf.linalg.eigh": known("tensor, name=None"),
    "tf.linalg.lstsq": known(
        "matrix, rhs, l2_regularizer=0.0, fast=True, name=None",
        way="with fast=True TensorFlow solves the normal equations, which squares the condition: give fast=False",
    ),
    "tf.linalg.pinv": known("a, rcond=None, validate_args=False, name=None"),
    **{f"tf.signal.{name}": known("input, name=None") for name in ("fft", "ifft")},
    **{f"tf.signal.{name}": known("input_tensor, fft_length=None, name=None") for name in ("rfft", "irfft")},
    "tf.signal.dct": known("input, type=2, n=None, axis=-1, norm=None, name=None"),
    **{
        f"tf.signal.{name}_window": known("window_length, periodic=True, dtype=None, name=None")
        for name in ("hann", "hamming")
    },
    "tf.image.resize": known(
        "images, size, method='bilinear', preserve_aspect_ratio=False, antialias=False, name=None"
    ),
    "tf.image.crop_and_resize": known(
        "image, boxes, box_indices, crop_size, method='bilinear', extrapolation_value=0.0, name=None"
    ),
    "tf.image.non_max_suppression": known(
        "boxes, scores, max_output_size, iou_threshold=0.5, score_threshold=-1e999, name=None",
        instead="it names as many boxes as remain, which no plan's shapes say: `conformance ops nms` shows the words "
        "of the frameworks, filled up with 0 to as many as are asked for",
    ),
    **{f"tf.image.{name}": known("images, name=None") for name in ("rgb_to_grayscale", "rgb_to_hsv")},
    **{
        f"tf.compat.v1.image.resize_{method}": known(
            "images, size, align_corners=False, name=None, half_pixel_centers=False",
            says=f"tf.compat.v1.image.resize({{images}}, {{size}}, '{method.partition('_')[0]}', {{align_corners}})",
        )
        for method in ("bilinear", "nearest_neighbor", "bicubic")
    },
    "tf.compat.v1.image.resize": known(
        "images, size, method=0, align_corners=False, preserve_aspect_ratio=False, name=None"
    ),
    "tf.unique": known(
        "x, out_idx=None, name=None",
        instead="it has as many values as differ, which no plan's shapes say, in the order in which they first come: "
        "`conformance ops unique` shows the words of the frameworks that sort them",
    ),
}
