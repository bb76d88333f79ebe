"""Right, but computed in a narrower arithmetic? Decided by computing the op on narrower inputs, not by a statistic.

Effective bits say where to look and no more: right float32 sums of data of one sign have 10 of them. What decides is
whether the op on inputs that were rounded to a format accounts for the answer, element by element and far better than
the op itself does. A right answer's errors have nothing to do with those roundings, whatever its sums are like, so no
right answer is closer to the rounded op than to the exact one.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from conformance.dtypes import DTYPES, NARROW_FORMATS, DType, narrowed
from conformance.judge.allowance import BITS_NEED_ELEMENTS, effective_bits, narrow_allowance
from conformance.ops.base import Array
from conformance.ops.reference import Reference, Rounding

# The formats that inputs and answers may have been rounded to, each with the bits of its significand.
_BITS = {"TF32": 11, "float16": 11, "bfloat16": 8}
# What a rounding of a factor to p bits leaves are p + 0.7 effective bits; rounding one factor of two, or inputs half of
# which have the format anyway, leaves more. Above this margin a format is not even tried.
_MARGIN = 3.5
# A candidate has to come this much closer than the exact op.
_CLOSER = 0.5
# In units of u times a partial sum for each rounding. Of right answers the root mean square was up to 0.6 of that (real
# layers, docs/allowance.md), so this is seven standard deviations.
_WALK = 4.0
# The least that is called far off, in units of the roundoff: some algorithms (Winograd's) round more often than they
# multiply.
_LEAST = 2.0**9
# bfloat16 inputs leave 8.7 effective bits. What has clearly fewer is no rounded float32.
LEAST_BITS = 7.5


def same(array: Array) -> Array:
    """No rounding."""
    return array


def reach(reference: Reference, dtype: DType, partial: bool = True) -> Array:
    """How far sums in `dtype` come from the exact ones, where no bound for every order of summation is asked for.

    n roundings, each of at most u times a partial sum, go off like a random walk. Partial sums grow towards the value
    evenly where the products have one sign, and like their root mean square where signs are mixed; where the data has
    an order (positive channels first), halves of the sum are larger than the whole, which `partial` looks for. Where
    products repeat, their errors are alike and add up, and only the bound itself is left.
    """
    if not reference.sums or reference.repeats():
        return reference.allowance(dtype.name)
    u, n = dtype.unit_roundoff, max(reference.products, 1)
    energy, size = reference.energy(), np.square(reference.value)
    if partial:
        if "halves" not in reference.cache:
            reference.cache["halves"] = _halves(reference)
        size = np.maximum(size, reference.cache["halves"])
    walk = _WALK * math.sqrt(n) * np.sqrt(energy / 2 + size / 3)
    return np.asarray(u * np.maximum(_LEAST * np.sqrt(energy + size), walk) + n * dtype.least_subnormal)


def _halves(reference: Reference) -> Array:
    """The largest square of a sum over half of the products: those of the first half of either factor along an axis."""
    value = reference.value
    largest = np.zeros_like(value)
    if reference.recompute is None:
        return largest
    for side in (0, 1):
        axis, axes = 0, 1
        while axis < axes:

            def half(array: Array, axis: int = axis) -> Array:
                nonlocal axes
                axes = array.ndim
                if array.shape[axis] < 2:
                    return array
                kept = array.copy()
                np.moveaxis(kept, axis, 0)[array.shape[axis] // 2 :] = 0.0
                return kept

            first = reference.recompute(half, same) if side == 0 else reference.recompute(same, half)
            np.maximum(largest, np.maximum(np.square(first), np.square(value - first)), out=largest)
            axis += 1
    return largest


def beyond(error: Array, reference: Reference, dtype: DType) -> int:
    """How many elements are off by more than sums in `dtype` make them."""
    n = max(reference.products, 1)
    # By Cauchy-Schwarz the magnitude settles the ordinary case without the energy.
    if not (error * math.sqrt(n) > _LEAST * dtype.unit_roundoff * reference.magnitude()).any():
        return 0
    if not (error > reach(reference, dtype, partial=False)).any():
        return 0
    return int((error > reach(reference, dtype)).sum())


def narrower(got: Array, error: Array, reference: Reference, dtype: DType) -> str | None:
    """How the answer was made with less than its dtype promises, to follow "as from"; None where nothing accounts
    for it.
    """
    if dtype.precision <= DTYPES["float16"].precision:
        return _half_sums(error, reference, dtype)
    bits = effective_bits(error, reference)
    if bits is None or not np.isfinite(got).all():
        return None
    single = DTYPES["float32"]
    far = reach(reference, single)
    rms = _rms(error)

    def accounts(candidate: Array) -> bool:
        left = np.abs(got - candidate)
        return bool((left <= far).all()) and _rms(left) <= _CLOSER * rms

    if dtype.name == "float64" and (error <= far).all() and _everywhere(error, reference, dtype):
        return "sums in float32"
    for name in NARROW_FORMATS:
        if bits > _BITS[name.partition(" ")[0]] + _MARGIN:
            continue
        how = _inputs(name, accounts, got, reference)
        if how is not None:
            return how
    return _answer(got, error, reference, far)


def _inputs(name: str, accounts: Callable[[Array], bool], got: Array, reference: Reference) -> str | None:
    """Whether factors in a format account for the answer: both, or where that has to do with it at all, one of them."""
    if reference.recompute is None:
        return None

    def to_format(array: Array) -> Array:
        return narrowed(array, name)

    both = reference.recompute(to_format, to_format)
    told = "TF32 or float16" if name == "TF32" else name
    if accounts(both):
        return f"products in {told}"
    # How much of what the rounding of both does is in the errors: half of it where one factor is rounded.
    effect = both - reference.value
    power = float(np.vdot(effect, effect))
    if power == 0.0 or float(np.vdot(effect, got - reference.value)) < 0.2 * power:
        return None
    sides: tuple[tuple[Rounding, Rounding], ...] = ((to_format, same), (same, to_format))
    if any(accounts(reference.recompute(*rounding)) for rounding in sides):
        return f"products with one factor in {told}"
    return None


def _answer(got: Array, error: Array, reference: Reference, far: Array) -> str | None:
    """Whether the answer went through half precision: then each of its numbers is one of that format's."""
    fitting = [name for name in ("bfloat16", "float16") if np.array_equal(narrowed(got, name), got)]
    size = np.abs(reference.value)
    for name in fitting:
        half = DTYPES[name]
        if (error <= half.unit_roundoff * size + half.least_subnormal + far).all():
            return f"an answer rounded to {name}"
    if not fitting or _relative(error, reference) > 2.0**-LEAST_BITS:
        return None
    # And its inputs before it, and perhaps its sums.
    half = DTYPES[fitting[0]]
    allowed = 3 * half.unit_roundoff * reference.magnitude() + narrow_allowance(reference, half)
    return f"a computation in {fitting[0]}" if (error <= allowed).all() else None


def _relative(error: Array, reference: Reference) -> float:
    """The root mean square of the errors, in units of what a sum of such products comes to."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return _rms(np.where(error == 0.0, 0.0, error / np.sqrt(reference.energy() + np.square(reference.value))))


def _half_sums(error: Array, reference: Reference, dtype: DType) -> str | None:
    """Whether partial sums in half precision account for the errors. Their order is unknown, so there is only a
    bound.
    """
    if not (error <= narrow_allowance(reference, dtype)).all():
        return None
    if error.size < BITS_NEED_ELEMENTS:
        return f"partial sums in {dtype.name}"
    # With many products the bound covers everything, zeros too; the size of the errors does not.
    return f"partial sums in {dtype.name}" if _relative(error, reference) < 2.0 ** (-dtype.precision / 2) else None


def _everywhere(error: Array, reference: Reference, dtype: DType) -> bool:
    """Whether most elements have an error beyond their dtype's: a single fault has few."""
    energy = reference.energy()
    computed = energy > 0.0
    return bool((error[computed] > 128.0 * dtype.unit_roundoff * np.sqrt(energy[computed])).mean() > 0.25)


def _rms(array: Array) -> float:
    return float(np.sqrt(np.mean(np.square(array)))) if array.size else 0.0
