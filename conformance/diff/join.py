"""Two records side by side. SQLite does the joining: of what did not change, a few numbers are all that is read out."""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

from conformance.diff import speed
from conformance.diff.changes import Change, Diff, Kind, RecordFacts, Side, TargetPair, compare
from conformance.diff.groups import grouped
from conformance.diff.targets import pair_targets
from conformance.diff.ulps import of_outputs
from conformance.record import Reader, RecordError
from conformance.record.decode import answered
from conformance.record.facts import version
from conformance.record.opened import harden
from conformance.text.words import plural
from conformance.usage import UsageError
from conformance.verdict import Status

# Cases are paired by their id; one that has none like it, by its content: then it was moved or renamed.
_PAIRS = """
CREATE TEMP TABLE pairs (a INTEGER PRIMARY KEY, b INTEGER NOT NULL UNIQUE, same INTEGER NOT NULL);
INSERT INTO pairs SELECT a.key, b.key, a.fingerprint = b.fingerprint
    FROM main.cases a JOIN other.cases b ON b.id = a.id;
INSERT INTO pairs SELECT a.key, b.key, 1
    FROM (SELECT min(key) AS key, fingerprint FROM main.cases WHERE key NOT IN (SELECT a FROM pairs)
          GROUP BY fingerprint HAVING count(*) = 1) a
    JOIN (SELECT min(key) AS key, fingerprint FROM other.cases WHERE key NOT IN (SELECT b FROM pairs)
          GROUP BY fingerprint HAVING count(*) = 1) b ON b.fingerprint = a.fingerprint;
CREATE TEMP TABLE chosen (number INTEGER PRIMARY KEY, a INTEGER NOT NULL UNIQUE, b INTEGER NOT NULL);
CREATE INDEX temp.chosen_b ON chosen (b);
CREATE TEMP TABLE changed (number INTEGER NOT NULL, a_case INTEGER, b_case INTEGER, same INTEGER);
"""
# What can differ between two verdicts of one case. The words of a pass differ with its figures, and mean nothing here.
_DIFFERS = f"""(a.status <> b.status OR a.digest <> b.digest OR a.plan <> b.plan OR a.tensors <> b.tensors
    OR ((a.status <> '{Status.PASS}' OR a.subject = 'refusal')
        AND (a.message <> b.message OR a.explanation <> b.explanation)))"""
_COMPARED = f"""
SELECT t.number, a.case_key, p.b, p.same, c.op, a.seconds, b.seconds, a.digest <> '', b.digest <> '',
    b.status IS NOT NULL, {_DIFFERS}
FROM main.verdicts a CROSS JOIN chosen t ON t.a = a.target_key
LEFT JOIN pairs p ON p.a = a.case_key
LEFT JOIN other.verdicts b ON b.case_key = p.b AND b.target_key = t.b
LEFT JOIN main.cases c ON c.key = a.case_key
"""
_ADDED = """
INSERT INTO changed SELECT t.number, NULL, b.case_key, NULL
FROM other.verdicts b CROSS JOIN chosen t ON t.b = b.target_key
LEFT JOIN pairs p ON p.b = b.case_key
LEFT JOIN main.verdicts a ON a.case_key = p.a AND a.target_key = t.a
WHERE a.status IS NULL
"""
_SIDE = ("status, subject, message, explanation, tensors, digest, fraction, seconds, known_key, plan").split(", ")
_WIDTH = len(_SIDE)
_CHANGES = f"""
SELECT d.number, d.same, coalesce(cb.id, ca.id), ca.id, coalesce(cb.op, ca.op), coalesce(cb.file, ca.file),
    coalesce(cb.line, ca.line), {", ".join(f"a.{name}" for name in _SIDE)}, {", ".join(f"b.{name}" for name in _SIDE)}
FROM changed d CROSS JOIN chosen t ON t.number = d.number
LEFT JOIN main.cases ca ON ca.key = d.a_case
LEFT JOIN other.cases cb ON cb.key = d.b_case
LEFT JOIN main.verdicts a ON a.case_key = d.a_case AND a.target_key = t.a
LEFT JOIN other.verdicts b ON b.case_key = d.b_case AND b.target_key = t.b
"""
# To hold two outputs against each other takes 0.2 ms; beyond this many a diff would take minutes.
MEASURED = 20_000
LEAST_SECONDS = 1e-12  # less is no time that a clock gave
NOT_MEASURED = f"bits changed; how far was measured for the first {MEASURED:,} changes only"
NOT_KEPT = "bits changed; the outputs were not kept (run with --keep-outputs)"


