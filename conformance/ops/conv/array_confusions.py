"""Confusions of `conv` and `conv_transpose` about arrays: flips, orders in memory, groups, channels, bias, batch."""

from __future__ import annotations

from itertools import pairwise, permutations

import numpy as np

from conformance.ops.base import Array
from conformance.ops.confusions import Confusion, Stage
from conformance.ops.conv.problem import BOTH, ConvProblem
from conformance.ops.conv.ways import Found, copied, interleave, letters, on, repeated, subsets


def _flip_kernel(p: ConvProblem) -> Found:
    for axes in subsets(i for i, k in enumerate(p.op.kernel) if k > 1):
        yield on(f"the kernel flipped along {letters(p, axes)}", "w", np.flip, [3 + i for i in axes])


def _flip_data(p: ConvProblem) -> Found:
    for name, which in (("input", "x"), ("output", "y")):
        for axes in subsets(range(p.op.dims)):
            yield on(f"the {name} flipped along {letters(p, axes)}", which, np.flip, [2 + i for i in axes])


def _misread(array: Array, canonical: str, stored: str, read: str) -> Array:
    """The array laid out in memory in one order of axes and read in another, with the right shape and no transpose."""
    memory = array.transpose([canonical.index(c) for c in stored]).reshape(-1)
    shape = [array.shape[canonical.index(c)] for c in read]
    return memory.reshape(shape).transpose([read.index(c) for c in canonical])


def _column_major(array: Array) -> Array:
    return array.reshape(-1).reshape(array.shape, order="F")


def _kernel_orders(p: ConvProblem) -> dict[str, str]:
    s = p.op.spatial
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
        yield on(text, "w", _misread, "GIO" + p.op.spatial, orders[a], orders[b])


def _kernel_misread(p: ConvProblem) -> Found:
    orders = _kernel_orders(p)
    names = list(orders)
    for a, b in permutations(names, 2):
        # Channels alone in another order are `channels swapped`.
        if names.index(a) // 2 != names.index(b) // 2:
            text = f"the kernel stored as {a} and read as {b} without a transpose"
            yield on(text, "w", _misread, "GIO" + p.op.spatial, orders[a], orders[b])
    yield on("the kernel read in column-major order", "w", _column_major)


def _data_misread(p: ConvProblem) -> Found:
    first, last = "NC" + p.op.spatial, f"N{p.op.spatial}C"
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
    s = p.op.spatial
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


def _interleave_kernel(w: Array, channel: int, outer: int) -> Array:
    """The kernel with its groups and its channels (axis 1 or 2) interleaved along their merged axis."""
    moved = w if channel == 1 else w.swapaxes(1, 2)
    merged = moved.reshape(moved.shape[0] * moved.shape[1], *moved.shape[2:])
    result = interleave(merged, 0, outer).reshape(moved.shape)
    return result if channel == 1 else result.swapaxes(1, 2)


def _groups(p: ConvProblem) -> Found:
    g, i, o = p.w.shape[:3]
    if g == 1:
        return
    for which, name, n in (("y", "output", o), ("x", "input", i)):
        for outer in dict.fromkeys((g, n)) if n > 1 else ():
            text = "" if outer == g else ", the other way around"
            yield on(f"the {name}'s channels interleaved over the groups{text}", which, interleave, 1, outer)
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
        yield on(f"the kernel of group {k} used for every group", "w", repeated, k)


def _groups_ignored(p: ConvProblem) -> Found:
    """One dense kernel of what is stored: (GI, O/g) for a transposed convolution, (GO, I/g) for a convolution."""
    g, i, o = p.w.shape[:3]
    if g == 1:
        return

    def dense(q: ConvProblem) -> Array:
        # Every output channel of a group sees the channels of all groups, by the same kernel.
        if q.op.transposed:
            return q.w.reshape(1, g * i, o, *q.w.shape[3:])
        return q.w.swapaxes(0, 1).reshape(1, i, g * o, *q.w.shape[3:])

    def narrow(q: ConvProblem) -> ConvProblem | None:
        if q.op.transposed:
            bias = None if q.b is None else q.b[:o]
            return q.having(w=dense(q), b=bias).with_params(groups=1, out_channels=o)
        return q.having(w=dense(q), x=q.x[:, :i]).with_params(groups=1, in_channels=i)

    def repeated_kernel(q: ConvProblem) -> ConvProblem:
        axis = 2 if q.op.transposed else 1
        return q.having(w=np.concatenate([dense(q)] * g, axis=axis)).with_params(groups=1)

    what = "one group's output channels come back" if p.op.transposed else "the channels of the first group alone read"
    yield f"the groups ignored: the stored kernel taken as a dense one, {what}", Stage.PARAMS, narrow
    yield "the groups ignored: the stored kernel repeated into a dense one", Stage.PARAMS, repeated_kernel


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
        yield on("the first channel's bias added to every channel", "b", repeated, 0)
        yield on("the bias moved by one channel", "b", np.roll, 1)
    if p.w.shape[0] > 1:
        yield on("the bias interleaved over the groups", "b", interleave, 0, p.w.shape[0])


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
            yield on(f"{name} channel {a} used again for channel {b}", which, copied, 1, a, b)


