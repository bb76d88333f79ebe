"""Checks switched off, one at a time: the self-test shows of each that faults get through without it.

A judge without a check is given an answer in which all that this check looks at is right.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from conformance.faults.asked import Asked, tensor, typed
from conformance.judge.compare import Expectation, Judgement
from conformance.ops.reference import Reference
from conformance.outcome import Outcome, Tensor, Value
from conformance.verdict import Status

Without = Callable[[Asked, Expectation, Value], tuple[Expectation, Value]]
Judge = Callable[[Expectation, Outcome], Judgement]


def _each(change: Callable[[Asked, str, Tensor, Reference], Tensor]) -> Without:
    """A check of single tensors, outputs and gradients."""

    def without(asked: Asked, expected: Expectation, value: Value) -> tuple[Expectation, Value]:
        def seen(found: Mapping[str, Tensor], right: Mapping[str, Reference]) -> dict[str, Tensor]:
            return {n: change(asked, n, t, right[n]) if n in right else t for n, t in found.items()}

        outputs = seen(value.outputs, expected.outputs)
        return expected, replace(value, outputs=outputs, gradients=seen(value.gradients, expected.gradients))

    return without


def _right(asked: Asked, name: str, reference: Reference) -> Tensor:
    if name in asked.honest:
        return asked.honest[name]
    return tensor(reference.value, asked.case.dtype)


def _shape(asked: Asked, name: str, found: Tensor, reference: Reference) -> Tensor:
    return found if found.shape == reference.value.shape else _right(asked, name, reference)


def _dtype(asked: Asked, name: str, found: Tensor, reference: Reference) -> Tensor:
    wanted = _right(asked, name, reference).dtype
    if found.dtype == wanted or found.values is None or found.shape != reference.value.shape:
        return found
    spec = asked.expectation.specs[name]
    return typed(found.values.astype(np.float64), spec, asked.case.dtype)


def _mended(asked: Asked, name: str, found: Tensor, reference: Reference, finite: bool) -> Tensor:
    """With the right elements where both are finite, or where one is not."""
    right = _right(asked, name, reference)
    spec = asked.expectation.specs.get(name)
    if (spec is not None and spec.kind != "real") or found.shape != right.shape or found.dtype != right.dtype:
        return found
    assert found.values is not None
    assert right.values is not None
    got, wanted = found.values.astype(np.float64), right.values.astype(np.float64)
    both = np.isfinite(got) & np.isfinite(wanted)
    return tensor(np.where(both == finite, wanted, got), found.dtype)


def _pattern(asked: Asked, name: str, found: Tensor, reference: Reference) -> Tensor:
    return _mended(asked, name, found, reference, finite=False)


def _equality(asked: Asked, name: str, found: Tensor, reference: Reference) -> Tensor:
    return _mended(asked, name, found, reference, finite=True) if asked.exact else found


def _allowance(asked: Asked, name: str, found: Tensor, reference: Reference) -> Tensor:
    return found if asked.exact else _mended(asked, name, found, reference, finite=True)


def _index(asked: Asked, name: str, found: Tensor, reference: Reference) -> Tensor:
    spec = asked.expectation.specs.get(name)
    off = spec is not None and spec.kind == "index" and name in asked.honest and found.shape == reference.value.shape
    return asked.honest[name] if off and found.dtype.startswith("int") else found


def _present(asked: Asked, expected: Expectation, value: Value) -> tuple[Expectation, Value]:
    return expected, replace(value, outputs={**asked.honest, **value.outputs})


def _signed_zeros(asked: Asked) -> bool:
    """Whether the case looks at the signs of zeros, and has some."""
    right = asked.expectation
    real = (right.outputs[spec.name].value for spec in asked.outputs if spec.kind == "real")
    return right.signed_zeros and any((value == 0).any() for value in real)


@dataclass(frozen=True)
class Check:
    """One check of the judge: in which statuses it shows, the judge without it, and the cases that it is for."""

    name: str
    statuses: tuple[Status, ...]
    without: Without
    applies: Callable[[Asked], bool] = lambda _: True


_VALUES = (Status.VALUE, Status.PRECISION)

CHECKS = (
    Check("shape", (Status.SHAPE,), _each(_shape)),
    Check("dtype", (Status.DTYPE,), _each(_dtype)),
    Check("non-finite pattern", (Status.NONFINITE, Status.GRADIENT), _each(_pattern)),
    Check("signed zeros", (Status.NONFINITE,), lambda _, e, v: (replace(e, signed_zeros=False), v), _signed_zeros),
    Check("equality of exact values", (*_VALUES, Status.GRADIENT), _each(_equality), lambda a: a.exact),
    Check("allowance of real values", (*_VALUES, Status.GRADIENT), _each(_allowance), lambda a: not a.exact),
    Check(
        "indices",
        (Status.VALUE,),
        _each(_index),
        lambda a: any(spec.kind == "index" and 0 not in spec.shape for spec in a.outputs),
    ),
    Check("every output is there", (Status.VALUE,), _present, lambda a: len(a.outputs) > 1),
    Check(
        "gradients",
        (Status.GRADIENT, Status.PRECISION),
        lambda _, e, v: (replace(e, gradients={}), v),
        lambda a: a.case.dtype in ("float32", "float64") and any(r.value.any() for r in a.gradients.values()),
    ),
    Check("determinism", (Status.NONDETERMINISTIC,), lambda _, e, v: (e, replace(v, unstable={}))),
)


@dataclass
class Blindness:
    """What got through without each check: the names of faults. A check for which no case was is not listed."""

    through: dict[str, set[str]] = field(default_factory=dict)

    def meet(self, asked: Asked) -> None:
        """A case into which faults are put."""
        for check in CHECKS:
            if check.name not in self.through and check.applies(asked):
                self.through[check.name] = set()

    def try_without(
        self, fault: str, asked: Asked, expected: Expectation, outcome: Outcome, caught: Status, judge: Judge
    ) -> None:
        """A caught fault is judged again without each check that may have caught it."""
        if not isinstance(outcome, Value):
            return
        for check in CHECKS:
            known = self.through.get(check.name)
            if known is None or fault in known or caught not in check.statuses:
                continue
            if judge(*check.without(asked, expected, outcome)).status is Status.PASS:
                known.add(fault)

    @property
    def idle(self) -> list[str]:
        """The checks without which nothing gets through."""
        return [name for name, through in self.through.items() if not through]
