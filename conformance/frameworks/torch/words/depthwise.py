"""How PyTorch is asked: depthwise and separable convolutions, as convolutions with a group for each channel.

https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv2d.html
"""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

_CONV = "torch.nn.functional.conv{size|dims}d"
_SPACE = "{size|letters|text}"
_PAD = "x = torch.nn.functional.pad(x, {pads|backwards})\n"
_NOTE = "PyTorch's padding='same' takes stride 1 only: x is padded first"


def _words(bias: bool, padded: bool, separable: bool) -> Words:
    own, padding = "b" if bias else "None", "'valid'" if padded else "{padding}"
    # The kernel is (in * multiplier, 1, height, width).
    first = f"(x, w.unsqueeze(1), {'None' if separable else own}, {{strides}}, {padding}, {{dilations}}, {{channels}})"
    text = f"y = {_CONV}{first}"
    if separable:
        text = f"z = {_CONV}{first}\ny = {_CONV}(z, p.reshape({{joining}}), {own})"
    layouts = {"w": "(CM)" + _SPACE, **({"p": "O(CM)"} if separable else {"y": "N(CM)" + _SPACE})}
    unless = {"not bias" if bias else "bias": "with and without"}
    if not padded:
        unless["padding == 'same' and stride > 1"] = "padded first"
    biased = {"b": "O" if separable else "(CM)"} if bias else {}
    return Words((_PAD if padded else "") + text, {**layouts, **biased}, unless, note=_NOTE if padded else "")


def _cell(separable: bool) -> tuple[Words, ...]:
    return tuple(_words(bias, padded, separable) for padded in (False, True) for bias in (True, False))


TABLE: dict[str, Cell] = {"depthwise_conv": _cell(False), "separable_conv": _cell(True)}
