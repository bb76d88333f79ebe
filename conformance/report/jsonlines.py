"""JSON lines: one object a verdict, with everything the record knows of it.

The output is strict JSON: NaN and infinities are the strings "nan", "inf" and "-inf".
"""

from __future__ import annotations

import dataclasses
import json
import math
from typing import IO, Any

from conformance.record import Reader, RecordedCase, Row
from conformance.record.facts import version


def write(reader: Reader, file: IO[str]) -> None:
    """Write the verdicts of a record, streaming, in the record's order."""
    versions = {target: version(info) for target, info in reader.targets.items()}
    case: tuple[RecordedCase, str] | None = None
    for row in reader.verdicts():
        if case is None or case[0] is not row.case:
            # A case's text is made once for all its targets: it is the larger part of a line.
            case = (row.case, json.dumps(_case(row.case), allow_nan=False))
        rest = json.dumps(_verdict(row, versions), allow_nan=False)
        file.write(f'{{"case": {case[1]}, {rest[1:]}\n')


def _case(case: RecordedCase) -> dict[str, Any]:
    found: dict[str, Any] = strict(
        {
            "id": case.id,
            "fingerprint": case.fingerprint,
            "op": case.op,
            "file": case.source.file,
            "line": case.source.line,
            "column": case.source.column,
            "dtype": case.dtype,
            "values": case.values,
            "given": dict(case.given),
            "params": case.params,
            "tags": sorted(case.tags),
            "about": case.about,
            "claim": None if case.claim is None else dataclasses.asdict(case.claim),
            "definition": case.definition,
        }
    )
    return found


def _verdict(row: Row, versions: dict[str, str]) -> dict[str, Any]:
    verdict = row.verdict
    return {
        "target": verdict.target,
        "version": versions.get(verdict.target, ""),
        "status": verdict.status.value,
        "unexpected": verdict.unexpected,
        "known": None if verdict.known is None else dataclasses.asdict(verdict.known),
        "subject": verdict.subject,
        "message": verdict.message,
        "explanation": verdict.explanation,
        "figures": None if verdict.figures is None else strict(dataclasses.asdict(verdict.figures)),
        "plan": verdict.plan,
        "seconds": verdict.seconds,
        "attempts": row.attempts,
        "digest": verdict.digest,
        "tensors": [dataclasses.asdict(tensor) for tensor in verdict.tensors],
    }


def strict(value: Any) -> Any:
    """A value with its non-finite numbers as strings, so that it is JSON."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {str(key): strict(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [strict(item) for item in value]
    return value
