"""The signatures of Keras's functions and layers, as they are in 3.15.1.

The default of data_format is None, which is what keras.json says: channels_last where nobody changed it.
"""

from __future__ import annotations

from conformance.frameworks.calls import Known, known

_POOL = "pool_size, strides=pool_size, padding='valid', data_format='channels_last'"

_WEIGHTS = (
    "center=True, scale=True, beta_initializer='zeros', gamma_initializer='ones', {}beta_regularizer=None, "
    "gamma_regularizer=None, beta_constraint=None, gamma_constraint=None"
)
_MOVING = "moving_mean_initializer='zeros', moving_variance_initializer='ones', "

CALLS: dict[str, Known] = {
    "keras.ops.gelu": known("x, approximate=True"),
    "keras.activations.gelu": known("x, approximate=False", like="keras.ops.gelu"),
    "keras.ops.top_k": known("x, k, sorted=True"),
    "keras.ops.max_pool": known(f"inputs, {_POOL}"),
    **{
        f"keras.layers.MaxPooling{dims}D": known(f"{_POOL.replace('size,', 'size=2,', 1)}, name=None")
        for dims in (1, 2, 3)
    },
    "keras.layers.BatchNormalization": known(
        f"axis=-1, momentum=0.99, epsilon=0.001, {_WEIGHTS.format(_MOVING)}, renorm=False, renorm_clipping=None, "
        "renorm_momentum=0.99, synchronized=False"
    ),
    "keras.layers.LayerNormalization": known(f"axis=-1, epsilon=0.001, {_WEIGHTS.format('')}"),
    "keras.ops.layer_normalization": known("x, gamma=None, beta=None, axis=-1, epsilon=None"),
    "keras.layers.Embedding": known(
        "input_dim, output_dim, embeddings_initializer='uniform', embeddings_regularizer=None, "
        "embeddings_constraint=None, mask_zero=False, weights=None, lora_rank=None, lora_alpha=None, "
        "quantization_config=None"
    ),
    **{
        f"keras.ops.{name}": known("x")
        for name in ("relu", "relu6", "selu", "silu", "sigmoid", "hard_swish", "softsign", "tanh", "log_sigmoid")
    },
    "keras.ops.leaky_relu": known("x, negative_slope=0.2"),
    "keras.layers.LeakyReLU": known("negative_slope=0.3"),
    "keras.ops.elu": known("x, alpha=1.0"),
    "keras.layers.ELU": known("alpha=1.0"),
    "keras.ops.celu": known("x, alpha=1.0"),
    "keras.ops.adaptive_average_pool": known("inputs, output_size, data_format='channels_last'"),
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
