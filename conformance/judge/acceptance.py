"""Why something was answered that the definition refuses: did the target clamp a parameter, ignore it, or compute on?

Told by the shape of the answer. Two frameworks that differ in this way differ in their checks, not in their arithmetic.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from conformance.ops.base import Op
from conformance.ops.conv.conv_transpose import ConvTranspose


def explain_acceptance(op: Op | None, shape: tuple[int, ...]) -> str:
    """How the answer's shape comes about although the parameters are refused; "" where nothing tried gives it."""
    if not isinstance(op, ConvTranspose):
        return ""
    for text, changed in _readings(op):
        if changed.refusal() is None and changed.outputs()[0].shape == shape:
            return text
    if op.output_padding is not None and _computed_on(op, shape):
        return "one computes on: the shape is the formula's, without the check of output_padding"
    return ""


def _readings(p: ConvTranspose) -> Iterator[tuple[str, ConvTranspose]]:
    if p.output_padding is not None:
        for limit, name in (
            ([s - 1 for s in p.stride], "stride - 1"),
            ([max(s, d) - 1 for s, d in zip(p.stride, p.dilation, strict=True)], "max(stride, dilation) - 1"),
        ):
            clamped = tuple(min(o, most) for o, most in zip(p.output_padding, limit, strict=True))
            yield f"one clamps: output_padding taken as {clamped}, {name} at most", replace(p, output_padding=clamped)
        yield "one ignores output_padding", replace(p, output_padding=None)
    if p.output_size is not None:
        yield "one ignores output_size", replace(p, output_size=None)


def _computed_on(p: ConvTranspose, shape: tuple[int, ...]) -> bool:
    """Whether the shape is the one without output_padding, longer by it."""
    plain = replace(p, output_padding=(0,) * p.dims)
    if plain.refusal() is not None or p.output_padding is None:
        return False
    expected = plain.outputs()[0].shape
    return shape == (*expected[:2], *(n + o for n, o in zip(expected[2:], p.output_padding, strict=True)))
