"""Reads tf.nn's convolutions (tensorflow 2.21.0); tf.keras.layers is read as keras.layers.

A transposed convolution is given the shape of its output: what a convolution with these words maps back to the input.

https://www.tensorflow.org/api_docs/python/tf/nn
"""

from __future__ import annotations

from conformance.ops.base import SPATIAL
from conformance.ops.conv.convolution import Pair
from conformance.recipe.call import Call
from conformance.recipe.literals import Expression, evaluate, unwrapped
from conformance.recipe.reading import DEFAULT_SIZES, Reading, Shape, shape_text


def read_tensorflow(r: Reading) -> Call:
    """A tf.nn call."""
    transposed = r.signature.op == "conv_transpose"
    r.tensor("input")
    r.tensor("filters")
    shape = _given_shape(r)
    written = r.value("data_format")
    dims = r.rank(
        len(written) - 2 if isinstance(written, str) else None,
        len(shape) - 2 if isinstance(shape, list | tuple) else None,
    )
    first = _channels_first(r, dims)
    spatial = SPATIAL[dims]
    layout = f"NC{spatial}" if first else f"N{spatial}C"
    *rest, a, b = r.weight(spatial + ("OI" if transposed else "IO"), dims)
    kernel = tuple(rest)
    stride = _steps(r, "stride" if "stride" in r.signature.parameters else "strides", dims, first)
    dilation = _steps(r, "dilations", dims, first)
    if r.signature.short == "convolution" and max(stride) > 1 and max(dilation) > 1:
        r.fail("dilations", "strides > 1 is not supported in conjunction with dilations > 1")
    padding = _padding(r, dims, first)
    instead: dict[str, object] = {}
    output_size = None
    if transposed:
        x, output_size, out_channels = _asked(r, layout, a, b, kernel, stride, dilation, padding)
        groups = out_channels // a
        lengths = {"N": x[0], "C": out_channels, **dict(zip(spatial, output_size, strict=True))}
        instead["output_shape"] = [lengths[c] for c in layout]
    else:
        extents = tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True))
        size = tuple(map(max, DEFAULT_SIZES[:dims], extents))
        x = r.input(layout, None if r.input_shape else a, size)
        groups, out_channels = x[1] // a, b
        if x[1] % a or b % groups:
            r.fail(
                "filters",
                f"the input has {x[1]} channels and the filters {a} in, {b} out: the input's must be a multiple of "
                "the filters', and their outputs of the groups that this makes",
            )
    # What was observed of each is in frameworks/tensorflow/words.
    if groups > 1 and (transposed or dims == 3):
        r.notes.append("on a CPU TensorFlow has groups here under XLA (jit_compile=True), or in oneDNN, or not at all")
    if max(dilation) > 1 and (transposed or dims == 3):
        r.notes.append(
            "on a CPU TensorFlow has dilations here under XLA (jit_compile=True), or in oneDNN, or not at all"
        )
    if groups == 1:
        w = "OI" if transposed else "IO"
    else:
        w = "O(GI)" if transposed else "I(GO)"
    plan = "y = " + r.written(r.signature.name, {"input": "x", "filters": "w"}, instead, ("name",))
    return r.finish(
        x=x,
        out_channels=out_channels,
        groups=groups,
        kernel=kernel,
        stride=stride,
        dilation=dilation,
        padding=padding,
        output_size=output_size,
        convention="tensorflow",
        layouts={"x": layout, "w": spatial + w, "y": layout},
        weights={"w": "filters"},
        data_format="channels_first" if first else None,
        plan=plan,
        dtype="float32",
    )