def _batch(p: ConvProblem) -> Found:
    n = p.x.shape[0]
    if n < 2:
        return
    yield on("the batch in reversed order", "y", np.flip, 0)
    yield on("the batch moved by one item", "y", np.roll, 1, 0)
    yield on("the batch moved back by one item", "y", np.roll, -1, 0)
    yield on("the first batch item's answer given for every item", "y", repeated, 0)
    yield on("the last batch item's answer given for every item", "y", repeated, n - 1)
    for i, j in permutations(range(min(n, 6)), 2):
        yield on(f"batch item {i}'s answer given for item {j}", "y", copied, 0, i, j)


FLIPPED = Confusion(
    "kernel flipped",
    "the kernel reversed along spatial axes: correlation and convolution exchanged",
    "w = numpy.flip(w, axes)  # the axes above; in lax.conv_transpose: transpose_kernel=True",
    _flip_kernel,
    BOTH,
)

MEMORY: tuple[Confusion[ConvProblem], ...] = (
    Confusion(
        "channels swapped",
        "the kernel's input and output channels exchanged (IO and OI)",
        "w = w.swapaxes(0, 1)  # a transposed convolution stores input and output channels in opposite order",
        _channels_swapped,
        BOTH,
    ),
    Confusion(
        "space swapped",
        "spatial axes of the input, the kernel or the output exchanged",
        "x = x.swapaxes(-1, -2)  # check the order of the spatial axes",
        _space_swapped,
        BOTH,
    ),
    Confusion(
        "channels first as last",
        "channels-first data read as channels-last, or the reverse",
        "x = x.transpose(0, 2, 3, 1)  # a reshape keeps the memory's order; or set data_format",
        _data_misread,
        BOTH,
    ),
    Confusion(
        "kernel misread",
        "the kernel's memory read in another order of axes, as by a reshape where a transpose is due",
        "w = w.transpose(...)  # not w.reshape(...), which keeps the memory's order",
        _kernel_misread,
        BOTH,
    ),
    Confusion(
        "group order",
        "groups contiguous where they should be interleaved, or the reverse, in input, kernel or output",
        "w = w.reshape(G, I, ...)  # channels of one group are neighbours: groups slowest",
        _groups,
        BOTH,
    ),
    Confusion(
        "one group's kernel for all",
        "every group computed with the kernel of one of them",
        "w[group]  # index the kernel by the group",
        _first_group,
        BOTH,
        pairs=False,
    ),
    Confusion(
        "groups ignored",
        "a convolution in groups computed as a dense one",
        "groups=g  # pass them on; where there is no such argument, a kernel of zeros outside of its groups' blocks",
        _groups_ignored,
        BOTH,
        pairs=False,
    ),
    Confusion("bias missing", "the bias not added", "y = y + bias", _bias_missing, BOTH),
    Confusion("bias added twice", "the bias added twice", "y = y + bias  # once", _bias_twice, BOTH),
    Confusion(
        "bias misplaced",
        "the bias subtracted, reversed, moved, interleaved, or one channel's for all",
        "y = y + bias.reshape(1, -1, 1, 1)  # each channel's own",
        _bias_misplaced,
        BOTH,
    ),
    Confusion(
        "data flipped",
        "input or output reversed along spatial axes",
        "x[:, ::-1]  # take this flip out",
        _flip_data,
        BOTH,
    ),
    Confusion(
        "channels reversed",
        "channels of the input, the kernel or the output in reversed order",
        "y = y[:, ::-1]  # the channels stand in the reverse order",
        _channels_reversed,
        BOTH,
    ),
    Confusion(
        "batch item reused",
        "a batch item's answer given for another, or the batch in another order",
        "y[n] = f(x[n])  # item by item; look for a cache or a buffer that is used again",
        _batch,
        BOTH,
        pairs=False,
    ),
)

CHANNEL_REUSED = Confusion(
    "channel reused",
    "one channel of the input or the output used again for another",
    "x[:, c]  # index the channel",
    _channel_reused,
    BOTH,
    pairs=False,
    last_resort=True,
)
