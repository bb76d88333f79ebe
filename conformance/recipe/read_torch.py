"""Reads torch.nn's convolution layers and torch.nn.functional's convolutions (torch 2.13.0).

https://docs.pytorch.org/docs/stable/nn.html#convolution-layers
https://docs.pytorch.org/docs/stable/nn.functional.html#convolution-functions
"""

from __future__ import annotations

from conformance.ops.base import SPATIAL
from conformance.ops.conv.convolution import Pair
from conformance.recipe.call import Call
from conformance.recipe.reading import Reading, Shape
from conformance.recipe.syntax import Given, failure


def read_torch(reading: Reading) -> Call:
    """A torch.nn layer or a torch.nn.functional call."""
    dims = reading.signature.dims
    assert dims is not None
    return _layer(reading, dims) if reading.signature.kind == "layer" else _function(reading, dims)


def _layer(r: Reading, dims: int) -> Call:
    transposed = r.signature.op == "conv_transpose"
    in_channels, out_channels = r.integer("in_channels"), r.integer("out_channels")
    kernel = r.axes("kernel_size", dims)
    groups = r.integer("groups")
    for name, channels in (("in_channels", in_channels), ("out_channels", out_channels)):
        if channels % groups:
            r.fail("groups", f"{name} is {channels}, which must be divisible by groups, which is {groups}")
    mode = r.literal("padding_mode")
    if mode != "zeros":
        what = "only 'zeros' is supported for a transposed convolution"
        if not transposed:
            what = "only 'zeros' can be translated; pad x with torch.nn.functional.pad first, and give padding=0 here"
        r.fail("padding_mode", f"padding_mode is {mode!r}: {what}")
    bias = r.boolean("bias")
    if "bias" not in r.given:
        r.notes.append("bias is True by default, so the layer adds a bias")
    output_size = _output_size(r, dims)
    w_shape = (in_channels, out_channels // groups) if transposed else (out_channels, in_channels // groups)
    r.owned_weight((*w_shape, *kernel), _w_layout(dims, groups, transposed))
    made = r.written(r.signature.name, {}, {}, ("device", "dtype"))
    weights = '{"weight": w, "bias": b}' if bias else '{"weight": w}'
    arguments = "(x,)" if output_size is None else f"(x, {output_size!r})"
    plan = f"layer = {made}\ny = torch.func.functional_call(layer, {weights}, {arguments})"
    return _finish(r, dims, in_channels, out_channels, groups, kernel, bias, plan, r.dtype("dtype"), output_size)


def _function(r: Reading, dims: int) -> Call:
    transposed = r.signature.op == "conv_transpose"
    r.tensor("input")
    r.tensor("weight")
    bias = r.value("bias") is not None
    if bias:
        r.tensor("bias")
    groups = r.integer("groups")
    first, second, *rest = r.weight(_w_layout(dims, groups, transposed), dims)
    kernel = tuple(rest)
    if first % groups:
        r.fail("groups", f"the first axis of the weights is {first}, which must be divisible by groups, {groups}")
    in_channels, out_channels = (first, second * groups) if transposed else (second * groups, first)
    roles = {"input": "x", "weight": "w", **({"bias": "b"} if bias else {})}
    plan = "y = " + r.written(r.signature.name, roles, {})
    return _finish(r, dims, in_channels, out_channels, groups, kernel, bias, plan, r.cast("input", "weight"), None)


def _finish(
    r: Reading,
    dims: int,
    in_channels: int,
    out_channels: int,
    groups: int,
    kernel: Shape,
    bias: bool,
    plan: str,
    dtype: str,
    output_size: Shape | None,
) -> Call:
    transposed = r.signature.op == "conv_transpose"
    stride = r.axes("stride", dims, one_for_all=True)
    dilation = r.axes("dilation", dims, one_for_all=True)
    padding = _padding(r, dims)
    output_padding: Shape | None = None
    if transposed and output_size is None and "output_padding" in r.given:
        output_padding = r.axes("output_padding", dims, least=0, one_for_all=True)
        for extra, s, d in zip(output_padding, stride, dilation, strict=True):
            if extra >= max(s, d):
                message = f"output_padding is {extra}, expected below stride or dilation, which are {s} and {d}"
                r.fail("output_padding", message)
    spatial = SPATIAL[dims]
    # An input that a convolution's kernel fits into.
    size = tuple(max(n, d * (k - 1) + 1) for n, d, k in zip((8, 7, 6), dilation, kernel, strict=False))
    x = r.input("NC" + spatial, in_channels, size)
    layouts = {"x": "NC" + spatial, "w": _w_layout(dims, groups, transposed)}
    return r.finish(
        x=x,
        out_channels=out_channels,
        groups=groups,
        kernel=kernel,
        stride=stride,
        dilation=dilation,
        padding=padding,
        symmetric=not isinstance(padding, str),
        output_padding=output_padding,
        output_size=output_size,
        convention="torch",
        layouts={**layouts, **({"b": "C"} if bias else {}), "y": "NC" + spatial},
        weights={"w": "weight", **({"b": "bias"} if bias else {})},
        plan=plan,
        dtype=dtype,
    )


def _padding(r: Reading, dims: int) -> str | tuple[Pair, ...]:
    value = r.literal("padding")
    if isinstance(value, str):
        if r.signature.op == "conv_transpose":
            r.fail("padding", f"padding is {value!r}; PyTorch's transposed convolutions take integers only")
        if value not in ("same", "valid"):
            r.fail("padding", f"padding is {value!r}, expected 'same', 'valid' (in small letters) or integers")
        if value == "same" and max(r.axes("stride", dims, one_for_all=True)) > 1:
            r.fail("padding", "padding='same' is not supported for strided convolutions")
        return value
    return tuple((p, p) for p in r.axes("padding", dims, least=0, one_for_all=True))


def _output_size(r: Reading, dims: int) -> Shape | None:
    """`ConvTranspose2d(...)(x, output_size=[8, 8])`; the whole shape of y is taken, too, as PyTorch does."""
    transposed = r.signature.op == "conv_transpose"
    found = r.applied(("input", "output_size") if transposed else ("input",)).get("output_size")
    if found is None or found.value is None:
        return None
    value = found.value
    if not isinstance(value, list | tuple) or len(value) not in (dims, dims + 2) or not _integers(found):
        message = f"output_size is given as {value!r}, expected {dims} integers, one for each spatial axis"
        raise failure(r.parsed.text, found.node.col_offset + 1, message)
    return tuple(value[-dims:])


def _integers(given: Given) -> bool:
    assert isinstance(given.value, list | tuple)
    return all(isinstance(v, int) and not isinstance(v, bool) for v in given.value)


def _w_layout(dims: int, groups: int, transposed: bool) -> str:
    if transposed:
        return ("IO" if groups == 1 else "(GI)O") + SPATIAL[dims]
    return ("OI" if groups == 1 else "(GO)I") + SPATIAL[dims]
