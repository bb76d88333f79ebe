"""The confusions that follow for every op from its parameters and tensors; a family adds what it alone knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations, permutations
from math import factorial
from typing import Any

import numpy as np

from conformance.dtypes import DTYPES, narrowed
from conformance.ops.confusions import Apply, Confusion, Stage
from conformance.ops.question import Question
from conformance.ops.reference import Array

Way = tuple[str, Stage, Apply[Question]]
Found = Iterator[Way]

# The longest axes of which every place or every order is tried, and the most axes in every order.
_PLACES, _MARKS, _AXES = 16, 5, 4


def on(text: str, name: str, change: Callable[..., Array], *args: Any) -> Way:
    """A variant that changes one input, or the answer (`y`), to `change(array, *args)`."""

    def apply(q: Question) -> Question | None:
        array = q.y if name == "y" else q.arrays.get(name)
        if array is None:
            return None
        changed = change(array, *args)
        # An input that is as before is no confusion, and costs an evaluation.
        return None if name != "y" and np.array_equal(changed, array, equal_nan=True) else q.having(**{name: changed})

    return text, Stage.OUTPUT if name == "y" else Stage.ARRAYS, apply


def read_as(text: str, op: Any) -> Way:
    """A variant that asks another question of the same arrays."""
    return text, Stage.PARAMS, lambda q: q.read_as(op)


def _tensors(q: Question) -> Iterator[tuple[str, str, Any]]:
    """Every tensor that may be confused: what a text calls it, its name among the arrays, and its spec."""
    for spec in q.op.inputs():
        yield f"the input {spec.name}", spec.name, spec
    spec = q.spec
    yield f"the output {spec.name}", "y", spec


def _neighbours(q: Question) -> Found:
    for text, other in q.op.neighbours():
        yield read_as(text, other)


def _readings(q: Question) -> Found:
    for text, other in q.op.readings():
        yield read_as(text, other)


def _marks(q: Question) -> Found:
    """Named slices along an axis in another order: gates, queries and keys."""
    for text, name, spec in _tensors(q):
        for letter, slices in spec.marks:
            if len(slices) > _MARKS:
                continue
            axis = spec.axes.index(letter)
            for order in permutations(range(len(slices))):
                if list(order) != sorted(order):
                    words = f"{text} with its slices along {letter} ordered {''.join(slices[i] for i in order)}"
                    # What stood at place i of the other order stands at place order[i] of ours.
                    yield on(f"{words}, read as {slices}", name, np.take, list(order), axis)


def _several_marks(q: Question) -> Found:
    """All inputs that have the same named slices, in the same other order: weights copied from another framework."""
    marked: dict[str, list[tuple[str, int]]] = {}
    for spec in q.op.inputs():
        for letter, slices in spec.marks:
            marked.setdefault(slices, []).append((spec.name, spec.axes.index(letter)))
    for slices, places in marked.items():
        if len(slices) > _MARKS or len(places) < 2:
            continue
        for order in permutations(range(len(slices))):
            if list(order) != sorted(order):
                names = ", ".join(name for name, _ in places)
                text = f"the slices of {names} ordered {''.join(slices[i] for i in order)}, read as {slices}"
                yield text, Stage.ARRAYS, _reordered(places, list(order))


def _reordered(places: Sequence[tuple[str, int]], order: list[int]) -> Apply[Question]:
    def apply(q: Question) -> Question | None:
        return q.having(**{name: np.take(q.arrays[name], order, axis) for name, axis in places})

    return apply


def _exchanged_inputs(q: Question) -> Found:
    for one, other in combinations(q.op.inputs(), 2):
        if one.shape == other.shape and one.kind == other.kind:
            yield (
                f"the inputs {one.name} and {other.name} exchanged",
                Stage.ARRAYS,
                _exchange(one.name, other.name),
            )


def _exchange(one: str, other: str) -> Apply[Question]:
    return lambda q: q.having(**{one: q.arrays[other], other: q.arrays[one]})


def _another_output(q: Question) -> Found:
    for spec in q.op.outputs():
        if spec.name != q.output and spec.shape == q.spec.shape:
            yield f"the output {spec.name} in its place", Stage.OUTPUT, _of_output(spec.name)


def _of_output(name: str) -> Apply[Question]:
    def apply(q: Question) -> Question | None:
        # A reading that came before may have left the op without it.
        if all(spec.name != name for spec in q.op.outputs()):
            return None
        other = Question(q.op, q.arrays, name)
        return q.having(y=other.reference.value)

    return apply


def _swapped_axes(q: Question) -> Found:
    for text, name, spec in _tensors(q):
        for i, j in combinations(range(len(spec.axes)), 2):
            if spec.shape[i] == spec.shape[j] > 1:
                words = f"{text} with its axes {spec.axes[i]} and {spec.axes[j]} exchanged"
                yield on(words, name, np.swapaxes, i, j)


def _misread(q: Question) -> Found:
    """Laid out in memory in one order of axes and read in another, with the right shape and no transpose."""
    for text, name, spec in _tensors(q):
        long = [c for c, n in zip(spec.axes, spec.shape, strict=True) if n > 1]
        if not 2 <= len(long) <= _AXES:
            continue
        for order in permutations(range(len(spec.axes))):
            stored = "".join(spec.axes[i] for i in order)
            if [c for c in stored if c in long] != long:
                yield on(f"{text} stored as {stored} and read as {spec.axes}", name, _reread, order)
                yield on(f"{text} stored as {spec.axes} and read as {stored}", name, _read_back, order)


def _reread(array: Array, order: Sequence[int]) -> Array:
    return np.ascontiguousarray(array.transpose(order)).reshape(array.shape)


def _read_back(array: Array, order: Sequence[int]) -> Array:
    return array.reshape([array.shape[i] for i in order]).transpose(np.argsort(order))


def _reversed(q: Question) -> Found:
    for text, name, spec in _tensors(q):
        for i, (letter, n) in enumerate(zip(spec.axes, spec.shape, strict=True)):
            if n > 1:
                yield on(f"{text} reversed along {letter}", name, np.flip, i)


def _unused(q: Question) -> Found:
    for spec in q.op.inputs():
        if spec.kind == "real":
            yield on(f"zeros for the input {spec.name}", spec.name, np.zeros_like)
            yield on(f"ones for the input {spec.name}", spec.name, np.ones_like)


def _changed(q: Question) -> Found:
    for spec in q.op.inputs():
        if spec.kind != "real":
            continue
        for text, change in _CHANGES:
            yield on(f"{text} the input {spec.name}", spec.name, change)


_CHANGES: tuple[tuple[str, Callable[[Array], Array]], ...] = (
    ("the square of", np.square),
    ("the root of", lambda a: np.sqrt(np.abs(a))),
    ("the reciprocal of", lambda a: 1.0 / a),
    ("the logarithm of", lambda a: np.log(np.abs(a))),
    ("the exponential of", np.exp),
    ("the negative of", np.negative),
    ("the absolute value of", np.abs),
)


def _scaled(q: Question) -> Found:
    factors: dict[float, str] = {2.0: "twice", 0.5: "half", -1.0: "the negative of"}
    lengths = {n: c for spec in (*q.op.inputs(), q.spec) for c, n in zip(spec.axes, spec.shape, strict=True) if n > 1}
    for n, letter in lengths.items():
        for value, words in (
            (1.0 / n, f"1/{n} (the length of {letter}) of"),
            (float(n), f"{n} times (the length of {letter})"),
            (n / (n - 1), f"{n}/{n - 1} (by the length of {letter} less one) of"),
            ((n - 1) / n, f"{n - 1}/{n} (by the length of {letter} less one) of"),
            (n**-0.5, f"1/sqrt({n}) (by the length of {letter}) of"),
            (n**0.5, f"sqrt({n}) (by the length of {letter}) times"),
        ):
            factors.setdefault(value, words)
    for factor, words in factors.items():
        if factor != 1.0:
            yield on(f"{words} the answer", "y", np.multiply, factor)


def _moved(q: Question) -> Found:
    """Elements of the answer left out, repeated or moved by one along an axis."""
    spec = q.spec
    for i, (letter, n) in enumerate(zip(spec.axes, spec.shape, strict=True)):
        if n < 2:
            continue
        for by, word in ((1, "later"), (-1, "earlier")):
            yield on(f"the answer one place {word} along {letter}, zeros coming in", "y", _shifted, i, by)
            yield on(f"the answer one place {word} along {letter}, turned round", "y", np.roll, by, i)
        for at, word in ((0, "first"), (n - 1, "last")):
            yield on(f"the {word} slice of the answer along {letter} left out", "y", _emptied, i, at)
            yield on(f"the {word} slice of the answer along {letter} for all", "y", _spread, i, at)


def _shifted(array: Array, axis: int, by: int) -> Array:
    moved = np.moveaxis(np.roll(array, by, axis), axis, 0)
    moved[0 if by > 0 else -1] = 0.0
    return np.moveaxis(moved, 0, axis)


def _emptied(array: Array, axis: int, at: int) -> Array:
    copy = array.copy()
    np.moveaxis(copy, axis, 0)[at] = 0.0
    return copy


def _spread(array: Array, axis: int, at: int) -> Array:
    return np.repeat(np.take(array, [at], axis), array.shape[axis], axis)


def _one_place(q: Question) -> Found:
    """One slice of a tensor left out of the computation, or standing twice."""
    for spec in q.op.inputs():
        if spec.kind != "real":
            continue
        for i, (letter, n) in enumerate(zip(spec.axes, spec.shape, strict=True)):
            if 2 <= n <= _PLACES:
                for at in range(n):
                    yield on(f"slice {at} of the input {spec.name} along {letter} left out", spec.name, _emptied, i, at)
                for at in range(1, n):
                    words = f"slice {at} of the input {spec.name} along {letter} exchanged with the one before"
                    yield on(words, spec.name, _neighbouring, i, at)


def _neighbouring(array: Array, axis: int, at: int) -> Array:
    order = [*range(array.shape[axis])]
    order[at - 1], order[at] = order[at], order[at - 1]
    return np.take(array, order, axis)


def _rounded(q: Question) -> Found:
    for name in ("TF32", "bfloat16", "float16"):
        yield f"its inputs rounded to {name}", Stage.ARRAYS, _to_format(name)


def _narrow_parameters(q: Question) -> Found:
    """Real parameters as attributes of float32, which only float64 shows."""
    real = {name: value for name, value in q.op.parameters().items() if isinstance(value, float)}
    rounded = {name: float(np.float32(value)) for name, value in real.items()}
    if rounded != real:
        yield read_as(f"{' and '.join(real)} rounded to float32", replace(q.op, **rounded))  # type: ignore[type-var]  # every op is a dataclass


def _to_format(name: str) -> Apply[Question]:
    def apply(q: Question) -> Question | None:
        real = {spec.name for spec in q.op.inputs() if spec.kind == "real"}
        return q.having(**{key: narrowed(a, name) for key, a in q.arrays.items() if key in real})

    return apply


def _infinite(q: Question) -> Found:
    """NaN passed over or taken for a number, a number that overflowed, an infinity that is the largest number."""
    for spec in q.op.inputs():
        array = q.arrays.get(spec.name)
        if spec.kind == "real" and array is not None and np.isnan(array).any():
            for text, value in _INSTEAD.items():
                yield on(f"NaN in the input {spec.name} {text}", spec.name, _in_place_of_nan, value)
    if q.y is None or np.isfinite(q.y).all():
        return
    for text, change in (
        ("NaN in the answer read as 0", lambda a: np.where(np.isnan(a), 0.0, a)),
        ("infinities in the answer read as NaN", lambda a: np.where(np.isinf(a), np.nan, a)),
        ("NaN in the answer read as -infinity", lambda a: np.where(np.isnan(a), -np.inf, a)),
    ):
        yield on(text, "y", change)
    if np.isinf(q.y).any():
        for name, dtype in DTYPES.items():
            yield on(f"the largest finite {name} for infinity in the answer", "y", _bounded, dtype.largest)


_INSTEAD = {
    "passed over, as smaller than every number": -np.inf,
    "passed over, as larger than every number": np.inf,
    "read as 0": 0.0,
}


def _in_place_of_nan(array: Array, value: float) -> Array:
    return np.where(np.isnan(array), value, array)


def _bounded(array: Array, largest: float) -> Array:
    return np.where(np.isinf(array), np.copysign(largest, array), array)


assert factorial(_MARKS) <= 120  # what a person waits for

GENERIC: tuple[Confusion[Question], ...] = (
    Confusion(
        "non-finite read otherwise",
        "NaN or an infinity taken for something else",
        "assert not isnan(x).any()  # before it: no function defines NaN alike everywhere",
        _infinite,
        (),
        pairs=False,
        settles=True,
    ),
    Confusion(
        "a neighbouring question",
        "another function that goes by a similar name, or another meaning of what comes back",
        "f(x, name=value)  # say which of them is meant, where the framework has a word for it",
        _neighbours,
        (),
    ),
    Confusion(
        "a parameter read otherwise",
        "one parameter with another value: another default, another unit, another meaning",
        "f(x, name=value)  # say the parameter, in the meaning of the framework that is called",
        _readings,
        (),
    ),
    Confusion(
        "slices in another order",
        "named slices along an axis (gates; query, key and value) in another framework's order",
        "w = concatenate([slices[i] for i in order])  # the order that the framework documents",
        _marks,
        (),
    ),
    Confusion(
        "all slices in another order",
        "the named slices of all weights in another framework's order",
        "w = concatenate([slices[i] for i in order])  # of each weight: the order that the framework documents",
        _several_marks,
        (),
    ),
    Confusion(
        "inputs exchanged",
        "two inputs of the same shape in each other's place",
        "f(a=a, b=b)  # give the arguments by name",
        _exchanged_inputs,
        (),
    ),
    Confusion(
        "another output",
        "one output taken for another",
        "y, indices = f(x)  # take the outputs in the order in which they come back",
        _another_output,
        (),
    ),
    Confusion(
        "axes exchanged",
        "two axes of the same length in each other's place",
        "x = x.swapaxes(a, b)  # or name the axis",
        _swapped_axes,
        (),
    ),
    Confusion(
        "memory read in another order",
        "stored in one order of axes and read in another, without a transpose",
        "x = x.transpose(...)  # not x.reshape(...)",
        _misread,
        (),
    ),
    Confusion(
        "axis reversed",
        "a tensor backwards along an axis",
        "x = numpy.flip(x, axis)  # or ask for the other direction",
        _reversed,
        (),
    ),
    Confusion(
        "scaled",
        "the answer times a factor: a sum for a mean, a biased for an unbiased estimate, a missing root",
        "check what is divided by, and by how much",
        _scaled,
        (),
    ),
    Confusion(
        "input not used",
        "zeros or ones in place of an input",
        "f(x, name=name)  # pass the input on",
        _unused,
        (),
    ),
    Confusion(
        "input transformed",
        "the square, root, reciprocal, logarithm or exponential of an input in its place",
        "f(x, variance=deviation ** 2)  # the form that it takes: a variance or a deviation, a logit or a probability",
        _changed,
        (),
    ),
    Confusion(
        "elements moved or left out",
        "the answer shifted, cut or repeated along an axis",
        "x[first:last]  # along that axis: check both",
        _moved,
        (),
    ),
    Confusion(
        "narrow inputs",
        "the inputs rounded to TF32, bfloat16 or float16 first",
        "switch the narrower format off (TF32, default matmul precision)",
        _rounded,
        (),
        rounding=True,
        pairs=False,
    ),
    Confusion(
        "narrow parameters",
        "the real parameters rounded to float32, as where a model stores them so",
        "no option of the call changes that, where the format has no other type for them",
        _narrow_parameters,
        (),
        rounding=True,
        pairs=False,
    ),
    Confusion(
        "one slice lost or moved",
        "one slice of an input left out or exchanged with its neighbour",
        "w[i]  # check the indices along that axis",
        _one_place,
        (),
        pairs=False,
        last_resort=True,
    ),
)
