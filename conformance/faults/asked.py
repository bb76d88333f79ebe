"""One case on its way from its inputs to its answer, so that a fault can be put at any place of it.

The honest target is NumPy's own plan, run as its worker runs it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from conformance.ask.prepare import Prepared, prepare
from conformance.dtypes import encode
from conformance.exact.trilinear import Geometry
from conformance.frameworks import Ask, lower
from conformance.frameworks.check import check_plan
from conformance.judge.compare import Expectation
from conformance.layout import LayoutError, from_layout, to_layout
from conformance.ops.base import Array, TensorSpec
from conformance.ops.conv.convolution import Convolution
from conformance.ops.reference import Reference
from conformance.outcome import Outcome, Raised, Tensor, Unsupported, Value
from conformance.plan import Plan
from conformance.suite.case import Case
from conformance.suite.values import make_cotangents
from conformance.target import parse_target
from conformance.worker.environment import Config
from conformance.worker.runtime import build, load

NUMPY = parse_target("numpy")
RUNTIME = load(Config({"framework": "numpy"}))


@dataclass(frozen=True, eq=False)
class Asked:
    """One case on its way: what was lowered, what is sent, what is right. `before` is the case that ran before it."""

    case: Case
    op: Convolution
    geometry: Geometry
    plan: Plan
    arrays: Mapping[str, Array]
    expectation: Expectation
    before: Asked | None = field(default=None, repr=False)

    @property
    def right(self) -> Reference:
        """The exact answer."""
        return self.expectation.outputs[self.output.name]

    @cached_property
    def output(self) -> TensorSpec:
        """The only output."""
        [output] = self.op.outputs()
        return output

    @property
    def exact(self) -> bool:
        """Whether any right computation is equal to the reference."""
        return self.expectation.exact

    @cached_property
    def cotangent(self) -> Array:
        """The vector of the vector-Jacobian products."""
        return make_cotangents(self.case, [self.output])[self.output.name]

    @cached_property
    def gradients(self) -> Mapping[str, Reference]:
        """The exact gradients by input."""
        return self.op.gradients(self.arrays, {self.output.name: self.cotangent})

    @property
    def with_gradients(self) -> Expectation:
        """What an answer with gradients is held against."""
        return replace(self.expectation, gradients=self.gradients)

    @property
    def sizes(self) -> dict[str, dict[str, int]]:
        """The canonical sizes of the inputs and of the output."""
        return {spec.name: spec.sizes for spec in (*self.op.inputs(), self.output)}

    def axes(self, name: str) -> str:
        """The canonical letters of an input or of the output."""
        return "".join(self.sizes[name])

    @cached_property
    def y(self) -> Array:
        """The honest target's answer, in float64."""
        outcome = run(self)
        assert isinstance(outcome, Value), outcome
        assert outcome.first.values is not None
        return outcome.first.values.astype(np.float64)

    def answer(self, values: Array, dtype: str | None = None, gradients: Mapping[str, Array] | None = None) -> Value:
        """An answer with these values and gradients, rounded to the case's dtype."""
        kind = dtype or self.case.dtype
        pulled = {name: tensor(array, kind) for name, array in (gradients or {}).items()}
        return Value({self.output.name: tensor(values, kind)}, pulled)


def tensor(values: Array, dtype: str) -> Tensor:
    """Values as a framework would return them."""
    return Tensor(dtype, np.shape(values), np.asarray(encode(np.asarray(values, dtype=np.float64), dtype)))


def can_ask(prepared: Prepared) -> bool:
    """Whether NumPy has a plan for a case, and the case an answer with values."""
    op = prepared.case.op
    if not isinstance(op, Convolution) or prepared.expectation.refused is not None:
        return False
    return isinstance(lowered(prepared.case, op, op.geometry()), Plan)


def ask(case: Case | Prepared, before: Asked | None = None) -> Asked:
    """A case as the coordinator prepares it for NumPy."""
    prepared = prepare(case) if isinstance(case, Case) else case
    op = prepared.case.op
    assert isinstance(op, Convolution)
    geometry = op.geometry()
    plan = lowered(prepared.case, op, geometry)
    assert isinstance(plan, Plan), plan
    expectation = replace(prepared.expectation, gradients={})
    return Asked(prepared.case, op, geometry, plan, prepared.arrays, expectation, before)


def lowered(case: Case, op: Convolution, geometry: Geometry) -> Plan | Unsupported:
    """NumPy's plan for a geometry."""
    return lower(Ask(op, geometry, case.dtype, NUMPY))


def run(asked: Asked) -> Outcome:
    """Convert, check, run and convert back, as the coordinator and a worker do."""
    dtype = asked.case.dtype
    try:
        inputs = {
            name: to_layout(encode(asked.arrays[name], dtype), asked.axes(name), asked.plan.layout(name), name)
            for name in asked.plan.inputs
        }
    except LayoutError as error:
        return Raised("LayoutError", str(error))
    findings = check_plan(asked.plan.text, "numpy", inputs)
    assert not findings, findings
    name = asked.output.name
    function = build(asked.plan.text, list(inputs), [name], RUNTIME)
    try:
        y = RUNTIME.run(function, list(inputs.values()))[name]
    except (ValueError, IndexError, TypeError) as error:  # NumPy's own words
        return Raised(type(error).__name__, str(error))
    try:
        canonical = from_layout(y, asked.axes(name), asked.plan.layout(name), asked.sizes[name], name)
    except LayoutError as error:
        return Raised("LayoutError", str(error))
    return Value({name: Tensor(canonical.dtype.name, canonical.shape, canonical)})


Make = Callable[[Asked], Iterator[Outcome]]


@dataclass(frozen=True)
class Fault:
    """A fault: `make` gives the wrong outcomes that it can cause for a case.

    `group` is the part of the way that it spoils. `within`: it can be so small that an honest computation in real
    values could give it, so only exact values must show it.
    """

    name: str
    group: str
    make: Make
    within: bool = False
