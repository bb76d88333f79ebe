"""Value recipes: how a case's inputs are made.

Arrays are made once, by the coordinator, as float64 numbers that the case's dtype holds exactly, and travel as bytes.
They come from `numpy.random.RandomState`, whose streams NumPy has frozen (NEP 19), so a repro script can draw the same
values without this package.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from math import isqrt, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.dtypes import DTYPES, rounded
from conformance.ops.base import TensorSpec
from conformance.suite.case import Case, Place

Array = NDArray[np.float64]

LARGEST_INTEGER = 4


class ValuesError(ValueError):
    """A recipe that does not fit the case's tensors; the message says what was found and what was expected."""


def seed_of(case: Case) -> int:
    """The seed of a case's stream: it depends on what the case is, not on where it stands."""
    content = f"{case.seed}:{case.op.label()}:{case.dtype}:{case.values.kind}:{case.values.base}"
    return zlib.crc32(content.encode())


def make_inputs(case: Case, draw: int = 0) -> dict[str, Array]:
    """The inputs of a case, by name, in the op's canonical layouts; every number is exact in its tensor's dtype.

    `draw` counts up where the first draw is of no use (`prepare`).
    """
    specs = case.op.inputs()
    values = case.values
    if values.kind == "literal":
        return {spec.name: _literal(spec, dict(values.arrays), case) for spec in specs}
    stream = np.random.RandomState((seed_of(case) + draw) % 2**32)
    kind = values.base if values.kind == "specials" else values.kind
    arrays = {spec.name: _drawn(spec, kind, stream, case) for spec in specs}
    for place in values.places:
        _put(arrays, specs, place, case)
    return arrays


def make_cotangents(case: Case, outputs: Sequence[TensorSpec]) -> dict[str, Array]:
    """The weights of the gradient check, by output: gradients are those of the sum of output * weights.

    Only real outputs have a gradient, and of them not those through which none goes.
    """
    stream = np.random.RandomState(seed_of(case) ^ 0x5EED)
    kind = "normal" if case.values.kind == "normal" else "integers"
    return {
        spec.name: _draw(spec, kind, stream, case, pulled=True)
        for spec in outputs
        if spec.kind == "real" and spec.pulled
    }


def integer_bound(case: Case) -> tuple[int, int]:
    """The largest magnitude of integers, and how many products of them a sum may hold to be exact in the dtype.

    n products of magnitude at most m each sum to at most n*m*m, which must not pass 2**precision. Where even m = 1 is
    too much, `_thinned` leaves at most that many products that are not zero (the controlled density of oneDNN's
    benchdnn).
    """
    limit = 2 ** DTYPES[case.dtype].precision
    n = _products(case)
    magnitude = LARGEST_INTEGER
    while magnitude > 1 and n * magnitude * magnitude > limit:
        magnitude -= 1
    return magnitude, limit // (magnitude * magnitude)


def _products(case: Case) -> int:
    return case.op.products() if case.op.refusal() is None else 1


