"""(reference, outcome) -> verdict: pure, and the only comparison in the project.

The order of judgement: how it ended (answered, refused, died), shape, dtype, the pattern of NaN, infinities and signed
zeros, values, then gradients and determinism. NaN is never mapped to a number, and nothing is compared with a
hand-picked tolerance.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from conformance.dtypes import COMPONENTS, DTYPES, DType
from conformance.judge.allowance import BITS_NEED_ELEMENTS, FLOAT32_BITS, effective_bits
from conformance.judge.figures import measured
from conformance.judge.kinds import dtype_reason, judge_kind
from conformance.judge.pattern import broken_pattern, flipped_zeros
from conformance.judge.precision import LEAST_BITS, beyond, narrower
from conformance.judge.relations import held, in_order, judged_by_relations
from conformance.judge.stated import judge_stated, stated_allowance
from conformance.judge.steady import steady
from conformance.judge.words import last_words, telling_line
from conformance.ops.base import Array, Relation, TensorSpec
from conformance.ops.reference import Reference
from conformance.outcome import Crashed, Outcome, Raised, Tensor, TimedOut, Unsupported, Value, gradient_of
from conformance.plan import USUAL
from conformance.verdict import Figures, Status


@dataclass(frozen=True)
class Judgement:
    """A status with what it is about and its figures, before it is known whose case it was."""

    status: Status
    subject: str = USUAL
    message: str = ""
    figures: Figures | None = None


@dataclass(frozen=True)
class Expectation:
    """What a target's answer is held against.

    `outputs` are the references by name, in the op's order; `refused` is the reason why the op's definition rejects the
    case (then there are none). `exact` asks for equality, unless a person stated more: `ulps`, or `tolerance` (rtol and
    atol). `gradients` are the references by input. `specs` say of inputs and outputs what kind they are, where that is
    not real numbers in the case's dtype, and `inputs` are what indices point into. `nonfinite` is the policy for what
    an infinity may touch. `checks`: what the case asks for of its outputs; a shape that is not asked for is judged all
    the same where values are. `relations`: what must hold of outputs of which several are right.
    """

    dtype: str
    outputs: Mapping[str, Reference]
    exact: bool
    gradients: Mapping[str, Reference] = field(default_factory=dict)
    specs: Mapping[str, TensorSpec] = field(default_factory=dict)
    inputs: Mapping[str, Array] = field(default_factory=dict)
    refused: str | None = None
    nonfinite: str = "strict"
    signed_zeros: bool = False
    ulps: float | None = None
    checks: Collection[str] = ("shape", "dtype", "value")
    tolerance: tuple[float, float] | None = None
    relations: tuple[Relation, ...] = ()

    @property
    def stated(self) -> bool:
        """Whether a person stated how far off a right answer may be."""
        return self.tolerance is not None or bool(self.ulps)

    @property
    def equal(self) -> bool:
        """Whether a right answer is equal to the reference."""
        return self.exact and not self.stated

    def allowance(self, reference: Reference, dtype: DType) -> Array:
        """How far off a right answer may be, an element: what a person stated, or what follows from the op."""
        if self.stated:
            return stated_allowance(reference.value, dtype, self.ulps, self.tolerance)
        return np.zeros(reference.value.shape) if self.exact else reference.allowance(dtype.name)


def judge(expected: Expectation, outcome: Outcome) -> Judgement:
    """The status of one outcome. Tensors are in canonical layout already."""
    match outcome:
        case Unsupported(reason):
            return Judgement(Status.UNSUPPORTED, "", reason)
        case Crashed(signal, log):
            return Judgement(Status.CRASHED, "", f"the worker died ({signal}): {steady(last_words(log))}")
        case TimedOut(seconds, _):
            return Judgement(Status.TIMEOUT, "", f"no answer within {seconds:g} s")
        case Raised(kind, message, phase):
            first = steady(telling_line(message))
            if expected.refused is not None and phase == "forward":
                return Judgement(Status.PASS, "refusal", f"refused, as it should: {kind}: {first}")
            # Which of several outputs it was about, nobody says.
            named = [*expected.outputs] or [USUAL]
            subject = "gradient" if phase == "gradient" else named[0] if len(named) == 1 else ""
            return Judgement(Status.RAISED, subject, f"{kind}: {first}")
        case Value():
            return _judge_value(expected, outcome)


def _judge_value(expected: Expectation, value: Value) -> Judgement:
    if expected.refused is not None:
        shapes = [f"{tensor.shape}" for tensor in value.outputs.values()]
        answered = f"shape {shapes[0]}" if len(shapes) == 1 else f"shapes {', '.join(shapes)}"
        return Judgement(
            Status.ACCEPTED, "refusal", f"answered with {answered}, but should have refused: {expected.refused}"
        )
    worst: Judgement | None = None
    related = judged_by_relations(expected.relations) if expected.relations else ()
    for name, reference in expected.outputs.items():
        of_it = replace(expected, checks={*expected.checks} - {"value"}) if name in related else expected
        judged = judge_output(name, value.outputs.get(name), reference, of_it)
        if judged.status is not Status.PASS:
            return judged
        worst = _worse(worst, judged)
    assert worst is not None
    if not value.has_values:
        return worst
    for relation in expected.relations if "value" in expected.checks else ():
        judged = _related(relation, expected, value)
        if judged.status is not Status.PASS:
            return judged
        worst = _worse(worst, judged)
    forward = worst
    of_gradients = replace(expected, checks={*expected.checks, "value"}) if expected.gradients else expected
    for name, reference in expected.gradients.items():
        subject = gradient_of(name)
        tensor = value.gradients.get(name)
        if tensor is None:
            return Judgement(Status.GRADIENT, subject, f"no {subject} came back")
        judged = judge_tensor(subject, tensor, reference, _in_its_dtype(of_gradients, name))
        if judged.status is not Status.PASS:
            status = Status.GRADIENT if judged.status is not Status.PRECISION else Status.PRECISION
            return Judgement(status, subject, judged.message, judged.figures)
        worst = _worse(worst, judged)
    for name, count in value.unstable.items():
        if count:
            return Judgement(
                Status.NONDETERMINISTIC,
                name,
                f"{count} of {_size(value, name)} elements differ in their bits between repeats of the same call",
                forward.figures,
            )
    return worst


def _related(relation: Relation, expected: Expectation, value: Value) -> Judgement:
    name = relation.outputs[0]
    got = {key: real(tensor.values) for key, tensor in value.outputs.items() if tensor.values is not None}
    for key in relation.outputs:
        if not np.isfinite(got[key]).all():
            return Judgement(Status.NONFINITE, key, f"not all of {key} is finite")
    status, message, figures = held(relation, expected.inputs, got, DTYPES[expected.dtype])
    return Judgement(status, name, message, figures)


def _size(value: Value, name: str) -> int:
    return math.prod(value.tensors.get(name, value.first).shape)


def _worse(one: Judgement | None, other: Judgement) -> Judgement:
    """Of two passes the one with the larger figure; one that looked at values comes before one that did not."""
    if one is None or one.figures is None or other.figures is None:
        return one or other
    looked = bool(one.figures.elements), one.figures.fraction
    return other if (bool(other.figures.elements), other.figures.fraction) > looked else one


def _in_its_dtype(expected: Expectation, name: str) -> Expectation:
    """What a tensor with a dtype of its own is held against."""
    spec = expected.specs.get(name)
    return replace(expected, dtype=spec.dtype) if spec is not None and spec.dtype else expected


def judge_output(name: str, tensor: Tensor | None, reference: Reference, expected: Expectation) -> Judgement:
    """One output against its reference, as its kind asks."""
    if tensor is None:
        return Judgement(Status.VALUE, name, f"no {name} came back")
    spec = expected.specs.get(name)
    if spec is None or spec.kind == "real":
        return judge_tensor(name, tensor, reference, _in_its_dtype(expected, name))
    right = reference.value
    if tensor.shape != right.shape:
        return Judgement(Status.SHAPE, name, f"got shape {tensor.shape}, reference {right.shape}")
    if reason := dtype_reason(spec, expected.dtype, tensor.dtype):
        return Judgement(Status.DTYPE, name, reason)
    if tensor.values is None:
        return Judgement(Status.PASS, name, "shape and dtype only", Figures(elements=0))
    allowed = np.zeros(right.shape)
    if spec.kind == "complex":
        allowed = expected.allowance(reference, DTYPES[COMPONENTS[tensor.dtype]])
    got = tensor.values if reference.open is None else np.where(reference.open, right, tensor.values)
    status, message, figures = judge_kind(spec, got, right, allowed, expected.specs, expected.inputs)
    return Judgement(status, name, message, figures)


def judge_tensor(subject: str, tensor: Tensor, reference: Reference, expected: Expectation) -> Judgement:
    """Shape, dtype, non-finite pattern and values of one tensor against its reference."""
    right = reference.value
    if tensor.shape != right.shape and {"shape", "value"} & set(expected.checks):
        return Judgement(Status.SHAPE, subject, f"got shape {tensor.shape}, reference {right.shape}")
    if tensor.dtype != expected.dtype and "dtype" in expected.checks:
        return Judgement(Status.DTYPE, subject, f"got dtype {tensor.dtype}, expected {expected.dtype}")
    if tensor.values is None or "value" not in expected.checks:
        judged = " and ".join(check for check in ("shape", "dtype") if check in expected.checks) or "nothing of it"
        return Judgement(Status.PASS, subject, f"{judged} only", Figures(elements=0))
    got = real(tensor.values)
    dtype = DTYPES[expected.dtype]
    spec = expected.specs.get(subject)
    if spec is not None and spec.unordered:
        reference, got = in_order(reference, got, spec.axes.index(spec.unordered))
        right = reference.value
    finite = np.isfinite(right)
    if not finite.all() or not np.isfinite(got).all():
        broken = broken_pattern(got, right, expected.nonfinite, dtype)
        if broken is not None:
            return Judgement(Status.NONFINITE, subject, *broken)
        both = finite & np.isfinite(got)
        return _judge_finite(subject, got, right, both, reference, expected, dtype)
    return _judge_finite(subject, got, right, None, reference, expected, dtype)


def real(values: NDArray[np.generic]) -> Array:
    """An answer's numbers as float64. A complex one has no place there: its real part is not what came back."""
    with np.errstate(invalid="ignore"):  # a signalling NaN is a NaN
        if np.iscomplexobj(values):
            return np.where(values.imag == 0.0, values.real, np.nan).astype(np.float64, order="C")
        return values.astype(np.float64, order="C")


