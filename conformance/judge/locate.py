"""Where errors lie: a border, a channel, a batch item, a phase of the stride. A clue where no cause is found."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def locate(wrong: NDArray[np.bool_], spatial: str, stride: Sequence[int], groups: int) -> str:
    """What the wrong elements of an output ("NC" + spatial) share, in words that follow "the errors lie in"."""
    count, total = int(wrong.sum()), wrong.size
    if count == 0:
        return "nothing"
    if count == total:
        return "every element"
    if count == 1:
        return f"one element, {tuple(int(i) for i in np.argwhere(wrong)[0])}"
    clues = []
    batch = _hit(wrong, 0)
    if len(batch) < wrong.shape[0]:
        clues.append(f"batch item{_list(batch)}")
    channels = _hit(wrong, 1)
    if len(channels) < wrong.shape[1]:
        clues.append(_channels(channels, wrong.shape[1], groups))
    for i, letter in enumerate(spatial):
        clue = _along(_hit(wrong, 2 + i), wrong.shape[2 + i], letter, stride[i])
        if clue:
            clues.append(clue)
    if not any(letter in clue for clue in clues for letter in spatial):
        border = _border(wrong)
        if border:
            clues.append(f"the outer {border} along every spatial axis" if border > 1 else "the outermost border")
    fraction = f"{count} of {total} elements"
    return f"{', '.join(clues)} ({fraction})" if clues else f"{fraction}, spread over everything"


def locate_shape(found: tuple[int, ...], right: tuple[int, ...]) -> str:
    """How a shape differs: which axis is longer or shorter, and by how much."""
    if len(found) != len(right):
        return f"{len(found)} axes, where the reference has {len(right)}"
    names = ["batch", "channels", *"DHW"[5 - len(right) :]]
    parts = []
    for name, a, b in zip(names, found, right, strict=True):
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
    """What one axis's indices have in common: an end, a phase of the stride, a range; "" where they are all there."""
    if len(indices) == length:
        return ""
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


def _border(wrong: NDArray[np.bool_]) -> int:
    """The least width of border that holds every wrong element, 0 where that border is not clearly a border."""
    shape = wrong.shape[2:]
    for width in range(1, min(shape, default=0) // 3 + 1):
        if not wrong[(slice(None), slice(None), *(slice(width, n - width) for n in shape))].any():
            return width
    return 0
