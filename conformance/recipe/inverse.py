"""Which padding and output_padding give an output of a length: every way of saying it in the call's own framework.

The lengths are those of the op's definition in the framework's convention. What is found is written into the call, and
the call is read again; only what comes to the very length is an answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from conformance.ops.conv.convolution import Convolution, Refused
from conformance.recipe.call import Call, CallError
from conformance.recipe.literals import Expression
from conformance.recipe.reading import Reading, Shape, bind, shape_text
from conformance.recipe.signatures import ON_JAX, signatures
from conformance.recipe.syntax import parse

# So many answers are said: with a larger stride than dilation there is one for every output_padding of one parity.
MOST = 4


@dataclass(frozen=True)
class Way:
    """One way: the arguments that differ from the call's, the call with them, and the sizes that it comes to."""

    arguments: tuple[tuple[str, object], ...]
    text: str
    sizes: Shape

    @property
    def says(self) -> str:
        """`padding=1, output_padding=0`."""
        return ", ".join(f"{name}={value!r}" for name, value in self.arguments)


@dataclass(frozen=True)
class Ways:
    """What gives the sizes that are asked; where nothing does, what comes nearest to them from below and above."""

    own: Shape
    asked: Shape
    found: tuple[Way, ...]
    nearest: tuple[Way, ...] = ()


def ways(call: Call, asked: Shape) -> Ways:
    """How the call's padding has to be said for an output of these sizes (one for all axes, or one an axis)."""
    asked = asked * call.op.dims if len(asked) == 1 else asked
    if len(asked) != call.op.dims or min(asked) < 1:
        raise CallError(
            f"--length is {shape_text(asked)}, expected the output's sizes: one length of at least 1, or {call.op.dims}"
        )
    if call.function.split(".")[0] in ON_JAX:
        raise CallError(f"{call.function}: --length is of the call that it makes; ask it of that call of jax.lax")
    own = call.op.outputs()[0].shape[2:]
    tried = list(_tried(call.op, asked))
    found: dict[str, Way] = {}
    for changes, sizes in tried:
        if sizes == asked and len(found) < MOST and (way := _written(call, changes, sizes)):
            found.setdefault(way.text, way)
    if found or own == asked:
        return Ways(own, asked, tuple(found.values()))
    near = []
    for wanted in (
        max((sizes for _, sizes in tried if all(a <= b for a, b in zip(sizes, asked, strict=True))), default=None),
        min((sizes for _, sizes in tried if all(a >= b for a, b in zip(sizes, asked, strict=True))), default=None),
    ):
        way = next(
            (way for changes, sizes in tried if sizes == wanted and (way := _written(call, changes, sizes))),
            None,
        )
        near += [way] if way else []
    return Ways(own, asked, (), tuple(near))


def _tried(op: Convolution, asked: Shape) -> Iterator[tuple[dict[str, Any], Shape]]:
    """Padding and output padding in the words of the op's convention, with what comes of them; the plainest first."""
    words = {"torch": (), "keras": ("valid", "same")}.get(op.convention, ("valid", "same"))
    for word in words:
        yield from _words(op, word, asked)
    if op.convention == "keras" or (op.convention == "tensorflow" and (op.transposed or op.dims != 2)):
        return
    each = [list(_numbers(op, axis, asked[axis])) for axis in range(op.dims)]
    # What the axes have in common comes first; then the plainest of each, and then what comes near.
    lengths = [{tuple(changes.items()): length for changes, length in axis} for axis in each]
    for key in lengths[0]:
        if all(key in axis for axis in lengths):
            yield dict(key), tuple(axis[key] for axis in lengths)
    exact = [[entry for entry in axis if entry[1] == length] for axis, length in zip(each, asked, strict=True)]
    for entries in product(*((axis or near)[:2] for axis, near in zip(exact, each, strict=True))):
        names = entries[0][0]
        alike = all(changes == names for changes, _ in entries)
        if not alike:
            changes = {name: tuple(changes[name] for changes, _ in entries) for name in names}
            yield changes, tuple(length for _, length in entries)


def _words(op: Convolution, word: str, asked: Shape) -> Iterator[tuple[dict[str, Any], Shape]]:
    extras: list[int | None] = [None]
    if op.transposed and op.convention == "keras":
        extras += range(min(op.stride))
    for extra in extras:
        said = replace(
            op,
            padding=word,
            symmetric=False,
            output_padding=None if extra is None else (extra,) * op.dims,
            output_size=asked if op.convention == "tensorflow" and op.transposed else None,
        )
        if (sizes := _sizes(said)) is not None:
            more = {} if extra is None else {"output_padding": extra}
            yield {"padding": word, **more}, sizes


