"""Simpler values: towards 0 and 1, as few that are neither as the failure allows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np

from conformance.ask.prepare import CaseError, prepare
from conformance.minimize.parameters import Cases
from conformance.ops.base import Array, TensorSpec
from conformance.suite.case import Case, Place, Values
from conformance.suite.settings import specials_name
from conformance.suite.values import ValuesError

# Beyond this many elements a recipe is shorter than the numbers that it makes.
LITERAL_MOST = 64

Arrays = dict[str, Array]


def recipe(case: Case) -> Cases:
    """A simpler recipe: ones everywhere, then, for special values, a plainer base and fewer of them."""
    values = case.values
    if values.kind != "ones":
        yield replace(case, values=Values("ones"))
    if values.kind == "normal":
        yield replace(case, values=Values("integers"))
    if values.kind == "literal" and values.name:
        yield replace(case, values=replace(values, name=""))
    if values.kind != "specials":
        return
    for base in ("zeros", "ones", "integers"):
        if base == values.base:
            break
        yield _specials(case, base, values.places)
    for i in range(len(values.places)):
        yield _specials(case, values.base, values.places[:i] + values.places[i + 1 :])
    for i, place in enumerate(values.places):
        for simpler in _simpler(place):
            yield _specials(case, values.base, (*values.places[:i], simpler, *values.places[i + 1 :]))


def _specials(case: Case, base: str, places: tuple[Place, ...]) -> Case:
    return replace(case, values=Values("specials", base, places, (), specials_name(base, places)))


def _simpler(place: Place) -> Iterator[Place]:
    if place.index != "first":
        yield replace(place, index="first")
    try:
        number = float(place.value)
    except ValueError:
        return  # a word keeps its meaning
    if np.isfinite(number) and number not in (0.0, 1.0) and abs(number) >= 1.0:
        yield replace(place, value="1")


def literal(case: Case) -> Cases:
    """The same numbers, spelled out, where they are few."""
    if case.values.kind in ("literal", "specials", "ones") or _elements(case) > LITERAL_MOST:
        return
    arrays = arrays_of(case)
    if arrays is not None:
        yield with_arrays(case, arrays)


def towards_zero(case: Case) -> Cases:
    """For each tensor ones alone, a single one, then zeros in place of ever smaller runs of elements."""
    arrays = _written(case)
    for name, array in arrays.items():
        flat = array.reshape(-1)
        if not array.size:
            continue
        yield with_arrays(case, {**arrays, name: np.ones_like(array)})
        if np.count_nonzero(flat) > 1:
            for i in np.flatnonzero(flat):
                single = np.zeros_like(flat)
                single[i] = 1.0
                yield with_arrays(case, {**arrays, name: single.reshape(array.shape)})
        length = array.size
        while length >= 1:
            for start in range(0, array.size, length):
                if flat[start : start + length].any():
                    zeroed = flat.copy()
                    zeroed[start : start + length] = 0.0
                    yield with_arrays(case, {**arrays, name: zeroed.reshape(array.shape)})
            length //= 2


def towards_one(case: Case) -> Cases:
    """For each element that is neither 0 nor 1: 1, else -1, else the nearest power of two, else an integer."""
    arrays = _written(case)
    for name, array in arrays.items():
        flat = array.reshape(-1)
        for i, value in enumerate(flat):
            if value in (0.0, 1.0) or not np.isfinite(value):
                continue
            power = np.sign(value) * 2.0 ** np.round(np.log2(abs(value)))
            for simpler in dict.fromkeys((1.0, -1.0, 2.0, float(power), float(np.rint(value)))):
                if _cost(simpler) < _cost(float(value)):
                    changed = flat.copy()
                    changed[i] = simpler
                    yield with_arrays(case, {**arrays, name: changed.reshape(array.shape)})


def _cost(value: float) -> tuple[int, float]:
    """What is simpler: 0, 1, -1, then integers by size, powers of two, then digits."""
    whole = value == np.rint(value)
    return (0 if whole else len(repr(value)), abs(value) + (0.5 if value < 0 else 0.0))


def _written(case: Case) -> Arrays:
    return (arrays_of(case) or {}) if case.values.kind == "literal" else {}


def arrays_of(case: Case) -> Arrays | None:
    """The case's inputs in canonical layout, the very ones that targets are sent; None where there are none."""
    try:
        return prepare(case).arrays
    except (CaseError, ValuesError):
        return None


def largest(case: Case) -> float:
    """The largest magnitude of the case's inputs, of what is finite; 0 where there are none."""
    found = [np.abs(array[np.isfinite(array)]).max(initial=0.0) for array in (arrays_of(case) or {}).values()]
    return float(max(found, default=0.0))


def with_arrays(case: Case, arrays: Arrays) -> Case:
    """The case with these inputs, spelled out."""
    written = tuple((name, nested(array)) for name, array in arrays.items())
    return replace(case, values=Values("literal", arrays=written))


def nested(array: Array) -> Any:
    """An array as nested tuples without its axes of length 1: only the order of the elements counts."""
    squeezed = array.squeeze()
    return _tuples(np.atleast_1d(squeezed).tolist()) if array.size else ()


def _tuples(value: Any) -> Any:
    return tuple(_tuples(v) for v in value) if isinstance(value, list) else float(value)


def cropped(case: Case, specs: tuple[TensorSpec, ...]) -> Values | None:
    """The case's literal values, cut down to smaller tensors; None where these are larger or of other axes."""
    old = {spec.name: spec for spec in case.op.inputs()}
    arrays = []
    for name, values in case.values.arrays:
        spec = next((s for s in specs if s.name == name), None)
        if spec is None:
            continue
        before = old[name]
        if spec.axes != before.axes or any(n > m for n, m in zip(spec.shape, before.shape, strict=True)):
            return None
        array = np.asarray(values, dtype=np.float64).reshape(before.shape)
        arrays.append((name, nested(array[tuple(slice(n) for n in spec.shape)])))
    return replace(case.values, arrays=tuple(arrays))


def _elements(case: Case) -> int:
    return sum(prod(spec.shape) for spec in case.op.inputs())


STEPS = (("values", recipe), ("literal", literal), ("zeros", towards_zero), ("ones", towards_one))
