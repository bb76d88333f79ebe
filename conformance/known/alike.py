"""Which shipped entry a failure in somebody's own case is like: known already, and perhaps reported.

A shipped entry speaks of an op and its parameters, or of shipped cases by name. The first holds for any case; of the
second it is the signature that tells, so that one without a signature is never like anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from conformance.known.entry import CaseLike, Entry, environment
from conformance.known.file import load_entries
from conformance.ops import OPS
from conformance.suite.origin import origin_of, shipped_root
from conformance.target import TargetError, parse_target
from conformance.verdict import Verdict


@dataclass(frozen=True)
class _Asked:
    """What a `call` asks, as a case of the op that is its reference."""

    id: str
    fingerprint: str
    op_name: str
    dtype: str
    given: tuple[tuple[str, Any], ...]
    params: Mapping[str, Any] = field(default_factory=dict)


def shipped_like(case: CaseLike, file: str, verdict: Verdict, info: Mapping[str, Any]) -> Entry | None:
    """The first shipped entry that an unexpected verdict is like, where the case's file did not ship itself.

    `info` is what the target's worker said of itself; without it an entry's versions are not asked.
    """
    return alike(_shipped(), case, verdict, info) if origin_of(file) else None


def alike(entries: Iterable[Entry], case: CaseLike, verdict: Verdict, info: Mapping[str, Any]) -> Entry | None:
    """The first entry that a verdict is like."""
    try:
        target = parse_target(verdict.target)
    except TargetError:
        return None  # a record may name what no version of this one runs
    forms = [(form, environment(form)) for form in (case, _reference(case)) if form is not None]
    for entry in entries:
        if not entry.declares(verdict) or not entry.on_target(target) or (info and not entry.applies(info, target)):
            continue
        for form, values in forms:
            named = bool(entry.cases)
            if named and all(part is None for part in (entry.message, entry.explanation, entry.cause)):
                continue
            if entry.covers(_Asked(_id(entry, form), "", form.op_name, form.dtype, ()), values):
                return entry
    return None


def _id(entry: Entry, case: CaseLike) -> str:
    """An id that an entry's names cover: they are of shipped cases, and not what is asked here."""
    return entry.cases[0].pattern if entry.cases else case.id


def _reference(case: CaseLike) -> _Asked | None:
    """The question behind a `call` that has an op as its reference."""
    said = dict(case.given).get("reference") if case.op_name == "call" else None
    op = OPS.get(str(said.get("op"))) if isinstance(said, Mapping) else None
    if op is None:
        return None
    given = said.get("params") or {}  # type: ignore[union-attr]
    try:
        values = {name: f.parse(given[name]) if name in given else f.default for name, f in op.fields().items()}
        params = vars(op.bind(values))
    except (ValueError, TypeError, LookupError):
        return None
    return _Asked(case.id, case.fingerprint, op.name, case.dtype, tuple(given.items()), params)


@cache
def _shipped() -> tuple[Entry, ...]:
    root = shipped_root()
    return tuple(load_entries(root / "known")) if root is not None and (root / "known").is_dir() else ()