def _numbers(op: Convolution, axis: int, asked: int) -> Iterator[tuple[dict[str, Any], int]]:
    """The numbers for one axis, those that give what is asked first."""
    one = replace(
        op,
        dims=1,
        size=(op.size[axis],),
        kernel=(op.kernel[axis],),
        stride=(op.stride[axis],),
        dilation=(op.dilation[axis],),
        output_padding=None,
        output_size=None,
    )
    found = []
    most = one.extent[0] + max(asked, one.size[0]) * max(one.stride[0], 1)
    extras = range(max(one.stride[0], one.dilation[0])) if op.transposed and op.convention == "torch" else range(1)
    for extra in extras:
        for low in range(most if op.convention == "torch" else min(most, 2 * one.extent[0] + one.stride[0])):
            highs = (low,) if op.convention == "torch" else (low, low + 1)
            for high in highs:
                pad = (low, high)
                said = replace(one, padding=(pad,), symmetric=low == high)
                said = replace(said, output_padding=(extra,)) if op.transposed and op.convention == "torch" else said
                if (sizes := _sizes(said)) is None:
                    continue
                changes: dict[str, Any] = {"padding": low if op.convention == "torch" else pad}
                if op.transposed and op.convention == "torch":
                    changes["output_padding"] = extra
                found.append((changes, sizes[0]))
    yield from sorted(found, key=lambda entry: abs(entry[1] - asked))


def _sizes(op: Convolution) -> Shape | None:
    try:
        return tuple(axis.large if op.transposed else axis.small for axis in op.geometry())
    except Refused:
        return None


def _written(call: Call, changes: dict[str, Any], sizes: Shape) -> Way | None:
    """The call with other arguments, where it then comes to these sizes."""
    from conformance.recipe.read import read_call  # which reads every framework's calls, and what is asked of them

    parsed = parse(call.text, dict(call.values))
    signature = signatures()[call.function]
    given, order = bind(parsed, signature)
    reading = Reading(parsed, signature, given, order, None, None)
    instead: dict[str, object] = {}
    for name, value in changes.items():
        said: object = value
        if call.framework == "jax" and isinstance(value, str):
            said = value.upper()
        elif call.framework == "tensorflow":
            pairs = value if isinstance(value, tuple) and isinstance(value[0], tuple) else (value,) * call.op.dims
            said = value.upper() if isinstance(value, str) else [[0, 0], *map(list, pairs), [0, 0]]
        elif call.framework == "jax" and not isinstance(value[0], tuple):
            said = (value,) * call.op.dims
        if name in given or said != signature.parameters.get(name):
            instead[name] = said
    if "output_shape" in given:
        x, y = dict(zip(call.layout("x").axes, _shape(call, "x"), strict=True)), dict(call.layouts)["y"]
        lengths = {"N": x["N"], "C": call.op.out_channels, **dict(zip(call.op.spatial, sizes, strict=True))}
        instead["output_shape"] = [lengths[c] for c in y]
    roles = {name: value.text for name, v in given.items() if isinstance(value := v.value, Expression)}
    text = reading.written(signature.name, roles, instead)
    weight = None if call.kind == "layer" else _shape(call, "w")
    try:
        again = read_call(text, _shape(call, "x"), weight, dict(call.values))
    except CallError:
        return None
    return Way(tuple(instead.items()), text, sizes) if again.op.outputs()[0].shape[2:] == sizes else None


def _shape(call: Call, name: str) -> Shape:
    from conformance.recipe.weights import own_shape

    return own_shape(call, name)


def told(found: Ways) -> str:
    """For a person."""
    own, asked = ("x".join(map(str, sizes)) for sizes in (found.own, found.asked))
    if found.own == found.asked:
        return f"  gives {own} as it stands"
    lines = [f"  gives {own}; for {asked}:"]
    for way in found.found:
        lines.append(f"    {way.says}\n        {way.text}")
    if not found.found:
        lines = [f"  gives {own}; no padding gives {asked}; the nearest:"]
        for way in found.nearest:
            lines.append(f"    {'x'.join(map(str, way.sizes))} with {way.says}\n        {way.text}")
        if not found.nearest:
            lines[0] = f"  gives {own}; no padding gives {asked}, or anything near it"
    return "\n".join(lines)
