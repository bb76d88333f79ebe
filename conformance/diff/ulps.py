"""How far apart two outputs are, in units in the last place of their dtype."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from conformance.diff.changes import Ulps
from conformance.plan import USUAL
from conformance.record import RecordedArray

_WORDS = {8: np.int64, 4: np.int32, 2: np.int16}


def distance(before: NDArray[np.generic], after: NDArray[np.generic], dtype: str = "", tensor: str = USUAL) -> Ulps:
    """The distance of two arrays of one shape and dtype, element by element.

    `dtype` is the framework's word, which matters for bfloat16 alone: its values are held as float32. Two numbers are
    as many ULP apart as there are steps from one to the other in the order of that dtype's numbers, across zero too.
    Integers and booleans count the steps between them; of the two parts of a complex number, the one that is farther
    apart counts. ValueError where shape or dtype differ.
    """
    if before.shape != after.shape or before.dtype != after.dtype:
        raise ValueError(f"{before.dtype}{before.shape} and {after.dtype}{after.shape} have no distance")
    elements = before.size
    one, other = before.reshape(-1), after.reshape(-1)
    if before.dtype.kind == "f":
        differ = np.flatnonzero(_bits(one) != _bits(other))
        one, other = one[differ], other[differ]
        both_nan = np.isnan(one) & np.isnan(other)
        # Infinities of one sign are equal bits already; NaNs differ in what they carry, which is no number.
        infinite = ~(np.isfinite(one) & np.isfinite(other)) & ~both_nan
        finite = ~(infinite | both_nan)
        steps = _steps(_order(one[finite], dtype), _order(other[finite], dtype))
    elif before.dtype.kind == "c":
        differ, infinite, steps = _complex(one, other)
    else:
        differ = np.flatnonzero(one != other)
        infinite = np.zeros(differ.size, dtype=np.bool_)
        steps = _steps(_signed(one[differ]), _signed(other[differ]))
    far = steps[steps > 0]
    # frexp: 2**k <= far < 2**(k+1), exact below 2**53 and one bin off at most at a bin's very edge above.
    bins = np.frexp(far)[1] - 1
    return Ulps(
        elements=elements,
        changed=int(differ.size),
        largest=float(far.max()) if far.size else 0.0,
        median=float(np.median(far)) if far.size else 0.0,
        histogram=tuple(int(n) for n in np.bincount(bins)) if far.size else (),
        zeros=int(steps.size - far.size),
        nonfinite=int(infinite.sum()),
        tensor=tensor,
    )


def _signed(values: NDArray[np.generic]) -> NDArray[np.int64]:
    """Integers or booleans as int64 in the same order; those of 64 bits without a sign are moved by 2**63."""
    if values.dtype == np.uint64:
        return (values.astype(np.uint64) ^ np.uint64(1 << 63)).view(np.int64)
    return values.astype(np.int64)


def _complex(
    one: NDArray[np.generic], other: NDArray[np.generic]
) -> tuple[NDArray[np.intp], NDArray[np.bool_], NDArray[np.float64]]:
    """Where complex numbers differ, where that is in what is not finite, and by how many steps elsewhere."""
    part = np.float32 if one.dtype == np.complex64 else np.float64
    pairs = [np.ascontiguousarray(array).view(part).reshape(-1, 2) for array in (one, other)]
    differ = np.flatnonzero((_bits(pairs[0]) != _bits(pairs[1])).any(axis=1))
    left, right = (pair[differ] for pair in pairs)
    infinite = ((np.isfinite(left) != np.isfinite(right)) | (np.isinf(left) & (left != right))).any(axis=1)
    finite = np.isfinite(left).all(axis=1) & np.isfinite(right).all(axis=1)
    steps = _steps(_order(left[finite], ""), _order(right[finite], "")).max(axis=1, initial=0.0)
    return differ, infinite, steps


def _bits(values: NDArray[np.generic]) -> NDArray[np.signedinteger]:
    return np.ascontiguousarray(values).view(_WORDS[values.dtype.itemsize])


def _order(values: NDArray[np.generic], dtype: str) -> NDArray[np.int64]:
    """The place of each number in the order of its dtype's numbers; both zeros have place 0."""
    words = _bits(values).astype(np.int64)
    width = 8 * values.dtype.itemsize
    if dtype == "bfloat16":
        words >>= 16  # arithmetic: the sign stays
        width = 16
    least = np.int64(-(2 ** (width - 1)))
    return np.where(words < 0, least - words, words)


def _steps(one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.float64]:
    # Two places of float64 may be more than 2**63 apart: the difference is taken without a sign.
    high, low = np.maximum(one, other), np.minimum(one, other)
    return (high.view(np.uint64) - low.view(np.uint64)).astype(np.float64)


def of_outputs(before: Mapping[str, RecordedArray], after: Mapping[str, RecordedArray]) -> Ulps | None:
    """The distance of two answers, by the tensor that is farthest apart; None where there is none to tell."""
    found = []
    for name, one in before.items():
        other = after.get(name)
        if other is None or one.values is None or other.values is None or one.dtype != other.dtype:
            continue
        if one.shape == other.shape:
            found.append(distance(one.values, other.values, one.dtype, name))
    return max((u for u in found if u.changed), key=lambda u: (u.nonfinite, u.largest, u.zeros), default=None)


def pooled(parts: Sequence[Ulps]) -> Ulps | None:
    """Several distances as one. The median is that of the parts' medians."""
    if not parts:
        return None
    length = max(len(part.histogram) for part in parts)
    medians = [part.median for part in parts if part.largest > 0]
    return Ulps(
        elements=sum(part.elements for part in parts),
        changed=sum(part.changed for part in parts),
        largest=max(part.largest for part in parts),
        median=float(np.median(medians)) if medians else 0.0,
        histogram=tuple(sum(part.histogram[k] for part in parts if k < len(part.histogram)) for k in range(length)),
        zeros=sum(part.zeros for part in parts),
        nonfinite=sum(part.nonfinite for part in parts),
        tensor=", ".join(dict.fromkeys(part.tensor for part in parts)),
    )
