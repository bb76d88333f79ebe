"""From a case to what the targets are sent and what their answers are held against.

Everything here is computed once a case and shared by all its targets; what a target needs on top is its plan and the
layout of its inputs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from conformance.dtypes import DTYPES, encode, rounded
from conformance.executor import Request
from conformance.frameworks import Ask, lower
from conformance.judge.compare import Expectation, real
from conformance.judge.explain import Explanation
from conformance.judge.layouts import explain_layout
from conformance.layout import Layout, LayoutError, Marks, from_layout, parse_layout, shape_from_layout, to_layout
from conformance.ops.base import Array, TensorSpec
from conformance.ops.call import Call
from conformance.ops.reference import Reference, whole
from conformance.outcome import Outcome, Raised, Tensor, Unsupported, Value
from conformance.plan import USUAL, Plan
from conformance.suite.case import Case
from conformance.suite.fit import oversize
from conformance.suite.origin import origin_of
from conformance.suite.values import make_cotangents, make_inputs
from conformance.target import Target

REDRAWS = 16


class CaseError(Exception):
    """A case that can't be judged as it is written: a mistake in its file, not a divergence."""


@dataclass
class Prepared:
    """One case, ready to be asked of any target."""

    case: Case
    specs: tuple[TensorSpec, ...]
    arrays: dict[str, Array]
    expectation: Expectation
    outputs: tuple[TensorSpec, ...]  # none where the op's definition refuses, or nobody knows yet
    cotangents: dict[str, Array] = field(default_factory=dict)  # by output, where gradients are checked
    encoded: dict[tuple[str, str], NDArray[np.generic]] = field(default_factory=dict)
    anchor: Target | None = None  # the target whose answer is the reference (`call` with `against`)
    settled: bool = True  # False until the anchor has answered
    mistaken: bool = False  # the anchor's answer has shown that the case can't be judged as it is written
    explained: dict[str, Explanation] = field(default_factory=dict)  # wrong answer -> why it is wrong
    unanswered: str = ""  # why there is no reference, once it is known that the anchor gave no answer

    @property
    def nbytes(self) -> int:
        """Roughly what is held in memory."""
        total = sum(a.nbytes for a in self.arrays.values()) * 2
        return total + sum(3 * reference.value.nbytes for reference in self.expectation.outputs.values())

    @property
    def output_axes(self) -> dict[str, str]:
        """The canonical letters of each output, also where its sizes are not known."""
        op = self.case.op
        if isinstance(op, Call):
            return op.answers
        if self.outputs:
            return {spec.name: spec.axes for spec in self.outputs}
        # Refused by the definition and answered all the same: it has the axes of the first input.
        return {USUAL: self.specs[0].axes}

    def marks(self, name: str) -> Marks:
        """The canonical order of a tensor's named slices."""
        return next((spec.marks for spec in (*self.specs, *self.outputs) if spec.name == name), ())

    def dtype(self, name: str) -> str:
        """The dtype in which an input travels: its own, or the case's."""
        return next(spec for spec in self.specs if spec.name == name).travels_as(self.case.dtype)


def prepare(case: Case) -> Prepared:
    """Make a case's inputs and its exact answer; CaseError where there is nothing to compare."""
    op = case.op
    refused = op.refusal()
    if case.expect.refused and refused is None:
        refused = "the case says that it must be refused"
    specs = op.inputs()
    if (found := oversize(op, case.checks)) is not None:
        raise CaseError(found[1])
    arrays = make_inputs(case)
    exact = "normal" not in (case.values.kind, case.values.base if case.values.kind == "specials" else "")
    tolerance = case.expect.tolerance
    if refused is not None:
        expectation = Expectation(case.dtype, {}, exact, refused=refused)
        return Prepared(case, specs, arrays, expectation, ())
    if isinstance(op, Call) and op.anchor is not None:
        expectation = Expectation(
            case.dtype,
            {},
            exact,
            nonfinite=case.nonfinite,
            ulps=op.ulp or 0,
            checks=case.checks,
            tolerance=tolerance,
        )
        return Prepared(case, specs, arrays, expectation, (), anchor=op.anchor, settled=False)
    outputs = op.outputs()
    evaluation = op.evaluated(arrays)
    references = evaluation.outputs
    draw = 0
    while case.values.kind == "integers" and draw < REDRAWS and any(map(cancelled, references.values())):
        # Few small integers sum to zero by chance, and a case that compares zeros alone shows nothing.
        draw += 1
        arrays = make_inputs(case, draw)
        evaluation = op.evaluated(arrays)
        references = evaluation.outputs
    # Places, counts and truths are equal or wrong in any case.
    real_ones = [references[spec.name] for spec in outputs if spec.kind == "real"]
    exact = exact and all(sums_are_exact(case, arrays, reference) for reference in real_ones)
    # What a case states is the first output.
    check_expectations(case, outputs[0], references[outputs[0].name])
    check_not_vacuous(case, {name: reference.value for name, reference in references.items()})
    gradients: dict[str, Reference] = {}
    cotangents: dict[str, Array] = {}
    if "gradient" in case.checks:
        cotangents = make_cotangents(case, outputs)
        gradients = evaluation.gradients(cotangents)
    expectation = Expectation(
        case.dtype,
        references,
        exact,
        gradients,
        specs={spec.name: spec for spec in (*specs, *outputs)},
        inputs=arrays,
        nonfinite=case.nonfinite,
        signed_zeros="signed_zeros" in case.checks,
        checks=case.checks,
        tolerance=tolerance,
        relations=definition.relations() if (definition := op.definition()) is not None else (),
    )
    return Prepared(case, specs, arrays, expectation, outputs, cotangents)


