"""What is right and why, in a sentence: for the head of a script and for a bug report."""

from __future__ import annotations

from conformance.judge.stated import stated_words
from conformance.repro.finding import Finding
from conformance.verdict import Status


def definition(found: Finding) -> str:
    """Why the expected answer is the right one."""
    if found.anchor:
        return f"It is what {found.anchor} answers to the same inputs, of which the case says that both agree"
    op = found.case.op.definition()
    return "It is what the case states" if op is None else op.notes()


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
        return f"dtype {found.right_dtype or 'of integers'}"
    if status is Status.RAISED and subject == "gradient":
        return "a gradient, as of every other input"
    if status in (Status.RAISED, Status.CRASHED, Status.TIMEOUT):
        return f"an answer of shape {shape}"
    if status is Status.NONDETERMINISTIC:
        return "the same bits each time that the same call is made"
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
