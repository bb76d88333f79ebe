"""How Keras is asked: its convolution layers (the default, `api=layer`) or keras.ops (`api=ops`).

A layer is built and then called with the case's own weights, `layer.stateless_call([w, b], [], x)[0]`, so that
gradients reach them. Its words are 'valid', 'same' and, transposed, output_padding; what they can't say is a `valid`
call with the input or the output cut and padded.

Observed with Keras 3.15.1: every layer refuses strides beside dilation_rate, on every backend; keras.ops.conv refuses
them on the tensorflow backend; no transposed convolution has groups.

    https://keras.io/api/layers/convolution_layers/
    https://keras.io/api/ops/nn/
"""

from __future__ import annotations

from collections.abc import Sequence

from conformance.exact.trilinear import Axis, Geometry
from conformance.frameworks import Ask, Cell
from conformance.frameworks.text import bias_shape, call, lines, pad_pairs, rejected, sliced
from conformance.frameworks.windows import Window, gather_window, is_same, scatter_length, scatter_window
from conformance.ops.conv.convolution import Convolution
from conformance.outcome import Unsupported
from conformance.plan import Plan


def conv(ask: Ask[Convolution]) -> Plan | Unsupported:
    """keras.layers.Conv1D to Conv3D, or keras.ops.conv."""
    p = ask.op
    if ask.geometry is None and not ask.native("keras"):
        return rejected(p)
    layer = ask.target.option("api", "layer") == "layer"
    if ask.geometry is not None:
        if reason := _no_stride_with_dilation(p, layer or ask.target.backend == "tensorflow", layer):
            return Unsupported(reason)
        if any(axis.small == 0 < axis.large for axis in ask.geometry):
            # "Computed output size would be zero or negative", "resulted in an empty output": each in its own words.
            return Unsupported("Keras refuses a convolution with an empty output (observed with 3.15.1)")
    windows: list[Window] = []
    padding: object = "valid"
    if ask.geometry is None or ask.native("keras"):
        padding = _own_padding(p)
    elif all(map(is_same, ask.geometry)):
        padding = "same"
    else:
        windows = [gather_window(axis) for axis in ask.geometry]
    before = _framed("x", windows, _channels_last(p))
    words: dict[str, object] = {"strides": p.stride, "padding": padding}
    if layer:
        size = tuple(map(_length, p.size, windows)) if windows else p.size
        body = _layer(ask, f"Conv{p.dims}D", words, size, bias=p.bias)
    else:
        body = ["y = " + call("keras.ops.conv", "x", "w", **words, **_rest(p))]
    late = "" if layer else _bias(p)
    w = p.spatial + ("IO" if p.groups == 1 else "I(GO)")
    return Plan.of(lines(*before, *body, late), _layouts(p, w))


def conv_transpose(ask: Ask[Convolution]) -> Plan | Unsupported:
    """keras.layers.Conv1DTranspose to Conv3DTranspose, or keras.ops.conv_transpose."""
    p = ask.op
    if ask.geometry is None and not ask.native("keras"):
        return rejected(p)
    layer = ask.target.option("api", "layer") == "layer"
    if p.groups > 1:
        # "Unrecognized keyword arguments passed to Conv2DTranspose: {'groups': 2}"; the ops: "The number of input
        # channels must match the kernel's input channels".
        return Unsupported("Keras's transposed convolutions have no groups (observed with 3.15.1)")
    if ask.geometry is not None and (reason := _no_stride_with_dilation(p, layer, layer)):
        return Unsupported(reason)
    windows: list[Window] = []
    if ask.geometry is None or ask.native("keras"):
        words: dict[str, object] = {"strides": p.stride, "padding": _own_padding(p)}
        if p.output_padding is not None:
            words["output_padding"] = p.output_padding
        if p.output_size is not None:
            # No such argument: what Keras says to it is the refusal.
            words["output_size"] = p.output_size
    else:
        words = {"strides": p.stride, **_said(ask.geometry)}
        if len(words) == 1:
            lengths = [scatter_length(axis) for axis in ask.geometry]
            extra = tuple(n - _shortest(axis) for n, axis in zip(lengths, ask.geometry, strict=True))
            words |= {"padding": "valid", "output_padding": extra}
            windows = [scatter_window(axis, n) for n, axis in zip(lengths, ask.geometry, strict=True)]
    # The bias belongs on the zeros too.
    extends = any(any(w.zeros) for w in windows)
    if layer:
        body = _layer(ask, f"Conv{p.dims}DTranspose", words, p.size, bias=p.bias and not extends)
    else:
        body = ["y = " + call("keras.ops.conv_transpose", "x", "w", **words, **_rest(p))]
    late = _bias(p) if extends or not layer else ""
    framed = any(w.keep or any(w.zeros) for w in windows)
    note = (
        "'same', 'valid' and output_padding can't say this: the full scatter is cropped or extended" if framed else ""
    )
    return Plan.of(lines(*body, *_framed("y", windows, _channels_last(p)), late), _layouts(p, p.spatial + "OI"), note)


