"""Values held against what a person stated: units in the last place, or rtol and atol. The verdict says so."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from conformance.dtypes import DType
from conformance.judge.figures import measured
from conformance.ops.base import Array
from conformance.verdict import Figures, Status


def stated_words(ulps: float | None, tolerance: tuple[float, float] | None) -> str:
    """What a person stated, in words; "" where nobody did."""
    if tolerance is not None:
        return f"rtol {tolerance[0]:g} and atol {tolerance[1]:g}, which a person stated"
    return f"{ulps:g} ULP, which a person stated" if ulps else ""


def stated_allowance(right: Array, dtype: DType, ulps: float | None, tolerance: tuple[float, float] | None) -> Array:
    """How far an answer may be from `right`, by a person's word."""
    finite = np.where(np.isfinite(right), np.abs(right), 0.0)
    if tolerance is not None:
        return np.asarray(tolerance[0] * finite + tolerance[1])
    return np.asarray(2.0 * (ulps or 0.0) * dtype.unit_roundoff * finite + dtype.least_subnormal)


def judge_stated(
    got: Array,
    right: Array,
    mask: NDArray[np.bool_] | None,
    dtype: DType,
    ulps: float | None,
    tolerance: tuple[float, float] | None,
) -> tuple[Status, str, Figures]:
    """Status, message and figures. `mask`: where both are finite, None where everything is."""
    words = stated_words(ulps, tolerance)
    if not right.size:
        return Status.PASS, "equal", Figures(elements=0)
    _, figures = measured(got, right, mask, stated_allowance(right, dtype, ulps, tolerance))
    if not figures.differing:
        return Status.PASS, f"largest error {figures.fraction:.2g} of {words}", figures
    message = f"{figures.differing} of {figures.elements} elements differ by more than {words}; "
    message += f"worst at {figures.worst}: got {figures.got:.9g}, reference {figures.reference:.9g}"
    return Status.VALUE, message, figures
