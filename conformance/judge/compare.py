"""(reference, outcome) -> verdict: pure, and the only comparison in the project.

The order of judgement: how it ended (answered, refused, died), shape, dtype, the pattern of NaN, infinities and signed
zeros, values, then gradients and determinism. NaN is never mapped to a number, and nothing is compared with a
hand-picked tolerance.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from conformance.dtypes import DTYPES, DType
from conformance.judge.stated import judge_stated
from conformance.judge.steady import steady
from conformance.ops.base import Reference
from conformance.outcome import Crashed, Outcome, Raised, Tensor, TimedOut, Unsupported, Value
from conformance.verdict import Figures, Status

Array = NDArray[np.float64]

# Below this many effective bits a float32 answer was not computed in float32 (25 to 21 bits were seen for float32 with
# 1 to 3,200 products an element, 11.7 for TF32, 8.7 for bfloat16 inputs; see docs/allowance.md).
FLOAT32_BITS = 17.0
# A mean over fewer elements says little about the arithmetic.
BITS_NEED_ELEMENTS = 8


@dataclass(frozen=True)
class Judgement:
    """A status with what it is about and its figures, before it is known whose case it was."""

    status: Status
    subject: str = "y"
    message: str = ""
    figures: Figures | None = None


@dataclass(frozen=True)
class Expectation:
    """What a target's answer is held against.

    `refused` is the reason why the op's definition rejects the case (then there is no reference). `exact` asks for
    equality. `gradients` are the references by input. `nonfinite` is the policy for what an infinity may touch. `ulps`:
    the allowance where no sum of products is behind the op. `tolerance`: rtol and atol, where a person stated them.
    """

    dtype: str
    output: Reference | None
    shape: tuple[int, ...]
    exact: bool
    gradients: Mapping[str, Reference]
    refused: str | None = None
    nonfinite: str = "strict"
    signed_zeros: bool = False
    ulps: float | None = None
    tolerance: tuple[float, float] | None = None


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
            subject = "y" if phase == "forward" else "gradient"
            return Judgement(Status.RAISED, subject, f"{kind}: {first}")
        case Value():
            return _judge_value(expected, outcome)


# How TensorFlow and Keras begin an error that came from below: with where it passed, not with what happened.
_PASSED = ("Graph execution error:", "Detected at node", "<stack traces", "Exception encountered when calling", "File ")


def telling_line(message: str) -> str:
    """The first line of an error's text that says what happened; "" where there is no text."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    telling = [line for line in lines if not line.startswith(_PASSED)]
    return (telling or lines or [""])[0]


# What Python's fault handler writes after the line that says what happened.
_FAULT_HANDLER = ("Extension modules:", "Current thread ", "Thread ", "File ", "<no Python frame>", "...")


