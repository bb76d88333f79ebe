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
}
