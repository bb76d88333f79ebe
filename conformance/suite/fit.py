"""Whether a case's tensors are of a size that can be made, and whether its values fit them."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from conformance.ops.base import Op
from conformance.suite.case import Case
from conformance.text.nearest import did_you_mean

MAX_CASE_BYTES = 2 * 2**30
MAX_WORK = 5_000_000_000  # multiply-adds of one evaluation of the reference


def oversize(op: Op, checks: Sequence[str] = ()) -> tuple[int, str] | None:
    """How far a case is above what the coordinator takes on, in bytes or multiply-adds, and a message; or None.

    Counted are all tensors of the case as float64, with their gradients where these are checked, and what the reference
    holds. An axis of length 0 counts as 1: NumPy refuses some shapes without an element, too.
    """
    specs = list(op.inputs())
    gradients = "gradient" in checks
    work, held = 0, 0
    try:
        if op.refusal() is None:
            specs += op.outputs()
            work, held = op.effort(gradients)
    except LookupError:
        pass  # a `call` whose output nobody knows yet
    numbers = 0
    for spec in specs:  # asked of every case of a grid, so it is as plain as can be
        size = 1
        for length in spec.shape:
            size *= length or 1
        numbers += size
    total = 8 * (numbers * (2 if gradients else 1) + held)
    if total > MAX_CASE_BYTES:
        sizes = [8 * prod(max(n, 1) for n in spec.shape) for spec in specs]
        largest = max(sizes)
        spec = specs[sizes.index(largest)]
        shape = " x ".join(f"{n:,}" for n in spec.shape)
        if largest > MAX_CASE_BYTES:
            what = f"the tensor {spec.name!r} ({spec.axes}: {shape}) would take {largest:,} bytes as float64"
        else:
            what = (
                f"the tensors and the reference would take {total:,} bytes together as float64 "
                f"(the largest tensor is {spec.name!r}, {spec.axes}: {shape})"
            )
        return total, f"{what}, expected at most {MAX_CASE_BYTES:,} (in {op.label()})"
    if work > MAX_WORK:
        message = f"the exact reference would take {work:,} multiply-adds, expected at most {MAX_WORK:,}"
        return work, f"{message} (in {op.label()})"
    return None


def misfit(case: Case) -> str:
    """Why a case's values don't fit its tensors, or ""."""
    specs = {spec.name: spec for spec in case.op.inputs()}
    if case.values.kind == "literal":
        given = dict(case.values.arrays)
        for name in given:
            if name not in specs:
                return f"literal values for {name!r}, expected one of: {', '.join(specs)}{did_you_mean(name, specs)}"
        for spec in specs.values():
            if spec.name not in given:
                return f"no literal values for {spec.name!r}, expected an array for each of: {', '.join(specs)}"
            found = _elements(given[spec.name])
            if found != prod(spec.shape):
                shape = f"{prod(spec.shape)}: {spec.axes} {list(spec.shape)}"
                return f"{found} literal values for {spec.name!r}, expected {shape}"
    for place in case.values.places:
        if place.tensor not in specs:
            hint = did_you_mean(place.tensor, specs)
            return f"a special value in {place.tensor!r}, expected one of: {', '.join(specs)}{hint}"
        spec = specs[place.tensor]
        if not prod(spec.shape):
            return f"a special value in {place.tensor!r}, which is empty: {spec.axes} {list(spec.shape)}"
        index = place.index
        if isinstance(index, str):
            continue
        if len(index) != len(spec.shape) or any(not -n <= i < n for i, n in zip(index, spec.shape, strict=True)):
            return f"index {list(index)} is outside {place.tensor!r}, which is {spec.axes} {list(spec.shape)}"
    return ""


def _elements(values: Any) -> int:
    return sum(_elements(v) for v in values) if isinstance(values, tuple) else 1
