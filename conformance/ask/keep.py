"""What is kept of an answer that has been judged: its verdict with the cause, and of a wrong one every array."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from conformance.ask.prepare import Prepared, written_layout
from conformance.dtypes import DTYPES
from conformance.judge.acceptance import explain_acceptance
from conformance.judge.compare import Judgement, as_wrong, real
from conformance.judge.explain import Explanation, explain
from conformance.judge.relations import judged_by_relations, transposed
from conformance.outcome import Outcome, Value
from conformance.plan import Plan
from conformance.record import ALLOWANCE, REFERENCE, Writer, of
from conformance.target import Target
from conformance.verdict import Answered, Status, Verdict

# By `explain`'s fixed model of what work costs, not by a clock. There is no limit for a run: what was left of one would
# depend on which answers came first.
EXPLAIN_SECONDS = 1.0
EXPLAINED = (Status.VALUE, Status.SHAPE, Status.NONFINITE, Status.PRECISION)


def verdict_of(
    prepared: Prepared, target: Target, plan: Plan | None, outcome: Outcome, judgement: Judgement
) -> Verdict:
    """What is said of an answer, with why it is wrong where it is."""
    case = prepared.case
    explanation = ""
    if judgement.status in EXPLAINED and isinstance(outcome, Value):
        found = _explained(prepared, judgement, outcome, plan)
        explanation = found.recorded
        # Another cause that fits is why, however small the errors are.
        if judgement.status is Status.PRECISION and found.exact and not found.arithmetic:
            judgement = as_wrong(judgement)
    elif judgement.status is Status.ACCEPTED and isinstance(outcome, Value):
        explanation = explain_acceptance(case.op.definition(), outcome.first.shape)
    tensors = answered(outcome)
    return Verdict(
        case.id,
        str(target),
        judgement.status,
        judgement.subject,
        judgement.message,
        explanation,
        judgement.figures,
        plan.render() if plan else "",
        outcome.seconds if isinstance(outcome, Value) else 0.0,
        digest=digest(tensors),
        tensors=tensors,
    )


def keep(writer: Writer, prepared: Prepared, verdict: Verdict, outcome: Outcome, outputs: bool) -> None:
    """Write the arrays of an answer that is wrong; with `outputs` those of every answer, for a diff of the bits."""
    if not isinstance(outcome, Value):
        return
    if outputs:
        for subject, tensor in outcome.tensors.items():
            place = writer.place(verdict.case, verdict.target)
            writer.add_output(verdict.digest, subject, tensor.values, tensor.dtype, place)
    if not verdict.divergent or not outcome.has_values:
        return
    case = prepared.case
    for name, tensor in outcome.outputs.items():
        assert tensor.values is not None
        writer.add_array(case.id, verdict.target, name, tensor.values)
    for name, reference in prepared.expectation.outputs.items():
        writer.add_array(case.id, "", REFERENCE + of(name), reference.value)
        if case.dtype in reference.allowances:
            writer.add_array(case.id, "", ALLOWANCE + of(name), reference.allowances[case.dtype])
    for name, array in prepared.arrays.items():
        writer.add_array(case.id, "", name, array)


def _explained(prepared: Prepared, judgement: Judgement, value: Value, plan: Plan | None) -> Explanation:
    op, name = prepared.case.op.definition(), judgement.subject
    if name not in value.outputs:
        return Explanation("")
    output = value.outputs[name]
    expected = prepared.expectation
    if judgement.status is Status.VALUE and name in judged_by_relations(expected.relations):
        # Several answers are right, so no one reference can be turned into what came back.
        got = {key: real(tensor.values) for key, tensor in value.outputs.items() if tensor.values is not None}
        if turned := transposed(expected.relations, prepared.arrays, got, DTYPES[prepared.case.dtype]):
            text = f"every relation holds with the last two axes of the output {turned} exchanged"
            return Explanation(text, ("axes exchanged",), True)
    # Targets that share a kernel give the same wrong answer.
    key = f"{name} {output.shape} {plan.layout(name) if plan else ''}"
    if output.values is not None:
        key = hashlib.blake2b(np.ascontiguousarray(output.values).tobytes(), digest_size=16).hexdigest() + key
    if key not in prepared.explained:
        actual = None if output.values is None else real(output.values)
        layout = "" if plan is None or actual is None else written_layout(prepared, name, actual, plan)
        if layout:
            prepared.explained[key] = Explanation(layout, ("layout",), True)
        elif op is not None:
            prepared.explained[key] = explain(
                op,
                prepared.arrays,
                actual,
                output.shape,
                output=name,
                dtype=_dtype_of(prepared, name),
                budget_seconds=EXPLAIN_SECONDS,
            )
        else:
            prepared.explained[key] = Explanation("")
    return prepared.explained[key]


def _dtype_of(prepared: Prepared, output: str) -> str:
    """The dtype in which an output was computed; places and counts are exact."""
    spec = prepared.expectation.specs.get(output)
    if spec is not None and spec.kind != "real":
        return "float64"
    return (spec.dtype if spec is not None else "") or prepared.case.dtype


def answered(outcome: Outcome) -> tuple[Answered, ...]:
    """What a verdict says of each tensor of an answer; its digest is of dtype, shape and bytes."""
    found = []
    for name, tensor in outcome.tensors.items() if isinstance(outcome, Value) else ():
        content = hashlib.blake2b(f"{tensor.dtype}{tensor.shape}".encode(), digest_size=8)
        if tensor.values is not None:
            content.update(np.ascontiguousarray(tensor.values).tobytes())
        found.append(Answered(name, tensor.dtype, tensor.shape, content.hexdigest()))
    return tuple(found)


def digest(tensors: Sequence[Answered]) -> str:
    """A fingerprint of a whole answer, by which two records are compared: of every tensor its name and its digest."""
    if not tensors:
        return ""
    content = "".join(f"{tensor.name}:{tensor.digest}\n" for tensor in tensors)
    return hashlib.blake2b(content.encode(), digest_size=8).hexdigest()
