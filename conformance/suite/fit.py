"""Whether a case's tensors are of a size that can be made, and whether its values fit them."""

from __future__ import annotations

from math import prod
from typing import Any

from conformance.ops.base import Op, TensorSpec
from conformance.suite.case import Case
from conformance.suite.findings import suggestion

MAX_TENSOR_BYTES = 2 * 2**30


def oversize(op: Op, bound: Any) -> tuple[int, str] | None:
    """The bytes of the largest tensor and a message, where it passes the limit; None where every tensor keeps to it."""
    specs = list(op.inputs(bound))
    try:
        if op.refusal(bound) is None:
            specs.append(op.output(bound))
    except LookupError:
        pass  # a `call` whose output nobody knows yet
    spec = max(specs, key=_bytes, default=None)
    if spec is None or _bytes(spec) <= MAX_TENSOR_BYTES:
        return None
    size = _bytes(spec)
    shape = " x ".join(f"{n:,}" for n in spec.shape)
    message = (
        f"the tensor {spec.name!r} ({spec.axes}: {shape}) would take {size:,} bytes as float64, "
        f"expected at most {MAX_TENSOR_BYTES:,} (in {op.label(bound)})"
    )
    return size, message


def _bytes(spec: TensorSpec) -> int:
    # An axis of length 0 makes no other one small: NumPy counts without it, too, when it asks whether a shape can be.
    return 8 * prod(n or 1 for n in spec.shape)


def misfit(op: Op, case: Case) -> str:
    """Why a case's values don't fit its tensors, or ""."""
    specs = {spec.name: spec for spec in op.inputs(case.params)}
    if case.values.kind == "literal":
        given = dict(case.values.arrays)
        for name in given:
            if name not in specs:
                return f"literal values for {name!r}, expected one of: {', '.join(specs)}{suggestion(name, specs)}"
        for spec in specs.values():
            if spec.name not in given:
                return f"no literal values for {spec.name!r}, expected an array for each of: {', '.join(specs)}"
            found = _elements(given[spec.name])
            if found != prod(spec.shape):
                shape = f"{prod(spec.shape)}: {spec.axes} {list(spec.shape)}"
                return f"{found} literal values for {spec.name!r}, expected {shape}"
    for place in case.values.places:
        if place.tensor not in specs:
            hint = suggestion(place.tensor, specs)
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
