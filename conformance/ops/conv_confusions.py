"""The confusions of `conv` and `conv_transpose` that concern parameters and geometry: paddings, conventions, strides, crops.

Those that concern arrays and answers are in `conv_array_confusions.py`; `CONFUSIONS` below is the whole catalogue, the most plausible first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import combinations

import numpy as np

from conformance.ops.confusions import Apply, Confusion, Stage
from conformance.ops.conv_array_confusions import FLIPPED, LAST_RESORTS, MEMORY, ROUNDINGS, subsets
from conformance.ops.conv_problem import ConvProblem
from conformance.ops.convolution import CONVENTIONS, ConvParams

_P, _G, _A = Stage.PARAMS, Stage.GEOMETRY, Stage.ARRAYS

BOTH = ("conv", "conv_transpose")
TRANSPOSED = ("conv_transpose",)
CONV = ("conv",)

Found = Iterator[tuple[str, Stage, Apply[ConvProblem]]]

FRAMEWORK = {"torch": "PyTorch", "tensorflow": "TensorFlow", "keras": "Keras", "jax": "JAX", "onnx": "ONNX"}

# How long an output is, by convention; n, k, s, d, p as everywhere, e = d*(k-1) + 1.
LENGTH = {
    "torch": "(n-1)*s - 2*padding + d*(k-1) + output_padding + 1",
    "tensorflow": "what a convolution with this padding takes to n; n*s for SAME, n*s + max(e-s, 0) for VALID by default",
    "keras": "n*s for same, n*s + max(e-s, 0) for valid; with output_padding (n-1)*s + e + output_padding, less 2*(e//2) for same",
    "jax": "n*s for SAME, n*s + max(e-s, 0) for VALID; pairs pad the dilated input: (n-1)*s + 1 + low + high - e + 1",
    "onnx": "s*(n-1) + output_padding + e - begin - end; n*s for SAME_UPPER and SAME_LOWER",
}


def _params(**changes: object) -> Apply[ConvProblem]:
    return lambda p: p.with_params(**changes)


def _letters(params: ConvParams, axes: Iterable[int]) -> str:
    return " and ".join(params.spatial[i] for i in axes)


def _conventions(p: ConvProblem) -> Found:
    word = p.params.padding
    for name in CONVENTIONS:
        if name == p.params.convention:
            continue
        padding = word
        if isinstance(word, str):
            padding = "same_upper" if name == "onnx" and word == "same" else word
            padding = "same" if name != "onnx" and word.startswith("same") else padding
        formula = f" (length {LENGTH[name]})" if p.op.transposed else ""
        yield (
            f"padding and output size in {FRAMEWORK[name]}'s meaning{formula}",
            _P,
            _params(convention=name, padding=padding),
        )
        if p.params.output_padding is not None or p.params.output_size is not None:
            yield (
                f"padding in {FRAMEWORK[name]}'s meaning and no output_padding or output_size{formula}",
                _P,
                _params(convention=name, padding=padding, output_padding=None, output_size=None),
            )


def _symmetric_same(p: ConvProblem) -> Found:
    """`same` written as one number for both ends, as a port to PyTorch does."""
    if not (isinstance(p.params.padding, str) and p.params.padding.startswith("same")):
        return
    for rounding, half in (("(k-1)//2", 1), ("k//2", 0)):
        pads = tuple((e - half) // 2 for e in p.params.extent)
        for extra in range(max(p.params.stride) if p.op.transposed else 1):

            def apply(q: ConvProblem, pads: tuple[int, ...] = pads, extra: int = extra) -> ConvProblem | None:
                for i, axis in enumerate(q.geometry):
                    if q.op.transposed:
                        length = (axis.small - 1) * axis.stride - 2 * pads[i] + axis.extent + extra
                    else:
                        length = (axis.large + 2 * pads[i] - axis.extent) // axis.stride + 1
                    if length < 0:
                        return None
                    q = q.with_axis(i, lo=pads[i], length=length)
                return q

            plus = f" and output_padding={extra}" if p.op.transposed else ""
            yield f"the symmetric padding={'x'.join(map(str, pads))}{plus} in place of 'same' ({rounding})", _G, apply


def _other_end(p: ConvProblem) -> Found:
    uneven = [i for i, axis in enumerate(p.geometry) if axis.lo != axis.hi]
    for axes in subsets(uneven):

        def apply(q: ConvProblem, axes: tuple[int, ...] = axes) -> ConvProblem:
            for i in axes:
                q = q.with_axis(i, lo=q.geometry[i].hi)
            return q

        yield f"the padding of the start and of the end swapped along {_letters(p.params, axes)}", _G, apply


def _input_padding(p: ConvProblem) -> Found:
    if isinstance(p.params.padding, str) or not any(low or high for low, high in p.params.padding):
        return
    pads = p.params.padding

    def around(q: ConvProblem, dilated: bool = False) -> ConvProblem:
        for i, axis in enumerate(q.geometry):
            step = 1 if dilated else axis.stride
            low, high = pads[i]
            q = q.with_axis(i, lo=-low * step, length=axis.full + (low + high) * step)
        return q

    yield "the padding added around the input, where it should be cropped from the output", _G, around
    yield (
        "the padding added around the dilated input, where it should be cropped from the output",
        _G,
        lambda q: around(q, True),
    )


def _output_padding_at_start(p: ConvProblem) -> Found:
    given = p.params.output_padding
    if given is None or not any(given):
        return

    def apply(q: ConvProblem) -> ConvProblem:
        for i, extra in enumerate(given):
            q = q.with_axis(i, lo=q.geometry[i].lo - extra)
        return q

    yield "output_padding added at the start, where it belongs at the end", _G, apply


def _output_padding_misread(p: ConvProblem) -> Found:
    given = p.params.output_padding
    zero = (0,) * p.params.dims
    if given is None:
        yield "output_padding 0, where it should be left to the framework (None)", _P, _params(output_padding=zero)
    else:
        yield "output_padding left to the framework (None)", _P, _params(output_padding=None)
        if any(given):
            yield "output_padding ignored", _P, _params(output_padding=zero)
        if given[::-1] != given:
            yield "output_padding given in the reversed order of axes", _P, _params(output_padding=given[::-1])
    for extra in range(1, max(p.params.stride)):
        if given != (extra,) * p.params.dims:
            yield f"output_padding {extra}", _P, _params(output_padding=(extra,) * p.params.dims, output_size=None)
    if p.params.output_size is not None:
        yield "the requested output size ignored", _P, _params(output_size=None)


def _padding_misread(p: ConvProblem) -> Found:
    padding = p.params.padding
    zero = ((0, 0),) * p.params.dims
    if isinstance(padding, str):
        if padding.startswith("same"):
            yield "padding 'valid', where 'same' is meant", _P, _params(padding="valid")
        else:
            word = "same_upper" if p.params.convention == "onnx" else "same"
            yield "padding 'same', where 'valid' is meant", _P, _params(padding=word)
        return
    if padding != zero:
        yield "the padding ignored", _P, _params(padding=zero)
    flipped = tuple((high, low) for low, high in padding)
    if flipped != padding:
        yield "each axis's padding at its other end", _P, _params(padding=flipped)
    if padding[::-1] != padding:
        yield "the padding given in the reversed order of axes", _P, _params(padding=padding[::-1])
    # torch.nn.functional.pad's order: the last axis first, all ends in one flat list.
    flat = tuple(v for pair in padding for v in pair)
    halves = tuple(zip(flat[: p.params.dims], flat[p.params.dims :], strict=True))
    if halves != padding:
        yield "the padding read as (all starts, all ends)", _P, _params(padding=halves)
    doubled = tuple((2 * low, 2 * high) for low, high in padding)
    if doubled != padding:
        yield "the padding applied twice", _P, _params(padding=doubled)
    for text, pairs in (
        ("start", tuple((low, 0) for low, _ in padding)),
        ("end", tuple((0, high) for _, high in padding)),
    ):
        if pairs not in (padding, zero):
            yield f"the padding applied at the {text} only", _P, _params(padding=pairs)


def _steps(p: ConvProblem, name: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Other readings of a stride or a dilation: (what it is, the values)."""
    right: tuple[int, ...] = getattr(p.params, name)
    seen = {right}
    readings: list[tuple[str, tuple[int, ...]]] = [
        (f"the {name} of the axes in reversed order", right[::-1]),
        *((f"the {name} of {p.params.spatial[i]} used for every axis", (v,) * len(right)) for i, v in enumerate(right)),
    ]
    for i, j in combinations(range(len(right)), 2):
        swapped = list(right)
        swapped[i], swapped[j] = right[j], right[i]
        readings.append((f"the {name} of {p.params.spatial[i]} and {p.params.spatial[j]} swapped", tuple(swapped)))
    for text, values in readings:
        if values not in seen:
            seen.add(values)
            yield text, values