def _asked(
    r: Reading,
    layout: str,
    a: int,
    b: int,
    kernel: Shape,
    stride: Shape,
    dilation: Shape,
    padding: str | tuple[Pair, ...],
) -> tuple[tuple[int, int, Shape], Shape, int]:
    """x, and the output's spatial size and channels, of a transposed convolution with output_shape."""
    dims = len(kernel)
    shape = _output_shape(r, dims)
    if len(shape) == dims:
        batch, out_channels, output_size = None, a, shape
    else:
        lengths = dict(zip(layout, shape, strict=True))
        batch, out_channels = lengths["N"], lengths["C"]
        output_size = tuple(lengths[c] for c in SPATIAL[dims])
    if out_channels < 1 or out_channels % a:
        message = f"output_shape has {out_channels} channels, the filters {a} output channels ({SPATIAL[dims]}OI)"
        r.fail("output_shape", message)
    sizes = []
    for i, length in enumerate(output_size):
        extent = dilation[i] * (kernel[i] - 1) + 1
        if padding == "same":
            sizes.append(-(-length // stride[i]))
        else:
            pads = sum(padding[i]) if not isinstance(padding, str) else 0
            sizes.append(max((length + pads - extent) // stride[i] + 1, 0))
    x = r.input(layout, b, tuple(sizes), batch)
    if batch is not None and x[0] != batch:
        r.fail("output_shape", f"output_shape has batch {batch}, the input {x[0]}; they must be the same")
    if x[2] != tuple(sizes):
        r.fail(
            "output_shape",
            f"output_shape has spatial size {shape_text(output_size)}, which a convolution with these strides and "
            f"this padding takes to {shape_text(sizes)}; the input has {shape_text(x[2])}",
        )
    return x, output_size, out_channels


def _output_shape(r: Reading, dims: int) -> Shape:
    value = _given_shape(r)
    # Two entries are taken as the spatial ones by conv2d_transpose alone (observed with 2.21.0).
    allowed = (dims, dims + 2) if dims == 2 else (dims + 2,)
    expected = f"{dims + 2} integers of at least 0: batch, sizes and channels"
    if not isinstance(value, list | tuple) or len(value) not in allowed:
        written = Expression(r.given["output_shape"].node).text
        r.fail("output_shape", f"output_shape is {written}, expected {expected}")
    if not all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in value):
        r.fail("output_shape", f"output_shape is {value!r}, expected {expected}")
    return tuple(value)


def _given_shape(r: Reading) -> object:
    given = r.given.get("output_shape")
    return None if given is None else evaluate(unwrapped(given.node))


def _channels_first(r: Reading, dims: int) -> bool:
    value = r.literal("data_format")
    spatial = SPATIAL[dims]
    last, first = f"N{spatial}C", f"NC{spatial}"
    if value is None or value == last:
        return False
    if value != first:
        r.fail("data_format", f"data_format is {value!r}, expected {last!r} or {first!r}")
    r.notes.append(f"on a CPU TensorFlow may have no kernel for {first}")
    return True


def _steps(r: Reading, name: str, dims: int, first: bool) -> Shape:
    """strides or dilations: one number, one an axis, or one for every axis of x with 1 for batch and channels."""
    if r.value(name) is None:
        return (1,) * dims
    if r.signature.name == "tf.nn.conv3d":
        # "Expected list for 'strides' argument to 'conv3d' Op", "Length ... must be at least minimum 5"
        found = r.integers(name, {5}, 1, scalar=False)
    else:
        found = r.integers(name, {1, dims, dims + 2}, 1)
    if len(found) == 1:
        return found * dims
    if len(found) == dims:
        return found
    batch_and_channels = found[:2] if first else (found[0], found[-1])
    if batch_and_channels != (1, 1):
        r.fail(name, f"{name} is {r.value(name)!r}, expected 1 for the batch and for the channels")
    return found[2:] if first else found[1:-1]


def _padding(r: Reading, dims: int, first: bool) -> str | tuple[Pair, ...]:
    value = r.literal("padding")
    if value in ("SAME", "VALID"):
        return str(value).lower()
    if isinstance(value, str):
        hint = " (in capitals)" if value.upper() in ("SAME", "VALID") else ""
        r.fail("padding", f"padding is {value!r}, expected 'SAME' or 'VALID'{hint}")
    if dims != 2 or r.signature.short == "convolution":
        r.fail("padding", f"padding is {value!r}; {r.signature.name} takes 'SAME' or 'VALID' here, and no list")
    pairs = value if isinstance(value, list | tuple) and len(value) == dims + 2 else ()
    if not pairs or not all(
        isinstance(p, list | tuple) and len(p) == 2 and all(isinstance(v, int) and not isinstance(v, bool) for v in p)
        for p in pairs
    ):
        r.fail(
            "padding",
            f"padding is {value!r}, expected 'SAME', 'VALID' or [[0, 0], [top, bottom], [left, right], [0, 0]]",
        )
    found = [(p[0], p[1]) for p in pairs]
    outside = found[:2] if first else [found[0], found[-1]]
    if any(map(any, outside)):
        r.fail("padding", f"padding is {value!r}, expected [0, 0] for the batch and for the channels")
    return tuple(found[2:] if first else found[1:-1])
