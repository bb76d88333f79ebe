"""How PyTorch is asked.

PyTorch's words for a transposed convolution are a symmetric `padding` (a crop of both ends of the full scatter) and an
`output_padding` (an extension of the end). Where an axis can't be said in them, the full scatter of that axis is
computed and cropped or extended by slices and pads. A convolution pads both ends alike: an uneven padding pads x first.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv_transpose2d.html
    https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose2d.html
"""

from __future__ import annotations

from collections.abc import Mapping

from conformance.exact.trilinear import Axis, Geometry
from conformance.frameworks import Ask, Cell
from conformance.frameworks.text import Code, Pair, bias_shape, call, lines, rejected, sliced
from conformance.frameworks.windows import forward_pads
from conformance.ops.conv.convolution import Convolution
from conformance.outcome import Unsupported
from conformance.plan import Plan

_MEMORY_FORMATS = {2: "torch.channels_last", 3: "torch.channels_last_3d"}


def conv(ask: Ask[Convolution]) -> Plan | Unsupported:
    """torch.nn.functional.conv1d to conv3d, or the torch.nn module of the same name."""
    p = ask.op
    if ask.geometry is None and not ask.native("torch"):
        return rejected(p)
    x = _stored(p)
    if isinstance(x, Unsupported):
        return x
    pad = ""
    if ask.native("torch") or ask.geometry is None:
        padding = _own_padding(p, zero_words=())
    else:
        even = [_even_padding(axis) for axis in ask.geometry]
        padding = tuple(lo or 0 for lo in even)
        if None in even:
            uneven = [forward_pads(axis) if lo is None else (0, 0) for axis, lo in zip(ask.geometry, even, strict=True)]
            zeros = [(max(low, 0), max(high, 0)) for low, high in uneven]
            if any(-axis.large > min(pair) for axis, pair in zip(ask.geometry, uneven, strict=True)):
                # Observed on 2.13.0: a negative entry cuts before the other end is padded, and refuses to cut more
                # than there is ("narrow(): length must be non-negative").
                x = _pad(x, zeros)
                uneven = [(min(low, 0), min(high, 0)) for low, high in uneven]
            pad = f"padded = {_pad(x, uneven)}"
            x = "padded"
    words = _words(p, padding=padding)
    return Plan.of(
        lines(pad, *_called(ask, "conv", x, words, bias=p.bias)),
        _layouts(p, "OI" if p.groups == 1 else "(GO)I"),
        "PyTorch pads both ends alike, so x is padded first" if pad else "",
    )


def conv_transpose(ask: Ask[Convolution]) -> Plan | Unsupported:
    """torch.nn.functional.conv_transpose1d to conv_transpose3d, or the torch.nn module of the same name."""
    p = ask.op
    if ask.geometry is None and not ask.native("torch"):
        return rejected(p)
    x = _stored(p)
    if isinstance(x, Unsupported):
        return x
    layouts = _layouts(p, "IO" if p.groups == 1 else "(GI)O")
    if ask.native("torch") or ask.geometry is None:
        words = _words(p, padding=_own_padding(p, zero_words=("valid",)), output_padding=p.output_padding)
        note = ""
        if p.output_size is not None and ask.target.option("api", "") != "module":
            note = "output_size is an argument of the module's call; the function has none"
        return Plan.of(
            lines(*_called(ask, "conv_transpose", x, words, bias=p.bias, output_size=p.output_size)), layouts, note
        )

    plain = [_says(axis) for axis in ask.geometry]
    words = _words(
        p,
        padding=tuple(axis.lo if says else 0 for axis, says in zip(ask.geometry, plain, strict=True)),
        output_padding=tuple(
            axis.lo - _hi(axis) if says else 0 for axis, says in zip(ask.geometry, plain, strict=True)
        ),
    )
    if all(plain):
        return Plan.of(lines(*_called(ask, "conv_transpose", x, words, bias=p.bias)), layouts)
    return _cropped(ask, ask.geometry, plain, x, words=words, layouts=layouts)


def _cropped(
    ask: Ask[Convolution],
    geometry: Geometry,
    plain: list[bool],
    x: str,
    *,
    words: dict[str, object],
    layouts: Mapping[str, str],
) -> Plan:
    """The full scatter on every axis that is not plain, then its zeros and its crop."""
    p = ask.op
    pads: list[Pair] = []
    crops: list[Pair | None] = []
    for axis, says in zip(geometry, plain, strict=True):
        lo, hi = (0, 0) if says else (axis.lo, _hi(axis))
        pads.append((max(-lo, 0), max(-hi, 0)))
        crops.append((max(lo, 0), max(lo, 0) + axis.large) if max(lo, hi) > 0 else None)
    extends = any(pair != (0, 0) for pair in pads)
    # The bias belongs on the zeros too.
    late_bias = p.bias and extends
    body = _called(ask, "conv_transpose", x, words, bias=p.bias and not late_bias)
    return Plan.of(
        lines(
            *body,
            f"y = {_pad('y', pads)}" if extends else "",
            f"y = {sliced('y', crops)}" if any(crops) else "",
            f"y = y + torch.reshape(b, {bias_shape(p.dims)!r})" if late_bias else "",
        ),
        layouts,
        "padding and output_padding can't say this: the full scatter is "
        + " and ".join(w for w, used in (("extended", extends), ("cropped", any(crops))) if used),
    )


