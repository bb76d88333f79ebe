"""From a case to what the targets are sent and what their answers are held against.

Everything here is computed once a case and shared by all its targets; what a target needs on top is its plan and
the layout of
its inputs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.dtypes import DTYPES, encode, rounded
from conformance.executor import Request
from conformance.frameworks import Ask, lower
from conformance.judge.compare import Expectation, allowance, judge
from conformance.judge.steady import steady
from conformance.layout import Layout, LayoutError, from_layout, parse_layout, shape_from_layout, to_layout
from conformance.ops import OPS
from conformance.ops.base import Array, Op, Reference, TensorSpec
from conformance.ops.call import CallParams
from conformance.ops.conv.convolution import Convolution, ConvParams
from conformance.outcome import Outcome, Raised, Tensor, Unsupported, Value
from conformance.plan import Plan
from conformance.suite.case import Case
from conformance.suite.fit import oversize
from conformance.suite.origin import origin_of
from conformance.suite.values import make_cotangent, make_inputs
from conformance.target import Target

# Modes and frameworks that answer without gradients; observed, and said so in their verdicts.
NO_GRADIENT = {
    "numpy": "NumPy has no gradients",
    "onnx": "ONNX has no gradients",
    "meta": "the meta device computes no values",
}

REDRAWS = 16


class CaseError(Exception):
    """A case that can't be judged as it is written: a mistake in its file, not a divergence."""


@dataclass
class Prepared:
    """One case, ready to be asked of any target."""

    case: Case
    op: Op
    specs: tuple[TensorSpec, ...]
    arrays: dict[str, Array]
    expectation: Expectation
    output: TensorSpec | None
    cotangent: Array | None = None
    encoded: dict[tuple[str, str], NDArray[np.generic]] = field(default_factory=dict)
    anchor: Target | None = None  # the target whose answer is the reference (`call` with `against`)
    settled: bool = True  # False until the anchor has answered
    explained: dict[str, str] = field(default_factory=dict)  # wrong answer -> why it is wrong
    unanswered: str = ""  # why there is no reference, once it is known that the anchor gave no answer

    @property
    def nbytes(self) -> int:
        """Roughly what is held in memory."""
        total = sum(a.nbytes for a in self.arrays.values()) * 2
        if self.expectation.output is not None:
            total += 3 * self.expectation.output.value.nbytes
        return total


def prepare(case: Case) -> Prepared:
    """Make a case's inputs and its exact answer; CaseError where there is nothing to compare."""
    op = OPS[case.op]
    refused = op.refusal(case.params)
    if case.expect.refused and refused is None:
        refused = "the case says that it must be refused"
    specs = op.inputs(case.params)
    if (found := oversize(op, case.params, case.checks)) is not None:
        raise CaseError(found[1])
    arrays = make_inputs(case)
    exact = "normal" not in (case.values.kind, case.values.base if case.values.kind == "specials" else "")
    tolerance = case.expect.tolerance
    if refused is not None:
        expectation = Expectation(case.dtype, None, (), exact, {}, refused=refused)
        return Prepared(case, op, specs, arrays, expectation, None)
    if isinstance(case.params, CallParams) and case.params.anchor is not None:
        ulp = case.params.ulp or 0
        expectation = Expectation(
            case.dtype, None, (), exact, {}, nonfinite=case.nonfinite, ulps=ulp, tolerance=tolerance
        )
        return Prepared(case, op, specs, arrays, expectation, None, anchor=case.params.anchor, settled=False)
    output = op.output(case.params)
    reference = op.reference(case.params, arrays)
    draw = 0
    while case.values.kind == "integers" and draw < REDRAWS and cancelled(reference):
        # Few small integers sum to zero by chance, and a case that compares zeros alone shows nothing.
        draw += 1
        arrays = make_inputs(case, draw)
        reference = op.reference(case.params, arrays)
    exact = exact and sums_are_exact(case, arrays, reference)
    check_expectations(case, output, reference)
    check_not_vacuous(case, reference.value)
    gradients: dict[str, Reference] = {}
    cotangent = None
    if {"gradient", "adjointness"} & set(case.checks):
        cotangent = make_cotangent(case, output)
    if "gradient" in case.checks and cotangent is not None:
        gradients = op.gradients(case.params, arrays, cotangent)
    expectation = Expectation(
        case.dtype,
        reference,
        output.shape,
        exact,
        gradients,
        nonfinite=case.nonfinite,
        signed_zeros="signed_zeros" in case.checks,
        tolerance=tolerance,
    )
    return Prepared(case, op, specs, arrays, expectation, output, cotangent)


