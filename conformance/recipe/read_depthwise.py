"""Reads depthwise and atrous convolutions of Keras and TensorFlow: convolutions with a group for every channel of x,
and with a dilation (keras 3.15.1, tensorflow 2.21.0).

https://keras.io/api/layers/convolution_layers/depthwise_convolution2d/
https://www.tensorflow.org/api_docs/python/tf/nn/depthwise_conv2d
https://www.tensorflow.org/api_docs/python/tf/nn/atrous_conv2d
"""

from __future__ import annotations

from conformance.ops.base import SPATIAL
from conformance.recipe.call import Call
from conformance.recipe.literals import evaluate, unwrapped
from conformance.recipe.read_keras import NO_EFFECT, note_activation, spelled, take_input_shape, x_layout
from conformance.recipe.reading import DEFAULT_SIZES, Reading, Shape


def read_depthwise(r: Reading) -> Call:
    """keras.layers.DepthwiseConv1D/2D, keras.ops.depthwise_conv or tf.nn.depthwise_conv2d."""
    if r.signature.framework == "tensorflow":
        return _of_tensorflow(r)
    layer = r.signature.kind == "layer"
    data_format = spelled(r)
    if layer:
        dims = r.signature.dims
        assert dims is not None
        kernel = r.axes("kernel_size", dims)
        multiplier = r.integer("depth_multiplier")
        take_input_shape(r, dims)
        x = r.input(x_layout(dims, data_format), None, _roomy(kernel, r.axes("dilation_rate", dims)))
        r.owned_weight((*kernel, x[1], multiplier), f"{SPATIAL[dims]}GO")
        note_activation(r)
        r.applied(("inputs",))
    else:
        r.tensor("inputs")
        r.tensor("kernel")
        dims = r.rank()
        *rest, channels, multiplier = r.weight(f"{SPATIAL[dims]}GO", dims)
        kernel = tuple(rest)
        x = r.input(x_layout(dims, data_format), channels, _roomy(kernel, r.axes("dilation_rate", dims)))
    bias = layer and r.boolean("use_bias")
    if layer and "use_bias" not in r.given:
        r.notes.append("use_bias is True by default, so the layer adds a bias")
    stride, dilation = r.axes("strides", dims), r.axes("dilation_rate", dims)
    if max(stride) > 1 and max(dilation) > 1:
        r.fail("dilation_rate", "strides > 1 is not supported in conjunction with dilation_rate > 1")
    padding = r.literal("padding")
    if not isinstance(padding, str) or padding.lower() not in ("same", "valid"):
        r.fail("padding", f"padding is {padding!r}, expected one of 'valid', 'same'")
    dtype = r.dtype("dtype") if layer else "float32"
    if layer:
        lengths = {"N": x[0], "C": x[1], **dict(zip(SPATIAL[dims], x[2], strict=True))}
        instead = {"data_format": data_format, "dtype": dtype, "depthwise_initializer": "zeros"}
        made = r.written(r.signature.name, {}, instead, [n for n in NO_EFFECT if n not in instead])
        shape = tuple(lengths[c] for c in x_layout(dims, data_format))
        weights = "[w, b]" if bias else "[w]"
        plan = f"layer = {made}\nlayer.build({shape!r})\ny = layer.stateless_call({weights}, [], x)[0]"
    else:
        plan = "y = " + r.written(r.signature.name, {"inputs": "x", "kernel": "w"}, {"data_format": data_format})
    tensor = x_layout(dims, data_format)
    return r.finish(
        x=x,
        out_channels=x[1] * multiplier,
        groups=x[1],
        kernel=kernel,
        stride=stride,
        dilation=dilation,
        padding=padding.lower(),
        convention="keras",
        layouts={"x": tensor, "w": f"{SPATIAL[dims]}GO", **({"b": "C"} if bias else {}), "y": tensor},
        weights={"w": "kernel", **({"b": "bias"} if bias else {})},
        data_format="channels_first" if data_format == "channels_first" else None,
        plan=plan,
        dtype=dtype,
    )


