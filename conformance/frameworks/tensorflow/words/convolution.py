"""How TensorFlow is asked: tf.nn's convolutions.

What was observed (TensorFlow 2.21.0, x86-64 CPU), and what follows from it:

- `tf.nn.conv2d` and `conv2d_transpose` take explicit padding; the 1-D and 3-D functions take 'SAME' or 'VALID' alone
  ("Expected string for argument 'padding' not [[0, 0], ...]"), so there it becomes a `tf.pad` or a crop.
- Eigen's kernels have no dilation in any gradient of a convolution, nor in Conv3D at all; oneDNN's (float32) and XLA's
  have. `tf.nn.convolution` gets there by space-to-batch for every dtype and every gradient, at stride 1 only.
- A transposed convolution with groups is the input gradient of a grouped convolution, and tf.nn's functions hand it
  down as that: oneDNN (float32) and XLA compute it in 1-D and 2-D, Eigen refuses. In 3-D nothing but XLA takes groups.

Whether oneDNN is on depends on the processor, so no table can know it: every case is asked, and what is refused is a
divergence that `cases/known/` declares.

    https://www.tensorflow.org/api_docs/python/tf/nn/conv2d
    https://www.tensorflow.org/api_docs/python/tf/nn/conv2d_transpose
    https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2
"""

from __future__ import annotations

from collections.abc import Sequence

from conformance.exact.trilinear import Geometry
from conformance.frameworks import Ask, Cell
from conformance.frameworks.text import call, lines, pad_pairs, rejected, sliced
from conformance.frameworks.windows import (
    Window,
    gather_window,
    is_same,
    scatter_length,
    scatter_window,
)
from conformance.ops.conv.convolution import Convolution, per_axis_params
from conformance.outcome import Unsupported
from conformance.plan import Plan

Pair = tuple[int, int]


def conv(ask: Ask[Convolution]) -> Plan | Unsupported:
    """tf.nn.conv1d, conv2d, conv3d; depthwise_conv2d and convolution where only they have every gradient."""
    p = ask.op
    if ask.geometry is None and not ask.native("tensorflow"):
        return rejected(p)
    last = _channels_last(p)
    depthwise = _depthwise(p)
    batched = not depthwise and _space_to_batch(ask)
    padding: object
    windows: list[Window] = []
    takes_pairs = p.dims == 2 and not batched and not (depthwise and max(p.dilation) > 1)
    if ask.geometry is None or (ask.native("tensorflow") and (isinstance(p.padding, str) or takes_pairs)):
        padding = _own_padding(p)
    elif all(map(is_same, ask.geometry)):
        padding = "SAME"
    else:
        padding = "VALID"
        windows = [gather_window(axis) for axis in ask.geometry]
        if takes_pairs and not any(w.keep for w in windows) and any(any(w.zeros) for w in windows):
            padding = _pairs(p, [w.zeros for w in windows])
            windows = []

    if depthwise:
        text, w = _depthwise_call(p, padding), "HWGO"
    else:
        text, w = _conv_call(p, padding, batched), p.spatial + ("IO" if p.groups == 1 else "I(GO)")
    return Plan.of(lines(*_framed("x", windows, last), text, _bias(p)), _layouts(p, w))


def conv_transpose(ask: Ask[Convolution]) -> Plan | Unsupported:
    """tf.nn.conv1d_transpose, conv2d_transpose, conv3d_transpose, asked for an output_shape."""
    p = ask.op
    if ask.geometry is None and not ask.native("tensorflow"):
        return rejected(p)
    last = _channels_last(p)
    padding: object
    windows: list[Window] = []
    if ask.geometry is None:
        padding, lengths = _own_padding(p), _own_lengths(p)
    else:
        lengths = [axis.large for axis in ask.geometry]
        if ask.native("tensorflow") and (isinstance(p.padding, str) or p.dims == 2):
            padding = _own_padding(p)
        elif all(map(is_same, ask.geometry)):
            padding = "SAME"
        elif _takes_pairs(p, ask.geometry):
            padding = _pairs(p, [(axis.lo, max(axis.hi, 0)) for axis in ask.geometry])
        else:
            padding = "VALID"
            lengths = [scatter_length(axis) for axis in ask.geometry]
            windows = [scatter_window(axis, n) for axis, n in zip(ask.geometry, lengths, strict=True)]

    words: dict[str, object] = {
        "output_shape": (p.batch, *lengths, p.out_channels) if last else (p.batch, p.out_channels, *lengths),
        "strides": _short(p.stride),
        "padding": padding,
        **_format(p),
    }
    if max(p.dilation) > 1:
        words["dilations"] = _short(p.dilation)
    if p.output_padding is not None and ask.geometry is None:
        # No such argument: what TensorFlow says to it is the refusal.
        words["output_padding"] = p.output_padding
    # The filter is that of the forward convolution: (in/groups, out) there is (out/groups, in) here.
    w = p.spatial + ("OI" if p.groups == 1 else "O(GI)")
    framed = any(w.keep or any(w.zeros) for w in windows)
    note = "tf.nn has no word for this: the full scatter is cropped or extended" if framed else ""
    text = "y = " + call(f"tf.nn.conv{p.dims}d_transpose", "x", "w", **words)
    return Plan.of(lines(text, *_framed("y", windows, last), _bias(p)), _layouts(p, w), note)