def last_words(log: str) -> str:
    """The last line of a worker's log that says what happened."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    telling = [line for line in lines if not line.startswith(_FAULT_HANDLER)]
    return (telling or lines or ["no last words"])[-1]


def _judge_value(expected: Expectation, value: Value) -> Judgement:
    if expected.refused is not None:
        shape = value.output.shape
        return Judgement(
            Status.ACCEPTED, "refusal", f"answered with shape {shape}, but should have refused: {expected.refused}"
        )
    assert expected.output is not None
    output = judge_tensor("y", value.output, expected.output, expected)
    if output.status is not Status.PASS or value.output.values is None:
        return output
    worst = output
    for name, reference in expected.gradients.items():
        subject = f"gradient of {name}"
        tensor = value.gradients.get(name)
        if tensor is None:
            return Judgement(Status.GRADIENT, subject, f"no {subject} came back")
        judged = judge_tensor(subject, tensor, reference, expected)
        if judged.status is not Status.PASS:
            status = Status.GRADIENT if judged.status is not Status.PRECISION else Status.PRECISION
            return Judgement(status, subject, judged.message, judged.figures)
        if judged.figures and worst.figures and judged.figures.fraction > worst.figures.fraction:
            worst = judged
    for name, count in value.unstable.items():
        if count:
            return Judgement(
                Status.NONDETERMINISTIC,
                name,
                f"{count} of {_size(value, name)} elements differ in their bits between repeats of the same call",
                output.figures,
            )
    return worst


def _size(value: Value, name: str) -> int:
    tensor = value.output if name == "y" else value.gradients.get(name.removeprefix("gradient of "), value.output)
    return math.prod(tensor.shape)


def judge_tensor(subject: str, tensor: Tensor, reference: Reference, expected: Expectation) -> Judgement:
    """Shape, dtype, non-finite pattern and values of one tensor against its reference."""
    right = reference.value
    if tensor.shape != right.shape:
        return Judgement(Status.SHAPE, subject, f"got shape {tensor.shape}, reference {right.shape}")
    if tensor.dtype != expected.dtype:
        return Judgement(Status.DTYPE, subject, f"got dtype {tensor.dtype}, expected {expected.dtype}")
    if tensor.values is None:
        return Judgement(Status.PASS, subject, "shape and dtype only", Figures(elements=0))
    with np.errstate(invalid="ignore"):  # a signalling NaN is a NaN
        got = tensor.values.astype(np.float64, order="C")
    dtype = DTYPES[expected.dtype]
    finite = np.isfinite(right)
    if not finite.all() or not np.isfinite(got).all():
        judged = _judge_pattern(subject, got, right, expected.nonfinite, dtype)
        if judged is not None:
            return judged
        both = finite & np.isfinite(got)
        return _judge_finite(subject, got, right, both, reference, expected, dtype)
    return _judge_finite(subject, got, right, None, reference, expected, dtype)


def _classes(array: Array) -> NDArray[np.int8]:
    """0 finite, 1 +inf, -1 -inf, 2 NaN."""
    return np.where(np.isnan(array), 2, np.where(np.isinf(array), np.sign(array), 0)).astype(np.int8)


def _judge_pattern(subject: str, got: Array, right: Array, policy: str, dtype: DType) -> Judgement | None:
    """NONFINITE where the pattern breaks the policy, else None. A reference at the end of the range may overflow."""
    a, b = _classes(got), _classes(right)
    near_overflow = np.abs(np.where(np.isfinite(right), right, 0.0)) > dtype.largest * (1 - dtype.unit_roundoff)
    # A policy says which elements need not be finite, not that none need be: something must be left to compare.
    if policy != "strict" and not ((a == 0) & (b == 0)).any():
        return Judgement(Status.NONFINITE, subject, "nothing is finite on both sides, so nothing was compared")
    if policy == "ignore":
        wrong = np.zeros(got.shape, dtype=bool)
    elif policy == "superset":
        # Whatever is not finite in the reference must not be finite here; more may be.
        wrong = (b != 0) & (a == 0)
    else:
        wrong = (a != b) & ~(near_overflow & (a == np.sign(right)))
    if not wrong.any():
        return None
    where = tuple(int(i) for i in np.argwhere(wrong)[0])
    counts = f"{int((a == 2).sum())} NaN and {int((abs(a) == 1).sum())} infinite of {a.size} elements"
    expected = f"{int((b == 2).sum())} NaN and {int((abs(b) == 1).sum())} infinite"
    figures = Figures(a.size, int(wrong.sum()), math.inf, where, float(got[where]), float(right[where]), math.inf)
    return Judgement(
        Status.NONFINITE,
        subject,
        f"{counts}, reference {expected}; first at {where}: got {got[where]:g}, reference {right[where]:g}",
        figures,
    )


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
        flipped = (got == 0.0) & (right == 0.0) & (np.signbit(got) != np.signbit(right))
        if flipped.any():
            return _signed_zero(subject, got, right, flipped)
    if expected.tolerance is not None or expected.ulps:
        status, message, figures = judge_stated(got, right, mask, dtype, expected.ulps, expected.tolerance)
        return Judgement(status, subject, message, figures)
    if expected.exact and mask is None and np.array_equal(got, right):
        return Judgement(Status.PASS, subject, "equal", Figures(elements=got.size))
    if not expected.exact and mask is None and expected.ulps is None:
        judged = _ordinary(subject, got, right, reference, dtype)
        if judged is not None:
            return judged
    # Outside the mask (where either side is not finite) there is nothing to subtract.
    error = (
        np.abs(got - right) if mask is None else np.abs(np.subtract(got, right, where=mask, out=np.zeros_like(right)))
    )
    allowed = np.zeros_like(right) if expected.exact else allowance(reference, dtype, expected.ulps)
    if mask is not None:
        allowed = np.where(mask, np.nan_to_num(allowed), 0.0) if not expected.exact else allowed
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        fraction = np.where(error == 0.0, 0.0, error / allowed)
        relative = np.where(error == 0.0, 0.0, error / np.abs(right))
    figures = _figures(error, fraction, relative, got, right, allowed)
    if figures.fraction <= 1.0:
        # What underflow loses says nothing about the arithmetic.
        visible = np.where(error > reference.products * dtype.least_subnormal, error, 0.0)
        bits = None if expected.exact or mask is not None else effective_bits(visible, reference)
        figures = replace(figures, bits=bits)
        if expected.dtype == "float32" and not expected.exact and mask is None and expected.ulps is None:
            outside = _standing_out(error, reference, dtype)
            if bits is not None and bits < FLOAT32_BITS and (not outside or _spread(error, reference, dtype)):
                return Judgement(Status.PRECISION, subject, _precision_message(bits, dtype), figures)
            if outside:
                message = (
                    f"{outside} of {error.size} elements stand out from float32's errors, though they are within the "
                    f"bound for any order of summation; worst at {figures.worst}: "
                    f"got {figures.got:.9g}, reference {figures.reference:.9g}"
                )
                return Judgement(Status.VALUE, subject, message, replace(figures, differing=outside))
        return Judgement(Status.PASS, subject, f"largest error {figures.fraction:.2g} of the allowance", figures)
    return _misfit(subject, error, reference, expected, figures, dtype, mask)


def _ordinary(subject: str, got: Array, right: Array, reference: Reference, dtype: DType) -> Judgement | None:
    """A pass that needs no closer look, in few passes over the arrays; None where `_judge_finite` has to look closer.

    Nearly every verdict is one. The figures are the same as there.
    """
    if got.size < BITS_NEED_ELEMENTS:
        return None
    error = np.subtract(got, right)
    np.abs(error, out=error)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        fraction = error / allowance(reference, dtype, None)
        flat = int(np.argmax(fraction))
        largest = float(fraction.reshape(-1)[flat])
        if not 0.0 < largest <= 1.0:
            return None
        # By Cauchy-Schwarz at least what `effective_bits` and `_standing_out` make of the energy.
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


def _misfit(
    subject: str,
    error: Array,
    reference: Reference,
    expected: Expectation,
    figures: Figures,
    dtype: DType,
    mask: NDArray[np.bool_] | None,
) -> Judgement:
    if not expected.exact and mask is None and expected.ulps is None:
        # Right, but in a narrower arithmetic?
        bits = effective_bits(error, reference)
        figures = replace(figures, bits=bits)
        half = dtype.precision <= DTYPES["float16"].precision
        fits = bool((error <= narrow_allowance(reference, dtype)).all())
        if half:
            # With many products the bound for sums in half precision covers everything, zeros too; its bits do not.
            fits = fits and (bits is None or bits > dtype.precision / 2)
        if fits and (half or (bits is not None and bits > 6.0 and _spread(error, reference, dtype))):
            return Judgement(Status.PRECISION, subject, _precision_message(bits, dtype), figures)
    assert figures.worst is not None
    return Judgement(
        Status.VALUE,
        subject,
        f"{figures.differing} of {figures.elements} elements differ; worst at {figures.worst}: "
        f"got {figures.got:.9g}, reference {figures.reference:.9g}",
        figures,
    )


def _standing_out(error: Array, reference: Reference, dtype: DType) -> int:
    """How many elements are off by more than float32 makes them, where the bound for any order is wide.

    In units of sqrt(sum (x*w)^2), errors of float32 sums of data around zero are normal, with a deviation of 2**-18.6
    at most for up to 3,200 products, whatever the order (tests/test_compare.py), and grow as sqrt(n). 2**-15 is twelve
    deviations.
    """
    n = max(reference.products, 1)
    limit = 2.0**-15 * max(1.0, math.sqrt(n / 3200))
    # As in `effective_bits`, the magnitude settles the ordinary case without the energy.
    if not (error * math.sqrt(n) > limit * reference.magnitude()).any():
        return 0
    return int(((error > limit * np.sqrt(reference.energy())) & (error > n * dtype.least_subnormal)).sum())


def _spread(error: Array, reference: Reference, dtype: DType) -> bool:
    """Whether a narrower arithmetic is behind the errors: then most elements have one, a single fault has few."""
    energy = reference.energy()
    computed = energy > 0.0
    return bool((error[computed] > 128.0 * dtype.unit_roundoff * np.sqrt(energy[computed])).mean() > 0.25)


def narrow_allowance(reference: Reference, dtype: DType) -> Array:
    """How far off an answer may be that is right, but was computed in less than its dtype promises.

    float32 and float64: the inputs rounded to bfloat16 (TF32 is finer). float16 and bfloat16: summed in the dtype
    itself instead of in float32, each of the n partial sums rounded.
    """
    once = allowance(reference, dtype, None)
    if dtype.precision > DTYPES["float16"].precision:
        u = DTYPES["bfloat16"].unit_roundoff
        return np.asarray((2 * u + u * u) * reference.magnitude() + once)
    u, n = dtype.unit_roundoff, reference.products
    gamma = n * u / (1 - n * u) if n * u < 0.5 else 2 * n * u
    return np.asarray(gamma * reference.magnitude() + n * dtype.least_subnormal + once)


def _precision_message(bits: float | None, dtype: DType) -> str:
    if dtype.precision <= DTYPES["float16"].precision:
        return f"right, but its partial sums were rounded to {dtype.name}, not kept in {dtype.accumulator}"
    if bits is None:
        return "right, but less precise than its dtype"
    name = "float32" if bits > 17.0 else "TF32 or float16" if bits > 10.3 else "bfloat16"
    return f"right, but with {bits:.1f} effective bits, as from products in {name}"


def _signed_zero(subject: str, got: Array, right: Array, wrong: NDArray[np.bool_]) -> Judgement:
    where = tuple(int(i) for i in np.argwhere(wrong)[0])
    figures = Figures(got.size, int(wrong.sum()), math.inf, where, float(got[where]), float(right[where]), 0.0)
    return Judgement(
        Status.NONFINITE,
        subject,
        f"{int(wrong.sum())} of {got.size} zeros have the other sign; first at {where}",
        figures,
    )


def allowance(reference: Reference, dtype: DType, ulps: float | None) -> Array:
    """How far a right answer may be off, an element.

    For a sum of n products: gamma_n * sum|x||w| + u*|y| + n*eta, with gamma_n = n*u/(1 - n*u), u the unit roundoff of
    the accumulating dtype (Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed., section 3.1) for the sum,
    u of the case's dtype for the last rounding, and eta the underflow threshold of a product. A float64 reference has
    the same error itself, so there it counts twice.
    """
    u_out = dtype.unit_roundoff
    if ulps is not None:
        return np.asarray(2.0 * ulps * u_out * np.abs(reference.value) + dtype.least_subnormal)
    if "allowance" in reference.cache:
        return reference.cache["allowance"]
    accumulator = DTYPES[dtype.accumulator]
    u = accumulator.unit_roundoff
    n = reference.products
    if n * u >= 1:
        raise ValueError(f"{n} products are too many for the error bound in {accumulator.name}")
    gamma = n * u / (1 - n * u)
    underflow = n * accumulator.least_subnormal + dtype.least_subnormal / 2
    # A bias is added in an operation of its own, so what it is added to was rounded, too.
    rounded = np.abs(reference.value) + (0.0 if reference.partial is None else reference.partial())
    once = gamma * reference.magnitude() + u_out * rounded + underflow
    reference.cache["allowance"] = np.asarray(2 * once if dtype.name == "float64" else once)
    return reference.cache["allowance"]


def effective_bits(error: Array, reference: Reference) -> float | None:
    """-log2 of the root mean square of error / sqrt(sum (x*w)^2): the precision of the arithmetic, whatever n.

    None where there are too few elements to say. The energy costs one more pass of the reference; by the Cauchy-Schwarz
    inequality it is at least magnitude^2 / n, which settles the ordinary case without that pass.
    """
    if error.size < BITS_NEED_ELEMENTS:
        return None
    magnitude = reference.magnitude()
    n = max(reference.products, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        bound = np.where(error == 0.0, 0.0, error * math.sqrt(n) / magnitude)
    ceiling = float(np.sqrt(np.mean(bound**2)))
    if ceiling == 0.0 or -math.log2(ceiling) >= FLOAT32_BITS:
        return None if ceiling == 0.0 else -math.log2(ceiling)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(error == 0.0, 0.0, error / np.sqrt(reference.energy()))
    mean = float(np.sqrt(np.mean(ratio**2)))
    return -math.log2(mean) if 0.0 < mean < math.inf else None


def _figures(error: Array, fraction: Array, relative: Array, got: Array, right: Array, allowed: Array) -> Figures:
    if not error.size:
        return Figures(elements=0)
    flat = int(np.argmax(np.where(np.isnan(fraction), np.inf, fraction)))
    worst = tuple(int(i) for i in np.unravel_index(flat, error.shape))
    return Figures(
        elements=error.size,
        differing=int((error > allowed).sum()),
        fraction=float(fraction.reshape(-1)[flat]),
        worst=worst,
        got=float(got[worst]),
        reference=float(right[worst]),
        needed=float(relative.max()),
    )