def _replaced(p: ConvProblem, name: str, text: str, values: tuple[int, ...]) -> Found:
    """The geometry that follows from another stride or dilation, and the same with the output's length and crop kept."""
    yield text, _P, _params(**{name: values})

    def kept(q: ConvProblem) -> ConvProblem:
        for i, value in enumerate(values):
            q = q.with_axis(i, **{name: value})
        return q

    yield f"{text}, the output's size kept", _G, kept


def _stride_misread(p: ConvProblem) -> Found:
    for text, values in _steps(p, "stride"):
        yield from _replaced(p, "stride", text, values)


def _dilation_misread(p: ConvProblem) -> Found:
    for text, values in _steps(p, "dilation"):
        yield from _replaced(p, "dilation", text, values)


def _dilation_ignored(p: ConvProblem) -> Found:
    if set(p.params.dilation) != {1}:
        yield from _replaced(p, "dilation", "the dilation ignored", (1,) * p.params.dims)


def _stride_ignored(p: ConvProblem) -> Found:
    if set(p.params.stride) != {1}:
        yield from _replaced(p, "stride", "the stride ignored", (1,) * p.params.dims)


def _stride_for_dilation(p: ConvProblem) -> Found:
    s, d = p.params.stride, p.params.dilation
    if s != d:
        yield "stride and dilation exchanged", _P, _params(stride=d, dilation=s)


