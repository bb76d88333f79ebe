"""The signatures of Keras's functions and layers, as they are in 3.15.1.

The default of data_format is None, which is what keras.json says: channels_last where nobody changed it.
"""

from __future__ import annotations

from conformance.frameworks.calls import Known, known

_POOL = "pool_size, strides=pool_size, padding='valid', data_format='channels_last'"

CALLS: dict[str, Known] = {
    "keras.ops.gelu": known("x, approximate=True"),
    "keras.activations.gelu": known("x, approximate=False", like="keras.ops.gelu"),
    "keras.ops.top_k": known("x, k, sorted=True"),
    "keras.ops.max_pool": known(f"inputs, {_POOL}"),
    **{
        f"keras.layers.MaxPooling{dims}D": known(f"{_POOL.replace('size,', 'size=2,', 1)}, name=None")
        for dims in (1, 2, 3)
    },
    "keras.ops.rms_normalization": known("x, scale=None, axis=-1, epsilon=None"),
    "keras.ops.normalize": known("x, axis=-1, order=2, epsilon=None"),
    "keras.ops.batch_normalization": known("x, mean, variance, axis, offset=None, scale=None, epsilon=0.001"),
    "keras.losses.mean_squared_error": known("y_true, y_pred"),
    "keras.losses.huber": known("y_true, y_pred, delta=1.0"),
    "keras.losses.hinge": known("y_true, y_pred"),
    "keras.losses.kl_divergence": known("y_true, y_pred"),
    "keras.losses.cosine_similarity": known("y_true, y_pred, axis=-1"),
    "keras.losses.binary_crossentropy": known("y_true, y_pred, from_logits=False, label_smoothing=0.0, axis=-1"),
    "keras.losses.categorical_crossentropy": known("y_true, y_pred, from_logits=False, label_smoothing=0.0, axis=-1"),
    "keras.losses.sparse_categorical_crossentropy": known(
        "y_true, y_pred, from_logits=False, ignore_class=None, axis=-1"
    ),
}
