"""A call at other lengths: which it admits, and for which of them code is written, and run.

A call of a convolution is read again for another input: what it admits, and what it means there, is the reader's word.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from itertools import cycle
from typing import Any

from conformance.ops.base import Op
from conformance.ops.conv.convolution import Refused
from conformance.recipe.call import Call, CallError
from conformance.recipe.merge import line
from conformance.recipe.read import read_call
from conformance.recipe.weights import own_shape

# More residues of a stride are not run: the first, the last and some between.
MOST_RESIDUES = 8
# From so many other lengths a plan is read off, where a call leaves one open, or from a period of them.
MOST_LONGER = 5
# How much longer the longest tensor of an op is, shared by its open lengths.
_LONGEST = 24
# How much longer than the others the long input is, for one to three spatial axes.
_LONGER = (0, 37, 11, 4)
# Where one plan is read off several: batches, and how many strides longer an axis is. No two follow one another.
_BATCHES = (2, 3, 7, 5)
_STEPS = ((0, 1, 3, 4), (0, 2, 1, 5), (0, 4, 2, 1))


@lru_cache(maxsize=4096)
def at(call: Call, batch: int, size: tuple[int, ...]) -> Call | None:
    """The same call for another input; None where it admits none such, or gives nothing for it."""
    lengths = {"N": batch, "C": call.op.in_channels, **dict(zip(call.op.spatial, size, strict=True))}
    shape = tuple(lengths[c] for c in call.layout("x").letters)
    try:
        kernels = {n: own_shape(call, n) for n, _ in call.weight_names if call.kind == "function"}
        found = read_call(call.text, shape, kernels.get("w"), dict(call.values), kernels.get("p"))
        empty = not all(axis.small > 0 and axis.large > 0 for axis in found.op.geometry())
    except (CallError, Refused):
        return None
    return None if empty else replace(found, dtype=call.dtype)


@lru_cache(maxsize=1024)
def others(call: Call) -> tuple[Call, ...]:
    """The call at the least length, at every residue of the stride, at a long one, and for another batch."""
    p = call.op
    batch = p.batch + 1
    least = _least(call)
    if least is None:
        # The call itself says the lengths, and perhaps the batch.
        found = [at(call, batch, p.size)]
    else:
        # What a transposed one gives is its stride as long, and no kernel has to fit into x.
        start = least + 1 if p.transposed else max(least, *p.extent)
        period = max(p.stride)
        residues = sorted(
            {j * period // MOST_RESIDUES for j in range(MOST_RESIDUES)} if period > MOST_RESIDUES else range(period)
        )
        steps = [*residues, *(() if period > 1 else (1,)), period + _LONGER[p.dims]]
        sizes = [(least,) * p.dims, *(tuple(start + j + 3 * i for i in range(p.dims)) for j in steps)]
        found = [
            at(call, b, size) or at(call, p.batch, size)
            for size, b in zip(sizes, cycle((batch, p.batch)), strict=False)
        ]
    return tuple(c for c in dict.fromkeys(found) if c is not None and c.op != p)


def is_open(call: Call) -> bool:
    """Whether the call admits inputs of other lengths."""
    return _least(call) is not None


@lru_cache(maxsize=1024)
def _least(call: Call) -> int | None:
    """The least length that the call admits on every axis; None where it admits no other than its own."""
    p = call.op
    lengths = range(1, 2 * max(p.extent) + max(p.stride) + 2)
    return next((n for n in lengths for size in ((n,) * p.dims,) if size != p.size and _admits(call, size)), None)


def _admits(call: Call, size: tuple[int, ...]) -> bool:
    return at(call, call.op.batch, size) is not None or at(call, call.op.batch + 1, size) is not None


@lru_cache(maxsize=1024)
def alike(call: Call) -> tuple[Call, ...]:
    """The call at lengths for which one plan can be read off: on every axis those that end with the most padding.

    A convolution leaves what no kernel reaches, so that padding that is enough there is right at every length.
    """
    p = call.op
    if not is_open(call):
        return tuple(c for b in _BATCHES if (c := at(call, b, p.size)) is not None)
    start = 2 * max(p.extent) + 2 * max(p.stride) + 3
    period = [(n, at(call, p.batch, (n,) * p.dims)) for n in range(start, start + max(p.stride))]
    read = [(n, c.op.geometry()) for n, c in period if c is not None]
    if not read:
        return ()
    first = tuple(max(read, key=lambda pair: pair[1][i].hi)[0] if not p.transposed else start for i in range(p.dims))
    found = []
    for j, batch in enumerate(_BATCHES):
        size = tuple(n + s * steps[j] for n, s, steps in zip(first, p.stride, _STEPS, strict=False))
        found.append(at(call, batch, size) or at(call, p.batch, size))
    return tuple(c for c in found if c is not None)


def period_of(op: Op) -> int:
    """After how many lengths what an op does at an end of its tensors repeats: 2 where it does not say."""
    return max(2, *op.periods().values(), 2)


def grown(op: Op, means: Callable[[Op], bool]) -> tuple[Op, ...]:
    """The op with one length of its tensors longer, each of those that the call does not say, over a whole period.

    `means` tells whether it is still that call.
    """
    found, most = [], max(MOST_LONGER, period_of(op) + 1)
    for entry, n in _entries(op).items():
        longer = [*range(n + 1, n + max(4, period_of(op)) + 1), 2 * n + 1, 2 * n, 3 * n]
        changed = (_admitted(op, {entry: other}, means) for other in dict.fromkeys(longer))
        found += [other for other in changed if other is not None][:most]
    return tuple(dict.fromkeys(found))


def spread(op: Op, longer: Sequence[Op], means: Callable[[Op], bool]) -> tuple[Op, ...]:
    """The op with all its open lengths others at once: every residue of its period, long ones, and the least.

    `longer` is what `grown` found. Where lengths hang together so that none such is admitted, some of those.
    """
    own = _entries(op)
    free = [entry for entry in own if any(_entries(other).get(entry) != own[entry] for other in longer)]
    if not free:
        return ()
    period = period_of(op)
    residues = sorted(
        {j * period // MOST_RESIDUES for j in range(MOST_RESIDUES)} if period > MOST_RESIDUES else range(period)
    )
    steps = [*(j + 1 for j in residues), period + max(_LONGEST // len(free), 2)]
    asked = [{entry: own[entry] + step + 2 * i for i, entry in enumerate(free)} for step in steps]
    found = [other for lengths in asked if (other := _admitted(op, lengths, means))]
    least = (_admitted(op, dict.fromkeys(free, n), means) for n in range(1, max(own[entry] for entry in free)))
    found += [other for other in [next(filter(None, least), None)] if other is not None]
    return tuple(dict.fromkeys(found)) or tuple(longer[:: max(len(longer) // MOST_RESIDUES, 1)])


def _entries(op: Op) -> dict[tuple[str, int], int]:
    """Every integer among an op's parameters, by its parameter and its place in it."""
    found: dict[tuple[str, int], int] = {}
    for name in op.fields():
        value = getattr(op, name)
        numbers = value if isinstance(value, tuple) else (value,)
        if all(type(n) is int for n in numbers):
            found |= {(name, i): n for i, n in enumerate(numbers)}
    return found


