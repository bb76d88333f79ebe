"""Whether two records tell the same: everything but times, places and the machine. docs/diff.md defines it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from hashlib import blake2b

from conformance.record.reader import Reader
from conformance.record.schema import RecordedArray
from conformance.verdict import Verdict

Pair = tuple[str, str]  # a case's id and a target


def content(reader: Reader, without: Collection[Pair] = ()) -> Iterator[tuple[str, ...]]:
    """What a record tells, line by line, in the record's own order; `without` are verdicts that are left out."""
    for case in reader.cases():
        yield "case", case.id, case.fingerprint
    for target in reader.targets:
        yield "target", target
    for row in reader.verdicts():
        if (row.case.id, row.verdict.target) not in without:
            yield "verdict", row.case.id, row.verdict.target, *gist(row.verdict)
    left_out = {case for case, _ in without}
    for id, target, array in sorted(reader.raw_arrays(), key=lambda found: (*found[:2], found[2].name)):
        # What all targets share is there because one of them diverged.
        if (id, target) not in without and (target or id not in left_out):
            yield "array", id, target, array.name, *_bits(array)
    for digest, array in reader.raw_outputs():
        if not without:
            yield "output", digest, array.name, *_bits(array)
    summary = reader.summary
    if summary is not None:
        yield "exit", str(summary.exit_code), summary.reason
        for problem in summary.problems:
            yield "problem", problem.name, problem.message, problem.where


def gist(verdict: Verdict) -> tuple[str, ...]:
    """Everything of a verdict but whose it is and how long it took."""
    known = verdict.known.name if verdict.known is not None else ""
    return (
        verdict.status,
        verdict.subject,
        verdict.message,
        verdict.explanation,
        repr(verdict.figures),
        verdict.plan,
        known,
        verdict.digest,
        repr(verdict.tensors),
    )


def fingerprint(reader: Reader, without: Collection[Pair] = ()) -> str:
    """A digest of what a record tells: equal for two runs of the same cases that found the same."""
    made = blake2b(digest_size=16)
    for line in content(reader, without):
        made.update(repr(line).encode("utf-8", "backslashreplace"))
    return made.hexdigest()


def _bits(array: RecordedArray) -> tuple[str, ...]:
    data = b"" if array.values is None else array.values.tobytes()
    return array.dtype, str(array.shape), str(array.values is None), blake2b(data, digest_size=8).hexdigest()
