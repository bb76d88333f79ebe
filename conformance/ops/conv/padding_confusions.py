"""Confusions of `conv` and `conv_transpose` about padding: conventions, `same`, output_padding, borders."""

from __future__ import annotations

from functools import partial

import numpy as np

from conformance.ops.base import Array
from conformance.ops.confusions import Confusion, Stage
from conformance.ops.conv.convolution import CONVENTIONS
from conformance.ops.conv.problem import BOTH, CONV, TRANSPOSED, ConvProblem
from conformance.ops.conv.ways import Found, letters, on, reading, subsets

FRAMEWORK = {"torch": "PyTorch", "tensorflow": "TensorFlow", "keras": "Keras", "jax": "JAX", "onnx": "ONNX"}

# How long a transposed convolution's output is, by convention, for same, valid and explicit padding; e = d*(k-1) + 1,
# and p is the padding of both ends together.
_SAME, _VALID, _FULL = "n*s", "n*s + max(e-s, 0)", "(n-1)*s + e - p"
LENGTH = {
    "torch": (_FULL, f"{_FULL} + output_padding", f"{_FULL} + output_padding"),
    "tensorflow": (_SAME, _VALID, _FULL),
    "keras": (_SAME, _VALID, _FULL),
    "jax": (_SAME, _VALID, "(n-1)*s + 2 + p - e, the padding being the dilated input's"),
    "onnx": (_SAME, f"{_FULL} + output_padding", f"{_FULL} + output_padding"),
}
KERAS_EXTRA = ("(n-1)*s + e - 2*(e//2) + output_padding", "(n-1)*s + e + output_padding")


def _length(p: ConvProblem, convention: str) -> str:
    """What is said of a convention's output length."""
    if not p.op.transposed:
        return ""
    padding = p.op.padding
    row = 2 if not isinstance(padding, str) else int(padding == "valid")
    if convention == "keras" and p.op.output_padding is not None and row < 2:
        return f", length {KERAS_EXTRA[row]}"
    return f", length {LENGTH[convention][row]}"


def _conventions(p: ConvProblem) -> Found:
    word = p.op.padding
    for name in CONVENTIONS:
        if name == p.op.convention:
            continue
        padding = word
        if isinstance(word, str) and word.startswith("same"):
            padding = "same_upper" if name == "onnx" else "same"
        text = f"padding and output size in {FRAMEWORK[name]}'s meaning{_length(p, name)}"
        yield reading(text, convention=name, padding=padding)
        if p.op.output_padding is not None or p.op.output_size is not None:
            bare = {"output_padding": None, "output_size": None}
            text = f"padding in {FRAMEWORK[name]}'s meaning, no output_padding or output_size"
            yield reading(text, convention=name, padding=padding, **bare)


