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
}
