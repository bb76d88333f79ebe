"""What is right and why, in a sentence: for the head of a script and for a bug report."""

from __future__ import annotations

import numpy as np

from conformance.dtypes import DTYPES
from conformance.judge.compare import allowance
from conformance.judge.stated import stated_words
from conformance.ops.call import CallParams
from conformance.repro.finding import Finding
from conformance.verdict import Status

# The definitions are those of conformance/ops/: a sentence for who does not read that.
_DEFINITIONS = {
    "conv": "By definition an element of the output is the sum of the products of the kernel and what lies under it "
    "of x, which is padded with zeros; {words}",
    "conv_transpose": "By definition every element of x, times the kernel, is added into the output, `stride` elements "
    "from the next one's, and what `padding` says is cropped from the ends; {words}",
}
_CONVENTIONS = {
    "torch": "padding, output padding and lengths as PyTorch documents them",
    "keras": "padding, output padding and lengths as Keras documents them",
    "tensorflow": "padding and lengths as TensorFlow documents them",
    "jax": "padding and lengths as JAX documents them",
    "onnx": "pads, output_padding and lengths as the ONNX specification has them",
    "canonical": "lengths and crops as the case gives them",
}


def definition(found: Finding) -> str:
    """Why the expected answer is the right one."""
    params = found.case.params
    if found.anchor:
        return f"It is what {found.anchor} answers to the same inputs, of which the case says that both agree"
    op = found.case.op
    if isinstance(params, CallParams):
        if params.reference is None:
            return "It is what the case states"
        op, params = params.reference
    text = _DEFINITIONS.get(op)
    if text is None:
        return f"It is the definition of {op}, computed in float64"
    return text.format(words=_CONVENTIONS.get(getattr(params, "convention", ""), "lengths by its definition"))


def given(pairs: tuple[tuple[str, object], ...], *without: str) -> str:
    """Parameters as the case file gives them."""
    skipped = (*without, "inputs", "output", "against", "allowance", "reference")
    return ", ".join(f"{name}={value}" for name, value in pairs if name not in skipped)


def expected(found: Finding) -> str:
    """What should have come back, without its numbers."""
    expectation = found.prepared.expectation
    status, subject = found.verdict.status, found.verdict.subject
    if expectation.refused is not None:
        return f"a refusal, since {expectation.refused}"
    shape = found.native_shape
    if status is Status.SHAPE:
        return f"shape {shape}"
    if status is Status.DTYPE:
        return f"dtype {expectation.dtype}"
    if status is Status.RAISED and subject == "gradient":
        return "a gradient, as of every other input"
    if status in (Status.RAISED, Status.CRASHED, Status.TIMEOUT):
        return f"an answer of shape {shape}"
    if status is Status.NONDETERMINISTIC:
        return "the same bits each time that the same call is made"
    if subject == "adjointness":
        return "<op(x), dy> = <x, adjoint(dy)>"
    return "the numbers in `expected`" + (f", for the {subject}" if subject.startswith("gradient") else "")


def allowed(found: Finding) -> str:
    """How far off a right answer may be, in words."""
    expectation = found.prepared.expectation
    if stated := stated_words(expectation.ulps, expectation.tolerance):
        return stated
    if expectation.exact:
        return f"small integers: every partial sum is exact in {found.dtype}, so any order of summation is equal"
    return (
        "the most by which rounding can move a right answer in any order of summation "
        "(gamma_n * sum |x||w| + u * |y|, n products, u the unit roundoff)"
    )


def adjoint_allowance(found: Finding) -> float:
    """By how much the two inner products of an adjointness check may differ."""
    prepared = found.prepared
    if prepared.expectation.exact:
        return 0.0
    assert prepared.cotangent is not None
    assert prepared.expectation.output is not None
    dtype = DTYPES[found.dtype]
    gradient = prepared.op.gradients(found.case.params, prepared.arrays, prepared.cotangent)["x"]
    allowed = float((allowance(prepared.expectation.output, dtype, None) * np.abs(prepared.cotangent)).sum())
    return allowed + float((allowance(gradient, dtype, None) * np.abs(prepared.arrays["x"])).sum())