def _judge_finite(
    subject: str,
    got: Array,
    right: Array,
    mask: NDArray[np.bool_] | None,
    reference: Reference,
    expected: Expectation,
    dtype: DType,
) -> Judgement:
    if expected.signed_zeros:
        flipped = flipped_zeros(got, right)
        if flipped is not None:
            return Judgement(Status.NONFINITE, subject, *flipped)
    if expected.stated:
        status, message, figures = judge_stated(got, right, mask, dtype, expected.ulps, expected.tolerance)
        return Judgement(status, subject, message, figures)
    if expected.exact and mask is None and np.array_equal(got, right):
        return Judgement(Status.PASS, subject, "equal", Figures(elements=got.size))
    # Of a sum of products, errors say more than whether they are within the allowance.
    closer = not expected.exact and mask is None and not reference.exact
    sums = closer and reference.sums
    if sums:
        judged = _ordinary(subject, got, right, reference, dtype)
        if judged is not None:
            return judged
    error, figures = measured(got, right, mask, expected.allowance(reference, dtype), reference.off(got, dtype.name))
    if figures.fraction <= 1.0:
        # What underflow loses says nothing about the arithmetic.
        visible = np.where(error > reference.products * dtype.least_subnormal, error, 0.0)
        figures = replace(figures, bits=effective_bits(visible, reference) if closer else None)
        if expected.dtype == "float32" and sums:
            looked = _within(subject, got, error, reference, dtype, figures)
            if looked is not None:
                return looked
        return Judgement(Status.PASS, subject, f"largest error {figures.fraction:.2g} of the allowance", figures)
    if closer:
        # Right, but in a narrower arithmetic?
        figures = replace(figures, bits=effective_bits(error, reference))
        how = narrower(got, error, reference, dtype)
        if how is not None:
            return Judgement(Status.PRECISION, subject, _precision_message(how, figures.bits, dtype), figures)
    return Judgement(Status.VALUE, subject, _difference(figures), figures)


