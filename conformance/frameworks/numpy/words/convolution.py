"""How NumPy is asked: straight-line array code in the case's own dtype, with no loop over kernel taps.

A convolution is a view of every window (`sliding_window_view`, every d-th element of it, every s-th window) and one
`einsum` with the kernel. A transposed convolution spreads x out by the stride and pads it by extent - 1 less what is
cropped; the windows of that, met by the flipped kernel, are the scatter. The arithmetic is independent of the
reference, which adds one strided matrix product a tap.
"""

from __future__ import annotations

from conformance.exact.trilinear import Axis, Geometry
from conformance.frameworks import Ask, Cell
from conformance.frameworks.text import Pair, bias_shape, call, lines, pad_pairs, rejected, sliced
from conformance.ops.conv.convolution import Convolution
from conformance.outcome import Unsupported
from conformance.plan import Plan

_SPATIAL = {1: "w", 2: "hw", 3: "dhw"}
_TAPS = {1: "k", 2: "jk", 3: "ijk"}


def conv(ask: Ask[Convolution]) -> Plan | Unsupported:
    """Windows of x, padded, and the kernel as it is."""
    unable = _unable(ask)
    if unable is not None or ask.geometry is None:
        return unable or rejected(ask.op)
    geometry = ask.geometry
    last = _channels_last(ask.op)
    # As many elements as the windows reach over, and one window even where there is none to answer with.
    reach = [(max(axis.small, 1) - 1) * axis.stride + axis.extent for axis in geometry]
    pads = [(axis.lo, total - axis.lo - axis.large) for axis, total in zip(geometry, reach, strict=True)]
    body = _padded("x", [axis.large for axis in geometry], pads, last)
    return _plan(ask, body, _windows(geometry, tuple(axis.stride for axis in geometry), last), "")


def conv_transpose(ask: Ask[Convolution]) -> Plan | Unsupported:
    """Windows of x, spread out by the stride and padded, and the flipped kernel."""
    unable = _unable(ask)
    if unable is not None or ask.geometry is None:
        return unable or rejected(ask.op)
    p = ask.op
    geometry = ask.geometry
    last = _channels_last(p)
    body, name = [], "x"
    spread = [axis.small * axis.stride for axis in geometry]
    if any(axis.stride > 1 for axis in geometry):
        # An axis of length 1 behind each spatial axis, padded to the stride, and merged: x with zeros between.
        split = tuple(n for axis in geometry for n in (axis.small, 1))
        zeros = [pair for axis in geometry for pair in ((0, 0), (0, axis.stride - 1))]
        body += [
            f"split = numpy.reshape(x, {_shape(p, p.in_channels, split, last)!r})",
            f"split = numpy.pad(split, {pad_pairs(zeros, last)!r})",
            f"spread = numpy.reshape(split, {_shape(p, p.in_channels, tuple(spread), last)!r})",
        ]
        name = "spread"
    before = [axis.extent - 1 - axis.lo for axis in geometry]
    pads = [
        (low, max(axis.large, 1) + axis.extent - 1 - length - low)
        for axis, length, low in zip(geometry, spread, before, strict=True)
    ]
    body += _padded(name, spread, pads, last)
    return _plan(ask, body, _windows(geometry, (1,) * p.dims, last), " flipped")


def _unable(ask: Ask[Convolution]) -> Unsupported | None:
    if ask.dtype == "bfloat16":
        return Unsupported("NumPy has no bfloat16")
    if ask.geometry is None:
        return rejected(ask.op)
    return None


def _channels_last(p: Convolution) -> bool:
    return p.data_format == "channels_last"


def _shape(p: Convolution, channels: int, spatial: tuple[int, ...], last: bool) -> tuple[int, ...]:
    return (p.batch, *spatial, channels) if last else (p.batch, channels, *spatial)


