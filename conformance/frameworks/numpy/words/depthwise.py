"""How NumPy is asked: depthwise and separable convolutions, as sums over windows of x."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Verbatim, Words

_NOTE = "NumPy has no such function: windows of x, and a sum of products"
_WINDOWS = (
    "x = numpy.pad(x, {pads|outer_pairs})\n"
    "x = numpy.lib.stride_tricks.sliding_window_view(x, {extents}, {size|axes})[:, :, {strides|by}, {dilations|by}]\n"
)
_OWN = {
    "axes": lambda size: tuple(range(2, 2 + len(size))),
    "by": lambda steps: Verbatim(", ".join(f"::{step}" for step in steps)),
    # Of two spatial axes, or of one.
    "equation": lambda size: {2: "nchwij,cmij->ncmhw", 1: "ncwj,cmj->ncmw"}[len(size)],
    "joined": lambda size: {2: "ncmhw,cmo->nohw", 1: "ncmw,cmo->now"}[len(size)],
    "wide": lambda size: Verbatim(f"[:, None{', None' * (len(size) - 1)}]"),
    "wide_pair": lambda size: Verbatim(f"[:, :, None{', None' * (len(size) - 1)}]"),
}
_DEEP = "numpy.einsum({size|equation}, x, w)"
_JOIN = "z = " + _DEEP + "\ny = numpy.einsum({size|joined}, z, p)"


def _cell(text: str, wide: str) -> tuple[Words, ...]:
    return (
        Words(f"{text} + b{wide}", unless={"not bias": "without"}, own=_OWN, note=_NOTE),
        Words(text, own=_OWN, note=_NOTE),
    )


TABLE: dict[str, Cell] = {
    "depthwise_conv": _cell(f"{_WINDOWS}y = {_DEEP}", "{size|wide_pair}"),
    "separable_conv": _cell(_WINDOWS + _JOIN, "{size|wide}"),
}