def _roomy(kernel: Shape, dilation: Shape) -> Shape:
    return tuple(max(n, d * (k - 1) + 1) for n, d, k in zip(DEFAULT_SIZES, dilation, kernel, strict=False))


def _of_tensorflow(r: Reading) -> Call:
    r.tensor("input")
    r.tensor("filter")
    if r.literal("data_format") not in (None, "NHWC"):
        r.fail("data_format", f"data_format is {r.value('data_format')!r}, which a CPU has not; expected 'NHWC'")
    height, width, channels, multiplier = r.weight("HWGO", 2)
    strides = r.integers("strides", {4}, 1, scalar=False)
    if strides[0] != 1 or strides[3] != 1 or strides[1] != strides[2]:
        r.fail("strides", f"strides is {strides}, expected (1, s, s, 1): TensorFlow takes one stride for both sizes")
    dilation = (1, 1) if r.value("dilations") is None else r.axes("dilations", 2)
    if max(dilation) > 1 and strides[1] > 1:
        r.fail("dilations", "strides > 1 is not supported in conjunction with dilations > 1")
    padding = _word(r)
    x = r.input("NHWC", channels, _roomy((height, width), dilation))
    return r.finish(
        x=x,
        out_channels=channels * multiplier,
        groups=channels,
        kernel=(height, width),
        stride=strides[1:3],
        dilation=dilation,
        padding=padding,
        convention="tensorflow",
        layouts={"x": "NHWC", "w": "HWGO", "y": "NHWC"},
        weights={"w": "filters"},
        plan="y = " + r.written(r.signature.name, {"input": "x", "filter": "w"}, {}, ("name",)),
        dtype="float32",
    )


def read_atrous(r: Reading) -> Call:
    """tf.nn.atrous_conv2d or tf.nn.atrous_conv2d_transpose."""
    transposed = r.signature.op == "conv_transpose"
    r.tensor("value")
    r.tensor("filters")
    rate = (r.integer("rate"),) * 2
    w = "HWOI" if transposed else "HWIO"
    height, width, a, b = r.weight(w, 2)
    kernel, (inner, outer) = (height, width), (b, a) if transposed else (a, b)
    padding = _word(r)
    instead: dict[str, object] = {}
    output_size = None
    if transposed:
        shape = evaluate(unwrapped(r.given["output_shape"].node))
        if not isinstance(shape, list | tuple) or len(shape) != 4 or not all(isinstance(n, int) for n in shape):
            r.fail("output_shape", f"output_shape is {r.value('output_shape')!r}, expected 4 integers: N, H, W, C")
        if shape[3] != outer:
            r.fail("output_shape", f"output_shape has {shape[3]} channels, the filters {outer} output channels (HWOI)")
        output_size, instead = (shape[1], shape[2]), {"output_shape": list(shape)}
        less = [0 if padding == "same" else d * (k - 1) for k, d in zip(kernel, rate, strict=True)]
        sizes = tuple(n - m for n, m in zip(output_size, less, strict=True))
        x = r.input("NHWC", inner, sizes, shape[0])
        if (x[0], x[2]) != (shape[0], sizes):
            r.fail("output_shape", f"output_shape is {shape}, which an input of {sizes} has; the input has {x[2]}")
    else:
        x = r.input("NHWC", inner, _roomy(kernel, rate))
    return r.finish(
        x=x,
        out_channels=outer,
        groups=1,
        kernel=kernel,
        stride=(1, 1),
        dilation=rate,
        padding=padding,
        output_size=output_size,
        convention="tensorflow",
        layouts={"x": "NHWC", "w": w, "y": "NHWC"},
        weights={"w": "filters"},
        plan="y = " + r.written(r.signature.name, {"value": "x", "filters": "w"}, instead, ("name",)),
        dtype="float32",
    )


def _word(r: Reading) -> str:
    value = r.literal("padding")
    if value not in ("SAME", "VALID"):
        r.fail("padding", f"padding is {value!r}, expected 'SAME' or 'VALID' (in capitals)")
    return str(value).lower()
