"""Confusions of `conv` and `conv_transpose` about steps and ends: stride, dilation, shifts, lengths, inserted zeros."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np

from conformance.ops.confusions import Confusion, Stage
from conformance.ops.conv.conv import Conv
from conformance.ops.conv.conv_transpose import ConvTranspose
from conformance.ops.conv.problem import BOTH, TRANSPOSED, ConvProblem
from conformance.ops.conv.ways import Found, letters, reading, subsets


def _steps(p: ConvProblem, name: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Other readings of a stride or a dilation: (what it is, the values)."""
    right: tuple[int, ...] = getattr(p.op, name)
    seen = {right}
    readings: list[tuple[str, tuple[int, ...]]] = [
        (f"the {name} of the axes in reversed order", right[::-1]),
        *((f"the {name} of {p.op.spatial[i]} used for every axis", (v,) * len(right)) for i, v in enumerate(right)),
    ]
    for i, j in combinations(range(len(right)), 2):
        swapped = list(right)
        swapped[i], swapped[j] = right[j], right[i]
        readings.append((f"the {name} of {p.op.spatial[i]} and {p.op.spatial[j]} swapped", tuple(swapped)))
    for text, values in readings:
        if values not in seen:
            seen.add(values)
            yield text, values


def _replaced(p: ConvProblem, name: str, text: str, values: tuple[int, ...]) -> Found:
    """The geometry that follows from another stride or dilation, and one with the output's length and crop kept."""
    yield reading(text, **{name: values})

    def kept(q: ConvProblem) -> ConvProblem:
        for i, value in enumerate(values):
            q = q.with_axis(i, **{name: value})
        return q

    yield f"{text}, the output's size kept", Stage.GEOMETRY, kept


def _stride_misread(p: ConvProblem) -> Found:
    for text, values in _steps(p, "stride"):
        yield from _replaced(p, "stride", text, values)


def _dilation_misread(p: ConvProblem) -> Found:
    for text, values in _steps(p, "dilation"):
        yield from _replaced(p, "dilation", text, values)


def _dilation_ignored(p: ConvProblem) -> Found:
    if set(p.op.dilation) != {1}:
        yield from _replaced(p, "dilation", "the dilation ignored", (1,) * p.op.dims)


def _stride_ignored(p: ConvProblem) -> Found:
    if set(p.op.stride) != {1}:
        yield from _replaced(p, "stride", "the stride ignored", (1,) * p.op.dims)


def _stride_for_dilation(p: ConvProblem) -> Found:
    s, d = p.op.stride, p.op.dilation
    if s != d:
        yield reading("stride and dilation exchanged", stride=d, dilation=s)


def _groups_for_dilation(p: ConvProblem) -> Found:
    g, a, o = p.w.shape[:3]
    d = p.op.dilation[0]
    if set(p.op.dilation) != {d} or d == g or (g * a) % d or (g * o) % d:
        return

    def exchanged(q: ConvProblem) -> ConvProblem | None:
        # The kernel of the other grouping: the first columns of what is stored, (I, O/g) or for a convolution (O, I/g).
        kept = q.w if q.op.transposed else q.w.swapaxes(1, 2)
        space = kept.shape[3:]
        inner = kept.shape[0] * kept.shape[2] // d
        if inner > kept.shape[2]:
            return None
        w = kept.reshape(-1, kept.shape[2], *space)[:, :inner].reshape(d, -1, inner, *space)
        return q.having(w=w if q.op.transposed else w.swapaxes(1, 2)).with_params(groups=d, dilation=(g,) * q.op.dims)

    yield f"groups {d} and dilation {g}, each in place of the other", Stage.PARAMS, exchanged


def _other_direction(p: ConvProblem) -> Found:
    name = "a plain convolution" if p.op.transposed else "a transposed convolution"
    right = "the transposed one" if p.op.transposed else "the plain one"
    # The two store their kernels in opposite order, so what is given to the other has its channels exchanged.
    for swapped in (True, False):
        text = f"{name} in place of {right}" + (", its kernel's channels exchanged" if swapped else "")

        def other(q: ConvProblem, swapped: bool = swapped) -> ConvProblem | None:
            channels = (q.op.out_channels, q.op.in_channels) if swapped else None
            a, b = channels or (q.op.in_channels, q.op.out_channels)
            q = q.with_params(in_channels=a, out_channels=b, output_padding=None, output_size=None)
            w = q.w.swapaxes(1, 2) if swapped else q.w
            if q.b is not None and q.b.size != w.shape[0] * w.shape[2]:
                return None
            kind = Conv if q.op.transposed else ConvTranspose
            return q.having(op=kind(**vars(q.op)), w=w)

        yield text, Stage.PARAMS, other


