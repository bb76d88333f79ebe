"""Where errors lie: a border, a channel, a batch item, a phase of the stride. A clue where no cause is found."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from conformance.layout import SPATIAL


def locate(wrong: NDArray[np.bool_], axes: str, periods: Mapping[str, int], blocks: Mapping[str, int]) -> str:
    """What the wrong elements of an output share, in words that follow "the errors lie in".

    `axes`: its letters. `periods` and `blocks`: `Op.periods` and `Op.blocks`.
    """
    count, total = int(wrong.sum()), wrong.size
    if count == 0:
        return "nothing"
    if count == total:
        return "every element"
    if count == 1:
        return f"one element, {tuple(int(i) for i in np.argwhere(wrong)[0])}"
    clues = []
    spatial = [i for i, letter in enumerate(axes) if letter in SPATIAL]
    for i, letter in enumerate(axes):
        indices, length = _hit(wrong, i), wrong.shape[i]
        if len(indices) == length:
            continue
        if letter == "N":
            clues.append(f"batch item{_list(indices)}")
        elif letter == "C":
            clues.append(_channels(indices, length, blocks.get(letter, 1)))
        else:
            clues.append(_along(indices, length, letter, periods.get(letter, 1)))
    if spatial and not any(axes[i] in clue for clue in clues for i in spatial):
        border = _border(wrong, spatial)
        if border:
            clues.append(f"the outer {border} along every spatial axis" if border > 1 else "the outermost border")
    fraction = f"{count} of {total} elements"
    return f"{', '.join(clues)} ({fraction})" if clues else f"{fraction}, spread over everything"


def locate_shape(found: tuple[int, ...], right: tuple[int, ...], axes: str) -> str:
    """How a shape differs from that of these axes: which one is longer or shorter, and by how much."""
    if len(found) != len(right):
        return f"{len(found)} axes, where the reference has {len(right)}"
    parts = []
    for letter, a, b in zip(axes, found, right, strict=True):
        name = {"N": "batch", "C": "channels"}.get(letter, letter)
        if a != b:
            parts.append(f"{name} is {abs(a - b)} {'longer' if a > b else 'shorter'} ({a}, reference {b})")
    return ", ".join(parts) or "the shape is the reference's"


def _hit(wrong: NDArray[np.bool_], axis: int) -> list[int]:
    """The indices along one axis at which anything is wrong."""
    others = tuple(i for i in range(wrong.ndim) if i != axis)
    return [int(i) for i in np.flatnonzero(wrong.any(axis=others))]


def _list(indices: list[int]) -> str:
    plural = "s" if len(indices) > 1 else ""
    if len(indices) > 6:
        return f"{plural} {indices[0]} to {indices[-1]} ({len(indices)} of them)"
    return f"{plural} {', '.join(map(str, indices))}"


def _channels(indices: list[int], total: int, groups: int) -> str:
    size = total // groups if groups else total
    if groups > 1 and size:
        touched = sorted({i // size for i in indices})
        if len(indices) == size * len(touched) and len(touched) < groups:
            return f"group{_list(touched)}"
    return f"output channel{_list(indices)}"


def _along(indices: list[int], length: int, letter: str, stride: int) -> str:
    """What one axis's indices, which are not all of them, have in common: an end, a phase of the stride, a range."""
    n = len(indices)
    if indices == list(range(n)):
        return f"the first {n} along {letter}" if n > 1 else f"the first slice along {letter}"
    if indices == list(range(length - n, length)):
        return f"the last {n} along {letter}" if n > 1 else f"the last slice along {letter}"
    phases = sorted({i % stride for i in indices})
    if stride > 1 and len(phases) < stride:
        return f"phase{_list(phases)} of stride {stride} along {letter}"
    middle = [i for i in range(length) if i not in set(indices)]
    if middle and middle == list(range(middle[0], middle[-1] + 1)) and middle[0] > 0 and middle[-1] < length - 1:
        return f"the first {middle[0]} and the last {length - 1 - middle[-1]} along {letter}"
    if n == 1:
        return f"slice {indices[0]} along {letter}"
    if indices == list(range(indices[0], indices[-1] + 1)):
        return f"{indices[0]} to {indices[-1]} along {letter}"
    return f"indices{_list(indices).removeprefix('s')} along {letter}"


def _border(wrong: NDArray[np.bool_], spatial: list[int]) -> int:
    """The least width of border that holds every wrong element, 0 where that border is not clearly a border."""
    for width in range(1, min(wrong.shape[i] for i in spatial) // 3 + 1):
        inner = (slice(width, n - width) if i in spatial else slice(None) for i, n in enumerate(wrong.shape))
        if not wrong[tuple(inner)].any():
            return width
    return 0
