"""What a narrower arithmetic leaves, told from the errors alone: its sums depend on their order; none is reproduced."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.dtypes import DType
from conformance.judge.allowance import FLOAT32_BITS
from conformance.judge.precision import LEAST_BITS
from conformance.ops.base import Array
from conformance.ops.confusions import Problem


def overflow(problem: Problem, right: Array, actual: Array, wrong: NDArray[np.bool_], dtype: DType) -> str:
    """What is said where sums in half precision leave its range although the right ones do not; else ""."""
    if dtype.accumulator == dtype.name:
        return ""
    sizes = problem.computed(power=2)
    if sizes is None or sizes.y is None or not wrong.any() or np.isfinite(actual[wrong]).any():
        return ""
    if not (np.isfinite(right[wrong]).all() and (sizes.y[wrong] > dtype.largest).all()):
        return ""
    both = ", some with both signs, and inf - inf is NaN" if np.isnan(actual[wrong]).any() else ""
    return (
        f"products or partial sums beyond {dtype.largest:g}, the largest {dtype.name}, became infinite{both}: the sums "
        f"are kept in {dtype.name}; in {dtype.accumulator} they stay finite"
    )


def noise(problem: Problem, right: Array, actual: Array, dtype: DType) -> str:
    """What is said where the errors look like rounding in a narrower arithmetic, everywhere alike; else ""."""
    if actual.size < 8 or not np.isfinite(actual).all():
        return ""
    energy: Any = problem.computed(power=3)
    if energy is None or energy.y is None or not np.isfinite(right).all():
        return ""
    scale = np.sqrt(energy.y)
    if not (scale > 0).all():
        return ""
    errors = (actual - right) / scale
    with np.errstate(over="ignore"):
        rms = float(np.sqrt(np.mean(errors**2)))
    if rms == 0.0:
        return ""
    bits = -math.log2(rms)
    own = FLOAT32_BITS if dtype.name == "float32" else dtype.precision + 1.5
    values = right / scale
    with np.errstate(over="ignore", invalid="ignore"):  # of numbers near the end of float64's range
        aligned = abs(float(np.mean(errors * values))) / (rms * float(np.sqrt(np.mean(values**2))) or 1.0)
    everywhere = float(np.mean(np.abs(errors) > 0.1 * rms)) > 0.5 and float(np.abs(errors).max()) < 6 * rms
    # bfloat16 inputs leave 8.7 bits. Errors that are larger have another cause, unless sums are in half precision.
    least = 4.0 if dtype.accumulator != dtype.name else LEAST_BITS
    if not (least <= bits <= own and everywhere and aligned < 0.5):
        return ""
    return (
        f"right, but computed with {bits:.1f} effective bits everywhere: products or sums in a narrower format "
        f"than {dtype.accumulator} (float16 and TF32 inputs leave about 11.7 bits, bfloat16 8.7; sums in them "
        "fewer)"
    )
