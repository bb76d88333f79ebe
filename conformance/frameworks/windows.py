"""What surrounds a call whose only word is VALID: slices and zeros that make it mean a given geometry.

Shared by the adapters; knows no framework.
"""

from __future__ import annotations

from dataclasses import dataclass

from conformance.exact.trilinear import Axis

Pair = tuple[int, int]


@dataclass(frozen=True)
class Window:
    """One axis: the (start, stop) slice to keep (None for all of it), then the zeros to put before and after."""

    keep: Pair | None
    zeros: Pair


def forward_pads(axis: Axis) -> Pair:
    """What x is padded with before a convolution without padding; negative ends cut off.

    A remainder that no kernel reaches stays where it is; more of it than that is cut off.
    """
    if axis.small == 0:
        return axis.lo, min(axis.extent - 1 - axis.large - axis.lo, 0)
    if -axis.stride < axis.hi < 0:
        return axis.lo, 0
    return axis.lo, axis.hi


def gather_window(axis: Axis) -> Window:
    """What is done to x (length `large`) so that a VALID convolution of it has `small` outputs, the first at -lo.

    The outputs stay `small` over a stride's worth of lengths; the nearest to what x has is taken, so that a remainder
    that no kernel reaches stays where it is.
    """
    start = min(max(-axis.lo, 0), axis.large)
    left = max(axis.large + axis.lo, 0)
    shortest = max((axis.small - 1) * axis.stride + axis.extent, 0)
    longest = max(axis.small * axis.stride + axis.extent - 1, 0)
    length = min(max(left, shortest), longest)
    before = max(axis.lo, 0)
    if length < before:
        # Nothing of x is read: zeros alone, as many as there must be.
        return Window((0, 0), (length, 0))
    stop = min(axis.large, start + length - before)
    keep = None if (start, stop) == (0, axis.large) else (start, stop)
    return Window(keep, (before, length - before - (stop - start)))


def scatter_length(axis: Axis) -> int:
    """The length to ask of a VALID transposed convolution: what is needed, within what n, k and s allow."""
    shortest = (axis.small - 1) * axis.stride + axis.extent
    return max(min(max(axis.lo + axis.large, shortest), shortest + axis.stride - 1), 0)


def scatter_window(axis: Axis, length: int) -> Window:
    """What is done to a scatter of that length, cropped nowhere, so that `large` elements from index lo are left."""
    start = min(max(axis.lo, 0), length)
    stop = max(min(axis.lo + axis.large, length), start)
    before = min(max(-axis.lo, 0), axis.large)
    keep = None if (start, stop) == (0, length) else (start, stop)
    return Window(keep, (before, axis.large - before - (stop - start)))


def is_same(axis: Axis) -> bool:
    """Whether SAME, with the odd element at the end, is this axis: of a convolution, or of its transpose."""
    total = max((axis.small - 1) * axis.stride + axis.extent - axis.large, 0)
    return axis.small == -(-axis.large // axis.stride) and axis.lo == total // 2