def diff_records(before: Reader, after: Reader, mapping: Mapping[str, str] | None = None) -> Diff:
    """What changed from one record to another, case by case; or, in one record, from some targets to others.

    `mapping` says which target of the first is compared with which of the second; the others are paired as
    `pair_targets` says. With the same record twice only `mapping` counts. UsageError where there is nothing to compare,
    RecordError where a record can't be read.
    """
    one = os.path.realpath(before.path) == os.path.realpath(after.path)
    infos = before.targets, after.targets
    if one and not mapping:
        raise UsageError(f"{before.path} is given twice; say which of its targets to compare with --map A=B")
    named = list(mapping or {}), list((mapping or {}).values())
    names = pair_targets(list(infos[0]), list(infos[1]), mapping)
    if one:
        names = [pair for pair in names if pair[0] in named[0]]
    pairs = [TargetPair(a, b, (version(infos[0][a]), version(infos[1][b]))) for a, b in names]
    diff = Diff(_facts(before), _facts(after), pairs)
    diff.only_before = tuple(name for name in infos[0] if name not in {a for a, _ in names} and not one)
    diff.only_after = tuple(name for name in infos[1] if name not in {b for _, b in names} and not one)
    try:
        with closing(_connect(before, after)) as db:
            changes = _Join(db, before, after, diff).changes()
    except sqlite3.Error as error:
        raise RecordError(f"{before.path} and {after.path} can't be compared: {error}; one may be damaged") from None
    diff.groups = grouped(changes)
    diff.counts = Counter(change.kind for change in changes)
    diff.kinds = Counter(kind for change in changes for kind in change.kinds)
    for counts in (diff.counts, diff.kinds):
        counts[Kind.SPEED] += len(diff.speeds)
    _note(diff, changes)
    return diff


def _facts(reader: Reader) -> RecordFacts:
    environment = reader.environment
    return RecordFacts(
        str(reader.path),
        environment["started"] or "",
        environment["finished"] or "",
        environment,
        reader.targets,
        sum(reader.counts().values()),
    )


def _connect(before: Reader, after: Reader) -> sqlite3.Connection:
    # Both have been checked by their readers.
    db = sqlite3.connect(f"{before.path.absolute().as_uri()}?mode=ro", uri=True, timeout=5.0, isolation_level=None)
    try:
        harden(db)
        db.execute("PRAGMA temp_store = MEMORY")
        db.execute("PRAGMA cache_size = -16384")  # KiB
        db.execute("ATTACH ? AS other", (f"{after.path.absolute().as_uri()}?mode=ro",))
        db.executescript(_PAIRS)
    except sqlite3.Error:
        db.close()
        raise
    return db


