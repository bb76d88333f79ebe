"""What follows for every op from the declarations of its parameters: other readings, smaller questions, its text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import MISSING, Field, fields, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from conformance.ops.base import Field as Said
    from conformance.ops.base import Op

Q = TypeVar("Q", bound="Op")
Step = Callable[[Any], Iterator["Op"]]


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
                changed = _answered(op, field.name, other)
                if changed is not None:
                    yield f"{field.name} {shown(other)} for {shown(now)}", changed


def acceptances(op: Op) -> Iterator[tuple[str, tuple[int, ...]]]:
    """How refused parameters may be answered, and the first output's shape then: read otherwise, clamped, ignored."""
    if op.refusal() is None:
        return  # it is the case that wants it refused
    found: list[tuple[str, Op | None]] = [(f"one reads {text}", other) for text, other in readings(op)]
    for field in _declared(op):
        said: Said = field.metadata["param"]
        now, name = getattr(op, field.name), field.name
        if said.least is not None and isinstance(now, int):
            clamped = range(now - 1, max(said.least, now - CLAMPED) - 1, -1)
            taken = next((n for n in clamped if _answered(op, name, n) is not None), now)
            found.append((f"one clamps {name}: taken as {taken}", _answered(op, name, taken)))
        if field.default is not MISSING:
            found.append((f"one ignores {name}: taken as {shown(field.default)}", _answered(op, name, field.default)))
    for text, changed in found:
        if changed is not None:
            yield text, changed.outputs()[0].shape


CLAMPED = 64  # how far a parameter may be beyond what is admitted and still be taken for clamped


def given(op: Op) -> dict[str, Any]:
    """The parameters by name, those left out that are what they are without a word."""
    return {f.name: getattr(op, f.name) for f in _declared(op) if getattr(op, f.name) != f.default}


def smaller(op: type[Op]) -> tuple[tuple[str, Step], ...]:
    """A step a parameter: the default, the least that it may be, half, one less; then the like for each axis alone."""
    return tuple((field.name, partial(_nearer, field.name)) for field in _declared(op))


def _nearer(name: str, op: Op) -> Iterator[Op]:
    [field] = (f for f in _declared(op) if f.name == name)
    said: Said = field.metadata["param"]
    now = getattr(op, name)
    found: list[Any] = []
    if field.default is not MISSING and not (_sized(said, now) and _larger(field.default, now)):
        found.append(field.default)
    if said.least is not None and _sized(said, now):
        found += [_with_leaves(now, leaves) for leaves in fewer(_leaves(now), said.least)]
    for other in dict.fromkeys(found):
        if other != now:
            changed = _replaced(op, name, other)
            if changed is not None:
                yield changed


def _sized(said: Said, value: Any) -> bool:
    """Whether a parameter is a size, or several: not a word, nor left to what follows."""
    return said.least is not None and all(isinstance(n, int) for n in _leaves(value))


def _larger(default: Any, now: Any) -> bool:
    """Whether a size's default is no way to become smaller: it is above what there is, on some axis."""
    if default is None or isinstance(default, str):
        return False
    one, other = _leaves(default), _leaves(now)
    return len(one) != len(other) or any(a > b for a, b in zip(one, other, strict=True))


def _leaves(value: Any) -> tuple[int, ...]:
    """A parameter's numbers in a row, however they are nested."""
    return tuple(n for v in value for n in _leaves(v)) if isinstance(value, tuple) else (value,)


def _with_leaves(value: Any, leaves: tuple[int, ...]) -> Any:
    """A parameter with other numbers in the places of its own."""
    rest = iter(leaves)
    return _each(value, lambda _: next(rest))


def fewer(values: tuple[int, ...], least: int) -> Iterator[tuple[int, ...]]:
    """Every number at the least, then at half, then one at a time: least, half, one less. Below the least it stays."""

    def toward(step: Callable[[int, int], int], value: int) -> int:
        return step(least, value) if value > least else value

    for step in _NEARER[:2]:
        yield tuple(toward(step, v) for v in values)
    for i in range(len(values)):
        for step in _NEARER:
            yield (*values[:i], toward(step, values[i]), *values[i + 1 :])


_NEARER: tuple[Callable[[int, int], int], ...] = (
    lambda least, v: least,
    lambda least, v: (v + least) // 2,
    lambda least, v: v - 1,
)


def shown(value: Any) -> str:
    """A parameter's value as a label and an explanation show it: `3`, `2x3`, `tanh`, `yes`."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        flat = all(not isinstance(v, tuple) for v in value)
        return ("x" if flat else ",").join(":".join(map(str, v)) if isinstance(v, tuple) else str(v) for v in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _declared(op: Op | type[Op]) -> list[Field[Any]]:
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


def _answered(op: Q, name: str, value: Any) -> Q | None:
    """The question with another parameter, where the parameters then go together and the definition has an answer."""
    try:
        changed: Q = replace(op, **{name: value})  # type: ignore[type-var]
        return changed if changed.refusal() is None else None
    except (ValueError, TypeError, IndexError):
        return None


def _replaced(op: Q, name: str, value: Any) -> Q | None:
    try:
        return replace(op, **{name: value})  # type: ignore[type-var]
    except (ValueError, TypeError):
        return None
