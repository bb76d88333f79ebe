"""How SciPy is asked. What `unless` says was observed with SciPy 1.17."""

from conformance.frameworks.words import Words

_SPATIAL = {1: "W", 2: "HW", 3: "DHW"}

TABLE = {
    "conv": Words(
        "padded = numpy.pad(x, {padding|outer_pairs})\n"
        "y = scipy.signal.correlate(padded, w, mode='valid', method='direct')",
        # One kernel over batch and channels too: its axis of output channels meets the batch.
        layouts={"w": "OI{dims|spatial|text}"},
        unless={
            "padding in ['same', 'valid']": "SciPy has no padding words but its own, of whole arrays",
            "max(stride) > 1": "scipy.signal.correlate has no stride",
            "max(dilation) > 1": "scipy.signal.correlate has no dilation",
            "out_channels > 1 or groups > 1": "scipy.signal.correlate takes one kernel",
            "bias": "scipy.signal.correlate adds no bias",
            "on_dtype in ['float16', 'bfloat16']": "scipy.signal.correlate: Unsupported type",
        },
        own={"spatial": lambda dims: _SPATIAL[dims]},
    ),
    "conv_transpose": "SciPy has no transposed convolution",
    "gelu": Words(
        "y = x * scipy.special.ndtr(x)",
        unless={
            "approximate == 'tanh'": "scipy.special.ndtr is the distribution function itself",
            "on_dtype in ['float16', 'bfloat16']": "scipy.special.ndtr answers half precision in float64",
        },
    ),
    "max_pool": "scipy.ndimage.maximum_filter pads, and has no stride",
    "batch_norm": "SciPy has no normalisation",
    "layer_norm": "SciPy has no normalisation",
    "lstm": "SciPy has no recurrent layers",
    "topk": "SciPy has nothing for it that NumPy has not",
}