def sums_are_exact(case: Case, arrays: Mapping[str, Array], reference: Reference) -> bool:
    """Whether every partial sum is exact in the dtype, so that any right algorithm is equal: small enough integers."""
    if case.values.kind == "integers":
        return True  # made so
    limit = 2.0 ** DTYPES[case.dtype].precision
    finite = [array[np.isfinite(array)] for array in (*arrays.values(), reference.value)]
    integers = all(np.array_equal(array, np.rint(array)) for array in finite)
    if integers and isinstance(case.params, CallParams) and case.params.reference is None:
        return True  # stated values; no sum is known
    largest = np.nan_to_num(reference.magnitude(), nan=0.0, posinf=0.0)
    return integers and float(largest.max(initial=0.0)) <= limit


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


def check_not_vacuous(case: Case, value: Array) -> None:
    """No vacuous pass: an empty, all-zero or nowhere finite reference must be meant."""
    if not value.size:
        if "empty" not in case.permits:
            raise CaseError(f"its output is empty, shape {value.shape}; say `permits: [empty]` if that is meant")
    elif not value.any():
        if "zeros" not in case.permits:
            raise CaseError("its reference is zero everywhere; say `permits: [zeros]` if that is meant")
    elif not np.isfinite(value).any():
        raise CaseError("its reference is finite nowhere, so nothing would be compared")


def plan_for(prepared: Prepared, target: Target) -> Plan | Unsupported:
    """What `target` is asked to do for this case."""
    params = prepared.case.params
    if isinstance(params, CallParams):
        return params.plan(target.framework) or Unsupported(f"the case has no plan for {target.framework}")
    geometry = None
    if isinstance(prepared.op, Convolution) and prepared.op.refusal(params) is None:
        geometry = prepared.op.geometry(params)
    return lower(Ask(prepared.case.op, params, geometry, prepared.specs, prepared.case.dtype, target))


def request_for(prepared: Prepared, plan: Plan, target: Target) -> Request:
    """The plan with the inputs in its layouts."""
    case = prepared.case
    inputs = tuple((name, _encoded(prepared, name, plan.layout(name)), case.dtype) for name in plan.inputs)
    gradient: tuple[str, ...] = ()
    cotangent = None
    if prepared.expectation.gradients and not gradient_reason(target):
        gradient = tuple(name for name in plan.inputs if name in prepared.expectation.gradients)
        cotangent = (_encoded(prepared, "dy", plan.layout("y")), case.dtype)
    repeat = 2 if "determinism" in case.checks else 0
    wanted = [prepared.expectation.output, *(prepared.expectation.gradients[name] for name in gradient)]
    expected = sum(reference.value.size for reference in wanted if reference is not None)
    origin = origin_of(case.source.file)
    authored = bool(origin) and isinstance(case.params, CallParams)
    return Request(plan.text, inputs, gradient, cotangent, repeat, "y", expected, origin, authored, plan.trusted)


def gradient_reason(target: Target) -> str:
    """Why a target gives no gradients, or "" where it does."""
    return NO_GRADIENT.get(target.framework, "") or NO_GRADIENT.get(target.mode, "")


def _encoded(prepared: Prepared, name: str, layout: Layout) -> NDArray[np.generic]:
    key = (name, str(layout))
    if key not in prepared.encoded:
        if name == "dy":
            assert prepared.cotangent is not None
            assert prepared.output is not None
            array, axes = prepared.cotangent, prepared.output.axes
        else:
            array = prepared.arrays[name]
            axes = next(spec.axes for spec in prepared.specs if spec.name == name)
        coded = encode(array, prepared.case.dtype)
        prepared.encoded[key] = to_layout(coded, axes, layout, name)
    return prepared.encoded[key]


def canonical(prepared: Prepared, plan: Plan, outcome: Outcome) -> Outcome:
    """An outcome's tensors out of the plan's layouts and into the op's. A tensor that does not fit stays as it came."""
    if not isinstance(outcome, Value):
        return outcome
    specs = {spec.name: spec for spec in prepared.specs}
    gradients = {}
    for name, tensor in outcome.gradients.items():
        gradients[name] = _back(tensor, specs[name].axes, plan.layout(name), specs[name].sizes)
    output = outcome.output
    if isinstance(prepared.case.params, CallParams):
        output = _back(output, prepared.case.params.output_axes, plan.layout("y"), {})
    elif prepared.output is not None:
        output = _back(output, prepared.output.axes, plan.layout("y"), prepared.output.sizes)
    elif isinstance(prepared.op, Convolution):
        # Refused by the definition and answered all the same: y has the axes of x.
        output = _back(output, prepared.specs[0].axes, plan.layout("y"), {})
    return replace(outcome, output=output, gradients=gradients)