def _conv_call(p: Convolution, padding: object, batched: bool) -> str:
    if batched:
        words: dict[str, object] = {"strides": _short(p.stride), "padding": padding, "dilations": _short(p.dilation)}
        return "y = " + call("tf.nn.convolution", "x", "w", **words, **_format(p))
    if p.dims == 1:
        words = {"stride": p.stride[0], "padding": padding}
    else:
        # conv3d wants an entry for every axis of x; conv2d takes one for each spatial axis.
        words = {"strides": p.stride if p.dims == 2 else _every_axis(p, p.stride), "padding": padding}
    if max(p.dilation) > 1:
        words["dilations"] = _short(p.dilation) if p.dims < 3 else _every_axis(p, p.dilation)
    return "y = " + call(f"tf.nn.conv{p.dims}d", "x", "w", **words, **_format(p))


def _depthwise_call(p: Convolution, padding: object) -> str:
    words: dict[str, object] = {"strides": _every_axis(p, p.stride), "padding": padding, **_format(p)}
    if max(p.dilation) > 1:
        words["dilations"] = p.dilation
    return "y = " + call("tf.nn.depthwise_conv2d", "x", "w", **words)


def _depthwise(p: Convolution) -> bool:
    """Whether tf.nn.depthwise_conv2d says it: one input channel a group, one stride, no dilation beside a stride.

    It has gradients in every dtype, which a grouped conv2d has not.
    """
    return (
        p.dims == 2
        and p.groups == p.in_channels > 1
        and p.data_format != "channels_first"
        and p.stride[0] == p.stride[1]
        and (max(p.stride) == 1 or max(p.dilation) == 1)
    )


def _space_to_batch(ask: Ask[Convolution]) -> bool:
    """Whether tf.nn.convolution is asked: a dilated convolution whose own kernel may have no gradient here."""
    p = ask.op
    dilates = max(p.dilation) > 1 and max(p.stride) == 1
    return dilates and not (ask.target.option("onednn", "") == "1" and ask.dtype == "float32") and _without_xla(ask)


def _without_xla(ask: Ask[Convolution]) -> bool:
    return ask.target.device == "cpu" and ask.target.mode != "xla"


def _takes_pairs(p: Convolution, geometry: Geometry) -> bool:
    """Whether conv2d_transpose is asked in a list of paddings: it crops, and extends by less than a stride alone.

    oneDNN has no explicit padding here, and Eigen neither dilation, nor groups, nor NCHW: then VALID and a crop.
    """
    plain = max(p.dilation) == p.groups == 1 and _channels_last(p)
    says = all(axis.lo >= 0 and axis.hi > -axis.stride for axis in geometry)
    return p.dims == 2 and plain and says and any(axis.lo or axis.hi > 0 for axis in geometry)


def _own_padding(p: Convolution) -> object:
    """The case's padding in TensorFlow's words."""
    return p.padding.upper() if isinstance(p.padding, str) else _pairs(p, p.padding)


def _own_lengths(p: Convolution) -> list[int]:
    """The lengths to ask for where the definition refuses: those that the case names, else what its words come to."""
    lengths = []
    for a in per_axis_params(p):
        if a.output_size is not None:
            lengths.append(a.output_size)
            continue
        full = (a.n - 1) * a.s + a.extent + (a.output_padding or 0)
        lengths.append(a.n * a.s if p.padding == "same" else full - sum(a.pad or (0, 0)))
    return lengths


def _pairs(p: Convolution, pairs: Sequence[Pair]) -> list[list[int]]:
    return [list(pair) for pair in pad_pairs(pairs, _channels_last(p))]


def _short(values: tuple[int, ...]) -> int | tuple[int, ...]:
    return values[0] if len(values) == 1 else values


def _every_axis(p: Convolution, values: tuple[int, ...]) -> tuple[int, ...]:
    return (1, *values, 1) if _channels_last(p) else (1, 1, *values)


def _framed(name: str, windows: list[Window], last: bool) -> list[str]:
    """The statements that cut and pad a tensor."""
    if not windows:
        return []
    cut = sliced(name, [w.keep for w in windows], last)
    pairs = [list(pair) for pair in pad_pairs([w.zeros for w in windows], last)]
    return [
        f"{name} = {cut}" if cut != name else "",
        f"{name} = tf.pad({name}, {pairs!r})" if any(map(any, pairs)) else "",
    ]


def _bias(p: Convolution) -> str:
    if not p.bias:
        return ""
    return "y = " + call("tf.nn.bias_add", "y", "b", **_format(p))


def _channels_last(p: Convolution) -> bool:
    return p.data_format != "channels_first"


def _axes(p: Convolution) -> str:
    return f"N{p.spatial}C" if _channels_last(p) else f"NC{p.spatial}"


def _format(p: Convolution) -> dict[str, object]:
    return {"data_format": _axes(p)} if p.data_format else {}


def _layouts(p: Convolution, w: str) -> dict[str, str]:
    layouts = {"x": _axes(p), "w": w, "b": "C", "y": _axes(p)}
    if not p.bias:
        del layouts["b"]
    return layouts


TABLE: dict[str, Cell] = {"conv": conv, "conv_transpose": conv_transpose}
