"""The confusions of `conv` and `conv_transpose` that concern arrays: axes, flips, groups, channels, bias, reuse, rounding."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import combinations, pairwise, permutations
from math import prod
from typing import Any

import numpy as np

from conformance.dtypes import rounded
from conformance.ops.base import Array
from conformance.ops.confusions import Apply, Confusion, Stage
from conformance.ops.conv_problem import ConvProblem

BOTH = ("conv", "conv_transpose")
Way = tuple[str, Stage, Apply[ConvProblem]]
Found = Iterator[Way]

# More single elements than this are not tried one by one.
MOST_ELEMENTS = 1024


def subsets(items: Iterable[int]) -> list[tuple[int, ...]]:
    """Every nonempty subset: everything first, then single items, then the rest."""
    every = tuple(items)
    if not every:
        return []
    inner = [c for r in range(1, len(every)) for c in combinations(every, r)]
    return [every, *inner]


def on(text: str, which: str, change: Callable[..., Array], *args: Any) -> Way:
    """A variant that changes one array (x, w, b or y) to `change(array, *args)`."""

    def apply(p: ConvProblem) -> ConvProblem | None:
        array = getattr(p, which)
        return None if array is None else p.having(**{which: change(array, *args)})

    return text, Stage.OUTPUT if which == "y" else Stage.ARRAYS, apply


def letters(p: ConvProblem, axes: Iterable[int]) -> str:
    """The names of spatial axes: `H and W`."""
    return " and ".join(p.params.spatial[i] for i in axes)


# --- order in memory ----------------------------------------------------------------------------------------------


def _flip_kernel(p: ConvProblem) -> Found:
    for axes in subsets(i for i, k in enumerate(p.params.kernel) if k > 1):
        yield on(f"the kernel flipped along {letters(p, axes)}", "w", np.flip, [3 + i for i in axes])


def _flip_data(p: ConvProblem) -> Found:
    for name, which in (("input", "x"), ("output", "y")):
        for axes in subsets(range(p.params.dims)):
            yield on(f"the {name} flipped along {letters(p, axes)}", which, np.flip, [2 + i for i in axes])


def _misread(array: Array, canonical: str, stored: str, read: str) -> Array:
    """The array laid out in memory in one order of axes and read in another, with the right shape and no transpose."""
    memory = array.transpose([canonical.index(c) for c in stored]).reshape(-1)
    shape = [array.shape[canonical.index(c)] for c in read]
    return memory.reshape(shape).transpose([read.index(c) for c in canonical])


def _column_major(array: Array) -> Array:
    return array.reshape(-1).reshape(array.shape, order="F")


def _kernel_orders(p: ConvProblem) -> dict[str, str]:
    s = p.params.spatial
    return {f"OI{s}": f"GOI{s}", f"IO{s}": f"GIO{s}", f"{s}IO": f"{s}IGO", f"{s}OI": f"{s}OGI"}


def _channels_swapped(p: ConvProblem) -> Found:
    if min(p.w.shape[1:3]) < 2:
        return
    if p.w.shape[1] == p.w.shape[2]:
        yield on("the kernel's input and output channels swapped", "w", np.swapaxes, 1, 2)
    orders = _kernel_orders(p)
    first, second, third, fourth = orders
    for a, b in ((first, second), (second, first), (third, fourth), (fourth, third)):
        text = f"the kernel's input and output channels swapped (stored as {a}, read as {b})"
        yield on(text, "w", _misread, "GIO" + p.params.spatial, orders[a], orders[b])


def _kernel_misread(p: ConvProblem) -> Found:
    orders = _kernel_orders(p)
    names = list(orders)
    for a, b in permutations(names, 2):
        # Channels alone in another order are `channels swapped`.
        if names.index(a) // 2 != names.index(b) // 2:
            text = f"the kernel stored as {a} and read as {b} without a transpose"
            yield on(text, "w", _misread, "GIO" + p.params.spatial, orders[a], orders[b])
    yield on("the kernel read in column-major order", "w", _column_major)


def _data_misread(p: ConvProblem) -> Found:
    first, last = "NC" + p.params.spatial, f"N{p.params.spatial}C"
    for name, which in (("input", "x"), ("output", "y")):
        yield on(f"the {name} stored channels first and read as channels last", which, _misread, first, first, last)
        yield on(f"the {name} stored channels last and read as channels first", which, _misread, first, last, first)
    yield on("the output left with its channels last", "y", np.moveaxis, 1, -1)
    yield on("the input read in column-major order", "x", _column_major)
    yield on("the output read in column-major order", "y", _column_major)


def _transposed_memory(array: Array, axes: tuple[int, ...]) -> Array:
    """Transposed; where the lengths differ, the transposed memory under the right shape."""
    return array.transpose(axes).reshape(array.shape)


def _space_swapped(p: ConvProblem) -> Found:
    s = p.params.spatial
    orders = [order for order in permutations(range(len(s))) if list(order) != sorted(order)]
    orders.sort(key=lambda order: sum(a != b for a, b in enumerate(order)))
    for order in orders:
        text = f"{s} read as {''.join(s[i] for i in order)}" if len(s) > 2 else "H and W swapped"
        kernel, data = (0, 1, 2, *(3 + i for i in order)), (0, 1, *(2 + i for i in order))
        yield on(f"the kernel's axes {text}", "w", _transposed_memory, kernel)
        yield on(f"the input's axes {text}", "x", _transposed_memory, data)
        yield on(f"the output's axes {text}", "y", np.transpose, data)
        yield on(f"the output's axes {text} in memory, under the right shape", "y", _transposed_memory, data)


# --- groups, channels, batch --------------------------------------------------------------------------------------


def _interleave(array: Array, axis: int, outer: int) -> Array:
    """Channels (outer, inner) of one merged axis taken as (inner, outer)."""
    shape = array.shape
    split = array.reshape(*shape[:axis], outer, shape[axis] // outer, *shape[axis + 1 :])
    return split.swapaxes(axis, axis + 1).reshape(shape)


def _interleave_kernel(w: Array, channel: int, outer: int) -> Array:
    """The kernel with its groups and its channels (axis 1 or 2) interleaved along their merged axis."""
    moved = w if channel == 1 else w.swapaxes(1, 2)
    merged = moved.reshape(moved.shape[0] * moved.shape[1], *moved.shape[2:])
    result = _interleave(merged, 0, outer).reshape(moved.shape)
    return result if channel == 1 else result.swapaxes(1, 2)


def _groups(p: ConvProblem) -> Found:
    g, i, o = p.w.shape[:3]
    if g == 1:
        return
    for which, name, n in (("y", "output", o), ("x", "input", i)):
        for outer in dict.fromkeys((g, n)) if n > 1 else ():
            text = "" if outer == g else ", the other way around"
            yield on(f"the {name}'s channels interleaved over the groups{text}", which, _interleave, 1, outer)
    for channel, n, what in ((1, i, "I"), (2, o, "O")):
        if n > 1:
            text = f"the kernel's merged axis (G{what}) read as ({what}G)"
            yield on(text, "w", _interleave_kernel, channel, n)
            if n != g:
                text = f"the kernel's merged axis ({what}G) read as (G{what})"
                yield on(text, "w", _interleave_kernel, channel, g)
    yield on("the groups of the kernel in reversed order", "w", np.flip, 0)
    yield on("the groups of the kernel moved by one", "w", np.roll, 1, 0)


def _first_group(p: ConvProblem) -> Found:
    groups = p.w.shape[0]
    for k in range(min(groups, 8) if groups > 1 else 0):
        yield on(f"the kernel of group {k} used for every group", "w", _for_all, k)


def _for_all(array: Array, index: int) -> Array:
    return np.repeat(array[[index]], array.shape[0], axis=0)


def _bias_missing(p: ConvProblem) -> Found:
    if p.b is not None and p.b.any():
        yield on("no bias", "b", np.zeros_like)


def _bias_twice(p: ConvProblem) -> Found:
    if p.b is not None and p.b.any():
        yield on("the bias added twice", "b", np.multiply, 2.0)


def _bias_misplaced(p: ConvProblem) -> Found:
    if p.b is None or not p.b.any():
        return
    yield on("the bias subtracted", "b", np.negative)
    if p.b.size > 1:
        yield on("the bias in reversed order of channels", "b", np.flip)
        yield on("the first channel's bias added to every channel", "b", _for_all, 0)
        yield on("the bias moved by one channel", "b", np.roll, 1)
    if p.w.shape[0] > 1:
        yield on("the bias interleaved over the groups", "b", _interleave, 0, p.w.shape[0])


def _channels_reversed(p: ConvProblem) -> Found:
    if p.x.shape[1] > 1:
        yield on("the input's channels in reversed order", "x", np.flip, 1)
        yield on("the kernel's input channels in reversed order", "w", np.flip, 1)
    if p.w.shape[0] * p.w.shape[2] > 1:
        yield on("the output's channels in reversed order", "y", np.flip, 1)
        yield on("the kernel's output channels in reversed order", "w", np.flip, 2)


def _channel_reused(p: ConvProblem) -> Found:
    for which, name, n in (("y", "output", p.w.shape[0] * p.w.shape[2]), ("x", "input", p.x.shape[1])):
        neighbours = [ab for a, b in pairwise(range(n)) for ab in ((a, b), (b, a))]
        for a, b in dict.fromkeys([*neighbours, *permutations(range(min(n, 8)), 2)]):
            yield on(f"{name} channel {a} used again for channel {b}", which, _copied, 1, a, b)


def _batch(p: ConvProblem) -> Found:
    n = p.x.shape[0]
    if n < 2:
        return
    yield on("the batch in reversed order", "y", np.flip, 0)
    yield on("the batch moved by one item", "y", np.roll, 1, 0)
    yield on("the batch moved back by one item", "y", np.roll, -1, 0)
    yield on("the first batch item's answer given for every item", "y", _for_all, 0)
    yield on("the last batch item's answer given for every item", "y", _for_all, n - 1)
    for i, j in permutations(range(min(n, 6)), 2):
        yield on(f"batch item {i}'s answer given for item {j}", "y", _copied, 0, i, j)


# --- elements -----------------------------------------------------------------------------------------------------


def _copied(array: Array, axis: int, source: int, target: int) -> Array:
    result = array.copy()
    moved = np.moveaxis(result, axis, 0)
    moved[target] = moved[source]
    return result


def _zeroed(array: Array, axis: int, index: int) -> Array:
    result = array.copy()
    if array.shape[axis]:
        np.moveaxis(result, axis, 0)[index] = 0.0
    return result


def _rolled(p: ConvProblem) -> Found:
    for axes in subsets(range(p.params.dims)):
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
            yield on(f"the kernel's {which} tap along {p.params.spatial[i]} dropped", "w", _zeroed, 3 + i, index)
    for axis, what in ((1, "input"), (2, "output")):
        for index, which in ((-1, "last"), (0, "first")) if p.w.shape[axis] > 1 else ():
            yield on(f"the {which} {what} channel of each group dropped", "w", _zeroed, axis, index)


def _edges_dropped(p: ConvProblem) -> Found:
    for which, name in (("x", "input"), ("y", "output")):
        for i in range(p.params.dims):
            for index, end in ((0, "first"), (-1, "last")):
                text = f"the {name}'s {end} slice along {p.params.spatial[i]} taken as zero"
                yield on(text, which, _zeroed, 2 + i, index)


def _element_reused(p: ConvProblem) -> Found:
    for i in range(p.params.dims):
        for a, b in pairwise(range(p.x.shape[2 + i])):
            for source, target in ((a, b), (b, a)):
                text = f"the input's slice {source} along {p.params.spatial[i]} used again for slice {target}"
                yield on(text, "x", _copied, 2 + i, source, target)
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


# --- scale and precision ------------------------------------------------------------------------------------------


def _scaled(p: ConvProblem) -> Found:
    taps, stride = prod(p.w.shape[3:]), prod(p.params.stride)
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


def _significand(array: Array, bits: int, nearest: bool) -> Array:
    """Rounded to a significand of `bits` bits, the hidden one included, with an unbounded exponent."""
    mantissa, exponent = np.frexp(array)
    scaled = mantissa * 2.0**bits
    with np.errstate(invalid="ignore"):
        return np.asarray(np.ldexp(np.rint(scaled) if nearest else np.trunc(scaled), exponent - bits))


def _fit(array: Array, format: str) -> Array:
    if format.startswith("TF32"):
        return _significand(array, 11, nearest=format == "TF32")
    return rounded(array, format)


def _inputs_rounded(p: ConvProblem) -> Found:
    for name in ("TF32", "TF32 (cut off instead of rounded)", "bfloat16", "float16"):

        def both(q: ConvProblem, name: str = name) -> ConvProblem:
            return q.having(x=_fit(q.x, name), w=_fit(q.w, name))

        yield f"input and kernel rounded to {name}", Stage.ARRAYS, both
        yield on(f"the kernel rounded to {name}", "w", _fit, name)
        yield on(f"the input rounded to {name}", "x", _fit, name)


def _output_rounded(p: ConvProblem) -> Found:
    for name in ("bfloat16", "float16"):
        yield on(f"the answer rounded to {name}", "y", _fit, name)


def _everything_rounded(p: ConvProblem) -> Found:
    for name in ("bfloat16", "float16"):

        def cast(q: ConvProblem, name: str = name) -> ConvProblem:
            bias = None if q.b is None else _fit(q.b, name)
            return q.having(x=_fit(q.x, name), w=_fit(q.w, name), b=bias, cast=name)

        yield f"inputs and answer rounded to {name}", Stage.ARRAYS, cast


MEMORY: tuple[Confusion[ConvProblem], ...] = (
    Confusion(
        "channels swapped",
        "the kernel's input and output channels exchanged (IO and OI)",
        "convolutions and transposed convolutions store them in opposite order: transpose the kernel",
        _channels_swapped,
        BOTH,
    ),
    Confusion(
        "space swapped",
        "spatial axes of the input, the kernel or the output exchanged",
        "check the order of the spatial axes",
        _space_swapped,
        BOTH,
    ),
    Confusion(
        "channels first as last",
        "channels-first data read as channels-last, or the reverse",
        "transpose the data, since a reshape keeps the memory's order; or set data_format",
        _data_misread,
        BOTH,
    ),
    Confusion(
        "kernel misread",
        "the kernel's memory read in another order of axes, as by a reshape where a transpose is due",
        "transpose the kernel; a reshape keeps the memory's order",
        _kernel_misread,
        BOTH,
    ),
    Confusion(
        "group order",
        "groups contiguous where they should be interleaved, or the reverse, in input, kernel or output",
        "channels of one group are neighbours: (G I) and (G O), groups slowest",
        _groups,
        BOTH,
    ),
    Confusion(
        "one group's kernel for all",
        "every group computed with the kernel of one of them",
        "index the kernel by the group",
        _first_group,
        BOTH,
    ),
    Confusion("bias missing", "the bias not added", "add the bias", _bias_missing, BOTH),
    Confusion("bias added twice", "the bias added twice", "add the bias once", _bias_twice, BOTH),
    Confusion(
        "bias misplaced",
        "the bias subtracted, reversed, moved, interleaved, or one channel's for all",
        "add each channel's own bias",
        _bias_misplaced,
        BOTH,
    ),
    Confusion("data flipped", "input or output reversed along spatial axes", "take the flip out", _flip_data, BOTH),
    Confusion(
        "channels reversed",
        "channels of the input, the kernel or the output in reversed order",
        "check the order of channels",
        _channels_reversed,
        BOTH,
    ),
    Confusion(
        "batch item reused",
        "a batch item's answer given for another, or the batch in another order",
        "index the batch item by item; look for a cache or a buffer that is used again",
        _batch,
        BOTH,
    ),
    Confusion(
        "output moved by one",
        "the finished output rolled or moved by one element",
        "correct the index by which the output is written",
        _rolled,
        BOTH,
    ),
    Confusion(
        "kernel tap dropped",
        "the first or last tap, input channel or output channel left out",
        "correct the loop's bounds",
        _taps_dropped,
        BOTH,
    ),
    Confusion(
        "edge dropped",
        "the first or last slice of the input or the output taken as zero",
        "correct the loop's bounds",
        _edges_dropped,
        BOTH,
    ),
    Confusion("scaled", "the answer times a constant", "take the factor out", _scaled, BOTH),
    Confusion(
        "non-finite ignored", "NaN or infinity taken as zero", "let them propagate", _not_a_number, BOTH, pairs=False
    ),
)

FLIPPED = Confusion(
    "kernel flipped",
    "the kernel reversed along spatial axes: correlation and convolution exchanged",
    "flip the kernel; lax.conv_transpose without transpose_kernel=True does not flip it, other transposed convolutions do",
    _flip_kernel,
    BOTH,
)

ROUNDINGS: tuple[Confusion[ConvProblem], ...] = (
    Confusion(
        "narrow inputs",
        "input or kernel rounded to TF32, bfloat16 or float16 before they are multiplied",
        "switch TF32 or reduced precision off (tf32=0, precision=highest), if the full precision is needed",
        _inputs_rounded,
        BOTH,
        pairs=False,
        rounding=True,
    ),
    Confusion(
        "narrow output",
        "the answer rounded to bfloat16 or float16",
        "keep the output in the case's dtype",
        _output_rounded,
        BOTH,
        pairs=False,
        rounding=True,
    ),
    Confusion(
        "computed in another dtype",
        "inputs and answer rounded to bfloat16 or float16",
        "look for an autocast or a cast of the whole computation",
        _everything_rounded,
        BOTH,
        pairs=False,
        rounding=True,
    ),
)

LAST_RESORTS: tuple[Confusion[ConvProblem], ...] = (
    Confusion("input given back", "nothing computed at all", "compute", _untouched, BOTH, pairs=False, last_resort=True),
    Confusion(
        "channel reused",
        "one channel of the input or the output used again for another",
        "index the channel",
        _channel_reused,
        BOTH,
        pairs=False,
        last_resort=True,
    ),
    Confusion(
        "element reused",
        "an element of the input or the kernel, or a slice of the input, used again for its neighbour",
        "look for a cache, a stale register, or an index that is off by one",
        _element_reused,
        BOTH,
        pairs=False,
        last_resort=True,
    ),
)
