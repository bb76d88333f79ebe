"""One text for several: plans that were made for tensors of several lengths, with what differs written by a length.

A number follows a length of a tensor in a line, `2 * x.shape[1] - 1`, or, where a stride leaves a remainder, in the
whole strides of it as well, `2 * ((x.shape[1] - 1) // 2) + 3 - x.shape[1]`, and in halves of that. What goes by a
stride is computed in a statement of its own, before any tensor is cut or padded.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Lengths = Mapping[str, int]


def merged(
    texts: Sequence[str], lengths: Sequence[Lengths], periods: Sequence[int] = (), axes: Mapping[str, str] | None = None
) -> str | None:
    """One text for several, or None: what differs follows from a length, `x.shape[1]`, that each of `lengths` has.

    `periods`: strides by which a number may go. `axes`: what a model calls a length that is open, by its expression. A
    tensor may be cut or padded before a line that reads its length; who uses the text runs it.
    """
    merge = _Merge(lengths, periods, axes or {})
    try:
        tree = merge.node([ast.parse(text) for text in texts])
    except _DifferError:
        return None
    assert isinstance(tree, ast.Module)
    first = [ast.parse(f"{name} = {text}").body[0] for text, name in merge.named.items()]
    text = ast.unparse(ast.fix_missing_locations(ast.Module([*first, *tree.body], [])))
    return text.replace("1e309", "1e999")  # infinity, as Python has it and as plans write it


def shape_of(name: str, shape: Sequence[int]) -> dict[str, int]:
    """The lengths of a tensor by the expressions for them."""
    return {f"{name}.shape[{i}]": length for i, length in enumerate(shape)}


def line(slope: int, name: str, offset: int) -> str:
    """`2 * n + 1` without what says nothing."""
    text = name if slope == 1 else f"{slope} * {name}"
    return text if not offset else f"{text} {'+' if offset > 0 else '-'} {abs(offset)}"


class _DifferError(Exception):
    """Plans that differ in more than numbers."""


class _Merge:
    """`named`: expressions that stand before the text, and their names."""

    def __init__(self, lengths: Sequence[Lengths], periods: Sequence[int], axes: Mapping[str, str]) -> None:
        self.lengths = lengths
        self.periods = periods
        self.axes = axes
        self.named: dict[str, str] = {}

    def node(self, nodes: Sequence[ast.AST]) -> ast.AST:
        first = nodes[0]
        if len({type(node) for node in nodes}) > 1:
            raise _DifferError
        if isinstance(first, ast.Constant):
            values = [node.value for node in nodes if isinstance(node, ast.Constant)]
            if all(value == first.value for value in values):
                return first
            texts = [value for value in values if isinstance(value, str)]
            return ast.Constant(self._model(texts)) if len(texts) == len(values) else self._followed(values)
        changed: dict[str, Any] = {}
        for name, value in ast.iter_fields(first):
            parts = [getattr(node, name) for node in nodes]
            if isinstance(value, ast.AST):
                changed[name] = self.node(parts)
            elif isinstance(value, list):
                if len({len(part) for part in parts}) > 1:
                    raise _DifferError
                rows = zip(*parts, strict=True)
                changed[name] = [self.node(row) if isinstance(row[0], ast.AST) else row[0] for row in rows]
            elif any(part != value for part in parts):
                raise _DifferError
            else:
                changed[name] = value
        return type(first)(**changed)

    def _followed(self, values: Sequence[object]) -> ast.expr:
        """An expression for a number that is another in each text."""
        numbers = [value for value in values if type(value) is int]
        open_to = self._open() if len(numbers) == len(values) else {}
        for name, along in open_to.items():
            if found := _through(along, numbers):
                return _expression(line(found[0], name, found[1]))
        for name, along in open_to.items():
            for period in self.periods:
                for text, half in _by_strides(name, along, numbers, period):
                    said = self.named.setdefault(text, self._name(name))
                    return _expression(half.format(said))
        raise _DifferError

    def _open(self) -> dict[str, list[int]]:
        """The lengths that are not the same for every text."""
        found = {name: [lengths[name] for lengths in self.lengths] for name in self.lengths[0]}
        return {name: along for name, along in found.items() if len(set(along)) > 1}

    def _name(self, length: str) -> str:
        """`spare_1`, of x.shape[1]; a further one is `spare_1b`."""
        stem = f"spare_{length.rpartition('[')[2].rstrip(']')}"
        taken = set(self.named.values())
        return next(name for name in (stem, *(stem + c for c in "bcdefghijklmnop")) if name not in taken)

    def _model(self, texts: Sequence[str]) -> str:
        """The text of an ONNX model whose tensors' open lengths have names in place of numbers."""
        # No two lengths of different tensors share a name, or the runtime takes them to be equal.
        texts = [_MADE.sub(lambda made: _TYPED.sub(_unsaid, made[0]), text) for text in texts]
        heads, bodies = zip(*(text.partition("=>")[::2] for text in texts), strict=True)
        if len(set(bodies)) > 1 or len({_TYPED.sub("", head) for head in heads}) > 1:
            raise _DifferError
        rows = zip(*(_TYPED.findall(head) for head in heads), strict=True)
        shapes = iter([self._named_axes([dims.split(",") for dims, _ in row], row[0][1]) for row in rows])
        return f"{_TYPED.sub(lambda match: f'[{next(shapes)}] {match[2]}', heads[0])}=>{bodies[0]}"

    def _named_axes(self, shapes: Sequence[Sequence[str]], name: str) -> str:
        said = []
        for i, lengths in enumerate(zip(*shapes, strict=True)):
            own = f"{name}.shape[{i}]"
            said.append(lengths[0] if len(set(lengths)) == 1 else self.axes.get(own, f"{name}{i}"))
        return ",".join(said)