def _symmetric_same(p: ConvProblem) -> Found:
    """`same` written as one number for both ends, as a port to PyTorch does; or the other way round."""
    if not isinstance(p.op.padding, str):
        if p.op.symmetric and max(p.op.stride) > 1 and any(map(any, p.op.padding)):
            # Of TensorFlow and Keras: of an odd total the larger half is at the end.
            more = {"output_padding": None, "output_size": None, "symmetric": False}
            pad = "x".join(str(low) for low, _ in dict.fromkeys(p.op.padding))
            yield reading(f"'same' in place of padding={pad}", convention="keras", padding="same", **more)
        return
    if not p.op.padding.startswith("same"):
        return
    for rounding, half in (("(k-1)//2", 1), ("k//2", 0)):
        pads = tuple((e - half) // 2 for e in p.op.extent)
        for extra in range(max(p.op.stride) if p.op.transposed else 1):

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
            yield (
                f"the symmetric padding={'x'.join(map(str, pads))}{plus} in place of 'same' ({rounding})",
                Stage.GEOMETRY,
                apply,
            )


def _other_end(p: ConvProblem) -> Found:
    uneven = [i for i, axis in enumerate(p.geometry) if axis.lo != axis.hi]
    for axes in subsets(uneven):

        def apply(q: ConvProblem, axes: tuple[int, ...] = axes) -> ConvProblem:
            for i in axes:
                q = q.with_axis(i, lo=q.geometry[i].hi)
            return q

        yield f"the padding of the start and of the end swapped along {letters(p, axes)}", Stage.GEOMETRY, apply


def _input_padding(p: ConvProblem) -> Found:
    if isinstance(p.op.padding, str) or not any(low or high for low, high in p.op.padding):
        return
    pads = p.op.padding

    def around(q: ConvProblem, dilated: bool = False) -> ConvProblem:
        for i, axis in enumerate(q.geometry):
            step = 1 if dilated else axis.stride
            low, high = pads[i]
            q = q.with_axis(i, lo=-low * step, length=axis.full + (low + high) * step)
        return q

    yield "the padding added around the input, where it should be cropped from the output", Stage.GEOMETRY, around
    yield (
        "the padding added around the dilated input, where it should be cropped from the output",
        Stage.GEOMETRY,
        lambda q: around(q, True),
    )


def _output_padding_at_start(p: ConvProblem) -> Found:
    given = p.op.output_padding
    if given is None or not any(given):
        return

    def apply(q: ConvProblem) -> ConvProblem:
        for i, extra in enumerate(given):
            q = q.with_axis(i, lo=q.geometry[i].lo - extra)
        return q

    yield "output_padding added at the start, where it belongs at the end", Stage.GEOMETRY, apply


def _output_padding_elsewhere(p: ConvProblem) -> Found:
    given = p.op.output_padding
    if given is None or not any(given):
        return
    extras = given

    def on_input(q: ConvProblem, both: bool) -> ConvProblem:
        for i, (extra, axis) in enumerate(zip(extras, q.geometry, strict=True)):
            longer = (1 + both) * extra * axis.stride - extra
            q = q.with_axis(i, lo=axis.lo - both * extra * axis.stride, length=axis.large + longer)
        return q

    for both, where in ((False, "the input's end"), (True, "both ends of the input")):
        text = f"output_padding zeros added at {where}, where it makes the output longer"
        yield text, Stage.GEOMETRY, partial(on_input, both=both)

    def blank(y: Array) -> Array:
        y = y.copy()
        for i, extra in enumerate(extras):
            np.moveaxis(y, 2 + i, 0)[y.shape[2 + i] - extra :] = 0.0
        return y

    yield on("output_padding filled with zeros, where the sums go on", "y", blank)


def _output_padding_misread(p: ConvProblem) -> Found:
    given = p.op.output_padding
    zero = (0,) * p.op.dims
    if given is None:
        yield reading("output_padding 0, where it should be left to the framework (None)", output_padding=zero)
    else:
        yield reading("output_padding left to the framework (None)", output_padding=None)
        if any(given):
            yield reading("output_padding ignored", output_padding=zero)
        if given[::-1] != given:
            yield reading("output_padding given in the reversed order of axes", output_padding=given[::-1])
    for extra in range(1, max(p.op.stride)):
        if given != (extra,) * p.op.dims:
            yield reading(f"output_padding {extra}", output_padding=(extra,) * p.op.dims, output_size=None)
    if p.op.output_size is not None:
        yield reading("the requested output size ignored", output_size=None)


def _padding_misread(p: ConvProblem) -> Found:
    padding = p.op.padding
    zero = ((0, 0),) * p.op.dims
    if isinstance(padding, str):
        if padding.startswith("same"):
            yield reading("padding 'valid', where 'same' is meant", padding="valid")
        else:
            word = "same_upper" if p.op.convention == "onnx" else "same"
            yield reading("padding 'same', where 'valid' is meant", padding=word)
        return
    if padding != zero:
        yield reading("the padding ignored", padding=zero)
    flipped = tuple((high, low) for low, high in padding)
    if flipped != padding:
        yield reading("each axis's padding at its other end", padding=flipped)
    if padding[::-1] != padding:
        yield reading("the padding given in the reversed order of axes", padding=padding[::-1])
    # torch.nn.functional.pad's order: the last axis first, all ends in one flat list.
    flat = tuple(v for pair in padding for v in pair)
    halves = tuple(zip(flat[: p.op.dims], flat[p.op.dims :], strict=True))
    if halves != padding:
        yield reading("the padding read as (all starts, all ends)", padding=halves)
    doubled = tuple((2 * low, 2 * high) for low, high in padding)
    if doubled != padding:
        yield reading("the padding applied twice", padding=doubled)
    for text, pairs in (
        ("start", tuple((low, 0) for low, _ in padding)),
        ("end", tuple((0, high) for _, high in padding)),
    ):
        if pairs not in (padding, zero):
            yield reading(f"the padding applied at the {text} only", padding=pairs)


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

        yield f"{text} as padding, where zeros are meant", Stage.ARRAYS, apply


PADDING: tuple[Confusion[ConvProblem], ...] = (
    Confusion(
        "another convention",
        "`same`, `valid`, explicit padding or output_padding in another framework's meaning",
        "padding=[(low, high), ...]  # in the meaning that the case names; crop or pad where there is no word for it",
        _conventions,
        BOTH,
    ),
    Confusion(
        "symmetric same",
        "`same` written as one number of padding for both ends, or the number as `same`",
        "x = pad(x, [(low, high), ...])  # each end by itself: 'same' is unequal where the total is odd",
        _symmetric_same,
        BOTH,
    ),
    Confusion(
        "odd pixel at the other end",
        "the padding of start and end exchanged, as where `same` puts its odd pixel at the other end",
        "padding=[(high, low), ...]  # the two ends exchanged",
        _other_end,
        BOTH,
    ),
    Confusion(
        "padding around the input",
        "padding added around the input of a transposed convolution, where it is cropped from the output",
        "padding=d * (k - 1) - p  # around the dilated input: p crops each end of the full output",
        _input_padding,
        TRANSPOSED,
    ),
    Confusion(
        "output_padding at the start",
        "output_padding extends the start of the output",
        "y = pad(y, (0, output_padding))  # it makes the output longer at its end only",
        _output_padding_at_start,
        TRANSPOSED,
    ),
    Confusion(
        "output_padding done elsewhere",
        "output_padding as zeros around the input, or as zeros behind the output",
        "y = full[p : full_length - p + output_padding]  # it keeps more of the full output's end: nothing is padded",
        _output_padding_elsewhere,
        TRANSPOSED,
    ),
    Confusion(
        "output_padding misread",
        "output_padding ignored, None taken as 0, another value, or in reversed order of axes",
        "output_padding=p  # or the output's size, as the case gives it",
        _output_padding_misread,
        TRANSPOSED,
    ),
    Confusion(
        "padding misread",
        "padding ignored, exchanged with 'valid' or 'same', in another order, applied twice or at one end",
        "padding=[(low, high), ...]  # one pair an axis: check their order and which ends they speak of",
        _padding_misread,
        BOTH,
    ),
    Confusion(
        "border padding",
        "padding with something other than zeros: replicate, reflect, symmetric, circular or ones",
        "padding_mode='zeros'",
        _border,
        CONV,
    ),
)
