"""Faults for every op, whatever its inputs and outputs are called: each is tried on every tensor it can be put into."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.faults.asked import Asked, Fault, run, tensor
from conformance.faults.gradients import GROUP as GRADIENTS
from conformance.faults.tensors import ANSWER, INPUTS, NONFINITE, ROUNDING, STALE
from conformance.judge.kinds import parse_into
from conformance.ops.base import Array, TensorSpec
from conformance.outcome import Outcome, Value

AnyArray = NDArray[Any]
Change = Callable[[AnyArray], AnyArray | None]


def _inputs(change: Change, real: bool, asked: Asked) -> Iterator[Outcome]:
    """Each input changed, one at a time."""
    for spec in asked.op.inputs():
        if real and spec.kind != "real":
            continue
        changed = change(asked.arrays[spec.name].copy())
        if changed is not None:
            yield run(replace(asked, arrays={**asked.arrays, spec.name: changed}))


def _stale(asked: Asked) -> Iterator[Outcome]:
    """Each input still holds what the case before put there."""
    before = asked.before.arrays if asked.before else {}
    for spec in asked.op.inputs():
        old = before.get(spec.name)
        if old is not None and old.size and prod(spec.shape) and spec.kind == "real":
            yield run(replace(asked, arrays={**asked.arrays, spec.name: np.resize(old, spec.shape)}))


def _outputs(change: Change, kinds: tuple[str, ...], asked: Asked) -> Iterator[Outcome]:
    """Each output of these kinds (any where there are none) changed, one at a time."""
    for spec in asked.outputs:
        values = asked.honest[spec.name].values
        if (kinds and spec.kind not in kinds) or values is None or not values.size:
            continue
        changed = change(values.astype(np.float64) if spec.kind == "real" else values.copy())
        if changed is not None:
            yield asked.having(spec.name, changed)


def _along(change: Callable[[AnyArray], AnyArray]) -> Iterator[tuple[int, Change]]:
    """`change` (of the first axis) on each of the first five axes that has two places or more."""
    for axis in range(5):
        yield axis, partial(_on_axis, axis, change)


def _on_axis(axis: int, change: Callable[[AnyArray], AnyArray], a: AnyArray) -> AnyArray | None:
    if axis >= a.ndim or a.shape[axis] < 2:
        return None
    return np.moveaxis(change(np.moveaxis(a, axis, 0).copy()), 0, axis)


def _set(index: Any, value: Any, a: AnyArray) -> AnyArray:
    a[index] = value
    return a


def _first_two(a: AnyArray) -> AnyArray:
    return a[[1, 0, *range(2, len(a))]]


def _shifted(a: AnyArray) -> AnyArray:
    return _set(0, 0, np.roll(a, 1, 0))


def _element(value: Callable[[Any], Any], a: AnyArray) -> AnyArray | None:
    """The element of largest magnitude changed."""
    if not a.size:
        return None
    flat = int(np.argmax(np.abs(a.reshape(-1))))
    a.reshape(-1)[flat] = value(a.reshape(-1)[flat])
    return a


def _axes_exchanged(a: AnyArray) -> AnyArray | None:
    return a.swapaxes(-1, -2) if a.ndim >= 2 else None


def _outputs_exchanged(asked: Asked) -> Iterator[Outcome]:
    """Two outputs under each other's name."""
    names = [spec.name for spec in asked.outputs]
    for i, one in enumerate(names):
        for other in names[i + 1 :]:
            yield Value({**asked.honest, one: asked.honest[other], other: asked.honest[one]})


def _output_missing(asked: Asked) -> Iterator[Outcome]:
    if len(asked.outputs) > 1:
        for spec in asked.outputs:
            yield Value({name: tensor for name, tensor in asked.honest.items() if name != spec.name})


def _other_dtype(asked: Asked) -> Iterator[Outcome]:
    """Each output in a dtype of another kind."""
    for spec in asked.outputs:
        found = asked.honest[spec.name]
        if found.values is not None and spec.kind != "complex":
            kind = "float64" if found.dtype != "float64" else "float32"
            with np.errstate(over="ignore"):
                values = tensor(found.values.astype(np.float64), kind)
            yield Value({**asked.honest, spec.name: values})


def _unstable(asked: Asked) -> Iterator[Outcome]:
    """Other bits in a repeat of the call."""
    for spec in asked.outputs:
        if prod(spec.shape):
            yield Value(dict(asked.honest), unstable={spec.name: 1})


def _zero_of_the_other_sign(asked: Asked) -> Iterator[Outcome]:
    """One zero has the other sign; all else is exact, the signs of the other zeros among it."""
    real = [spec for spec in asked.outputs if spec.kind == "real"]
    exact = {spec.name: asked.expectation.outputs[spec.name].value for spec in real}
    for spec in real:
        zeros = np.flatnonzero(exact[spec.name] == 0.0)
        if zeros.size:
            values = exact[spec.name].copy()
            values.reshape(-1)[zeros[0]] = -values.reshape(-1)[zeros[0]]
            others = {name: asked.having(name, right).outputs[name] for name, right in exact.items()}
            yield Value({**asked.honest, **others, spec.name: asked.having(spec.name, values).outputs[spec.name]})


# --- indices --------------------------------------------------------------------------------------------------------


