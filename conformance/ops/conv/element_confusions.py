"""Confusions of `conv` and `conv_transpose` about elements and their values: bounds, reuse, scale, precision."""

from __future__ import annotations

from itertools import pairwise
from math import prod

import numpy as np

from conformance.dtypes import NARROW_FORMATS, narrowed
from conformance.ops.base import Array
from conformance.ops.confusions import Confusion, Stage
from conformance.ops.conv.problem import BOTH, ConvProblem
from conformance.ops.conv.ways import Found, copied, letters, on, subsets

# More single elements than this are not tried one by one.
MOST_ELEMENTS = 1024


def _zeroed(array: Array, axis: int, index: int) -> Array:
    result = array.copy()
    if array.shape[axis]:
        np.moveaxis(result, axis, 0)[index] = 0.0
    return result


def _rolled(p: ConvProblem) -> Found:
    for axes in subsets(range(p.op.dims)):
        places = tuple(2 + i for i in axes)
        for amount, end in ((1, "end"), (-1, "start")):
            where = f"one element to the {end} along {letters(p, axes)}"
            yield on(f"the output rolled by {where}", "y", np.roll, (amount,) * len(places), places)
            yield on(f"the output moved by {where}, zeros moving in", "y", _moved, places, amount)


def _moved(y: Array, axes: tuple[int, ...], amount: int) -> Array:
    result = np.roll(y, (amount,) * len(axes), axes)
    for axis in axes:
        result = _zeroed(result, axis, 0 if amount > 0 else -1)
    return result


def _taps_dropped(p: ConvProblem) -> Found:
    for i, k in enumerate(p.w.shape[3:]):
        for index, which in ((-1, "last"), (0, "first")) if k > 1 else ():
            yield on(f"the kernel's {which} tap along {p.op.spatial[i]} dropped", "w", _zeroed, 3 + i, index)
    for axis, what in ((1, "input"), (2, "output")):
        for index, which in ((-1, "last"), (0, "first")) if p.w.shape[axis] > 1 else ():
            yield on(f"the {which} {what} channel of each group dropped", "w", _zeroed, axis, index)


def _edges_dropped(p: ConvProblem) -> Found:
    for which, name in (("x", "input"), ("y", "output")):
        for i in range(p.op.dims):
            for index, end in ((0, "first"), (-1, "last")):
                text = f"the {name}'s {end} slice along {p.op.spatial[i]} taken as zero"
                yield on(text, which, _zeroed, 2 + i, index)


def _element_reused(p: ConvProblem) -> Found:
    for i in range(p.op.dims):
        for a, b in pairwise(range(p.x.shape[2 + i])):
            for source, target in ((a, b), (b, a)):
                text = f"the input's slice {source} along {p.op.spatial[i]} used again for slice {target}"
                yield on(text, "x", copied, 2 + i, source, target)
    for which, name in (("x", "input"), ("w", "kernel")):
        array: Array = getattr(p, which)
        for a, b in pairwise(range(array.size)) if array.size <= MOST_ELEMENTS else ():
            for source, target in ((a, b), (b, a)):
                one, other = _place(array, source), _place(array, target)
                yield on(f"the {name}'s element {one} used again for element {other}", which, _element, one, other)


def _place(array: Array, flat: int) -> tuple[int, ...]:
    return tuple(int(v) for v in np.unravel_index(flat, array.shape))


def _element(array: Array, source: tuple[int, ...], target: tuple[int, ...]) -> Array:
    result = array.copy()
    result[target] = result[source]
    return result


def _untouched(p: ConvProblem) -> Found:
    yield "the input given back", Stage.OUTPUT, lambda q: q.having(y=np.array(q.x))


def _not_a_number(p: ConvProblem) -> Found:
    if np.isfinite(p.x).all() and np.isfinite(p.w).all():
        return
    for which, name in (("x", "input"), ("w", "kernel"), ("y", "answer")):
        for value, text in ((np.nan, "NaN"), (np.inf, "infinity")):
            yield on(f"{text} in the {name} taken as zero", which, _without, value)


def _without(array: Array, value: float) -> Array:
    return np.where(np.isnan(array) if np.isnan(value) else np.isinf(array), 0.0, array)


LEAST_NORMAL = 2.0**-126  # float32's and bfloat16's


def _flushed(array: Array) -> Array:
    return np.where(np.abs(array) < LEAST_NORMAL, 0.0, array)


def _subnormals(p: ConvProblem) -> Found:
    arrays = [p.x, p.w] if p.y is None else [p.x, p.w, p.y]
    if not any(((array != 0.0) & (np.abs(array) < LEAST_NORMAL)).any() for array in arrays):
        return
    text = "subnormal numbers flushed to zero"
    yield f"{text} in the inputs", Stage.ARRAYS, lambda q: q.having(x=_flushed(q.x), w=_flushed(q.w))
    yield on(f"{text} in the answer", "y", _flushed)


