"""The scripts of a record's divergences, for a page: what `conformance repro` prints of each, with nothing run."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from conformance.ask.prepare import CaseError, Prepared, prepare
from conformance.record import Reader, Row
from conformance.record.facts import unexpected_groups
from conformance.repro.finding import from_record
from conformance.repro.script import script
from conformance.suite.case import Case
from conformance.suite.choose import load_suites
from conformance.suite.lookup import named_file
from conformance.suite.values import ValuesError
from conformance.target import TargetError, parse_target
from conformance.usage import UsageError
from conformance.verdict import Known

MOST = 300
BYTES = 2 << 20
SECONDS = 20.0


def scripts(reader: Reader) -> dict[tuple[str, str], str]:
    """(case, target) -> script: for the first of each unexpected divergence that says the same, then of each known one.

    There is none for a case whose file is not here or has changed since, nor for one that would have to be run again.
    """
    rows = list(_chosen(reader))
    wanted = {row.case.id: row.case.fingerprint for row in rows}
    cases = {case.id: case for case in _cases(wanted) if wanted.get(case.id) == case.fingerprint}
    infos = reader.targets
    ready: dict[str, Prepared] = {}
    found: dict[tuple[str, str], str] = {}
    room, until = BYTES, time.monotonic() + SECONDS
    for row in rows:
        id, name = row.case.id, row.verdict.target
        if id not in cases or time.monotonic() > until:
            continue
        try:
            if id not in ready:
                ready = {id: prepare(cases[id])}
            known = from_record(ready[id], parse_target(name), row.verdict, infos.get(name, {}))
            text = script(known) if known is not None else ""
        except (CaseError, ValuesError, TargetError, UsageError):
            continue
        room -= len(text)
        if text and room >= 0:
            found[id, name] = text
    return found


def _chosen(reader: Reader) -> Iterator[Row]:
    """The rows that get a script, at most MOST."""
    left = MOST
    for group in unexpected_groups(reader.verdicts(unexpected=True))[:MOST]:
        for row in group.rows[:left]:
            left -= 1
            yield row
    seen: set[tuple[Known | None, str]] = set()
    for row in reader.verdicts(known=True, divergent=True):
        key = row.verdict.known, row.verdict.target
        if key not in seen and len(seen) < left:
            seen.add(key)
            yield row


def _cases(ids: Iterable[str]) -> Iterator[Case]:
    """The cases of these ids as they stand in the case files here."""
    wanted: dict[str, str] = {}
    for id in ids:
        stem = id.partition("::")[0]
        # A record may be a stranger's: it names no file but one below this folder or the suite.
        if not PurePosixPath(stem).is_absolute() and ".." not in PurePosixPath(stem).parts:
            wanted.setdefault(stem, id)
    for id in wanted.values():
        try:
            for suite in load_suites(named_file(id)) if named_file(id) else []:
                yield from suite.cases()
        except UsageError:
            continue
