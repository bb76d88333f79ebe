"""The signatures of TensorFlow's functions, as they are in 2.21.0."""

from __future__ import annotations

from conformance.frameworks.calls import Known, known

_TOP = "input, k=1, sorted=True, index_type=None, name=None"
_POOL = "input, ksize, strides, padding"
_L2 = "x, axis=None, epsilon=1e-12, name=None, dim=None"

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
    "tf.math.l2_normalize": known(_L2),
    "tf.nn.l2_normalize": known(_L2, like="tf.math.l2_normalize"),
    "tf.nn.local_response_normalization": known("input, depth_radius=5, bias=1, alpha=1, beta=0.5, name=None"),
    "tf.nn.batch_normalization": known("x, mean, variance, offset, scale, variance_epsilon, name=None"),
    "tf.nn.sigmoid_cross_entropy_with_logits": known("labels=None, logits=None, name=None"),
    "tf.nn.weighted_cross_entropy_with_logits": known("labels, logits, pos_weight, name=None"),
    "tf.nn.sparse_softmax_cross_entropy_with_logits": known("labels, logits, name=None"),
    "tf.nn.softmax_cross_entropy_with_logits": known("labels, logits, axis=-1, name=None"),
}
