"""Changes with the same cause as one group, and the groups worst first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np

from conformance.diff.changes import RANK, Change, Errors, Group, Kind, Side, changed, of_what, same_words
from conformance.diff.ulps import pooled
from conformance.plan import USUAL
from conformance.text.plain import one_line
from conformance.text.words import in_a_line
from conformance.verdict import Answered, Status
from conformance.worker.statements import code_lines

LONGEST = 400  # characters of a framework's own words
_NUMBER = re.compile(r"-?\d+(?:[.,]\d+)*(?:e[+-]?\d+)?|\b(?:nan|inf)\b")
_ROW = re.compile(r"#(?:, ?#)+,?")
_CALL = re.compile(r"[A-Za-z_][\w.]*(?=\()")


def grouped(changes: Iterable[Change]) -> list[Group]:
    """Groups by kind, op, statuses and cause, whatever the numbers in it; worst kind first, then the largest."""
    groups: dict[tuple[str, ...], list[Change]] = {}
    texts: dict[str, str] = {}  # by far most causes are one of a few texts
    for change in changes:
        text = cause(change)
        if text not in texts:
            texts[text] = _ROW.sub("#", _NUMBER.sub("#", same_words(text)))
        both = change.before and change.after and change.before.digest != change.after.digest
        # ULPs of two dtypes are not to be added up.
        dtypes = _dtypes(change) if both else ""
        groups.setdefault((change.kind, change.op, *_statuses(change), texts[text], dtypes), []).append(change)
    found = [_group(members) for members in groups.values()]
    return sorted(found, key=lambda group: (RANK[group.kind], _mild(group), -group.count, group.op, group.cause))


def cause(change: Change) -> str:
    """What is behind a change, in one line, as far as the records say it."""
    before, after = change.before, change.after
    if before is None or after is None:
        return f"in {change.file}"
    match change.kind:
        case Kind.NOT_COMPARABLE:
            return f"in {change.file}"
        case Kind.FAIL_TO_PASS:
            return _why(before)
        case Kind.NEWLY_SUPPORTED:
            return f"{_why(before)} -> {_why(after)}" if after.fails else _why(before)
        case Kind.SHAPE:
            return "; ".join(
                f"{_named(a)}{a.shape} -> {b.shape}" for a, b in changed(before, after) if a.shape != b.shape
            )
        case Kind.DTYPE:
            return "; ".join(
                f"{_named(a)}{a.dtype} -> {b.dtype}" for a, b in changed(before, after) if a.dtype != b.dtype
            )
        case Kind.ERROR_TEXT:
            return f"{brief(before.message)} -> {brief(after.message)}"
        case Kind.EXPLANATION:
            return (
                f"{brief(in_a_line(before.explanation)) or 'none'} -> {brief(in_a_line(after.explanation)) or 'none'}"
            )
        case Kind.VALUE_INSIDE:
            return f"{_dtypes(change) or 'other'} bits{of_what(tensor for _, tensor in changed(before, after))}"
        case Kind.PLAN:
            return f"{_calls(before)} -> {_calls(after)}"
        case _:
            return _why(after)


def _named(tensor: Answered) -> str:
    return "" if tensor.name == USUAL else f"{tensor.name} "


def _dtypes(change: Change) -> str:
    """The dtypes of the tensors that are other bits now."""
    if change.before is None or change.after is None:
        return ""
    return ", ".join(dict.fromkeys(tensor.dtype for _, tensor in changed(change.before, change.after)))


def brief(text: str) -> str:
    """Text on one line, cut where a framework goes on and on; the record has all of it."""
    line = one_line(text)
    return line if len(line) <= LONGEST else line[:LONGEST].rstrip() + " ..."


def _why(side: Side) -> str:
    return brief(in_a_line(side.explanation) or side.message)


def _calls(side: Side) -> str:
    """The functions that a plan calls."""
    code = "\n".join(line for line in code_lines(side.plan) if not line.startswith("#"))
    return ", ".join(dict.fromkeys(_CALL.findall(code))) or "no call"


def _statuses(change: Change) -> tuple[str, str]:
    return tuple(side.status.value if side else "" for side in (change.before, change.after))  # type: ignore[return-value]


def _mild(group: Group) -> bool:
    """Newly supported and right comes after newly supported and wrong."""
    return group.kind is Kind.NEWLY_SUPPORTED and group.statuses[1] == Status.PASS


def _group(changes: list[Change]) -> Group:
    # The farthest apart first: a reader sees the first few.
    changes.sort(key=lambda change: -(change.ulps.largest if change.ulps else 0.0))
    first = changes[0]
    return Group(
        first.kind,
        first.op,
        _statuses(first),
        cause(first),
        tuple(dict.fromkeys(change.targets for change in changes)),
        changes,
        pooled([change.ulps for change in changes if change.ulps]),
        _errors(changes) if first.kind is Kind.VALUE_INSIDE else None,
    )


def _errors(changes: Sequence[Change]) -> tuple[Errors, Errors] | None:
    """How far the answers were from the reference, before and after; None where no figures are there."""
    rows = [
        (change.before.fraction, change.after.fraction)
        for change in changes
        if change.before and change.after and change.before.fraction is not None and change.after.fraction is not None
    ]
    if not rows:
        return None
    columns = np.array(rows, dtype=np.float64).T
    before, after = (Errors(float(np.median(c)), float(np.quantile(c, 0.9)), float(c.max())) for c in columns)
    return before, after
