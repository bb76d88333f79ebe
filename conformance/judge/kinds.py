"""Answers that are no real numbers: integers, booleans, indices and complex numbers.

An integer or a boolean is right where it is equal. An index is right where it points to an element that is equal to
that which the reference points to, whichever of several equal ones that is. A complex number is right where it lies
within the allowance of the reference in the plane.

`into` says what an index points into, a tensor among the inputs and letters of its axes:

    x.K      a place along K; of an output that has an axis K, no place is named twice along it (the k largest)
    x.(HW)   a place in the plane of H and W, row by row (a window's largest); windows overlap, so places repeat
    x.(W)    a place along W that may be named more than once
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.dtypes import COMPONENTS, kind_of
from conformance.judge.figures import figures_of
from conformance.ops.base import TensorSpec
from conformance.verdict import Figures, Status

AnyArray = NDArray[Any]
Truth = NDArray[np.bool_]
# A status, a line of words, and the figures.
Said = tuple[Status, str, Figures | None]

_INTO = re.compile(r"(\w+)\.(?:([A-Z])|\(([A-Z]+)\))")


def dtype_reason(spec: TensorSpec, case: str, found: str) -> str:
    """Why an output of this kind may not have the dtype that was found, or ""; `case` is the case's dtype."""
    # Frameworks count in int32 or in int64, and neither is the wrong one.
    kind = "integer" if spec.kind == "index" else spec.kind
    wanted = spec.dtype or {"boolean": "bool"}.get(kind, "")
    if kind == "complex" and not wanted:
        wanted = next((name for name, component in COMPONENTS.items() if component == case), "")
    if found == wanted or (not wanted and kind_of(found) == kind):
        return ""
    return f"got dtype {found}, expected {wanted or f'one of the kind {kind}'}"


def judge_kind(
    spec: TensorSpec,
    got: AnyArray,
    right: AnyArray,
    allowed: AnyArray,
    specs: Mapping[str, TensorSpec],
    inputs: Mapping[str, AnyArray],
) -> Said:
    """An output of a kind other than real against its reference, which has the same shape.

    `allowed` is how far off a complex number may be; `specs` and `inputs` are what an index points into.
    """
    if spec.kind == "complex":
        return within(got, right, allowed)
    if spec.kind == "index":
        return pointing(spec, got, right, specs, inputs)
    return equal(got, right)


def equal(got: AnyArray, right: AnyArray) -> Said:
    """Whether integers or booleans are those of the reference."""
    # As they are: float64 does not hold every integer of 64 bits.
    wrong = np.asarray(got != right)
    if not wrong.any():
        return Status.PASS, "equal", Figures(elements=got.size)
    where = _first(wrong)
    words = f"{int(wrong.sum())} of {got.size} elements differ; first at {where}: "
    words += f"got {_shown(got[where])}, reference {_shown(right[where])}"
    return Status.VALUE, words, _figures(wrong, got, right)


def pointing(
    spec: TensorSpec,
    got: AnyArray,
    right: AnyArray,
    specs: Mapping[str, TensorSpec],
    inputs: Mapping[str, AnyArray],
) -> Said:
    """Whether indices point to elements equal to those that the reference points to, and to none twice."""
    name, letters, once = parse_into(spec.into)
    source = _rows(inputs[name], specs[name].axes, letters)
    batch = [c for c in specs[name].axes if c not in letters]
    length = source.shape[-1]
    places, wanted = (_batched(array, spec.axes, batch) for array in (got, right))
    places = places.reshape((*source.shape[:-1], prod(places.shape[len(batch) :])))
    wanted = wanted.reshape(places.shape).astype(np.int64)
    # Compared before they are cast: an index of 64 bits without a sign may be beyond all others.
    outside = (places < 0) | (places >= length)
    safe = np.where(outside, 0, places).astype(np.int64)
    found, expected = (np.take_along_axis(source, at, -1) for at in (safe, wanted))
    both_nan = np.isnan(found) & np.isnan(expected)
    other = outside | ~((found == expected) | both_nan)
    twice = np.zeros_like(other)
    if once and letters in spec.axes:
        # Of what is outside, none stands where another does.
        twice = _again(np.where(outside, -1, safe)) & ~outside
    back = _unbatched(spec, got.shape, batch)
    wrong = back(other | twice)
    if not wrong.any():
        same = bool(np.array_equal(places, wanted))
        return Status.PASS, "equal" if same else "other places of equal elements", Figures(elements=got.size)
    where = _first(wrong)
    words = f"{int(wrong.sum())} of {got.size} indices are wrong; first at {where}: got {_shown(got[where])}, "
    words += f"reference {_shown(right[where])}: "
    if back(outside)[where]:
        words += f"it is outside {spec.into}, which has {length}"
    elif back(other)[where]:
        words += f"{name} has {_shown(back(found)[where])} there, not {_shown(back(expected)[where])}"
    else:
        words += f"the same place of {name} is named twice"
    return Status.VALUE, words, _figures(wrong, got, right)


