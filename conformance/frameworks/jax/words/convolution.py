"""How JAX is asked.

`lax.conv_transpose` pads the input after it is spread out by the stride, so explicit pairs say every geometry: a full
scatter that is cropped by lo and hi is the padding (extent - 1 - lo, extent - 1 - hi). It is a correlation, so the
kernel is stored flipped; with `transpose_kernel=True` it flips the kernel itself and takes it with in and out
swapped. It has no groups, which `lax.conv_general_dilated` has.

    https://docs.jax.dev/en/latest/_autosummary/jax.lax.conv_transpose.html
    https://docs.jax.dev/en/latest/_autosummary/jax.lax.conv_general_dilated.html
"""

from __future__ import annotations

from conformance.exact.trilinear import Axis
from conformance.frameworks import Ask, Cell
from conformance.frameworks.text import Pair, bias_shape, call, lines, rejected
from conformance.frameworks.windows import forward_pads
from conformance.ops.conv.convolution import Convolution
from conformance.outcome import Unsupported
from conformance.plan import Plan


def conv(ask: Ask[Convolution]) -> Plan | Unsupported:
    """jax.lax.conv_general_dilated."""
    p = ask.op
    if ask.native("jax"):
        padding: object = _own_padding(p)
    elif ask.geometry is None:
        return rejected(p)
    else:
        padding = tuple(forward_pads(axis) for axis in ask.geometry)
    text = call("jax.lax.conv_general_dilated", "x", "w", **_words(ask, "window_strides", padding, groups=p.groups))
    return _plan(ask, text, _kernel(p, "I", "O" if p.groups == 1 else "(GO)"))


def conv_transpose(ask: Ask[Convolution]) -> Plan | Unsupported:
    """jax.lax.conv_transpose, or jax.lax.conv_general_dilated with lhs_dilation where groups or the target ask it."""
    p = ask.op
    if ask.geometry is None:
        if ask.native("jax"):
            return Unsupported("jax.lax.conv_transpose has neither output_padding nor output_size")
        return rejected(p)
    api = ask.target.option("api", "conv_transpose")
    if api == "transpose_kernel" and p.groups != 1:
        return Unsupported("jax.lax.conv_transpose has no groups")
    general = api == "conv_general_dilated" or p.groups != 1
    if ask.native("jax") and not (general and isinstance(p.padding, str)):
        padding = _own_padding(p)
    else:
        padding = tuple(_spread_pads(axis) for axis in ask.geometry)
    if general:
        words = _words(ask, "window_strides", padding, lhs_dilation=p.stride, groups=p.groups)
        # The stride is the input's dilation; the window itself moves by one.
        words = {**words, "window_strides": (1,) * p.dims}
        note = "" if api == "conv_general_dilated" else "jax.lax.conv_transpose has no groups"
        text = call("jax.lax.conv_general_dilated", "x", "w", **words)
        return _plan(ask, text, _kernel(p, "I", "O" if p.groups == 1 else "(GO)") + " flipped", note)
    if api == "transpose_kernel":
        words = {**_words(ask, "strides", padding), "transpose_kernel": True}
        # dimension_numbers are those of the forward convolution, whose input has our output's channels.
        return _plan(ask, call("jax.lax.conv_transpose", "x", "w", **words), _kernel(p, "O", "I"))
    text = call("jax.lax.conv_transpose", "x", "w", **_words(ask, "strides", padding))
    return _plan(ask, text, _kernel(p, "I", "O") + " flipped")


def _own_padding(p: Convolution) -> object:
    return p.padding.upper() if isinstance(p.padding, str) else p.padding


def _spread_pads(axis: Axis) -> Pair:
    """A transposed convolution's padding of the input spread out by the stride: (extent - 1 - lo, extent - 1 - hi).

    An empty axis stays empty when it is spread out, hence the second entry by what the output lacks.
    """
    spread = (axis.small - 1) * axis.stride + 1 if axis.small else 0
    before = axis.extent - 1 - axis.lo
    return before, axis.large + axis.extent - 1 - spread - before


def _words(
    ask: Ask[Convolution], strides: str, padding: object, lhs_dilation: tuple[int, ...] | None = None, groups: int = 1
) -> dict[str, object]:
    """Keyword arguments, without those that say what JAX's defaults say."""
    p = ask.op
    words: dict[str, object] = {strides: p.stride, "padding": padding}
    if lhs_dilation is not None:
        words["lhs_dilation"] = lhs_dilation
    if p.dilation != (1,) * p.dims:
        words["rhs_dilation"] = p.dilation
    words["dimension_numbers"] = (_tensor(p), _kernel(p, "I", "O"), _tensor(p))
    if groups != 1:
        words["feature_group_count"] = groups
    precision = ask.target.option("precision", "")
    if precision:
        words["precision"] = precision
    return words


def _plan(ask: Ask[Convolution], text: str, kernel: str, note: str = "") -> Plan:
    """`text` assigned to y, the bias added, and the layouts."""
    p = ask.op
    layouts = {"x": _tensor(p), "w": kernel}
    if p.bias:
        layouts["b"] = "C"
        shape = bias_shape(p.dims, p.data_format != "channels_first")
        added = f"y = y + {call('jax.numpy.reshape', 'b', repr(shape))}"
    return Plan.of(lines(f"y = {text}", added if p.bias else ""), {**layouts, "y": _tensor(p)}, note)


def _tensor(p: Convolution) -> str:
    return "NC" + p.spatial if p.data_format == "channels_first" else "N" + p.spatial + "C"


def _kernel(p: Convolution, i: str, o: str) -> str:
    """The kernel's layout; `i` and `o` are what the axes hold that JAX calls I and O."""
    return o + i + p.spatial if p.data_format == "channels_first" else p.spatial + i + o


TABLE: dict[str, Cell] = {"conv": conv, "conv_transpose": conv_transpose}
