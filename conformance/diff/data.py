"""A diff as plain data, and the JSON that `--json` writes: strict, with numbers that are not finite as strings."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import IO, Any

from conformance.diff.changes import Change, Diff, Group, RecordFacts, Side, Ulps
from conformance.text.data import strict
from conformance.verdict import Answered


def as_data(diff: Diff) -> dict[str, Any]:
    """The whole diff, ready for `json.dumps(..., allow_nan=False)`."""
    groups = [{**_group(group), "changes": [_change(change) for change in group.changes]} for group in diff.groups]
    return {**_head(diff), "groups": groups}


def write(diff: Diff, file: IO[str]) -> None:
    """Write the data of a diff as JSON, a change a line: it may be too much to hold as one text."""
    file.write(f'{_text(_head(diff))[:-1]}, "groups": [')
    for number, group in enumerate(diff.groups):
        file.write(f'{"," if number else ""}\n{_text(_group(group))[:-1]}, "changes": [')
        for place, change in enumerate(group.changes):
            file.write(f"{',' if place else ''}\n  {_text(_change(change))}")
        file.write("]}")
    file.write("]}\n")


def _text(data: dict[str, Any]) -> str:
    return json.dumps(data, allow_nan=False)


def _head(diff: Diff) -> dict[str, Any]:
    found: dict[str, Any] = strict(
        {
            "before": _record(diff.before),
            "after": _record(diff.after),
            "targets": [asdict(pair) for pair in diff.pairs],
            "only_before": diff.only_before,
            "only_after": diff.only_after,
            "compared": diff.compared,
            "changed": diff.changed,
            "counts": {kind.value: count for kind, count in diff.counts.items() if count},
            "speed": [asdict(change) for change in diff.speeds],
            "notes": diff.notes,
        }
    )
    return found


def _record(facts: RecordFacts) -> dict[str, Any]:
    return {
        "record": facts.path,
        "started": facts.started,
        "finished": facts.finished,
        "verdicts": facts.verdicts,
        "environment": facts.environment,
    }


def _group(group: Group) -> dict[str, Any]:
    found: dict[str, Any] = strict(
        {
            "kind": group.kind.value,
            "op": group.op,
            "statuses": group.statuses,
            "cause": group.cause,
            "targets": group.targets,
            "count": group.count,
            "ulps": _ulps(group.ulps),
            "errors": None if group.errors is None else [asdict(side) for side in group.errors],
        }
    )
    return found


def _change(change: Change) -> dict[str, Any]:
    found: dict[str, Any] = strict(
        {
            "kinds": [kind.value for kind in change.kinds],
            "case": change.case,
            "file": change.file,
            "line": change.line,
            "targets": change.targets,
            "before": _side(change.before),
            "after": _side(change.after),
            "ulps": _ulps(change.ulps),
            "note": change.note,
        }
    )
    return found


_SIDE = tuple(field.name for field in fields(Side))
_TENSOR = tuple(field.name for field in fields(Answered))


def _side(side: Side | None) -> dict[str, Any] | None:
    # `asdict` copies deeply, which for 200,000 changes is most of the time.
    if side is None:
        return None
    tensors = [{name: getattr(tensor, name) for name in _TENSOR} for tensor in side.tensors]
    return {**{name: getattr(side, name) for name in _SIDE}, "tensors": tensors}


_ULPS = tuple(field.name for field in fields(Ulps))


def _ulps(ulps: Ulps | None) -> dict[str, Any] | None:
    return None if ulps is None else {**{name: getattr(ulps, name) for name in _ULPS}, "share": ulps.share}