def _dilation_off_by_one(p: ConvProblem) -> Found:
    d = p.params.dilation
    yield from _replaced(
        p, "dilation", "the dilation taken as the number of gaps (one too many)", tuple(v + 1 for v in d)
    )
    if min(d) > 1:
        yield from _replaced(p, "dilation", "the dilation one too small", tuple(v - 1 for v in d))


def _shifted(p: ConvProblem) -> Found:
    for axes in subsets(range(p.params.dims)):
        for amount in (1, -1):

            def apply(q: ConvProblem, axes: tuple[int, ...] = axes, amount: int = amount) -> ConvProblem:
                for i in axes:
                    q = q.with_axis(i, lo=q.geometry[i].lo + amount)
                return q

            # A larger lo crops more (transposed) or pads more (convolution) at the start.
            grows = amount > 0
            if p.op.transposed:
                what = f"the crop one {'larger' if grows else 'smaller'} at the start, one {'smaller' if grows else 'larger'}"
            else:
                what = f"the padding one {'larger' if grows else 'smaller'} at the start, one {'smaller' if grows else 'larger'}"
            yield f"{what} at the end, along {_letters(p.params, axes)}", _G, apply


def _one_end(p: ConvProblem) -> Found:
    for axes in subsets(range(p.params.dims)):
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
                yield f"{what} at the {end} along {_letters(p.params, axes)}", _G, apply


def _nearest(p: ConvProblem) -> Found:
    if set(p.params.stride) == {1}:
        return

    def apply(q: ConvProblem) -> ConvProblem:
        x = q.x
        for i, axis in enumerate(q.geometry):
            x = np.repeat(x, axis.stride, axis=2 + i)
        axes = tuple(replace(axis, small=axis.small * axis.stride, stride=1) for axis in q.geometry)
        return q.having(x=x, geometry=axes)

    yield "each input element repeated, where the stride should put zeros between them", _A, apply


def _overwritten(p: ConvProblem) -> Found:
    yield "overlapping contributions overwritten, where they should be added", _A, lambda q: q.having(overwrite=True)


def _border(p: ConvProblem) -> Found:
    if not any(axis.lo > 0 or axis.hi > 0 for axis in p.geometry):
        return
    modes = (
        ("edge", "the border repeated (replicate)"),
        ("reflect", "the input reflected at its border"),
        ("symmetric", "the input mirrored at its border (symmetric)"),
        ("wrap", "the input wrapped around (circular)"),
        ("one", "ones"),
    )
    for mode, text in modes:

        def apply(q: ConvProblem, mode: str = mode) -> ConvProblem | None:
            widths = [(max(axis.lo, 0), max(axis.hi, 0)) for axis in q.geometry]
            if not q.x.size:
                return None
            if mode == "one":
                x = np.pad(q.x, [(0, 0), (0, 0), *widths], constant_values=1.0)
            else:
                x = np.pad(q.x, [(0, 0), (0, 0), *widths], mode=mode)  # type: ignore[call-overload]
            for i, (low, _) in enumerate(widths):
                q = q.with_axis(i, lo=q.geometry[i].lo - low, large=x.shape[2 + i])
            return q.having(x=x)

        yield f"{text} as padding, where zeros are meant", _A, apply


def _zeros_multiplied(p: ConvProblem) -> Found:
    """Structural zeros (between spread elements, in the padding, between kernel taps) taken as numbers: 0 * inf is NaN."""
    if np.isfinite(p.x).all() and np.isfinite(p.w).all():
        return

    def stuffed(q: ConvProblem) -> ConvProblem:
        if not q.op.transposed:
            return q
        x = np.zeros((*q.x.shape[:2], *(max((axis.small - 1) * axis.stride + 1, 0) for axis in q.geometry)))
        x[(..., *(slice(None, None, axis.stride) for axis in q.geometry))] = q.x
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
        w[(..., *(slice(None, None, axis.dilation) for axis in q.geometry))] = q.w
        axes = tuple(replace(axis, kernel=axis.extent, dilation=1) for axis in q.geometry)
        return q.having(w=w, geometry=axes)

    if p.op.transposed and set(p.params.stride) != {1}:
        yield "the zeros inserted between input elements multiplied as numbers, so that 0 * inf is NaN", _A, stuffed
    yield "the zeros around the input multiplied as numbers, so that 0 * inf is NaN", _A, padded
    if set(p.params.dilation) != {1}:
        yield "the zeros between kernel taps multiplied as numbers, so that 0 * inf is NaN", _A, dilated
        yield "every structural zero multiplied as a number, so that 0 * inf is NaN", _A, lambda q: dilated(padded(q))