def _dilation_off_by_one(p: ConvProblem) -> Found:
    d = p.op.dilation
    yield from _replaced(
        p, "dilation", "the dilation taken as the number of gaps (one too many)", tuple(v + 1 for v in d)
    )
    # From 2 to 1 it is ignored, which has a name of its own.
    if min(d) > 1 and max(d) > 2:
        yield from _replaced(p, "dilation", "the dilation one too small", tuple(v - 1 for v in d))


def _shifted(p: ConvProblem) -> Found:
    for axes in subsets(range(p.op.dims)):
        for amount in (1, -1):

            def apply(q: ConvProblem, axes: tuple[int, ...] = axes, amount: int = amount) -> ConvProblem:
                for i in axes:
                    q = q.with_axis(i, lo=q.geometry[i].lo + amount)
                return q

            # A larger lo crops more (transposed) or pads more (convolution) at the start.
            grows = amount > 0
            start, end = ("larger", "smaller") if grows else ("smaller", "larger")
            what = f"the {'crop' if p.op.transposed else 'padding'} one {start} at the start and one {end} at the end"
            yield f"{what}, along {letters(p, axes)}", Stage.GEOMETRY, apply


def _one_end(p: ConvProblem) -> Found:
    for axes in subsets(range(p.op.dims)):
        for end in ("start", "end"):
            for amount in (-1, 1):

                def apply(
                    q: ConvProblem, axes: tuple[int, ...] = axes, end: str = end, amount: int = amount
                ) -> ConvProblem | None:
                    for i in axes:
                        step = 1 if q.op.transposed else q.geometry[i].stride
                        move = 0 if end == "end" else amount * step
                        lo = q.geometry[i].lo - move if q.op.transposed else q.geometry[i].lo + move
                        if q.length(i) + amount < 0:
                            return None
                        q = q.with_axis(i, lo=lo, length=q.length(i) + amount)
                    return q

                what = "one element missing" if amount < 0 else "one element too many"
                yield f"{what} at the {end} along {letters(p, axes)}", Stage.GEOMETRY, apply


def _nearest(p: ConvProblem) -> Found:
    if set(p.op.stride) == {1}:
        return

    def apply(q: ConvProblem) -> ConvProblem:
        x = q.x
        for i, axis in enumerate(q.geometry):
            x = np.repeat(x, axis.stride, axis=2 + i)
        axes = tuple(replace(axis, small=axis.small * axis.stride, stride=1) for axis in q.geometry)
        return q.having(x=x, geometry=axes)

    yield "each input element repeated, where the stride should put zeros between them", Stage.ARRAYS, apply


def _overwritten(p: ConvProblem) -> Found:
    yield (
        "overlapping contributions overwritten, where they should be added",
        Stage.ARRAYS,
        lambda q: q.having(overwrite=True),
    )