# --- scale and precision ------------------------------------------------------------------------------------------


def _scaled(p: ConvProblem) -> Found:
    taps, stride = prod(p.w.shape[3:]), prod(p.op.stride)
    factors = (
        (-1.0, "the opposite sign"),
        (2.0, "twice the answer"),
        (0.5, "half the answer"),
        (1.0 / taps, f"the mean over the {taps} kernel taps, where the sum is meant"),
        (1.0 / max(p.w.shape[1], 1), "the mean over the input channels, where the sum is meant"),
        (1.0 / p.w.shape[0], "the answer divided by the number of groups"),
        (float(stride), "the answer multiplied by the stride"),
        (1.0 / stride, "the answer divided by the stride"),
        (0.0, "zeros everywhere"),
    )
    for factor, text in factors:
        if factor != 1.0:
            yield on(text, "y", np.multiply, factor)


def _inputs_rounded(p: ConvProblem) -> Found:
    for name in NARROW_FORMATS:

        def both(q: ConvProblem, name: str = name) -> ConvProblem:
            return q.having(x=narrowed(q.x, name), w=narrowed(q.w, name))

        yield f"input and kernel rounded to {name}", Stage.ARRAYS, both
        yield on(f"the kernel rounded to {name}", "w", narrowed, name)
        yield on(f"the input rounded to {name}", "x", narrowed, name)


def _output_rounded(p: ConvProblem) -> Found:
    for name in ("bfloat16", "float16"):
        yield on(f"the answer rounded to {name}", "y", narrowed, name)


def _everything_rounded(p: ConvProblem) -> Found:
    for name in ("bfloat16", "float16"):

        def cast(q: ConvProblem, name: str = name) -> ConvProblem:
            bias = None if q.b is None else narrowed(q.b, name)
            return q.having(x=narrowed(q.x, name), w=narrowed(q.w, name), b=bias, cast=name)

        yield f"inputs and answer rounded to {name}", Stage.ARRAYS, cast


ELEMENTS: tuple[Confusion[ConvProblem], ...] = (
    Confusion(
        "subnormals flushed",
        "subnormal numbers taken as zero",
        "torch.set_flush_denormal(False)  # elsewhere it is of the threads: no option changes it",
        _subnormals,
        BOTH,
        pairs=False,
    ),
    Confusion(
        "output moved by one",
        "the finished output rolled or moved by one element",
        "y[i] = ...  # correct the index by which the output is written",
        _rolled,
        BOTH,
        pairs=False,
    ),
    Confusion(
        "kernel tap dropped",
        "the first or last tap, input channel or output channel left out",
        "for i in range(k):  # correct the loop's bounds",
        _taps_dropped,
        BOTH,
        pairs=False,
    ),
    Confusion(
        "edge dropped",
        "the first or last slice of the input or the output taken as zero",
        "for i in range(size):  # correct the loop's bounds",
        _edges_dropped,
        BOTH,
        pairs=False,
    ),
    Confusion("scaled", "the answer times a constant", "y = y / factor  # take the factor out", _scaled, BOTH),
    Confusion(
        "non-finite ignored",
        "NaN or infinity taken as zero",
        "y = f(x)  # without nan_to_num or a mask: let them propagate",
        _not_a_number,
        BOTH,
        pairs=False,
    ),
)

ROUNDINGS: tuple[Confusion[ConvProblem], ...] = (
    Confusion(
        "narrow inputs",
        "input or kernel rounded to TF32, bfloat16 or float16 before they are multiplied",
        "torch.set_float32_matmul_precision('highest')  # jax: jax_default_matmul_precision; or tf32=0",
        _inputs_rounded,
        BOTH,
        pairs=False,
        rounding=True,
    ),
    Confusion(
        "narrow output",
        "the answer rounded to bfloat16 or float16",
        "y = y.astype(dtype)  # keep the output in the case's dtype",
        _output_rounded,
        BOTH,
        pairs=False,
        rounding=True,
    ),
    Confusion(
        "computed in another dtype",
        "inputs and answer rounded to bfloat16 or float16",
        "x = x.astype(dtype)  # look for an autocast or a cast of the whole computation",
        _everything_rounded,
        BOTH,
        pairs=False,
        rounding=True,
    ),
)

LAST_RESORTS: tuple[Confusion[ConvProblem], ...] = (
    Confusion(
        "input given back",
        "nothing computed at all",
        "y = f(x)  # call it",
        _untouched,
        BOTH,
        pairs=False,
        last_resort=True,
    ),
    Confusion(
        "element reused",
        "an element of the input or the kernel, or a slice of the input, used again for its neighbour",
        "y[i] = f(x[i])  # look for a stale value or an index off by one; or it equals its neighbour by chance",
        _element_reused,
        BOTH,
        pairs=False,
        last_resort=True,
    ),
)