_GEOMETRY: tuple[Confusion[ConvProblem], ...] = (
    Confusion(
        "another convention",
        "`same`, `valid`, explicit padding or output_padding in another framework's meaning",
        "convert padding and output size to the meaning that the case names; crop or pad where there is no word for it",
        _conventions,
        BOTH,
    ),
    Confusion(
        "symmetric same",
        "`same` written as one number of padding for both ends",
        "'same' pads the ends unequally where the total is odd: pad or crop each end by itself",
        _symmetric_same,
        BOTH,
    ),
    Confusion(
        "odd pixel at the other end",
        "the padding of start and end exchanged, as where `same` puts its odd pixel at the other end",
        "exchange what is padded or cropped at the start and at the end",
        _other_end,
        BOTH,
    ),
    Confusion(
        "padding around the input",
        "padding added around the input of a transposed convolution, where it is cropped from the output",
        "padding=p crops p from each end of the full output; around the dilated input it is d*(k-1) - p",
        _input_padding,
        TRANSPOSED,
    ),
    Confusion(
        "output_padding at the start",
        "output_padding extends the start of the output",
        "output_padding makes the output longer at its end only",
        _output_padding_at_start,
        TRANSPOSED,
    ),
    Confusion(
        "output_padding misread",
        "output_padding ignored, None taken as 0, another value, or in reversed order of axes",
        "give output_padding (or the output's size) as the case does",
        _output_padding_misread,
        TRANSPOSED,
    ),
    Confusion(
        "padding misread",
        "padding ignored, exchanged with 'valid' or 'same', in another order, applied twice or at one end",
        "check the order of the padding's entries and which ends they speak of",
        _padding_misread,
        BOTH,
    ),
    Confusion(
        "stride of another axis",
        "the stride of one axis used for another",
        "give strides in the order of the spatial axes",
        _stride_misread,
        BOTH,
    ),
    Confusion(
        "dilation of another axis",
        "the dilation of one axis used for another",
        "give dilations in the order of the spatial axes",
        _dilation_misread,
        BOTH,
    ),
    Confusion("dilation ignored", "the kernel not dilated", "pass the dilation on", _dilation_ignored, BOTH),
    Confusion("stride ignored", "stride 1 used", "pass the stride on", _stride_ignored, BOTH),
    Confusion(
        "stride and dilation exchanged",
        "stride used as dilation and dilation as stride (lhs_dilation and rhs_dilation)",
        "check the order of arguments; in lax.conv_general_dilated lhs_dilation is the transposed stride",
        _stride_for_dilation,
        BOTH,
    ),
    Confusion(
        "dilation off by one",
        "dilation counted as gaps between taps instead of distance",
        "dilation 1 means no gap",
        _dilation_off_by_one,
        BOTH,
    ),
    Confusion(
        "shifted by one",
        "the crop or padding one more at one end and one less at the other",
        "move one element of padding or crop from one end to the other",
        _shifted,
        BOTH,
    ),
    Confusion(
        "off by one at an end",
        "one element too many or too few at the start or at the end of the output",
        "correct the crop at that end by one",
        _one_end,
        BOTH,
    ),
    Confusion(
        "zeros multiplied",
        "zeros that only stand for absence meet an infinity: 0 * inf is NaN",
        "no framework defines which outputs an infinity touches: give the case a policy (`nonfinite: superset` or `ignore`)",
        _zeros_multiplied,
        BOTH,
    ),
    Confusion(
        "border padding",
        "padding with something other than zeros: replicate, reflect, symmetric, circular or ones",
        "use padding_mode 'zeros'",
        _border,
        CONV,
    ),
    Confusion(
        "repeated input",
        "upsampling by repetition instead of inserted zeros",
        "a transposed convolution spreads its input with zeros; upsampling followed by a convolution is another operation",
        _nearest,
        TRANSPOSED,
    ),
    Confusion(
        "overlaps overwritten",
        "where kernels overlap, the last one wins instead of the sum",
        "accumulate (+=) into the output",
        _overwritten,
        TRANSPOSED,
    ),
)

CONFUSIONS: tuple[Confusion[ConvProblem], ...] = (FLIPPED, *_GEOMETRY, *MEMORY, *ROUNDINGS, *LAST_RESORTS)
