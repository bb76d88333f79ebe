"""`conformance show`: one case with each target's plan, verdict and figures, and a picture of the error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from conformance.record import Reader, RecordedCase, RecordError, Row
from conformance.record.facts import trusted_files, version
from conformance.report.definition import sentences
from conformance.report.picture import chessboard, inputs, picture
from conformance.text.nearest import did_you_mean
from conformance.text.plain import clean, one_line
from conformance.text.words import causes, explained, reproduce
from conformance.verdict import Figures, Verdict
from conformance.worker.statements import code_lines


def render(reader: Reader, case: str, target: str | None = None) -> str:
    """Everything the record holds of a case (by id, or by a part of one that only one case has), as text.

    RecordError where there is no such case, or where it did not run on `target`: with the nearest ids or the targets.
    """
    found = reader.case(case)
    rows = list(reader.verdicts(case=found.id))
    ran_on = [row.verdict.target for row in rows]
    if target is not None and target not in ran_on:
        hint = did_you_mean(target, ran_on)
        raise RecordError(
            f"{found.id} has no verdict on {target!r}; it has one on: {', '.join(ran_on) or 'none'}{hint}"
        )
    lines = _case(found)
    lines += chessboard(found)
    lines += inputs(reader.arrays(found.id))
    if not rows:
        lines += ["", "no target has a verdict on it"]
    infos = reader.targets
    for row in rows:
        if target is None or row.verdict.target == target:
            lines += ["", *_verdict(reader, row, version(infos.get(row.verdict.target, {})))]
    return "\n".join(clean(line) for line in lines)


def _case(case: RecordedCase) -> list[str]:
    lines = [case.label, f"  id: {case.id}", f"  {case.source}, fingerprint {case.fingerprint}"]
    if case.about:
        lines.append(f"  about: {one_line(case.about)}")
    lines += [f"  {one_line(sentence)}." for sentence in sentences(case)]
    if case.op == "call":
        # Its plans are shown with each target; what is left is what they are held against.
        lines += [f"  {name}: {_short(value)}" for name, value in case.given if name != "plans"]
    else:
        lines.append("  given: " + ", ".join(f"{name}: {_short(value)}" for name, value in case.given))
        lines.append("  means: " + ", ".join(f"{name}={_short(value)}" for name, value in case.params.items()))
    return lines


def _short(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_short(item) for item in value) + "]"
    return "null" if value is None else str(value)


def _verdict(reader: Reader, row: Row, version: str) -> list[str]:
    verdict = row.verdict
    standing = "unexpected" if verdict.unexpected else "known" if verdict.known else ""
    lines = [
        f"on {verdict.target}{f' ({version})' if version else ''}: {verdict.status}" + (standing and f", {standing}")
    ]
    subject = f" ({verdict.about})" if verdict.about else ""
    if verdict.message:
        lines.append(f"  {verdict.status}{subject}: {one_line(verdict.message)}")
    if verdict.explanation:
        first, *more = map(one_line, explained(verdict.explanation))
        lines += [f"  explained: {first}", *(f"    {line}" for line in more)]
        lines += (
            [f"    causes that fit: {', '.join(causes(verdict.explanation))}"] if causes(verdict.explanation) else []
        )
    if verdict.known is not None:
        link = f" {verdict.known.link}" if verdict.known.link else ""
        lines.append(f"  known: {verdict.known.name} ({verdict.known.kind}): {one_line(verdict.known.reason)}{link}")
    if verdict.figures is not None:
        lines.append(f"  figures: {figures(verdict.figures)}")
    if verdict.plan:
        lines.append("  plan:")
        lines += [f"    {line}" for line in code_lines(verdict.plan)]
    if verdict.divergent:
        lines.append(
            f"  repro: {reproduce(verdict, row.case.source.file, row.case.source.file in trusted_files(reader))}"
        )
    lines.append("  " + _trivia(verdict, row.attempts))
    arrays = reader.arrays(verdict.case, verdict.target)
    if arrays:
        lines += picture(arrays, reader.arrays(verdict.case))
    return lines


def figures(f: Figures) -> str:
    """The figures in words."""
    if not f.elements:
        return "no element was compared"
    words = [
        f"{f.differing:,} of {f.elements:,} elements differ" if f.differing else f"{f.elements:,} elements compared"
    ]
    if f.fraction == float("inf"):
        words.append("an error where none is allowed")
    else:
        words.append(f"largest error {f.fraction:.3g} of the allowance")
    if f.worst is not None and f.differing and f.got is not None and f.reference is not None:
        words.append(f"worst at {_index(f.worst)}: got {f.got:.9g}, reference {f.reference:.9g}")
    if f.needed:
        words.append(f"it would take rtol {f.needed:.3g}")
    if f.bits is not None:
        words.append(f"{f.bits:.1f} effective bits")
    return "; ".join(words)


def _index(index: Sequence[int]) -> str:
    return "(" + ", ".join(map(str, index)) + ")"


def _trivia(verdict: Verdict, attempts: int) -> str:
    words = [f"{verdict.seconds * 1e3:.3g} ms"]
    if attempts > 1:
        words.append(f"{attempts} attempts")
    if verdict.digest:
        words.append(f"output {verdict.digest}")
    return ", ".join(words)