def parse_into(into: str) -> tuple[str, str, bool]:
    """The tensor, the letters, and whether a place may be named once only; ValueError where it is none."""
    match = _INTO.fullmatch(into)
    if match is None:
        raise ValueError(f"an index points into a tensor's axis, such as x.K or x.(HW); found {into!r}")
    return match[1], match[2] or match[3], match[2] is not None


def _rows(array: AnyArray, axes: str, letters: str) -> AnyArray:
    """The array with the axes of `letters` merged into one, the last."""
    at = [axes.index(c) for c in letters]
    moved = np.moveaxis(array, at, range(-len(at), 0))
    return moved.reshape((*moved.shape[: array.ndim - len(at)], prod(array.shape[i] for i in at)))


def _batched(array: AnyArray, axes: str, batch: list[str]) -> AnyArray:
    """Indices with the axes that they share with what they point into first, in its order."""
    return np.moveaxis(array, [axes.index(c) for c in batch], range(len(batch)))


def _unbatched(spec: TensorSpec, shape: tuple[int, ...], batch: list[str]) -> Any:
    """The inverse: an array of one element an index, in the output's own axes."""
    at = [spec.axes.index(c) for c in batch]
    rest = [i for i in range(len(shape)) if i not in at]

    def back(array: AnyArray) -> AnyArray:
        return np.moveaxis(array.reshape([shape[i] for i in (*at, *rest)]), range(len(at)), at)

    return back


def _again(places: NDArray[np.int64]) -> Truth:
    """Which places stand earlier in the same row."""
    order = np.argsort(places, axis=-1, kind="stable")
    ranked = np.take_along_axis(places, order, -1)
    repeated = np.zeros(places.shape, dtype=bool)
    repeated[..., 1:] = ranked[..., 1:] == ranked[..., :-1]
    again = np.zeros_like(repeated)
    np.put_along_axis(again, order, repeated, -1)
    return again


def within(got: AnyArray, right: AnyArray, allowed: AnyArray) -> Said:
    """Whether complex numbers lie within the allowance of the reference, by the absolute value of the difference."""
    finite = np.isfinite(right) & np.isfinite(got)
    pattern = ~finite & ~(_alike(got.real, right.real) & _alike(got.imag, right.imag))
    if pattern.any():
        where = _first(pattern)
        words = f"{int(pattern.sum())} of {got.size} elements are NaN or infinite in another way; first at {where}: "
        words += f"got {_shown(got[where])}, reference {_shown(right[where])}"
        return Status.NONFINITE, words, _figures(pattern, np.abs(got), np.abs(right))
    wide = np.complex128
    error = np.abs(np.subtract(got.astype(wide), right.astype(wide), where=finite, out=np.zeros(got.shape, wide)))
    figures = figures_of(error, np.where(finite, allowed, 0.0), np.abs(got), np.abs(right))
    if figures.fraction <= 1.0:
        return Status.PASS, f"largest error {figures.fraction:.3g} of the allowance", figures
    words = f"{figures.differing} of {got.size} elements differ; worst at {figures.worst}: "
    words += f"got {_shown(got[figures.worst])}, reference {_shown(right[figures.worst])}"
    return Status.VALUE, words, figures


def _alike(got: AnyArray, right: AnyArray) -> Truth:
    """Whether parts are both finite, the same infinity, or both NaN."""
    finite = np.isfinite(got) & np.isfinite(right)
    return np.asarray(finite | (got == right) | (np.isnan(got) & np.isnan(right)))


def _first(wrong: Truth) -> tuple[int, ...]:
    return tuple(int(i) for i in np.argwhere(wrong)[0])


def _shown(value: Any) -> str:
    value = np.asarray(value)[()]
    return f"{value:.9g}" if np.asarray(value).dtype.kind in "fc" else str(value)


def _figures(wrong: Truth, got: AnyArray, right: AnyArray) -> Figures:
    """Where equality is asked for, nothing else is allowed: there is no fraction of it."""
    where = _first(wrong)
    return Figures(got.size, int(wrong.sum()), math.inf, where, float(got[where]), float(right[where]), math.inf)
