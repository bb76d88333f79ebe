"""Words: how a framework is asked, as data. A text with holes, the layouts that differ, and what can't be asked.

    Words(
        "y = torch.nn.functional.max_pool{size|dims}d(x, {kernel}, {stride}, {padding|lows})",
        unless={"not even(padding)": "PyTorch pads both ends alike"},
    )

A hole is filled with the Python literal of a value: one of the op's parameters, or of what its `meaning()` gives.
`{padding|lows}` applies a word of `WORDS`, or of the cell's own, to it first; several go from left to right. `|text`
writes a name as it stands. `{x_shape}` is the shape of the input x in the layout that the words ask for. Braces around
anything else are the plan's own.

What an op's definition rejects is asked in words that say `refuses`, and in no others: a call that is given the
parameters as they are must refuse them, one that is made of slices and pads has nobody who would look at them.

`unless` maps conditions over the same values to the reason why they can't be asked, as it was observed: the first that
holds is the answer. Conditions and holes may also read where the case runs: `on_mode`, `on_backend`, `on_device`,
`on_dtype`, and `on_options`, a list of texts such as `api=ops`.
They are written as in `where` (conformance/text/expression.py) and may call the words.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from conformance.layout import SPATIAL, LayoutError, parse_layout
from conformance.outcome import Unsupported
from conformance.plan import Plan
from conformance.text.expression import FUNCTIONS, Expression, ExpressionError, parse_expression
from conformance.text.nearest import did_you_mean

if TYPE_CHECKING:
    from conformance.target import Target

Word: TypeAlias = Callable[[Any], Any]

_HOLE = re.compile(r"\{(\w+(?:\|\w+)*)\}")
_NAME = re.compile(r"[A-Za-z_][\w.]*")
# Where a case runs, as conditions and holes read it.
PLACE = ("on_mode", "on_backend", "on_device", "on_dtype", "on_options")
TEXT = "text"
SHAPE = "_shape"


def _text(value: Any) -> Verbatim:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise ValueError(f"{value!r} is no name, which is all that is written as it stands")
    return Verbatim(value)


class Verbatim(str):
    """Text that a hole is filled with as it stands: a cell's own word may give it."""

    __slots__ = ()


WORDS: Mapping[str, Word] = {
    TEXT: _text,
    "dims": len,
    "first": lambda v: v[0],
    "rest": lambda share: round(1.0 - share, 12),  # what a share leaves of 1, in the digits that a person writes
    # Of a (before, after) pair an axis.
    "lows": lambda pairs: tuple(low for low, _ in pairs),
    "highs": lambda pairs: tuple(high for _, high in pairs),
    "even": lambda pairs: all(low == high for low, high in pairs),
    "backwards": lambda pairs: tuple(end for pair in reversed(pairs) for end in pair),  # as torch.nn.functional.pad
    # With what the axes of batch and channels have: before the spatial ones, or on both sides of them.
    "outer": lambda v: (1, 1, *v),
    "around": lambda v: (1, *v, 1),
    "outer_pairs": lambda pairs: ((0, 0), (0, 0), *pairs),
    "around_pairs": lambda pairs: ((0, 0), *pairs, (0, 0)),
    # Of one length a spatial axis: their letters, and every axis but the last where the channels are that,
    # and but the first, which is the batch.
    "letters": lambda space: SPATIAL[-len(space) :],
    "but_last": lambda space: tuple(range(len(space) + 1)),
    "but_outer": lambda space: tuple(range(1, len(space) + 1)),
}


class Named(Protocol):
    """A tensor of an op: its name, its canonical letters, and their lengths."""

    @property
    def name(self) -> str: ...

    @property
    def axes(self) -> str: ...

    @property
    def shape(self) -> tuple[int, ...]: ...


