"""How JAX is asked: depthwise and separable convolutions, as convolutions with a group for each channel."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words
from conformance.ops.base import SPATIAL

_LAST = "N{size|letters|text}"
# The kernel is (height, width, 1, in * multiplier).
_DEEP = (
    "jax.lax.conv_general_dilated(x, jax.numpy.expand_dims(w, {size|dims}), {strides}, {padding|capitals}, "
    "rhs_dilation={dilations}, dimension_numbers={size|numbers}, feature_group_count={channels})"
)
_JOIN = (
    "jax.lax.conv_general_dilated(z, jax.numpy.reshape(p, {joining_last}), {ones}, 'VALID', "
    "dimension_numbers={size|numbers})"
)
_LAYOUTS = {"x": _LAST + "C", "w": "{size|letters|text}(CM)"}
_OWN = {
    "capitals": str.upper,
    "numbers": lambda size: tuple(text.format(SPATIAL[len(size)]) for text in ("N{}C", "{}IO", "N{}C")),
}


def _cell(text: str, layouts: dict[str, str], bias: str) -> tuple[Words, ...]:
    layouts = {**_LAYOUTS, **layouts}
    return (
        Words(f"{text} + b", {**layouts, "b": bias}, {"not bias": "without"}, own=_OWN),
        Words(text, layouts, own=_OWN),
    )


TABLE: dict[str, Cell] = {
    "depthwise_conv": _cell(f"y = {_DEEP}", {"y": _LAST + "(CM)"}, "(CM)"),
    "separable_conv": _cell(f"z = {_DEEP}\ny = {_JOIN}", {"y": _LAST + "O", "p": "(CM)O"}, "O"),
}
