"""An output whose written layout is not the one that it came in: another order of axes, or one that runs backwards.

For a `call`, whose plans and layouts a person writes. Where lengths are equal, a wrong layout gives the right shape.
"""

from __future__ import annotations

from itertools import combinations, permutations

import numpy as np

from conformance.dtypes import DTYPES, rounded
from conformance.layout import Layout
from conformance.ops.base import Array

# The orders of so many axes are all tried (120 of them).
MOST_AXES = 5


def explain_layout(actual: Array, right: Array, allowed: Array | None, dtype: str, axes: str, written: Layout) -> str:
    """Which layout of the output makes `actual` the right answer; "" where none does.

    Both arrays are canonical (`axes`), `actual` by the layout that was written. `allowed` is an element's allowance,
    None where only equality is right.
    """
    if actual.ndim != right.ndim or right.ndim > MOST_AXES or not right.size:
        return ""
    nearest = rounded(np.ascontiguousarray(right), dtype) if dtype in DTYPES else right

    def fits(order: tuple[int, ...], flipped: tuple[int, ...] = ()) -> bool:
        candidate = np.flip(nearest.transpose(order), flipped)
        if candidate.shape != actual.shape:
            return False
        same = np.equal(actual, candidate) | (np.isnan(actual) & np.isnan(candidate))
        if allowed is not None:
            exact, far = (np.flip(a.transpose(order), flipped) for a in (right, allowed))
            with np.errstate(invalid="ignore"):
                same |= np.abs(actual - exact) <= far
        return bool(same.all())

    straight = tuple(range(right.ndim))
    for order in permutations(straight):
        if order != straight and fits(order):
            return _reordered(axes, order, written)
    for count in range(1, right.ndim + 1):
        for flipped in combinations(straight, count):
            if fits(straight, flipped):
                letters = " and ".join(axes[i] for i in flipped)
                return f"equals the reference with the output reversed along {letters} (mark the flip in its layout)"
    return ""


def _reordered(axes: str, order: tuple[int, ...], written: Layout) -> str:
    # What was taken for axis i is axis order[i].
    meant = {axes[i]: axes[j] for i, j in enumerate(order)}
    if set(axes) != set(written.letters) or any(len(axis) > 1 for axis in written.axes) or written.flips:
        order_of = "".join(meant[c] for c in axes)
        return f"equals the reference with the output's axes in the order {order_of}, not {axes} (correct its layout)"
    right = "".join(meant[c] for c in written.letters)
    return f"equals the reference with the output in layout {right}, not {written} as written (correct its layout)"