def _back(tensor: Tensor, axes: str, layout: Layout, sizes: Mapping[str, int]) -> Tensor:
    try:
        shape = shape_from_layout(tensor.shape, axes, layout, dict(sizes))
        values = tensor.values
        if values is not None:
            values = from_layout(values, axes, layout, dict(sizes))
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
    if isinstance(outcome, Value) and outcome.output.values is not None:
        value = outcome.output.values.astype(np.float64)
        reference = Reference(value, 0, lambda: np.abs(value), lambda: value**2)
        prepared.expectation = replace(old, output=reference, shape=value.shape, exact=old.ulps == 0)
        check_not_vacuous(prepared.case, value)
    elif isinstance(outcome, Raised):
        prepared.expectation = replace(old, refused=f"{target} refuses: {outcome.type}")
    else:
        prepared.unanswered = f"held against {target}, which gave no answer"


def wrong_axes(prepared: Prepared, target: Target, outcome: Value) -> str:
    """What is wrong with the answer that the others are held against where it has not the axes that the case says it
    has; "" where it has. Then nothing is settled by it.
    """
    axes, shape = prepared.case.params.output_axes, outcome.output.shape
    if len(shape) == len(axes):
        return ""
    prepared.settled = True
    prepared.unanswered = f"held against {target}, whose answer has {len(shape)} axes, not those of {axes}"
    return (
        f"answered with {len(shape)} axes, shape {shape}, but the case's output is {axes!r}; mend `output` or the plan"
    )


def dual(prepared: Prepared, target: Target) -> tuple[Plan, Request] | Unsupported:
    """The adjoint op's call, <conv(x), y> = <x, conv_transpose(y)>: the same kernel, with the roles of x and y
    exchanged.

    Asked from the canonical geometry, whatever the case's convention, since no convention promises that its words
    are adjoint.
    """
    params: ConvParams = prepared.case.params
    assert isinstance(prepared.op, Convolution)
    assert prepared.output is not None
    assert prepared.cotangent is not None
    geometry = prepared.op.geometry(params)
    flipped = replace(
        params,
        in_channels=params.out_channels,
        out_channels=params.in_channels,
        size=prepared.output.shape[2:],
        bias=False,
        convention="canonical",
        padding=tuple((axis.lo, axis.hi) for axis in geometry),
        output_padding=None,
        output_size=None,
    )
    name = "conv" if prepared.op.transposed else "conv_transpose"
    specs = OPS[name].inputs(flipped)
    plan = lower(Ask(name, flipped, geometry, specs, prepared.case.dtype, target))
    if isinstance(plan, Unsupported):
        return plan
    arrays: dict[str, Any] = {"x": prepared.cotangent, "w": prepared.arrays["w"].swapaxes(1, 2)}
    axes = {spec.name: spec.axes for spec in specs}
    inputs = tuple(
        (n, to_layout(encode(arrays[n], prepared.case.dtype), axes[n], plan.layout(n), n), prepared.case.dtype)
        for n in plan.inputs
    )
    return plan, Request(plan.text, inputs)


def adjoint_gap(prepared: Prepared, forward: Tensor, plan: Plan, backward: Outcome) -> str:
    """ "" where <A x, dy> equals <x, A* dy> within both allowances, else what differs."""
    if isinstance(backward, Raised):
        first = steady(backward.message.splitlines()[0]) if backward.message else ""
        return f"the adjoint call raised {backward.type}: {first}"
    if not isinstance(backward, Value) or backward.output.values is None or forward.values is None:
        how = judge(prepared.expectation, backward).message if not isinstance(backward, Value) else "a shape alone"
        return f"the adjoint call did not answer: {how}"
    assert prepared.output is not None
    assert prepared.cotangent is not None
    assert prepared.expectation.output is not None
    x, dy = prepared.arrays["x"], prepared.cotangent
    spec = prepared.specs[0]
    back = _back(backward.output, spec.axes, plan.layout("y"), spec.sizes)
    if back.shape != x.shape or back.values is None:
        return f"the adjoint call gave shape {back.shape}, the input has {x.shape}"
    answer = forward.values.astype(np.float64)
    if prepared.case.params.bias:
        answer = answer - prepared.arrays["b"].reshape(-1, *(1 for _ in x.shape[2:]))
    left = float((answer * dy).sum())
    right = float((x * back.values.astype(np.float64)).sum())
    allowed = 0.0
    if not prepared.expectation.exact:
        dtype = DTYPES[prepared.case.dtype]
        output = prepared.expectation.output
        gradient = prepared.op.gradients(prepared.case.params, prepared.arrays, dy)["x"]
        allowed = float((allowance(output, dtype, None) * np.abs(dy)).sum())
        allowed += float((allowance(gradient, dtype, None) * np.abs(x)).sum())
    if abs(left - right) <= allowed:
        return ""
    return f"<op(x), y> = {left:.9g}, but <x, adjoint(y)> = {right:.9g}; allowed {allowed:.3g}"
