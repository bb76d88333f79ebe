"""How each framework is asked: from an op to a plan, by the table in the framework's room.

No room's words import a framework, so all of this is tested without one. Every op x framework cell is words, a
function, or the reason why the framework can't be asked; a test walks the whole table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from conformance.frameworks.words import Words
from conformance.outcome import Unsupported
from conformance.plan import Plan

if TYPE_CHECKING:
    from conformance.exact.trilinear import Geometry
    from conformance.ops.base import Op
    from conformance.target import Target

Q = TypeVar("Q", bound="Op")


@dataclass(frozen=True)
class Ask(Generic[Q]):
    """What an adapter is given.

    `meaning` is `Op.meaning`, or None where the op's definition refuses the parameters; then a plan is only of use in
    the words of the case's own convention.
    """

    op: Q
    meaning: Any
    dtype: str
    target: Target

    def native(self, *conventions: str) -> bool:
        """Whether the case speaks this framework's own convention, so that its words can be passed on as they are."""
        return getattr(self.op, "convention", "") in conventions

    @property
    def geometry(self) -> Geometry | None:
        """The meaning of a convolution."""
        meaning: Geometry | None = self.meaning
        return meaning


Lowering: TypeAlias = Callable[[Ask[Any]], Plan | Unsupported]
# A cell of the table op x framework: words, several of which the first is taken that nothing speaks against, or a
# function. A text is the reason why there are no words, as it was observed.
Cell: TypeAlias = Words | tuple[Words, ...] | Lowering | str


def families(package: str) -> dict[str, Cell]:
    """The table of a room whose words stand a family of ops a file: `TABLE` of every module of the package."""
    found: dict[str, Cell] = {}
    for family in iter_modules(import_module(package).__path__):
        table = import_module(f"{package}.{family.name}").TABLE
        if twice := found.keys() & table.keys():
            raise ValueError(f"{package}: the words for {min(twice)} stand in two files")
        found.update(table)
    return found


def lower(ask: Ask[Any]) -> Plan | Unsupported:
    """The plan for one target, or why there is none."""
    framework = ask.target.spec
    cell = framework.words.get(ask.op.name)
    if cell is None:
        return Unsupported(f"{framework.name} has no {ask.op.name}")
    if isinstance(cell, str):
        return Unsupported(cell)
    if not isinstance(cell, Words | tuple):
        return cell(ask)
    words = several(cell)
    if ask.op.refusal() is not None:
        words = tuple(one for one in words if one.refuses)
        if not words:
            return Unsupported("the op's definition rejects these parameters, which this call does not look at itself")
    return said(words, ask.op, ask.target, ask.dtype)


def ways(ask: Ask[Any]) -> list[Plan | Unsupported]:
    """What each of a cell's words says, in their order; of a function or a reason that alone."""
    words = several(ask.target.spec.words.get(ask.op.name))
    if not words or ask.op.refusal() is not None:
        return [lower(ask)]
    op = ask.op
    return [one.plan(op, op.inputs(), op.outputs(), ask.target, ask.dtype) for one in words]


def several(cell: Cell | None) -> tuple[Words, ...]:
    """The words of a cell; none where it is a function or a reason."""
    if isinstance(cell, Words):
        return (cell,)
    return cell if isinstance(cell, tuple) else ()


def said(words: tuple[Words, ...], op: Op, target: Target, dtype: str) -> Plan | Unsupported:
    """The plan of the first words that nothing speaks against, or why the last of them can't say it."""
    found: Plan | Unsupported = Unsupported(f"no words for {op.name}")
    for one in words:
        found = one.plan(op, op.inputs(), op.outputs(), target, dtype)
        if isinstance(found, Plan):
            break
    return found
