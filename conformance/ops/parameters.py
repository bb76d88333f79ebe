"""What follows for every op from the declarations of its parameters: other readings, and smaller questions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import MISSING, Field, fields, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from conformance.ops.base import Field as Said
    from conformance.ops.base import Op

Q = TypeVar("Q", bound="Op")


def readings(op: Q) -> Iterator[tuple[str, Q]]:
    """The question with one parameter read otherwise: what explains a wrong answer, and what a self-test injects.

    A word for another word, a flag the other way round, a number one more or one less, the entries of an axis list
    reversed. Readings that the parameter's own declaration does not admit, or that the op refuses, are left out.
    """
    for field in _declared(op):
        said: Said = field.metadata["param"]
        now = getattr(op, field.name)
        for other in dict.fromkeys(_others(now, said)):
            if other != now and _admitted(said, other):
                changed = _replaced(op, field.name, other)
                if changed is not None and changed.refusal() is None:
                    yield f"{field.name} {shown(other)} for {shown(now)}", changed


def smaller(op: Q) -> Iterator[Q]:
    """The question with one parameter at its default, or nearer to the least that it may be: what minimize tries."""
    for field in _declared(op):
        said: Said = field.metadata["param"]
        now = getattr(op, field.name)
        found: list[Any] = [] if field.default is MISSING else [field.default]
        if said.least is not None:
            least = said.least
            found += [_each(now, partial(step, least)) for step in _NEARER]
        for other in dict.fromkeys(found):
            if other != now and type(other) is type(now):
                changed = _replaced(op, field.name, other)
                if changed is not None:
                    yield changed


_NEARER: tuple[Callable[[int, int], int], ...] = (
    lambda least, v: least,
    lambda least, v: (v + least) // 2,
    lambda least, v: max(v - 1, least),
)


def shown(value: Any) -> str:
    """A parameter's value as a label and an explanation show it: `3`, `2x3`, `tanh`, `yes`."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        flat = all(not isinstance(v, tuple) for v in value)
        return ("x" if flat else ",").join(":".join(map(str, v)) if isinstance(v, tuple) else str(v) for v in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _declared(op: Op) -> list[Field[Any]]:
    return [f for f in fields(op) if "param" in f.metadata]  # type: ignore[arg-type]  # every op is a dataclass


def _others(now: Any, said: Said) -> Iterator[Any]:
    yield from said.words
    if isinstance(now, bool):
        yield not now
    elif isinstance(now, tuple):
        yield now[::-1]
        yield _each(now, lambda v: v + 1)
        yield _each(now, lambda v: v - 1)
    elif isinstance(now, int):
        yield now + 1
        yield now - 1
    elif isinstance(now, float) and said.near:
        yield from said.near


def _each(value: Any, change: Callable[[int], int]) -> Any:
    if isinstance(value, tuple):
        return tuple(_each(v, change) for v in value)
    return change(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _admitted(said: Said, value: Any) -> bool:
    if said.least is None or isinstance(value, bool | str | float) or value is None:
        return True
    return bool(value >= said.least) if isinstance(value, int) else all(_admitted(said, v) for v in value)


def _replaced(op: Q, name: str, value: Any) -> Q | None:
    try:
        return replace(op, **{name: value})  # type: ignore[type-var]
    except (ValueError, TypeError):
        return None
