"""One case on its way from its inputs to its answer, so that a fault can be put at any place of it.

The honest target is NumPy's own plan, run as its worker runs it; where NumPy has none for the op, the exact answer
rounded to the dtype.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.ask.prepare import Prepared, prepare
from conformance.dtypes import COMPONENTS, encode
from conformance.frameworks import Ask, lower
from conformance.frameworks.check import check_plan
from conformance.judge.compare import Expectation
from conformance.layout import LayoutError, from_layout, to_layout
from conformance.ops.base import Array, Op, TensorSpec
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
    """One case on its way: what was lowered, what is sent, what is right. `before` is the case that ran before it.

    `plan` is NumPy's, or None where the exact answer stands for the honest one.
    """

    case: Case
    op: Op
    plan: Plan | None
    arrays: Mapping[str, Array]
    expectation: Expectation
    before: Asked | None = field(default=None, repr=False)

    @property
    def right(self) -> Reference:
        """The exact first output."""
        return self.expectation.outputs[self.output.name]

    @cached_property
    def outputs(self) -> tuple[TensorSpec, ...]:
        """Every output."""
        return self.op.outputs()

    @property
    def output(self) -> TensorSpec:
        """The first output."""
        return self.outputs[0]

    @cached_property
    def geometry(self) -> tuple[Any, ...]:
        """The geometry that follows from the parameters, an item a spatial axis; () for an op without one."""
        meaning = self.op.meaning()
        whole = isinstance(meaning, tuple) and all(hasattr(axis, "stride") for axis in meaning)
        return meaning if whole and self.plan is not None else ()

    @property
    def exact(self) -> bool:
        """Whether any right computation is equal to the reference."""
        return self.expectation.exact

    @cached_property
    def cotangents(self) -> Mapping[str, Array]:
        """The vectors of the vector-Jacobian products, by output."""
        return make_cotangents(self.case, self.outputs)

    @property
    def cotangent(self) -> Array:
        """That of the first output."""
        return self.cotangents[self.output.name]

    @cached_property
    def gradients(self) -> Mapping[str, Reference]:
        """The exact gradients by input."""
        return self.op.gradients(self.arrays, self.cotangents) if self.cotangents else {}

    @property
    def with_gradients(self) -> Expectation:
        """What an answer with gradients is held against."""
        return replace(self.expectation, gradients=self.gradients)

    @property
    def sizes(self) -> dict[str, dict[str, int]]:
        """The canonical sizes of the inputs and of the outputs."""
        return {spec.name: spec.sizes for spec in (*self.op.inputs(), *self.outputs)}

    def axes(self, name: str) -> str:
        """The canonical letters of an input or of an output."""
        return "".join(self.sizes[name])

    @cached_property
    def honest(self) -> Mapping[str, Tensor]:
        """The honest target's answer."""
        outcome = run(self)
        assert isinstance(outcome, Value), outcome
        return outcome.outputs

    @cached_property
    def y(self) -> Array:
        """Its first output, in float64."""
        values = self.honest[self.output.name].values
        assert values is not None
        return values.astype(np.float64)

    def answer(self, values: Array, dtype: str | None = None, gradients: Mapping[str, Array] | None = None) -> Value:
        """An answer whose first output and gradients have these values, rounded to the case's dtype."""
        kind = dtype or self.case.dtype
        pulled = {name: tensor(array, kind) for name, array in (gradients or {}).items()}
        return Value({**self.honest, self.output.name: tensor(values, kind)}, pulled)

    def having(self, name: str, values: NDArray[Any]) -> Value:
        """The honest answer with other values for one output, in the dtype of that output."""
        spec = next(spec for spec in self.outputs if spec.name == name)
        return Value({**self.honest, name: typed(values, spec, self.case.dtype)})


def tensor(values: Array, dtype: str) -> Tensor:
    """Real values as a framework would return them."""
    return Tensor(dtype, np.shape(values), np.asarray(encode(np.asarray(values, dtype=np.float64), dtype)))