def _indices(change: Callable[[AnyArray, int, TensorSpec], AnyArray | None], asked: Asked) -> Iterator[Outcome]:
    """Each output of indices changed; `change` is told how many places there are."""
    specs = {spec.name: spec for spec in asked.op.inputs()}
    for spec in asked.outputs:
        values = asked.honest[spec.name].values
        if spec.kind == "index" and values is not None and values.size:
            name, letters, _ = parse_into(spec.into)
            places = prod(specs[name].sizes[letter] for letter in letters)
            changed = change(values.astype(np.int64), places, spec)
            if changed is not None:
                yield asked.having(spec.name, changed)


def _twice(a: AnyArray, _: int, spec: TensorSpec) -> AnyArray | None:
    """A place named twice where each may be named once."""
    letters, once = parse_into(spec.into)[1:]
    return _on_axis(spec.axes.index(letters), lambda b: _set(1, b[0], b), a) if once and letters in spec.axes else None


# --- gradients ------------------------------------------------------------------------------------------------------


def _gradients(change: Callable[[Array], Array | None], asked: Asked) -> Iterator[Outcome]:
    """The gradient of each input changed (or missing, where `change` gives None), one at a time."""
    if asked.case.dtype not in ("float32", "float64") or not asked.y.size:
        return
    right = {name: reference.value for name, reference in asked.gradients.items()}
    for name, value in right.items():
        changed = change(value.copy())
        pulled = {key: v for key, v in right.items() if key != name} | ({name: changed} if changed is not None else {})
        kind = asked.case.dtype
        yield Value(dict(asked.honest), {key: tensor(v, kind) for key, v in pulled.items()})


def _instead(number: float, _: Any) -> float:
    return number


def _fault(name: str, group: str, make: Callable[[Asked], Iterator[Outcome]], within: bool = False) -> Fault:
    return Fault(name, group, make, within, optional=True)


def general_faults() -> Iterator[Fault]:
    """One line a fault."""
    real = ("real",)
    for axis, change in _along(_first_two):
        yield _fault(f"an input permuted along axis {axis}", INPUTS, partial(_inputs, change, False), True)
        yield _fault(f"an output permuted along axis {axis}", ANSWER, partial(_outputs, change, ()), True)
    yield _fault("an input negated", INPUTS, partial(_inputs, np.negative, True), True)
    yield _fault("an input of absolute values", INPUTS, partial(_inputs, np.abs, True), True)
    lost = partial(_element, lambda _: 0)
    yield _fault("the largest element of an input lost", INPUTS, partial(_inputs, lost, True), True)
    yield _fault("an input of the case before", STALE, _stale, True)
    for word, along in (
        ("shifted", _shifted),
        ("rolled", lambda a: np.roll(a, 1, 0)),
        ("with its first slice unwritten", lambda a: _set(0, 0, a)),
        ("with its last slice unwritten", lambda a: _set(-1, 0, a)),
        ("with a slice repeated", lambda a: _set(1, a[0], a)),
    ):
        for axis, change in _along(along):
            yield _fault(f"an output {word} on axis {axis}", ANSWER, partial(_outputs, change, ()), True)
    yield _fault("two axes of an output exchanged", ANSWER, partial(_outputs, _axes_exchanged, ()), True)
    yield _fault("an output of zeros", ANSWER, partial(_outputs, np.zeros_like, ()))
    yield _fault("an output with an axis more", ANSWER, partial(_outputs, lambda a: a[None], ()))
    yield _fault("two outputs exchanged", STALE, _outputs_exchanged)
    yield _fault("an output missing", ANSWER, _output_missing)
    for word, value, within in (("1e-4", 1 + 1e-4, True), ("1 %", 1.01, True)):
        off = partial(_element, partial(np.multiply, value))
        yield _fault(f"one element of an output off by {word}", ROUNDING, partial(_outputs, off, real), within)
    for word, number in (("NaN", np.nan), ("infinity", np.inf), ("-infinity", -np.inf)):
        put = partial(_element, partial(_instead, number))
        yield _fault(f"{word} in an output", NONFINITE, partial(_outputs, put, real))
    yield _fault("an output in another dtype", ROUNDING, _other_dtype)
    yield _fault("an output with other bits in a repeat", ANSWER, _unstable)
    yield Fault("a zero of the other sign", ROUNDING, _zero_of_the_other_sign, signs=True, optional=True)
    whole = ("integer", "boolean")
    yield _fault("another integer or truth", ANSWER, partial(_outputs, partial(_element, np.logical_not), whole))
    yield _fault("an index out of range", ANSWER, partial(_indices, lambda a, n, _: _element(lambda _: n, a)))
    yield _fault("a negative index", ANSWER, partial(_indices, lambda a, n, _: a - n))
    yield _fault("indices of other places", ANSWER, partial(_indices, lambda a, n, _: (a + 1) % n))
    yield _fault("a place named twice", ANSWER, partial(_indices, _twice))
    for word, pulled in (
        ("missing", lambda _: None),
        ("doubled", lambda a: 2 * a),
        ("negated", lambda a: -a),
        ("zero", np.zeros_like),
        ("of one NaN", lambda a: _element(lambda _: np.nan, a)),
    ):
        yield _fault(f"the gradient of an input {word}", GRADIENTS, partial(_gradients, pulled), word == "doubled")
