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

_AXIS = "x, axis=None, keepdims=False"
_INITIAL = "kernel_initializer='{}', {}bias_initializer='zeros'"
_RECURRENT = "recurrent_initializer='orthogonal', "
_REGULAR = "kernel_regularizer=None, {}bias_regularizer=None"
_CONSTRAINT = "kernel_constraint=None, {}bias_constraint=None"
_GATES = "recurrent_activation='sigmoid', "

_MOMENTS = "beta_1=0.9, beta_2=0.999, epsilon=1e-07, amsgrad=False"
_STEPS = (
    "clipnorm=None, clipvalue=None, global_clipnorm=None, use_ema=False, ema_momentum=0.99, "
    "ema_overwrite_frequency=None, loss_scale_factor=None, gradient_accumulation_steps=None, name=None"
)
_REDUCED = "reduction='sum_over_batch_size', name=None, dtype=None"

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
    "keras.ops.ctc_loss": known("target, output, target_length, output_length, mask_index=0"),
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
    **{f"keras.ops.{name}": known("x") for name in ("hard_sigmoid", "hard_tanh", "softplus")},
    "keras.activations.mish": known("x"),
    **{f"keras.ops.{name}": known("x, axis=-1") for name in ("softmax", "log_softmax", "glu", "sort", "argsort")},
    **{
        f"keras.ops.{name}": known(_AXIS)
        for name in ("all", "any", "argmax", "argmin", "logsumexp", "mean", "median", "std", "sum", "var")
    },
    **{f"keras.ops.{name}": known(f"{_AXIS}, initial=None") for name in ("max", "min")},
    "keras.ops.prod": known(f"{_AXIS}, dtype=None"),
    "keras.ops.norm": known("x, ord=2, axis=None, keepdims=False"),
    "keras.ops.quantile": known("x, q, axis=None, method='linear', keepdims=False"),
    **{f"keras.ops.{name}": known("x, axis=None, dtype=None") for name in ("cumsum", "cumprod")},
    "keras.ops.searchsorted": known("sorted_sequence, values, side='left'"),
    "keras.ops.digitize": known("x, bins"),
    "keras.ops.take": known("x, indices, axis=None"),
    "keras.ops.take_along_axis": known("x, indices, axis=None"),
    "keras.ops.one_hot": known("x, num_classes, axis=-1, dtype=None, sparse=False"),
    "keras.ops.tile": known("x, repeats"),
    "keras.ops.repeat": known("x, repeats, axis=None"),
    "keras.ops.roll": known("x, shift, axis=None"),
    "keras.ops.linspace": known("start, stop, num=50, endpoint=True, retstep=False, dtype=None, axis=0"),
    "keras.ops.pad": known("x, pad_width, mode='constant', constant_values=None"),
    "keras.ops.clip": known("x, x_min, x_max"),
    **{f"keras.ops.{name}": known("x1, x2") for name in ("matmul", "dot")},
    "keras.ops.depth_to_space": known("x, block_size, data_format='channels_last'"),
    "keras.ops.space_to_depth": known("x, block_size, data_format='channels_last'"),
    "keras.ops.image.extract_patches": known(
        "images, size, strides=size, dilation_rate=1, padding='valid', data_format='channels_last'"
    ),
    "keras.ops.unfold": known("x, kernel_size, dilation=1, padding=0, stride=1"),
    "keras.ops.fold": known("x, output_size, kernel_size, dilation=1, padding=0, stride=1"),
    "keras.ops.average_pool": known(f"inputs, {_POOL}"),
    **{f"keras.layers.AveragePooling{dims}D": known(f"{_POOL}, name=None") for dims in (1, 2, 3)},
    "keras.ops.dot_product_attention": known(
        "query, key, value, bias=None, mask=None, scale=None, is_causal=False, flash_attention=None, "
        "attn_logits_soft_cap=None"
    ),
    "keras.ops.binary_crossentropy": known("target, output, from_logits=False"),
    "keras.ops.categorical_crossentropy": known("target, output, from_logits=False, axis=-1"),
    "keras.ops.sparse_categorical_crossentropy": known("target, output, from_logits=False, axis=-1"),
    "keras.layers.Dense": known(
        f"units, activation=None, use_bias=True, {_INITIAL.format('glorot_uniform', '')}, {_REGULAR.format('')}, "
        f"activity_regularizer=None, {_CONSTRAINT.format('')}, lora_rank=None, lora_alpha=None, "
        "quantization_config=None"
    ),
    **{
        f"keras.layers.{name}": known(
            f"units, activation='tanh', {gates}use_bias=True, "
            f"{_INITIAL.format('glorot_uniform', _RECURRENT)}, {forget}"
            f"{_REGULAR.format('recurrent_regularizer=None, ')}, "
            f"activity_regularizer=None, {_CONSTRAINT.format('recurrent_constraint=None, ')}, dropout=0.0, "
            f"recurrent_dropout=0.0, {seed}return_sequences=False, return_state=False, go_backwards=False, "
            f"stateful=False, unroll=False, {last}",
            like=f"keras.layers.{name}",
            fixed={"return_sequences": True, "return_state": True},
        )
        for name, gates, forget, seed, last in (
            ("LSTM", _GATES, "unit_forget_bias=True, ", "seed=None, ", "use_cudnn='auto'"),
            ("GRU", _GATES, "", "seed=None, ", "reset_after=True, use_cudnn='auto'"),
            ("SimpleRNN", "", "", "", "seed=None"),
        )
    },
    "keras.layers.GroupNormalization": known(f"groups=32, axis=-1, epsilon=0.001, {_WEIGHTS.format('')}"),
    "keras.layers.RMSNormalization": known("axis=-1, epsilon=1e-06"),
    "keras.layers.ReLU": known("max_value=None, negative_slope=0.0, threshold=0.0"),
    "keras.layers.Softmax": known("axis=-1"),
    "keras.optimizers.SGD": known(
        f"learning_rate=0.01, momentum=0.0, nesterov=False, weight_decay=None, {_STEPS}", of=("sgd",)
    ),
    "keras.optimizers.Adam": known(
        f"learning_rate=0.001, {_MOMENTS}, weight_decay=None, {_STEPS}",
        of=("adam",),
        way="with a weight_decay it is keras.optimizers.AdamW",
    ),
    "keras.optimizers.AdamW": known(f"learning_rate=0.001, weight_decay=0.004, {_MOMENTS}, {_STEPS}", of=("adamw",)),
    "keras.optimizers.RMSprop": known(
        "learning_rate=0.001, rho=0.9, momentum=0.0, epsilon=1e-07, centered=False, weight_decay=None, " + _STEPS,
        of=("rmsprop",),
    ),
    "keras.optimizers.Adagrad": known(
        f"learning_rate=0.001, initial_accumulator_value=0.1, epsilon=1e-07, weight_decay=None, {_STEPS}",
        of=("adagrad",),
    ),
    **{
        f"keras.losses.{name}": known(
            f"{own}{_REDUCED}",
            says=f"keras.ops.mean(keras.losses.{function}({given}))",
            way="only a mean over all is read (sum_over_batch_size): Keras's sum and none are of the means of rows",
        )
        for name, function, own, given in (
            ("MeanSquaredError", "mean_squared_error", "", "target, x"),
            ("Huber", "huber", "delta=1.0, ", "target, x, {delta}"),
            ("Hinge", "hinge", "", "target, x"),
            (
                "BinaryCrossentropy",
                "binary_crossentropy",
                "from_logits=False, label_smoothing=0.0, axis=-1, ",
                "target, x, from_logits={from_logits}",
            ),
        )
    },
    "keras.losses.CategoricalCrossentropy": known(
        f"from_logits=False, label_smoothing=0.0, axis=-1, {_REDUCED}",
        says="keras.ops.mean(keras.losses.categorical_crossentropy(target, x, from_logits={from_logits}, "
        "label_smoothing={label_smoothing?}))",
        way="only a mean of logits along the last axis is read",
    ),
    "keras.losses.SparseCategoricalCrossentropy": known(
        "from_logits=False, ignore_class=None, reduction='sum_over_batch_size', axis=-1, name=None, dtype=None",
        says="keras.ops.mean(keras.losses.sparse_categorical_crossentropy(target, x, from_logits={from_logits}))",
        way="only a mean of logits along the last axis is read",
    ),
    "keras.losses.CosineSimilarity": known(
        f"axis=-1, {_REDUCED}", instead="it is the negative of the cosine: give 1 + keras.losses.cosine_similarity(...)"
    ),
    "keras.losses.CTC": known(
        "reduction='sum_over_batch_size', name='ctc', dtype=None",
        instead="it counts the lengths itself, every frame and the labels that are not 0: give keras.ops.ctc_loss(...)",
    ),
    "keras.losses.KLDivergence": known(
        _REDUCED,
        instead="it is the sum along the last axis, then the mean: torch.nn.KLDivLoss(reduction='batchmean') of "
        "x.log(); give keras.losses.kl_divergence(...)",
    ),
    **{f"keras.ops.{name}": known("x") for name in ("negative", "abs", "inv", "det", "eigh")},
    **{
        f"keras.ops.{name}": known("x1, x2")
        for name in ("add", "subtract", "multiply", "divide", "floor_divide", "mod")
    },
    **{f"keras.ops.{name}": known("x, y") for name in ("left_shift", "right_shift")},
    "keras.ops.round": known("x, decimals=0"),
    "keras.ops.cast": known("x, dtype"),
    "keras.ops.solve": known("a, b"),
    "keras.ops.cholesky": known("x, upper=False"),
    "keras.ops.qr": known("x, mode='reduced'"),
    "keras.ops.svd": known("x, full_matrices=True, compute_uv=True"),
    "keras.ops.lstsq": known("a, b, rcond=None"),
    "keras.ops.pinv": known("x, rcond=None"),
    "keras.ops.fft": known("x"),
    **{f"keras.ops.{name}": known("x, fft_length=None") for name in ("rfft", "irfft")},
    "keras.ops.stft": known("x, sequence_length, sequence_stride, fft_length, window='hann', center=True"),
    "keras.ops.image.resize": known(
        "images, size, interpolation='bilinear', antialias=False, crop_to_aspect_ratio=False, "
        "pad_to_aspect_ratio=False, fill_mode='constant', fill_value=0.0, data_format='channels_last'"
    ),
    "keras.layers.UpSampling1D": known("size=2"),
    "keras.layers.UpSampling2D": known("size=2, data_format='channels_last', interpolation='nearest'"),
    "keras.layers.UpSampling3D": known("size=2, data_format='channels_last'"),
    "keras.layers.Resizing": known(
        "height, width, interpolation='bilinear', crop_to_aspect_ratio=False, pad_to_aspect_ratio=False, "
        "fill_mode='constant', fill_value=0.0, antialias=False, data_format='channels_last'"
    ),
    **{
        f"keras.ops.image.{name}": known("images, data_format='channels_last'")
        for name in ("rgb_to_grayscale", "rgb_to_hsv")
    },
}