def _admitted(op: Op, lengths: Mapping[tuple[str, int], int], means: Callable[[Op], bool]) -> Op | None:
    """The op with these integers, where it has other tensors then and is the same call; else None."""
    values: dict[str, Any] = {}
    for (name, i), n in lengths.items():
        own = values.get(name, getattr(op, name))
        values[name] = (*own[:i], n, *own[i + 1 :]) if isinstance(own, tuple) else n
    with suppress(ValueError, TypeError, LookupError, ArithmeticError):
        changed: Op = replace(op, **values)  # type: ignore[type-var]
        if changed.refusal() is None and changed.inputs() != op.inputs() and means(changed):
            return changed
    return None


def padded(call: Call, letters: str) -> Iterator[tuple[str, str, str, str]]:
    """What a convolution pads, an axis: a statement that computes the whole, or "", its letter, and the two ends.

    The text holds at every length. Negative ends cut off.
    """
    p = call.op
    for i, letter in enumerate(p.spatial):
        s, extent = p.stride[i], p.extent[i]
        if not isinstance(p.padding, str):
            low, high = p.padding[i]
            yield "", letter, str(low), str(high)
            continue
        if p.padding == "valid":
            yield "", letter, "0", "0"
            continue
        upper = p.padding != "same_lower"
        if s == 1:
            low, high = (extent - 1) // 2, extent - 1 - (extent - 1) // 2
            yield "", letter, str(low if upper else high), str(high if upper else low)
            continue
        n, name = f"x.shape[{letters.index(letter)}]", f"pad_{letter.lower()}"
        whole = f"{name} = {line(s, f'(({n} - 1) // {s})', extent)} - {n}"
        if extent < s:  # less than nothing is nothing
            whole += f"\n{name} = {name} * ({name} // {s} + 1)"
        half, rest = f"{name} // 2", f"{name} - {name} // 2"
        yield whole, letter, half if upper else rest, rest if upper else half