def sums_are_exact(case: Case, arrays: Mapping[str, Array], reference: Reference) -> bool:
    """Whether every partial sum is exact in the dtype, so that any right algorithm is equal: small enough integers."""
    if reference.exact or (case.values.kind == "integers" and case.op.products()):
        return True  # made so
    if case.op.definition() is None:
        return all(map(whole, (*arrays.values(), reference.value)))  # stated values; no sum is known
    return reference.sums_exactly(arrays.values(), DTYPES[case.dtype])


def cancelled(reference: Reference) -> bool:
    """Whether every element is zero although products were summed."""
    return bool(reference.value.size) and not reference.value.any() and bool(reference.magnitude().any())


def check_expectations(case: Case, output: TensorSpec, reference: Reference) -> None:
    """What a case states literally must be what the op's definition gives: otherwise one of the two is wrong."""
    expect = case.expect
    layout = parse_layout(expect.layout) if expect.layout else Layout(tuple(output.axes))
    if expect.shape is not None:
        try:
            stated = shape_from_layout(tuple(expect.shape), output.axes, layout)
        except LayoutError as error:
            raise CaseError(f"expect.shape {list(expect.shape)}: {error}") from None
        if stated != output.shape:
            raise CaseError(
                f"expects shape {tuple(expect.shape)} ({layout}), but by its definition the op gives "
                f"{output.shape} ({output.axes})"
            )
    if expect.values is not None:
        stated_values = np.asarray(expect.values, dtype=np.float64)
        native = to_layout(reference.value, output.axes, layout)
        if stated_values.size != native.size:
            raise CaseError(f"expects {stated_values.size} values, but the op gives {native.size}: {native.shape}")
        # Stated in a person's digits, which are rounded as literal inputs are.
        same = rounded(stated_values.reshape(native.shape), case.dtype), rounded(native, case.dtype)
        if not np.array_equal(*same, equal_nan=True):
            raise CaseError(f"expects {stated_values.tolist()}, but by its definition the op gives {native.tolist()}")


def check_not_vacuous(case: Case, values: Mapping[str, Array]) -> None:
    """No vacuous pass: outputs that are all empty, all zero or nowhere finite must be meant."""
    shapes = ", ".join(str(value.shape) for value in values.values())
    if not any(value.size for value in values.values()):
        if "empty" not in case.permits:
            raise CaseError(f"its output is empty, shape {shapes}; say `permits: [empty]` if that is meant")
    elif not any(value.any() for value in values.values()):
        if "zeros" not in case.permits:
            raise CaseError("its reference is zero everywhere; say `permits: [zeros]` if that is meant")
    elif "nonfinite" not in case.permits and not any(np.isfinite(value).any() for value in values.values()):
        said = "its reference is finite nowhere, so nothing would be compared; say `permits: [nonfinite]` if"
        raise CaseError(f"{said} the pattern of infinities and NaN is what is meant")


def plan_for(case: Case, target: Target) -> Plan | Unsupported:
    """What `target` is asked to do for this case."""
    op = case.op
    if isinstance(op, Call):
        return op.plan(target.framework) or Unsupported(f"the case has no plan for {target.framework}")
    return lower(Ask(op, op.meaning() if op.refusal() is None else None, case.dtype, target))


def request_for(prepared: Prepared, plan: Plan, target: Target) -> Request:
    """The plan with the inputs in its layouts."""
    case = prepared.case
    inputs = tuple((name, _encoded(prepared, name, plan.layout(name)), prepared.dtype(name)) for name in plan.inputs)
    gradient: tuple[str, ...] = ()
    cotangents: tuple[tuple[str, NDArray[np.generic], str], ...] = ()
    if prepared.expectation.gradients and not gradient_reason(target):
        gradient = tuple(name for name in plan.inputs if name in prepared.expectation.gradients)
        cotangents = tuple(
            (spec.name, _pulled_back(prepared, spec, plan.layout(spec.name)), spec.dtype or case.dtype)
            for spec in prepared.outputs
            if spec.name in prepared.cotangents
        )
    repeat = 2 if "determinism" in case.checks else 0
    expectation = prepared.expectation
    wanted = [*expectation.outputs.values(), *(expectation.gradients[name] for name in gradient)]
    expected = sum(reference.value.size for reference in wanted)
    origin = origin_of(case.source.file)
    authored = bool(origin) and isinstance(case.op, Call)
    names = plan.outputs
    return Request(plan.text, inputs, gradient, cotangents, repeat, names, expected, origin, authored, plan.trusted)


