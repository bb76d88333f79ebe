"""The figures behind a verdict: an answer's errors, and what they are of what is allowed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from conformance.ops.base import Array
from conformance.verdict import Figures


def measured(
    got: Array, right: Array, mask: NDArray[np.bool_] | None, allowed: Array, error: Array | None = None
) -> tuple[Array, Figures]:
    """The error of each element, and the figures. `mask`: where both are finite, None where everything is.

    `error`: where more than one answer is right, how far each element is off the nearest.
    """
    if mask is not None:
        # Outside the mask there is nothing to subtract.
        error = np.abs(np.subtract(got, right, where=mask, out=np.zeros_like(right))) if error is None else error
        error, allowed = np.where(mask, error, 0.0), np.where(mask, np.nan_to_num(allowed), 0.0)
    elif error is None:
        error = np.abs(got - right)
    return error, figures_of(error, allowed, got, right)


def figures_of(error: Array, allowed: Array, got: Array, right: Array) -> Figures:
    """The figures of errors that are known; the worst is the one with the largest fraction of what is allowed."""
    if not error.size:
        return Figures(elements=0)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        fraction = np.where(error == 0.0, 0.0, error / allowed)
        relative = np.where(error == 0.0, 0.0, error / np.abs(right))
    flat = int(np.argmax(np.where(np.isnan(fraction), np.inf, fraction)))
    worst = tuple(int(i) for i in np.unravel_index(flat, error.shape))
    return Figures(
        elements=error.size,
        differing=int((error > allowed).sum()),
        fraction=float(fraction.reshape(-1)[flat]),
        worst=worst,
        got=float(got[worst]),
        reference=float(right[worst]),
        needed=float(relative.max()),
    )