def _padded(name: str, lengths: list[int], pads: list[Pair], last: bool) -> list[str]:
    """`name` padded on its spatial axes and called `padded`; numpy.pad takes no negative entries: those are a slice.

    The slice comes last, since a negative entry may reach over what the other end adds.
    """
    zeros = [(max(low, 0), max(high, 0)) for low, high in pads]
    kept = [
        (max(-low, 0), max(-low, 0) + length + low + high) if min(low, high) < 0 else None
        for length, (low, high) in zip(lengths, pads, strict=True)
    ]
    source = f"numpy.pad({name}, {pad_pairs(zeros, last)!r})" if any(pair != (0, 0) for pair in zeros) else name
    return [f"padded = {sliced(source, kept, last)}"]


def _windows(geometry: Geometry, strides: tuple[int, ...], last: bool) -> list[str]:
    """Every window of `padded`, its taps on the last axes: (N, C, *out, *k), or (N, *out, C, *k)."""
    dims = len(geometry)
    extents = tuple(axis.extent for axis in geometry)
    axes = tuple(range(1, 1 + dims)) if last else tuple(range(2, 2 + dims))
    found = [call("windows = numpy.lib.stride_tricks.sliding_window_view", "padded", repr(extents), axis=axes)]
    if any(axis.dilation > 1 for axis in geometry) or any(s > 1 for s in strides):
        out = [f"::{s}" if s > 1 else ":" for s in strides]
        taps = [f"::{axis.dilation}" if axis.dilation > 1 else ":" for axis in geometry]
        positions = [":", *out, ":"] if last else [":", ":", *out]
        found.append(f"windows = windows[{', '.join([*positions, *taps])}]")
    return found


def _result(axis: Axis, transposed: bool) -> int:
    return axis.large if transposed else axis.small


def _plan(ask: Ask[Convolution], prepare: list[str], windows: list[str], flipped: str) -> Plan:
    """`prepare` and `windows`, then the contraction over channels and taps, the bias, and the layouts."""
    p = ask.op
    assert ask.geometry is not None
    last = _channels_last(p)
    results = tuple(_result(axis, ask.op.transposed) for axis in ask.geometry)
    computed = tuple(max(n, 1) for n in results)
    grouped = p.groups > 1
    space, taps = _SPATIAL[p.dims], _TAPS[p.dims]
    g = "g" if grouped else ""

    split: list[str] = []
    merge = ""
    if grouped:
        a, b = p.in_channels // p.groups, p.out_channels // p.groups
        by_group = (p.batch, *computed, p.groups, a) if last else (p.batch, p.groups, a, *computed)
        split = [f"windows = numpy.reshape(windows, {(*by_group, *p.kernel)!r})"]
        merge = f"y = numpy.reshape(y, {_shape(p, b * p.groups, computed, last)!r})"
    inside = f"n{space}{g}a{taps}" if last else f"n{g}a{space}{taps}"
    outside = f"n{space}{g}b" if last else f"n{g}b{space}"
    # einsum sums float16 in float16 where it can't reduce a whole row at once: the products are summed in float32 as
    # every framework does, and rounded once.
    half = ask.dtype == "float16"
    summed = ", dtype=numpy.float32" if half else ""
    layouts = {"x": "N" + p.spatial + "C" if last else "NC" + p.spatial, "w": g.upper() + "IO" + p.spatial + flipped}
    if p.bias:
        layouts["b"] = "C"
    text = lines(
        *prepare,
        *windows,
        *split,
        f"y = numpy.einsum({f'{inside},{g}ab{taps}->{outside}'!r}, windows, w{summed})",
        merge,
        f"y = {sliced('y', [(0, 0) if n == 0 else None for n in results], last)}" if 0 in results else "",
        f"y = y + numpy.reshape(b, {bias_shape(p.dims, last)!r})" if p.bias else "",
        "y = y.astype(numpy.float16)" if half else "",
    )
    return Plan.of(text, {**layouts, "y": layouts["x"]})


TABLE: dict[str, Cell] = {"conv": conv, "conv_transpose": conv_transpose}
