"""Which elements are not finite, and which zeros are negative."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from conformance.dtypes import DType
from conformance.ops.base import Array
from conformance.verdict import Figures


def _classes(array: Array) -> NDArray[np.int8]:
    """0 finite, 1 +inf, -1 -inf, 2 NaN."""
    return np.where(np.isnan(array), 2, np.where(np.isinf(array), np.sign(array), 0)).astype(np.int8)


def broken_pattern(got: Array, right: Array, policy: str, dtype: DType) -> tuple[str, Figures | None] | None:
    """What is said where the pattern breaks the policy, else None. A reference at the end of the range may overflow."""
    a, b = _classes(got), _classes(right)
    near_overflow = np.abs(np.where(np.isfinite(right), right, 0.0)) > dtype.largest * (1 - dtype.unit_roundoff)
    # A policy says which elements need not be finite, not that none need be: something must be left to compare.
    if policy != "strict" and not ((a == 0) & (b == 0)).any():
        return "nothing is finite on both sides, so nothing was compared", None
    if policy == "ignore":
        wrong = np.zeros(got.shape, dtype=bool)
    elif policy == "superset":
        # Whatever is not finite in the reference must not be finite here; more may be.
        wrong = (b != 0) & (a == 0)
    else:
        wrong = (a != b) & ~(near_overflow & (a == np.sign(right)))
    if not wrong.any():
        return None
    where = tuple(int(i) for i in np.argwhere(wrong)[0])
    counts = f"{int((a == 2).sum())} NaN and {int((abs(a) == 1).sum())} infinite of {a.size} elements"
    expected = f"{int((b == 2).sum())} NaN and {int((abs(b) == 1).sum())} infinite"
    figures = Figures(a.size, int(wrong.sum()), math.inf, where, float(got[where]), float(right[where]), math.inf)
    return f"{counts}, reference {expected}; first at {where}: got {got[where]:g}, reference {right[where]:g}", figures


def flipped_zeros(got: Array, right: Array) -> tuple[str, Figures] | None:
    """What is said where a zero has the other sign, else None."""
    wrong = (got == 0.0) & (right == 0.0) & (np.signbit(got) != np.signbit(right))
    if not wrong.any():
        return None
    where = tuple(int(i) for i in np.argwhere(wrong)[0])
    figures = Figures(got.size, int(wrong.sum()), math.inf, where, float(got[where]), float(right[where]), 0.0)
    return f"{int(wrong.sum())} of {got.size} zeros have the other sign; first at {where}", figures
