"""How far off a right answer may be, and how precise an arithmetic was: figures of rounding, for one tensor."""

from __future__ import annotations

import math

import numpy as np

from conformance.dtypes import DType
from conformance.ops.base import Array
from conformance.ops.reference import Reference

# Below this many effective bits it is asked whether a float32 answer was computed in float32 (25 to 21 bits were seen
# for float32 with 1 to 3,200 products an element around zero, 11.7 for TF32, 8.7 for bfloat16 inputs; but right sums
# of one sign fall to 10; see docs/allowance.md).
FLOAT32_BITS = 17.0
# A mean over fewer elements says little about the arithmetic.
BITS_NEED_ELEMENTS = 8


def narrow_allowance(reference: Reference, dtype: DType) -> Array:
    """How far off a half-precision answer may be that is right, but was computed in less than its dtype promises.

    Every rounding is to the dtype itself instead of to float32: for a sum of n products gamma_n * sum|x||w| more.
    """
    once = reference.allowance(dtype.name)
    if reference.made is None:
        return once
    u, n = dtype.unit_roundoff, reference.made.steps
    unit = u / (1 - n * u) if n * u < 0.5 else 2 * u
    return np.asarray(unit * reference.made.err + n * dtype.least_subnormal + once)


def effective_bits(error: Array, reference: Reference) -> float | None:
    """-log2 of the root mean square of error / sqrt(sum (x*w)^2): the precision of the arithmetic, whatever n.

    None where there are too few elements to say. The energy costs one more pass of the reference; by the Cauchy-Schwarz
    inequality it is at least magnitude^2 / n, which settles the ordinary case without that pass.
    """
    if error.size < BITS_NEED_ELEMENTS:
        return None
    if not error.any():
        return None
    if reference.sums:
        with np.errstate(divide="ignore", invalid="ignore"):
            bound = np.where(error == 0.0, 0.0, error * math.sqrt(max(reference.products, 1)) / reference.magnitude())
        ceiling = float(np.sqrt(np.mean(bound**2)))
        if ceiling > 0.0 and -math.log2(ceiling) >= FLOAT32_BITS:
            return -math.log2(ceiling)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(error == 0.0, 0.0, error / np.sqrt(reference.energy()))
    mean = float(np.sqrt(np.mean(ratio**2)))
    return -math.log2(mean) if 0.0 < mean < math.inf else None