# A tensor of a model, float[1,3,8,8] x, and what the model gives.
_TYPED = re.compile(r"\[([\w,]+)\] (\w+)")
_MADE = re.compile(r"=> \(.*?\)")


def _unsaid(tensor: re.Match[str]) -> str:
    return f"[{','.join('?' for _ in tensor[1].split(','))}] {tensor[2]}"


def _through(along: Sequence[int], numbers: Sequence[int]) -> tuple[int, int] | None:
    """Slope and offset of the line through all numbers, or None; a level line is none."""
    other = next((j for j, n in enumerate(along) if n != along[0]), None)
    if other is None:
        return None
    slope = (numbers[other] - numbers[0]) // (along[other] - along[0])
    offset = numbers[0] - slope * along[0]
    fits = all(slope * n + offset == value for n, value in zip(along, numbers, strict=True))
    return (slope, offset) if slope and fits else None


def _by_strides(name: str, along: Sequence[int], numbers: Sequence[int], period: int) -> Iterator[tuple[str, str]]:
    """Expressions of whole strides for all numbers, the simplest first, and the form in which each is used."""
    if len({n % period for n in along}) < period:
        return  # a remainder that was not seen may have any number
    for shift in (-1, *range(1 - period, -1), 0):
        whole = [(n + shift) // period for n in along]
        strides = f"({line(1, name, shift)} // {period})" if not shift else f"(({line(1, name, shift)}) // {period})"
        for rest, sign in (("", 0), (f" - {name}", 1)):
            found = _through(whole, [v + sign * n for v, n in zip(numbers, along, strict=True)])
            if found and len(set(whole)) > 2:
                yield line(found[0], strides, found[1]) + rest, "{}"
        # What a last stride reaches beyond the end, and no less than nothing of it; or half of that.
        for more in range(1 - period, 2 * max(numbers) + period + 1):
            spare = [period * w + more - n for w, n in zip(whole, along, strict=True)]
            text = line(period, strides, more) + f" - {name}"
            for clipped in (False, True):
                if clipped and (min(spare) >= 0 or min(spare) < -period or max(spare) >= period):
                    continue
                found_spare = [max(n, 0) for n in spare] if clipped else spare
                said = f"{{0}} * ({{0}} // {period} + 1)" if clipped else "{0}"
                if clipped and numbers == found_spare:
                    yield text, said
                if numbers == [n // 2 for n in found_spare]:
                    yield text, f"{said} // 2"
                if numbers == [n - n // 2 for n in found_spare]:
                    yield text, f"({said} + 1) // 2"


def _expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body