class _Join:
    """The rows of two attached records, read into the counts of a diff's pairs, its speeds, and its changes."""

    def __init__(self, db: sqlite3.Connection, before: Reader, after: Reader, diff: Diff) -> None:
        self.db = db
        self.readers = before, after
        self.diff = diff
        self.measured = 0  # changes whose outputs were looked for
        self.kept = [
            db.execute(f"SELECT 1 FROM {at}.outputs LIMIT 1").fetchone() is not None for at in ("main", "other")
        ]
        self.words: dict[str, str] = {}  # one copy of each text: plans and messages repeat by the thousand
        self.knowns = tuple(dict(db.execute(f"SELECT key, name FROM {at}.knowns")) for at in ("main", "other"))

    def changes(self) -> list[Change]:
        keys = [dict(self.db.execute(f"SELECT name, key FROM {at}.targets")) for at in ("main", "other")]
        chosen = [(number, keys[0][p.before], keys[1][p.after]) for number, p in enumerate(self.diff.pairs)]
        self.db.executemany("INSERT INTO chosen VALUES (?, ?, ?)", chosen)
        self._scan()
        self.db.execute(_ADDED)
        return [change for row in self.db.execute(_CHANGES) if (change := self._change(row)) is not None]

    def _scan(self) -> None:
        """Every pair of verdicts once: count it, take its seconds, and remember where something differs."""
        times: dict[tuple[str, str, str], speed.Times] = {}
        pairs = self.diff.pairs
        changed: list[tuple[int, int, int | None, int | None]] = []
        for number, case, other, same, op, one, two, had, has, there, differs in self.db.execute(_COMPARED):
            if not (there and same):
                changed.append((number, case, other, same))
                continue
            pair = pairs[number]
            pair.compared += 1
            if had and has and min(one, two) > LEAST_SECONDS:
                key = (pair.before, pair.after, op)
                if key not in times:
                    same_version = bool(pair.versions[0]) and pair.versions[0] == pair.versions[1]
                    times[key] = speed.Times(pair.before == pair.after and same_version)
                times[key].add(one, two)
            if differs:
                changed.append((number, case, other, same))
            else:
                pair.unchanged += 1
        self.db.executemany("INSERT INTO changed VALUES (?, ?, ?, ?)", changed)
        self.diff.speeds = speed.changes(times)

    def _change(self, row: Sequence[Any]) -> Change | None:
        number, same, case, earlier, op, file, line, *rest = row
        pair = self.diff.pairs[number]
        before, after = self._side(rest[:_WIDTH], 0), self._side(rest[_WIDTH:], 1)
        kinds: tuple[Kind, ...]
        note = ""
        if before is None or after is None:
            kinds = (Kind.ADDED,) if before is None else (Kind.REMOVED,)
        elif not same:
            kinds, note = (Kind.NOT_COMPARABLE,), "the case has another fingerprint: it computes something else"
        else:
            kinds = compare(before, after)
            if not kinds:
                pair.unchanged += 1
            elif kinds[0] is Kind.VALUE_INSIDE:
                pair.other_bits += 1
            else:
                pair.changed += 1
        if not kinds:
            return None
        change = Change(kinds, case, self._one(op), self._one(file), line, (pair.before, pair.after), before, after)
        if same and before and after and _same_form(before, after):
            if not all(side.fails or kept for side, kept in zip((before, after), self.kept, strict=True)):
                return replace(change, note=NOT_KEPT)
            if self.measured == MEASURED:
                return replace(change, note=NOT_MEASURED)
            self.measured += 1
            ulps = of_outputs(*self._outputs(change, earlier))
            return replace(change, ulps=ulps, note="" if ulps else NOT_KEPT)
        return replace(change, note=note) if note else change

    def _outputs(self, change: Change, earlier: str) -> Iterator[dict[str, Any]]:
        # A divergent answer is in the record anyway, a passed one only where outputs were kept.
        assert change.before
        assert change.after
        for reader, case, target, side in (
            (self.readers[0], earlier, change.targets[0], change.before),
            (self.readers[1], change.case, change.targets[1], change.after),
        ):
            found = reader.outputs(side.digest)
            yield found or (reader.arrays(case, target) if side.fails else {})

    def _side(self, row: Sequence[Any], which: int) -> Side | None:
        status, subject, message, explanation, tensors, digest, fraction, seconds, known, plan = row
        if status is None:
            return None
        return Side(
            Status(status),
            self._one(subject),
            self._one(message),
            self._one(explanation),
            answered(tensors),
            digest,
            None if fraction is None else float(fraction),
            seconds,
            "" if known is None else self.knowns[which][known],
            self._one(plan),
        )

    def _one(self, text: str) -> str:
        return self.words.setdefault(text, text)


def _same_form(before: Side, after: Side) -> bool:
    """Whether both answered with tensors that can be held against each other, and other bits."""
    if not before.digest or not after.digest or before.digest == after.digest:
        return False
    return [(t.name, t.shape, t.dtype) for t in before.tensors] == [(t.name, t.shape, t.dtype) for t in after.tensors]


def _note(diff: Diff, changes: Sequence[Change]) -> None:
    lost = sum(1 for change in changes if change.note == NOT_KEPT)
    if lost:
        diff.notes.append(
            f"of {plural(lost, 'change')} the outputs were not kept, so it can't be said how far apart the bits are: "
            "run both with --keep-outputs"
        )
    unmeasured = sum(1 for change in changes if change.note == NOT_MEASURED)
    if unmeasured:
        diff.notes.append(
            f"how far apart the bits are was measured for the first {MEASURED:,} changes, not for {unmeasured:,} others"
        )
    for pair in diff.pairs:
        if not pair.compared:
            diff.notes.append(f"{pair.label}: no case is in both records, so nothing was compared")
    for side in (diff.before, diff.after):
        if not side.finished:
            diff.notes.append(f"{side.path} is not a complete run: what is missing there counts as added or removed")
