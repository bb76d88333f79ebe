"""Reads keras.layers' convolution layers, keras.ops.conv and keras.ops.conv_transpose (keras 3.15.1).

https://keras.io/api/layers/convolution_layers/
https://keras.io/api/ops/nn/
"""

from __future__ import annotations

from conformance.ops.base import SPATIAL
from conformance.ops.conv.convolution import Pair
from conformance.recipe.call import Call
from conformance.recipe.reading import DEFAULT_BATCH, Reading, Shape, shape_text

# What a layer does beside its convolution while it is trained or made; the weights come from elsewhere.
NO_EFFECT = (
    "kernel_initializer",
    "bias_initializer",
    "kernel_regularizer",
    "bias_regularizer",
    "activity_regularizer",
    "kernel_constraint",
    "bias_constraint",
    "depthwise_initializer",
    "depthwise_regularizer",
    "depthwise_constraint",
    "name",
    "trainable",
    "autocast",
    "input_shape",
    "activation",
)


def read_keras(reading: Reading) -> Call:
    """A keras.layers layer or a keras.ops call."""
    return _layer(reading) if reading.signature.kind == "layer" else _function(reading)


def _layer(r: Reading) -> Call:
    dims = r.signature.dims
    assert dims is not None
    transposed = r.signature.op == "conv_transpose"
    filters = r.integer("filters")
    kernel = r.axes("kernel_size", dims)
    groups = 1 if transposed else r.integer("groups")
    if filters % groups:
        r.fail("groups", f"the number of filters, {filters}, must be divisible by groups, which is {groups}")
    note_activation(r)
    bias = r.boolean("use_bias")
    if "use_bias" not in r.given:
        r.notes.append("use_bias is True by default, so the layer adds a bias")
    stride, dilation = r.axes("strides", dims), r.axes("dilation_rate", dims)
    if max(stride) > 1 and max(dilation) > 1:
        r.fail("dilation_rate", "strides > 1 is not supported in conjunction with dilation_rate > 1")
    r.applied(("inputs",))
    take_input_shape(r, dims)
    data_format = spelled(r)
    layout = x_layout(dims, data_format)
    x = r.input(layout, None)
    batch, channels, size = x
    if channels % groups:
        r.fail("groups", f"the input has {channels} channels, which must be divisible by groups, which is {groups}")
    w_shape = (*kernel, filters, channels) if transposed else (*kernel, channels // groups, filters)
    r.owned_weight(w_shape, _w_layout(dims, groups, transposed))
    lengths = {"N": batch, "C": channels, **dict(zip(SPATIAL[dims], size, strict=True))}
    # Zeros, since the weights that are drawn are never used, and drawing them takes JAX seconds.
    dtype = r.dtype("dtype")
    instead = {"data_format": data_format, "dtype": dtype, "kernel_initializer": "zeros"}
    made = r.written(r.signature.name, {}, instead, [n for n in NO_EFFECT if n not in instead])
    weights = "[w, b]" if bias else "[w]"
    plan = (
        f"layer = {made}\n"
        f"layer.build({tuple(lengths[c] for c in layout)!r})\n"
        f"y = layer.stateless_call({weights}, [], x)[0]"
    )
    return _finish(r, dims, x, filters, groups, kernel, stride, dilation, data_format, bias, plan, dtype)


def _function(r: Reading) -> Call:
    transposed = r.signature.op == "conv_transpose"
    r.tensor("inputs")
    r.tensor("kernel")
    dims = r.rank()
    data_format = spelled(r)
    *rest, a, b = r.weight(_w_layout(dims, 1, transposed), dims)
    kernel = tuple(rest)
    x = r.input(x_layout(dims, data_format), b if transposed else None if r.input_shape else a)
    out_channels, groups = (a, 1) if transposed else (b, x[1] // a)
    if not transposed and (x[1] % a or b % groups):
        r.fail(
            "kernel",
            f"the input has {x[1]} channels and the kernel {a} in, {b} out: the input's must be a multiple of the "
            "kernel's, and its outputs of the groups that this makes",
        )
    stride, dilation = r.axes("strides", dims), r.axes("dilation_rate", dims)
    if not transposed and max(stride) > 1 and max(dilation) > 1:
        r.notes.append("the tensorflow backend of Keras refuses strides > 1 in conjunction with dilation_rate > 1")
    plan = "y = " + r.written(r.signature.name, {"inputs": "x", "kernel": "w"}, {"data_format": data_format})
    return _finish(r, dims, x, out_channels, groups, kernel, stride, dilation, data_format, False, plan, "float32")


def _finish(
    r: Reading,
    dims: int,
    x: tuple[int, int, Shape],
    out_channels: int,
    groups: int,
    kernel: Shape,
    stride: Shape,
    dilation: Shape,
    data_format: str,
    bias: bool,
    plan: str,
    dtype: str,
) -> Call:
    transposed = r.signature.op == "conv_transpose"
    padding = _padding(r, kernel, dilation)
    output_padding = None
    if transposed and r.value("output_padding") is not None:
        output_padding = r.axes("output_padding", dims, least=0)
        for extra, s in zip(output_padding, stride, strict=True):
            if extra >= s:
                # keras.ops on the jax backend answers all the same (3.15.1); the documentation rules it out.
                r.fail("output_padding", f"output_padding is {extra}, expected strictly less than strides, {s}")
    tensor = x_layout(dims, data_format)
    layouts = {"x": tensor, "w": _w_layout(dims, groups, transposed)}
    return r.finish(
        x=x,
        out_channels=out_channels,
        groups=groups,
        kernel=kernel,
        stride=stride,
        dilation=dilation,
        padding=padding,
        output_padding=output_padding,
        # Keras has no pairs; what 'causal' comes to is said as JAX says it.
        convention="keras" if isinstance(padding, str) else "jax",
        layouts={**layouts, **({"b": "C"} if bias else {}), "y": tensor},
        weights={"w": "kernel", **({"b": "bias"} if bias else {})},
        data_format="channels_first" if data_format == "channels_first" else None,
        plan=plan,
        dtype=dtype,
    )


def _padding(r: Reading, kernel: Shape, dilation: Shape) -> str | tuple[Pair, ...]:
    value = r.literal("padding")
    causal = r.signature.name == "keras.layers.Conv1D"
    words = ("valid", "same", "causal") if causal else ("valid", "same")
    word = value.lower() if isinstance(value, str) else ""
    if word not in words:
        r.fail("padding", f"padding is {value!r}, expected one of {', '.join(map(repr, words))}")
    return ((dilation[0] * (kernel[0] - 1), 0),) if word == "causal" else word


def spelled(r: Reading) -> str:
    """data_format in full; channels_last where it is not said."""
    value = r.literal("data_format")
    if value is None:
        return "channels_last"
    word = value.lower() if isinstance(value, str) else ""
    if word not in ("channels_last", "channels_first"):
        r.fail("data_format", f"data_format is {value!r}, expected 'channels_last' or 'channels_first'")
    return word


def take_input_shape(r: Reading, dims: int) -> None:
    """`input_shape=(8, 8, 3)` of the layer itself, which leaves the batch out."""
    if "input_shape" not in r.given or r.input_shape is not None:
        return
    value = r.literal("input_shape")
    if not isinstance(value, list | tuple) or len(value) != dims + 1 or not all(isinstance(v, int) for v in value):
        r.fail("input_shape", f"input_shape is {value!r}, expected {dims + 1} integers; give the input with --input")
    r.input_shape = (DEFAULT_BATCH, *value)
    r.notes.append(f"x is taken as {shape_text(r.input_shape)}: input_shape with a batch of {DEFAULT_BATCH}")


def note_activation(r: Reading) -> None:
    """Note what a layer does beside its convolution."""
    value = r.value("activation")
    if value is not None and value != "linear":
        text = repr(value) if isinstance(value, str) else getattr(value, "text", str(value))
        r.notes.append(f"activation={text} is left out: add it afterwards")
    for name in ("kernel_regularizer", "depthwise_regularizer", "activity_regularizer", "kernel_constraint"):
        if r.value(name) is not None:
            r.notes.append(f"{name} is left out: it changes training, not the result")


def x_layout(dims: int, data_format: str) -> str:
    """The layout of x and y."""
    return f"NC{SPATIAL[dims]}" if data_format == "channels_first" else f"N{SPATIAL[dims]}C"


def _w_layout(dims: int, groups: int, transposed: bool) -> str:
    if transposed:
        return SPATIAL[dims] + "OI"
    return SPATIAL[dims] + ("IO" if groups == 1 else "I(GO)")