def _says(axis: Axis) -> bool:
    """Whether padding=lo with output_padding=lo-hi is this axis: the crop at the end is padding less output_padding.

    output_padding must be below the stride or the dilation (observed on 2.13.0, as documented).
    """
    return axis.lo >= 0 and 0 <= axis.lo - _hi(axis) < max(axis.stride, axis.dilation)


def _hi(axis: Axis) -> int:
    """What is cropped from the end. Axis.hi, but for an empty axis, of which PyTorch makes length extent - stride."""
    return (axis.small - 1) * axis.stride + axis.extent - axis.lo - axis.large


def _even_padding(axis: Axis) -> int | None:
    """The padding of both ends that gives this axis of a convolution, or None."""
    reach = axis.large + 2 * axis.lo - axis.extent
    return axis.lo if axis.lo >= 0 and max(reach // axis.stride + 1, 0) == axis.small else None


def _own_padding(p: Convolution, zero_words: tuple[str, ...]) -> object:
    """The case's padding as it is written; pairs that differ go through as pairs, for PyTorch to refuse."""
    if isinstance(p.padding, str):
        return (0,) * p.dims if p.padding in zero_words else p.padding
    if all(low == high for low, high in p.padding):
        return tuple(low for low, _ in p.padding)
    return p.padding


def _words(p: Convolution, **more: object) -> dict[str, object]:
    """Keyword arguments, without those that say what PyTorch's defaults say."""
    zeros, ones = (0,) * p.dims, (1,) * p.dims
    defaults = {"padding": zeros, "output_padding": zeros, "dilation": ones, "groups": 1}
    words: dict[str, object] = {"stride": p.stride, **more, "groups": p.groups, "dilation": p.dilation}
    return {name: value for name, value in words.items() if value is not None and value != defaults.get(name)}


def _called(
    ask: Ask[Convolution],
    name: str,
    x: str,
    words: dict[str, object],
    *,
    bias: bool,
    output_size: tuple[int, ...] | None = None,
) -> list[str]:
    """The call, as a function or as a module that is given the case's weights."""
    p = ask.op
    if output_size is None and ask.target.option("api", "functional") == "functional":
        function = f"torch.nn.functional.{name}{p.dims}d"
        return ["y = " + call(function, x, "w", **({"bias": Code("b")} if bias else {}), **words)]
    module = f"torch.nn.{'ConvTranspose' if name == 'conv_transpose' else 'Conv'}{p.dims}d"
    sizes = [str(p.in_channels), str(p.out_channels), repr(p.kernel)]
    weights = '{"weight": w, "bias": b}' if bias else '{"weight": w}'
    arguments = f"({x},)" if output_size is None else f"({x}, {output_size!r})"
    return [
        "layer = " + call(module, *sizes, **words, bias=bias),
        f"y = torch.func.functional_call(layer, {weights}, {arguments})",
    ]


def _stored(p: Convolution) -> str | Unsupported:
    """x as an expression, in the memory format that the case asks for."""
    if p.data_format != "channels_last":
        return "x"
    if p.dims == 1:
        # Observed on 2.13.0: torch.channels_last takes rank 4 ("required rank 4 tensor to use channels_last format")
        # and channels_last_3d rank 5; there is no third.
        return Unsupported("PyTorch has no channels_last memory format for tensors with one spatial axis")
    return f"x.contiguous(memory_format={_MEMORY_FORMATS[p.dims]})"


def _pad(name: str, pairs: list[Pair]) -> str:
    """torch.nn.functional.pad, which lists the last axis first; negative entries cut off."""
    flat = tuple(end for pair in reversed(pairs) for end in pair)
    return f"torch.nn.functional.pad({name}, {flat!r})"


def _layouts(p: Convolution, kernel: str) -> dict[str, str]:
    tensors = {"x": "NC" + p.spatial, "w": kernel + p.spatial}
    return {**tensors, **({"b": "C"} if p.bias else {}), "y": "NC" + p.spatial}


TABLE: dict[str, Cell] = {"conv": conv, "conv_transpose": conv_transpose}