def _within(
    subject: str, got: Array, error: Array, reference: Reference, dtype: DType, figures: Figures
) -> Judgement | None:
    """A closer look at float32 errors within the allowance, which is wide where sums are long: PRECISION where a
    narrower arithmetic accounts for them, VALUE where no float32 sum does; None where there is nothing to say.
    """
    outside = beyond(error, reference, dtype)
    if outside or (figures.bits is not None and figures.bits < FLOAT32_BITS):
        how = narrower(got, error, reference, dtype)
        if how is not None:
            return Judgement(Status.PRECISION, subject, _precision_message(how, figures.bits, dtype), figures)
    if not outside:
        return None
    message = (
        f"{outside} of {error.size} elements stand out from {dtype.name}'s errors, though they are within the "
        f"bound for any order of summation; worst at {figures.worst}: "
        f"got {figures.got:.9g}, reference {figures.reference:.9g}"
    )
    return Judgement(Status.VALUE, subject, message, replace(figures, differing=outside))


def as_wrong(judgement: Judgement) -> Judgement:
    """A judgement of PRECISION once it is known that something else than the arithmetic is behind the errors."""
    assert judgement.figures is not None
    return replace(judgement, status=Status.VALUE, message=_difference(judgement.figures))


def _difference(figures: Figures) -> str:
    return (
        f"{figures.differing} of {figures.elements} elements differ; worst at {figures.worst}: "
        f"got {figures.got:.9g}, reference {figures.reference:.9g}"
    )