@dataclass(frozen=True)
class Words:
    """How one framework is asked one op. `layouts`: only where one is not the op's own. `own`: words of this cell."""

    text: str
    layouts: Mapping[str, str] | None = None
    unless: Mapping[str, str] | None = None
    note: str = ""
    own: Mapping[str, Word] | None = None
    # Whether the text calls what no plan in a case file may: it reads its arguments unchecked, and is given what fits.
    trusted: bool = False
    # Whether the call is given the parameters as they are, so that it must refuse what the op's definition rejects.
    refuses: bool = False

    def plan(
        self, op: object, inputs: Sequence[Named], outputs: Sequence[Named], target: Target, dtype: str
    ) -> Plan | Unsupported:
        """The plan for one op with these tensors, or why there is none."""
        options = tuple(f"{name}={value}" for name, value in target.options)
        place = dict(zip(PLACE, (target.mode, target.backend, target.device, dtype, options), strict=True))
        values = {**values_of(op), **place}
        read = {name: _listed(value) for name, value in values.items()}
        for condition, why in (self.unless or {}).items():
            if all(part(read) for part in _condition(condition, tuple(read), tuple((self.own or {}).items()))):
                return Unsupported(why)
        special = {name: self._filled(layout, values) for name, layout in (self.layouts or {}).items()}
        layouts = {tensor.name: special.get(tensor.name, tensor.axes) for tensor in (*inputs, *outputs)}
        names = tuple(tensor.name for tensor in outputs)
        shapes = {tensor.name + SHAPE: _laid_out(tensor, layouts[tensor.name]) for tensor in inputs}
        return Plan.of(self._filled(self.text, {**shapes, **values}), layouts, self.note, names, self.trusted)

    def _filled(self, text: str, values: Mapping[str, Any]) -> str:
        def hole(match: re.Match[str]) -> str:
            name, *words = match[1].split("|")
            value = values[name]
            for word in words:
                value = {**WORDS, **(self.own or {})}[word](value)
            return value if isinstance(value, Verbatim) else literal(value)

        return _HOLE.sub(hole, text)

    def wrong(self, known: Iterable[str], tensors: Iterable[str]) -> list[str]:
        """What is wrong with these words for an op that has these values and tensors; nothing is filled in."""
        names, allowed = (*known, *PLACE), {**WORDS, **(self.own or {})}
        shapes = [name + SHAPE for name in tensors]
        found = []
        for text in (self.text, *(self.layouts or {}).values()):
            for match in _HOLE.finditer(text):
                name, *words = match[1].split("|")
                if name not in names and not (text is self.text and name in shapes):
                    found.append(f"{match[0]}: the op has no {name!r}{did_you_mean(name, names)}")
                found += [f"{match[0]}: no word {w!r}{did_you_mean(w, allowed)}" for w in words if w not in allowed]
        found += [f"a layout for {name!r}, which the op has not" for name in set(self.layouts or ()) - set(tensors)]
        for condition, why in (self.unless or {}).items():
            try:
                _condition(condition, names, tuple((self.own or {}).items()))
            except ExpressionError as error:
                found.append(f"unless {condition!r}: {error}")
            if not why.strip():
                found.append(f"unless {condition!r}: no reason")
        return found + self._unreadable()

    def _some(self) -> str:
        """The text with its holes filled: a name as a part of one, nothing after what is complete, else a number."""
        made, end = "", 0
        for match in _HOLE.finditer(self.text):
            made += self.text[end : match.start()]
            last = made[-1:]
            named = last.isalnum() or last in ("_", ".") or match[1].endswith("|text")
            made += "" if last in (")", "]") else "name" if named else "0"
            end = match.end()
        return made + self.text[end:]

    def _unreadable(self) -> list[str]:
        """Whether the text is none of Python once its holes are filled, or has a hole that was not seen as one."""
        try:
            tree = ast.parse(self._some())
        except SyntaxError as error:
            return [f"not Python once its holes are filled: {error.msg}"]
        sets = [node for node in ast.walk(tree) if isinstance(node, ast.Set)]
        found = [f"{{{', '.join(map(ast.unparse, node.elts))}}} is no hole, and a plan has no sets" for node in sets]
        for name, layout in (self.layouts or {}).items():
            if not _HOLE.search(layout):
                try:
                    parse_layout(layout)
                except LayoutError as error:
                    found.append(f"{name}: {error}")
        return found


def values_of(op: object) -> dict[str, Any]:
    """What holes may name: an op's parameters, and what its `meaning()` adds to them."""
    assert is_dataclass(op)
    values = {field.name: getattr(op, field.name) for field in fields(op)}
    meaning = getattr(op, "meaning", None)
    meant = meaning() if callable(meaning) else None
    if isinstance(meant, Mapping):
        return {**meant, **values}
    if is_dataclass(meant):
        return {**{field.name: getattr(meant, field.name) for field in fields(meant)}, **values}
    return values


def _laid_out(tensor: Named, layout: str) -> tuple[int, ...]:
    sizes = dict(zip(tensor.axes, tensor.shape, strict=True))
    return tuple(prod(sizes[letter] for letter in axis) for axis in parse_layout(layout).axes)


def literal(value: Any) -> str:
    """A value as a plan writes it; TypeError where it has no literal that a plan may hold."""
    if type(value) in (bool, int, str, type(None)):
        return repr(value)
    if type(value) is float and value - value == 0:
        return repr(value)
    if type(value) in (tuple, list):
        items = [literal(item) for item in value]
        return f"({items[0]},)" if len(items) == 1 else f"({', '.join(items)})"
    raise TypeError(f"{value!r} has no literal: expected finite numbers, texts, and tuples of them")


def _listed(value: Any) -> Any:
    """A value as conditions compare it: [2, 2] is how they write what an op has as (2, 2)."""
    return [_listed(item) for item in value] if isinstance(value, tuple | list) else value


@lru_cache(maxsize=4096)
def _condition(text: str, names: tuple[str, ...], own: tuple[tuple[str, Word], ...]) -> tuple[Expression, ...]:
    return tuple(parse_expression(text, names, {**FUNCTIONS, **WORDS, **dict(own)}))