def _layer(ask: Ask[Convolution], name: str, words: dict[str, object], size: Sequence[int], *, bias: bool) -> list[str]:
    p = ask.op
    if p.groups > 1:
        words = {**words, "groups": p.groups}
    words = {**words, **_rest(p), "use_bias": bias, "dtype": ask.dtype}
    if ask.target.backend == "jax":
        # The weights that `build` draws are never used, and JAX compiles the drawing for each shape: it takes seconds.
        words["kernel_initializer"] = "zeros"
    made = call(f"keras.layers.{name}", repr(p.out_channels), repr(p.kernel), **words)
    shape = (p.batch, *size, p.in_channels) if _channels_last(p) else (p.batch, p.in_channels, *size)
    weights = "[w, b]" if bias else "[w]"
    return [
        f"layer = {made}",
        f"layer.build({shape!r})",
        f"y = layer.stateless_call({weights}, [], x)[0]",
    ]


def _rest(p: Convolution) -> dict[str, object]:
    # The default of data_format is in the user's keras.json, so it is always said.
    words: dict[str, object] = {"data_format": "channels_last" if _channels_last(p) else "channels_first"}
    return {"dilation_rate": p.dilation, **words} if max(p.dilation) > 1 else words


def _no_stride_with_dilation(p: Convolution, refuses: bool, layer: bool) -> str:
    if not refuses or max(p.stride) == 1 or max(p.dilation) == 1:
        return ""
    who = "Keras's convolution layers refuse" if layer else "keras.ops.conv on the tensorflow backend refuses"
    return f"{who} strides > 1 in conjunction with dilation_rate > 1 (observed with 3.15.1)"


def _shortest(axis: Axis) -> int:
    return (axis.small - 1) * axis.stride + axis.extent


def _said(geometry: Geometry) -> dict[str, object]:
    """padding and output_padding that say every axis, or nothing where none do.

    The rules are those of `keras_rule` in ops/conv_transpose.py, read backwards.
    """
    if all(axis.large == axis.small * axis.stride and is_same(axis) for axis in geometry):
        return {"padding": "same"}
    if all(axis.lo == 0 and axis.large == _shortest(axis) + max(axis.stride - axis.extent, 0) for axis in geometry):
        return {"padding": "valid"}
    extra = tuple(axis.large - _shortest(axis) for axis in geometry)
    if all(axis.lo == 0 and 0 <= e < axis.stride for axis, e in zip(geometry, extra, strict=True)):
        return {"padding": "valid", "output_padding": extra}
    extra = tuple(axis.large - (axis.small - 1) * axis.stride - axis.extent % 2 for axis in geometry)
    # The tensorflow backend takes such a length only where SAME maps it back, which is_same asks, too.
    if all(is_same(axis) and 0 <= e < axis.stride for axis, e in zip(geometry, extra, strict=True)):
        return {"padding": "same", "output_padding": extra}
    return {}


def _own_padding(p: Convolution) -> object:
    """The case's padding as it is written; Keras takes words alone and says so."""
    if isinstance(p.padding, str):
        return p.padding
    return tuple(low for low, _ in p.padding) if p.symmetric else p.padding


def _length(n: int, window: Window) -> int:
    kept = n if window.keep is None else window.keep[1] - window.keep[0]
    return kept + sum(window.zeros)


def _framed(name: str, windows: list[Window], last: bool) -> list[str]:
    """The statements that cut and pad a tensor."""
    if not windows:
        return []
    cut = sliced(name, [w.keep for w in windows], last)
    pairs = pad_pairs([w.zeros for w in windows], last)
    return [
        f"{name} = {cut}" if cut != name else "",
        f"{name} = keras.ops.pad({name}, {pairs!r})" if any(map(any, pairs)) else "",
    ]


def _bias(p: Convolution) -> str:
    if not p.bias:
        return ""
    return "y = y + b" if _channels_last(p) else f"y = y + keras.ops.reshape(b, {bias_shape(p.dims)!r})"


def _channels_last(p: Convolution) -> bool:
    return p.data_format != "channels_first"


def _layouts(p: Convolution, w: str) -> dict[str, str]:
    axes = f"N{p.spatial}C" if _channels_last(p) else f"NC{p.spatial}"
    layouts = {"x": axes, "w": w, "b": "C", "y": axes}
    if not p.bias:
        del layouts["b"]
    return layouts


TABLE: dict[str, Cell] = {"conv": conv, "conv_transpose": conv_transpose}