def _ordinary(subject: str, got: Array, right: Array, reference: Reference, dtype: DType) -> Judgement | None:
    """A pass that needs no closer look, in few passes over the arrays; None where `_judge_finite` has to look closer.

    Nearly every verdict is one. The figures are the same as there.
    """
    if got.size < BITS_NEED_ELEMENTS:
        return None
    error = np.subtract(got, right)
    np.abs(error, out=error)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        fraction = error / reference.allowance(dtype.name)
        flat = int(np.argmax(fraction))
        largest = float(fraction.reshape(-1)[flat])
        if not 0.0 < largest <= 1.0:
            return None
        # By Cauchy-Schwarz at least what `effective_bits` and `beyond` make of the energy.
        ratio = np.divide(error, reference.magnitude(), out=fraction).reshape(-1)
        root = math.sqrt(max(reference.products, 1))
        bits_ceiling = root * math.sqrt(float(np.dot(ratio, ratio)) / ratio.size)
        farthest = root * float(ratio.max())
        needed = float(np.divide(error, np.abs(right, out=fraction), out=fraction).max())
    # A NaN (nothing divided by nothing) fails every one of these comparisons.
    if not (0.0 < bits_ceiling <= 2.0**-FLOAT32_BITS and farthest <= 2.0**-15 and needed >= 0.0):
        return None
    worst = tuple(int(i) for i in np.unravel_index(flat, error.shape))
    figures = Figures(
        error.size, 0, largest, worst, float(got[worst]), float(right[worst]), needed, -math.log2(bits_ceiling)
    )
    return Judgement(Status.PASS, subject, f"largest error {largest:.2g} of the allowance", figures)


def _precision_message(how: str, bits: float | None, dtype: DType) -> str:
    if dtype.precision <= DTYPES["float16"].precision:
        return f"right, but its partial sums were rounded to {dtype.name}, not kept in {dtype.accumulator}"
    if bits is None or bits < LEAST_BITS:
        # Few bits where the data has one sign: they say nothing there, the roundings do.
        return f"right, but less precise than {dtype.name}, as from {how}"
    return f"right, but with {bits:.1f} effective bits, as from {how}"
