"""A call at other lengths, and one text for all of them.

A call is read again for another input: what it admits, and what it means there, is the reader's word. A plan that was
made for several inputs becomes one plan: an integer that is not the same in all of them is written by what it follows,
a length of x.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from itertools import cycle
from typing import Any

from conformance.ops.base import Op
from conformance.ops.conv.convolution import Refused
from conformance.recipe.call import Call, CallError
from conformance.recipe.read import read_call
from conformance.recipe.weights import own_shape

# More residues of a stride are not run: the first, the last and some between.
MOST_RESIDUES = 8
# By so many other lengths a plan is held, where a call leaves one open.
MOST_LONGER = 5
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
        weight = own_shape(call, "w") if call.kind == "function" else None
        found = read_call(call.text, shape, weight, dict(call.values))
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
        start = max(least, *p.extent)
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


def merged(texts: Sequence[str], lengths: Sequence[Mapping[str, int]]) -> str | None:
    """One text for several: what differs follows from a length, `x.shape[1]`, that each of `lengths` has. Or None.

    A tensor may be cut or padded by then; who uses the text runs it.
    """
    try:
        tree = _merge([ast.parse(text) for text in texts], lengths)
    except _DifferError:
        return None
    return ast.unparse(ast.fix_missing_locations(tree))


class _DifferError(Exception):
    """Plans that differ in more than numbers."""


def shape_of(name: str, shape: Sequence[int]) -> dict[str, int]:
    """The lengths of a tensor by the expressions for them."""
    return {f"{name}.shape[{i}]": length for i, length in enumerate(shape)}


def _merge(nodes: Sequence[ast.AST], lengths: Sequence[Mapping[str, int]]) -> ast.AST:
    first = nodes[0]
    if len({type(node) for node in nodes}) > 1:
        raise _DifferError
    if isinstance(first, ast.Constant):
        values = [node.value for node in nodes if isinstance(node, ast.Constant)]
        return first if all(value == first.value for value in values) else _followed(values, lengths)
    changed: dict[str, Any] = {}
    for name, value in ast.iter_fields(first):
        parts = [getattr(node, name) for node in nodes]
        if isinstance(value, ast.AST):
            changed[name] = _merge(parts, lengths)
        elif isinstance(value, list):
            if len({len(part) for part in parts}) > 1:
                raise _DifferError
            rows = zip(*parts, strict=True)
            changed[name] = [_merge(row, lengths) if isinstance(row[0], ast.AST) else row[0] for row in rows]
        elif any(part != value for part in parts):
            raise _DifferError
        else:
            changed[name] = value
    return type(first)(**changed)


def _followed(values: Sequence[object], lengths: Sequence[Mapping[str, int]]) -> ast.expr:
    """`2 * x.shape[1] - 1`: the line through all values over one of the lengths."""
    numbers = [value for value in values if type(value) is int]
    for name, first in lengths[0].items() if len(numbers) == len(values) else ():
        along = [length[name] for length in lengths]
        other = next((j for j, n in enumerate(along) if n != first), None)
        if other is None:
            continue
        slope = (numbers[other] - numbers[0]) // (along[other] - first)
        offset = numbers[0] - slope * first
        if slope and all(slope * n + offset == value for n, value in zip(along, numbers, strict=True)):
            return ast.parse(line(slope, name, offset), mode="eval").body
    raise _DifferError


def grown(op: Op, means: Callable[[Op], bool]) -> tuple[Op, ...]:
    """The op with lengths of its tensors that the call does not say: `means` tells whether it is still that call."""
    found = []
    for name in op.fields():
        value = getattr(op, name)
        numbers = value if isinstance(value, tuple) else (value,)
        if not numbers or any(type(n) is not int for n in numbers):
            continue
        for i, n in enumerate(numbers):
            longer = []
            for other in (n + 1, n + 2, n + 3, n + 4, 2 * n + 1, 2 * n, 3 * n):
                entries = (*numbers[:i], other, *numbers[i + 1 :])
                with suppress(ValueError, TypeError, LookupError, ArithmeticError):
                    changed: Op = replace(op, **{name: entries if isinstance(value, tuple) else other})  # type: ignore[type-var]
                    if changed.refusal() is None and changed.inputs() != op.inputs() and means(changed):
                        longer.append(changed)
            found += longer[:MOST_LONGER]
    return tuple(dict.fromkeys(found))


def line(slope: int, name: str, offset: int) -> str:
    """`2 * n + 1` without what says nothing."""
    text = name if slope == 1 else f"{slope} * {name}"
    return text if not offset else f"{text} {'+' if offset > 0 else '-'} {abs(offset)}"


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
