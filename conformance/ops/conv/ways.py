"""What the confusions of `conv` and `conv_transpose` are written with: ways to change one array or one parameter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import combinations
from typing import Any

import numpy as np

from conformance.ops.base import Array
from conformance.ops.confusions import Apply, Stage
from conformance.ops.conv.problem import ConvProblem

Way = tuple[str, Stage, Apply[ConvProblem]]
Found = Iterator[Way]


def subsets(items: Iterable[int]) -> list[tuple[int, ...]]:
    """Every nonempty subset: everything first, then single items, then the rest."""
    every = tuple(items)
    if not every:
        return []
    inner = [c for r in range(1, len(every)) for c in combinations(every, r)]
    return [every, *inner]


def on(text: str, which: str, change: Callable[..., Array], *args: Any) -> Way:
    """A variant that changes one array (x, w, b or y) to `change(array, *args)`."""

    def apply(p: ConvProblem) -> ConvProblem | None:
        array = getattr(p, which)
        return None if array is None else p.having(**{which: change(array, *args)})

    return text, Stage.OUTPUT if which == "y" else Stage.ARRAYS, apply


def letters(p: ConvProblem, axes: Iterable[int]) -> str:
    """The names of spatial axes: `H and W`."""
    return " and ".join(p.op.spatial[i] for i in axes)


def reading(text: str, **changes: Any) -> Way:
    """A variant that reads parameters differently."""
    return text, Stage.PARAMS, lambda p: p.with_params(**changes)


def interleave(array: Array, axis: int, outer: int) -> Array:
    """Channels (outer, inner) of one merged axis taken as (inner, outer)."""
    shape = array.shape
    split = array.reshape(*shape[:axis], outer, shape[axis] // outer, *shape[axis + 1 :])
    return split.swapaxes(axis, axis + 1).reshape(shape)


def repeated(array: Array, index: int) -> Array:
    """One slice along the first axis for all of them."""
    return np.repeat(array[[index]], array.shape[0], axis=0)


def copied(array: Array, axis: int, source: int, target: int) -> Array:
    """One slice along an axis put in the place of another."""
    result = array.copy()
    moved = np.moveaxis(result, axis, 0)
    moved[target] = moved[source]
    return result