def _draw(spec: TensorSpec, kind: str, stream: np.random.RandomState, case: Case, pulled: bool = False) -> Array:
    if kind == "zeros":
        return np.zeros(spec.shape)
    if kind == "ones":
        return np.ones(spec.shape)
    if kind == "index":
        # Products of two such numbers must sum exactly, too.
        limit = max(isqrt(2 ** DTYPES[case.dtype].precision // max(_products(case), 1)), 1)
        return np.asarray(np.arange(prod(spec.shape)) % limit + 1.0, dtype=np.float64).reshape(spec.shape)
    if kind == "normal":
        return rounded(stream.standard_normal(spec.shape), case.dtype)
    magnitude, most = integer_bound(case)
    drawn = stream.randint(1, magnitude + 1, spec.shape) * stream.choice([-1.0, 1.0], spec.shape)
    return _asymmetric(_thinned(drawn.astype(np.float64), spec, most, stream, pulled), spec)


def _drawn(spec: TensorSpec, kind: str, stream: np.random.RandomState, case: Case) -> Array:
    """The values as the tensor needs them, whatever the recipe where they are no real numbers."""
    if spec.kind == "boolean":
        return np.asarray(stream.randint(0, 2, spec.shape), dtype=bool)
    if spec.kind != "real":
        low, high = spec.between
        drawn = np.asarray(stream.randint(low, high + 1, spec.shape), dtype=spec.travels_as(case.dtype))
        return drawn if spec.barred is None else np.where(drawn == spec.barred, drawn.dtype.type(high), drawn)
    array = _draw(spec, kind, stream, case)
    if spec.dtype:
        array = rounded(array, spec.dtype)
    if spec.draw == "positive":  # at least a quarter
        return rounded(np.abs(array) + 0.25, spec.travels_as(case.dtype))
    if spec.draw == "unit":  # within 0 and 1, neither of which is reached
        return rounded(0.5 + 0.45 * array / (1 + np.abs(array)), spec.travels_as(case.dtype))
    if spec.draw in ("dominant", "regular"):
        return rounded(_dominant(array)[..., :: -1 if spec.draw == "regular" else 1, :], spec.travels_as(case.dtype))
    return np.sort(array, axis=-1) if spec.draw == "ascending" else array


def _dominant(array: Array) -> Array:
    """Matrices of which each element of the diagonal outweighs its row and its column: well conditioned, and positive
    definite whichever triangle is read. Upside down, elimination has to exchange rows.
    """
    rows, columns = array.shape[-2:]
    at = np.arange(min(rows, columns))
    sizes = np.abs(array)
    array[..., at, at] = 1 + sizes.sum(-1)[..., at] + sizes.sum(-2)[..., at]
    return array


def _thinned(array: Array, spec: TensorSpec, most: int, stream: np.random.RandomState, pulled: bool) -> Array:
    """The array with zeros put in, so that no sum holds more than `most` products that are not zero.

    An output sums over one output channel of the kernel, its gradient to the input over one input channel; the
    gradients to the kernel and to the bias sum over one channel of the cotangent. So it is enough to thin out those.
    """
    spatial = "".join(c for c in spec.axes if c in "DHW")
    if spec.name == "w" and {"I", "O"} <= set(spec.axes):
        sums = ["I" + spatial, "O" + spatial]
    elif pulled:
        sums = ["N" + spatial]
    else:
        return array
    for summed in sums:
        axes = tuple(spec.axes.index(c) for c in summed if c in spec.axes)
        products = prod(array.shape[i] for i in axes)
        if products + 1 > most:
            # One place is the bias's, one is for `_asymmetric`.
            moved = np.moveaxis(array, axes, range(-len(axes), 0))
            rank = (
                stream.random_sample((*moved.shape[: array.ndim - len(axes)], products))
                .argsort(axis=-1)
                .argsort(axis=-1)
            )
            moved[rank.reshape(moved.shape) >= most - 2] = 0.0
    return array


def _asymmetric(array: Array, spec: TensorSpec) -> Array:
    """The array, changed in one element where it equals its own flip along an axis: a symmetric kernel hides flips."""
    for axis, letter in enumerate(spec.axes):
        if letter in "DHW" and array.shape[axis] > 1 and array.size and np.array_equal(array, np.flip(array, axis)):
            array[(0,) * array.ndim] *= -1.0
            if array[(0,) * array.ndim] == 0.0:
                array[(0,) * array.ndim] = 1.0
    return array


def _literal(spec: TensorSpec, given: Mapping[str, Any], case: Case) -> Array:
    if spec.name not in given:
        raise ValuesError(f"literal values have no {spec.name!r}, expected one array for each input")
    try:
        array = np.asarray(given[spec.name], dtype=np.float64 if spec.kind == "real" else None)
        if array.dtype.kind not in "fiub":
            raise ValueError
    except (TypeError, ValueError):
        raise ValuesError(f"the literal {spec.name!r} is no rectangular array of numbers") from None
    if array.size != prod(spec.shape):
        raise ValuesError(
            f"the literal {spec.name!r} has {array.size} elements, "
            f"expected {prod(spec.shape)}: {spec.axes} {spec.shape}"
        )
    if spec.kind != "real":
        return _whole(spec, array, spec.travels_as(case.dtype)).reshape(spec.shape)
    # A person's 0.1 is the number of the dtype that is nearest to it; 1e40 is no number of float32's.
    dtype = spec.travels_as(case.dtype)
    nearest = rounded(array, dtype)
    beyond = array[np.isfinite(array) & ~np.isfinite(nearest)]
    if beyond.size:
        largest = f"at most {DTYPES[dtype].largest:g} in {dtype}, or inf"
        raise ValuesError(f"the literal {spec.name!r} holds {beyond.flat[0]:g}, expected {largest}")
    return nearest.reshape(spec.shape)


def _whole(spec: TensorSpec, array: NDArray[Any], dtype: str) -> NDArray[Any]:
    """Numbers of a literal as the integers or booleans that the tensor holds."""
    with np.errstate(invalid="ignore"):
        cast = array.astype(dtype)
    if wrong := [value for value, kept in zip(array.flat, cast.flat, strict=True) if value != kept]:
        raise ValuesError(f"the literal {spec.name!r} holds {wrong[0]}, expected numbers of {dtype}")
    return cast


def special_value(word: str, dtype: str) -> float:
    """The number behind a word such as `nan`, `-inf`, `-0.0`, `subnormal` or `largest`."""
    d = DTYPES[dtype]
    named = {
        "subnormal": d.least_subnormal,
        "-subnormal": -d.least_subnormal,
        "largest": d.largest,
        "-largest": -d.largest,
    }
    try:
        return named[word] if word in named else float(word)
    except ValueError:
        expected = "nan, inf, -inf, -0.0, subnormal, largest or a number"
        raise ValuesError(f"unknown special value {word!r}, expected {expected}") from None


def _put(arrays: Mapping[str, Array], specs: Sequence[TensorSpec], place: Place, case: Case) -> None:
    if place.tensor not in arrays:
        raise ValuesError(f"specials name {place.tensor!r}, expected one of: {', '.join(s.name for s in specs)}")
    array = arrays[place.tensor]
    if not array.size:
        raise ValuesError(f"specials put a value into {place.tensor!r}, which is empty")
    if array.dtype.kind != "f":
        raise ValuesError(
            f"specials put a value into {place.tensor!r}, which is of {array.dtype}, expected real numbers"
        )
    if isinstance(place.index, str):
        index = tuple(0 if place.index == "first" else length - 1 for length in array.shape)
    else:
        index = place.index
        spec = next(s for s in specs if s.name == place.tensor)
        if len(index) != array.ndim or any(not -n <= i < n for i, n in zip(index, array.shape, strict=True)):
            raise ValuesError(f"index {list(index)} is outside {place.tensor!r}, which is {spec.axes} {spec.shape}")
    array[index] = rounded(np.asarray(special_value(place.value, case.dtype)), case.dtype)