def typed(values: NDArray[Any], spec: TensorSpec, case: str) -> Tensor:
    """Values of an output of any kind as a framework would return them."""
    if spec.kind == "real":
        return tensor(values, spec.dtype or case)
    usual = {"boolean": "bool", "complex": next((k for k, part in COMPONENTS.items() if part == case), "complex64")}
    dtype = spec.dtype or usual.get(spec.kind, "int64")
    with np.errstate(invalid="ignore"):  # NaN in the place of an integer is a fault like another
        array = np.asarray(values).astype(dtype)
    return Tensor(dtype, array.shape, array)


def can_ask(prepared: Prepared) -> bool:
    """Whether faults can be put into a case: its op has a definition, and the case an answer with values."""
    op = prepared.case.op
    return op.definition() is op and prepared.expectation.refused is None and bool(prepared.expectation.outputs)


def ask(case: Case | Prepared, before: Asked | None = None) -> Asked:
    """A case as the coordinator prepares it for NumPy."""
    prepared = prepare(case) if isinstance(case, Case) else case
    op = prepared.case.op
    plan = lowered(prepared.case, op, op.meaning())
    expectation = replace(prepared.expectation, gradients={})
    own = plan if isinstance(plan, Plan) else None
    return Asked(prepared.case, op, own, prepared.arrays, expectation, before)


def lowered(case: Case, op: Op, meaning: Any) -> Plan | Unsupported:
    """NumPy's plan for what follows from an op's parameters."""
    return lower(Ask(op, meaning, case.dtype, NUMPY))


def run(asked: Asked) -> Outcome:
    """Convert, check, run and convert back, as the coordinator and a worker do."""
    if asked.plan is None:
        return computed(asked.op, asked.arrays, asked.case.dtype)
    plan, dtypes = asked.plan, {spec.name: spec.travels_as(asked.case.dtype) for spec in asked.op.inputs()}
    try:
        inputs = {
            name: to_layout(encode(asked.arrays[name], dtypes[name]), asked.axes(name), plan.layout(name), name)
            for name in plan.inputs
        }
    except LayoutError as error:
        return Raised("LayoutError", str(error))
    findings = check_plan(plan.text, "numpy", inputs, plan.outputs, plan.trusted)
    assert not findings, findings
    names = [spec.name for spec in asked.outputs]
    function = build(plan.text, list(inputs), names, RUNTIME)
    try:
        found = RUNTIME.run(function, list(inputs.values()))
    except (ValueError, IndexError, TypeError) as error:  # NumPy's own words
        return Raised(type(error).__name__, str(error))
    outputs = {}
    for name in names:
        try:
            canonical = from_layout(found[name], asked.axes(name), plan.layout(name), asked.sizes[name], name)
        except LayoutError as error:
            return Raised("LayoutError", str(error))
        outputs[name] = Tensor(canonical.dtype.name, canonical.shape, canonical)
    return Value(outputs)


def computed(op: Op, arrays: Mapping[str, Array], dtype: str) -> Outcome:
    """The exact outputs for these inputs, as a framework that makes no error would return them."""
    try:
        with np.errstate(all="ignore"):
            found = op.evaluate(arrays)
    except (ValueError, IndexError, TypeError) as error:
        return Raised(type(error).__name__, str(error))
    return Value({spec.name: typed(found[spec.name].value, spec, dtype) for spec in op.outputs()})


Make = Callable[[Asked], Iterator[Outcome]]


def everywhere(_: Asked) -> bool:
    """Every case."""
    return True


def convolutional(asked: Asked) -> bool:
    """The cases that have a geometry and a plan made of it."""
    return bool(asked.geometry)


@dataclass(frozen=True)
class Fault:
    """A fault: `make` gives the wrong outcomes that it can cause for a case.

    `group` is the part of the way that it spoils. `within`: it can be so small that an honest computation in real
    values could give it, so only exact values must show it. `applies`: the cases in which it means something; where a
    selection has none, it is no survivor. `signs`: the case is judged as one that asks for the signs of zeros.
    `optional`: what it does depends on the op, so one that changes no answer at all is no survivor either.
    """

    name: str
    group: str
    make: Make
    within: bool = False
    applies: Callable[[Asked], bool] = everywhere
    signs: bool = False
    optional: bool = False

    def expectation(self, asked: Asked) -> Expectation:
        """What its outcomes are held against."""
        expected = asked.with_gradients if self.group == "gradients" else asked.expectation
        return replace(expected, signed_zeros=True) if self.signs else expected
