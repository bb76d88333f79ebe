"""Whether an outcome is the honest answer: said without the judge, which must notice where it is not."""

from __future__ import annotations

from typing import Any

import numpy as np

from conformance.faults.asked import Asked
from conformance.judge.kinds import parse_into
from conformance.ops.base import TensorSpec
from conformance.outcome import Outcome, Tensor, Value


def changed(asked: Asked, outcome: Outcome, signs: bool = False) -> bool:
    """Whether an outcome is not the honest answer: a refusal, another shape, dtype or bit.

    `signs`: the signs of zeros count. An index to an equal element is as right as the honest one.
    """
    if not isinstance(outcome, Value) or not outcome.has_values or outcome.unstable:
        return True
    if outcome.outputs.keys() != asked.honest.keys():
        return True
    for spec in asked.outputs:
        found, honest = outcome.outputs[spec.name], asked.honest[spec.name]
        assert found.values is not None  # `has_values`
        right = asked.expectation.outputs[spec.name].value
        if spec.kind == "index" and found.shape == honest.shape and found.dtype.startswith("int"):
            if not points_alike(asked, spec, found.values, right):
                return True
        elif _differs(honest.values, found, honest.dtype) or (
            signs and spec.kind == "real" and not np.array_equal(np.signbit(found.values), np.signbit(right))
        ):
            return True
    if not outcome.gradients:
        return False
    pulled = asked.gradients
    return outcome.gradients.keys() != pulled.keys() or any(
        _differs(pulled[name].value, tensor, asked.case.dtype) for name, tensor in outcome.gradients.items()
    )


def _differs(right: Any, tensor: Tensor, dtype: str) -> bool:
    assert tensor.values is not None
    if tensor.dtype != dtype or tensor.shape != right.shape:
        return True
    with np.errstate(over="ignore", invalid="ignore"):
        kept = right.astype(tensor.values.dtype)
    return not np.array_equal(tensor.values, kept, equal_nan=kept.dtype.kind in "fcV")


def points_alike(asked: Asked, spec: TensorSpec, got: Any, right: Any) -> bool:
    """Whether indices point to elements equal to the right ones, and to none twice where that is asked: one by one."""
    name, letters, once = parse_into(spec.into)
    source = next(s for s in asked.op.inputs() if s.name == name)
    array, lengths = asked.arrays[name], [source.sizes[letter] for letter in letters]
    named: set[tuple[int, ...]] = set()
    for place in np.ndindex(got.shape):
        at = dict(zip(spec.axes, place, strict=True))
        if not 0 <= got[place] < np.prod(lengths):
            return False
        found = []
        for index in (got[place], right[place]):
            inner = dict(zip(letters, np.unravel_index(int(index), lengths), strict=True))
            found.append((where := tuple(int(inner[c] if c in inner else at[c]) for c in source.axes), array[where]))
        (where, one), (_, other) = found
        if not (one == other or (np.isnan(one) and np.isnan(other))):
            return False
        if once and letters in spec.axes and where in named:
            return False
        named.add(where)
    return True