def _zeros_multiplied(p: ConvProblem) -> Found:
    """Structural zeros (between spread elements, in the padding, between taps) taken as numbers: 0 * inf is NaN."""
    if np.isfinite(p.x).all() and np.isfinite(p.w).all():
        return

    def stuffed(q: ConvProblem) -> ConvProblem:
        if not q.op.transposed:
            return q
        x = np.zeros((*q.x.shape[:2], *(max((axis.small - 1) * axis.stride + 1, 0) for axis in q.geometry)))
        spread: Any = (Ellipsis, *(slice(None, None, axis.stride) for axis in q.geometry))
        x[spread] = q.x
        axes = tuple(replace(axis, small=n, stride=1) for axis, n in zip(q.geometry, x.shape[2:], strict=True))
        return q.having(x=x, geometry=axes)

    def padded(q: ConvProblem) -> ConvProblem:
        q = stuffed(q)
        if q.op.transposed:
            widths = [(max(a.extent - 1 - a.lo, 0), max(a.large - 1 + a.lo - (a.small - 1), 0)) for a in q.geometry]
        else:
            widths = [(max(a.lo, 0), max(a.hi, 0)) for a in q.geometry]
        x = np.pad(q.x, [(0, 0), (0, 0), *widths])
        for i, (low, _) in enumerate(widths):
            if q.op.transposed:
                q = q.with_axis(i, small=x.shape[2 + i], lo=q.geometry[i].lo + low)
            else:
                q = q.with_axis(i, large=x.shape[2 + i], lo=q.geometry[i].lo - low)
        return q.having(x=x)

    def dilated(q: ConvProblem) -> ConvProblem:
        w = np.zeros((*q.w.shape[:3], *(axis.extent for axis in q.geometry)))
        spread: Any = (Ellipsis, *(slice(None, None, axis.dilation) for axis in q.geometry))
        w[spread] = q.w
        axes = tuple(replace(axis, kernel=axis.extent, dilation=1) for axis in q.geometry)
        return q.having(w=w, geometry=axes)

    if p.op.transposed and set(p.op.stride) != {1}:
        yield (
            "the zeros inserted between input elements multiplied as numbers, so that 0 * inf is NaN",
            Stage.ARRAYS,
            stuffed,
        )
    yield "the zeros around the input multiplied as numbers, so that 0 * inf is NaN", Stage.ARRAYS, padded
    if set(p.op.dilation) != {1}:
        yield "the zeros between kernel taps multiplied as numbers, so that 0 * inf is NaN", Stage.ARRAYS, dilated
        yield (
            "every structural zero multiplied as a number, so that 0 * inf is NaN",
            Stage.ARRAYS,
            lambda q: dilated(padded(q)),
        )


STEPS: tuple[Confusion[ConvProblem], ...] = (
    Confusion(
        "stride of another axis",
        "the stride of one axis used for another",
        "stride=(s_h, s_w)  # in the order of the spatial axes",
        _stride_misread,
        BOTH,
    ),
    Confusion(
        "dilation of another axis",
        "the dilation of one axis used for another",
        "dilation=(d_h, d_w)  # in the order of the spatial axes",
        _dilation_misread,
        BOTH,
    ),
    Confusion("dilation ignored", "the kernel not dilated", "dilation=d  # pass it on", _dilation_ignored, BOTH),
    Confusion("stride ignored", "stride 1 used", "stride=s  # pass it on", _stride_ignored, BOTH),
    Confusion(
        "stride and dilation exchanged",
        "stride used as dilation and dilation as stride (lhs_dilation and rhs_dilation)",
        "stride=s, dilation=d  # by name; in lax.conv_general_dilated lhs_dilation is the transposed stride",
        _stride_for_dilation,
        BOTH,
    ),
    Confusion(
        "groups and dilation exchanged",
        "groups used as dilation and dilation as groups",
        "groups=g, dilation=d  # by name: conv_transpose2d takes groups before dilation, conv2d after it",
        _groups_for_dilation,
        BOTH,
        pairs=False,
    ),
    Confusion(
        "the other direction",
        "a plain convolution in place of the transposed one, or the reverse",
        "conv_transpose(x, w) for conv(x, w), or the reverse  # the one is the adjoint of the other",
        _other_direction,
        BOTH,
        pairs=False,
    ),
    Confusion(
        "dilation off by one",
        "dilation counted as gaps between taps instead of distance",
        "dilation=d + 1  # dilation 1 means no gap",
        _dilation_off_by_one,
        BOTH,
    ),
    Confusion(
        "shifted by one",
        "the crop or padding one more at one end and one less at the other",
        "padding=[(low + 1, high - 1), ...]  # or the reverse: one element moved from one end to the other",
        _shifted,
        BOTH,
    ),
    Confusion(
        "off by one at an end",
        "one element too many or too few at the start or at the end of the output",
        "y = y[:-1]  # or one more: correct the crop at that end by one",
        _one_end,
        BOTH,
    ),
    Confusion(
        "zeros multiplied",
        "zeros that only stand for absence meet an infinity: 0 * inf is NaN",
        "nonfinite: superset  # or ignore, in the case: no framework defines what an infinity touches",
        _zeros_multiplied,
        BOTH,
    ),
    Confusion(
        "repeated input",
        "upsampling by repetition instead of inserted zeros",
        "z[::s] = x  # it spreads its input with zeros; upsampling and a convolution is another operation",
        _nearest,
        TRANSPOSED,
        pairs=False,
    ),
    Confusion(
        "overlaps overwritten",
        "where kernels overlap, the last one wins instead of the sum",
        "y[i] += x * w  # accumulate into the output",
        _overwritten,
        TRANSPOSED,
        pairs=False,
    ),
)