def gradient_reason(target: Target) -> str:
    """Why a target gives no gradients, or "" where it does."""
    return target.spec.gradient_reason(target.backend, target.mode)


def _encoded(prepared: Prepared, name: str, layout: Layout) -> NDArray[np.generic]:
    spec = next(spec for spec in prepared.specs if spec.name == name)
    return _once(prepared, prepared.arrays[name], spec, layout, name)


def _pulled_back(prepared: Prepared, spec: TensorSpec, layout: Layout) -> NDArray[np.generic]:
    return _once(prepared, prepared.cotangents[spec.name], spec, layout, f"d{spec.name}")


def _once(prepared: Prepared, array: Array, spec: TensorSpec, layout: Layout, name: str) -> NDArray[np.generic]:
    key = (name, str(layout))
    if key not in prepared.encoded:
        encoded = encode(array, spec.travels_as(prepared.case.dtype))
        prepared.encoded[key] = to_layout(encoded, spec.axes, layout, name, spec.marks)
    return prepared.encoded[key]


def canonical(prepared: Prepared, plan: Plan, outcome: Outcome) -> Outcome:
    """An outcome's tensors out of the plan's layouts and into the op's. A tensor that does not fit stays as it came."""
    if not isinstance(outcome, Value):
        return outcome
    specs = {spec.name: spec for spec in prepared.specs}
    gradients = {}
    for name, tensor in outcome.gradients.items():
        gradients[name] = _back(tensor, specs[name].axes, plan.layout(name), specs[name].sizes, prepared.marks(name))
    # Where there are none, no axes are merged whose sizes would be needed.
    sizes = {spec.name: spec.sizes for spec in prepared.outputs}
    outputs = {
        name: _back(outcome.outputs[name], axes, plan.layout(name), sizes.get(name, {}), prepared.marks(name))
        for name, axes in prepared.output_axes.items()
        if name in outcome.outputs
    }
    return replace(outcome, outputs={**outcome.outputs, **outputs}, gradients=gradients)


def _back(tensor: Tensor, axes: str, layout: Layout, sizes: Mapping[str, int], marks: Marks) -> Tensor:
    try:
        shape = shape_from_layout(tensor.shape, axes, layout, dict(sizes))
        values = tensor.values
        if values is not None:
            values = from_layout(values, axes, layout, dict(sizes), marks=marks)
        return Tensor(tensor.dtype, shape, values)
    except LayoutError:
        # The wrong number of axes: the comparison will report the shape as it came.
        return tensor


def settle(prepared: Prepared, target: Target, outcome: Outcome) -> None:
    """Take the answer of the target that the others are held against as what is expected.

    Where it refuses, the others are expected to refuse too; where it gives no answer, they can't be judged. CaseError
    where its answer compares nothing.
    """
    old = prepared.expectation
    prepared.settled = True
    if isinstance(outcome, Value) and outcome.has_values:
        values = {name: real(tensor.values) for name, tensor in outcome.outputs.items() if tensor.values is not None}
        for name, axes in prepared.output_axes.items():
            if name in values and values[name].ndim != len(axes):
                raise CaseError(
                    f"{target} answers with shape {values[name].shape}, but the layout of the output is {axes}: "
                    f"expected a letter for each of its {values[name].ndim} axes"
                )
        references = {name: Reference.stated(value) for name, value in values.items()}
        prepared.expectation = replace(old, outputs=references, exact=old.ulps == 0)
        check_not_vacuous(prepared.case, values)
    elif isinstance(outcome, Raised):
        prepared.expectation = replace(old, refused=f"{target} refuses: {outcome.type}")
    else:
        prepared.unanswered = f"held against {target}, which gave no answer"


def written_layout(prepared: Prepared, name: str, actual: Array, plan: Plan) -> str:
    """For a `call`: which other layout of an output makes the answer right; "" where none does."""
    expectation, op = prepared.expectation, prepared.case.op
    reference = expectation.outputs.get(name)
    if not isinstance(op, Call) or reference is None or expectation.dtype not in DTYPES:
        return ""
    allowed = None if expectation.equal else expectation.allowance(reference, DTYPES[expectation.dtype])
    axes = prepared.output_axes[name]
    return explain_layout(actual, reference.value, allowed, expectation.dtype, axes, plan.layout(name))
