"""Writing a record."""

from __future__ import annotations

import shlex
import sqlite3
import time
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from conformance.record.decode import size_in_bytes, words
from conformance.record.file import Ours, begin, hold
from conformance.record.opened import LONGEST, connect
from conformance.record.room import Place, Room
from conformance.record.schema import (
    ARRAY_BYTES,
    ARRAYS_BYTES_A_RUN,
    BATCH_SECONDS,
    BATCH_VERDICTS,
    CASE_COLUMNS,
    OUTPUTS_BYTES_A_RUN,
    VERDICT_COLUMNS,
    RecordedArray,
    RecordedCase,
    RecordError,
    Summary,
    WriteError,
    dump,
    now,
    read_meta,
    real,
    text,
)
from conformance.suite.case import Case
from conformance.verdict import Known, Problem, Status, Verdict

_INSERT_VERDICT = (
    f"INSERT OR REPLACE INTO verdicts (case_key, target_key, {VERDICT_COLUMNS}) VALUES ({', '.join('?' * 20)})"
)
_INSERT_CASE = f"INSERT INTO cases (key, {CASE_COLUMNS}) VALUES ({', '.join('?' * 15)})"


class Writer:
    """Appends one run to its record. Made by `create` or `resume`; only one writer at a time can hold a record."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._db = connection
        self._cases: dict[str, tuple[int, str]] = {
            id: (key, fingerprint)
            for key, id, fingerprint in connection.execute("SELECT key, id, fingerprint FROM cases")
        }
        self._targets: dict[str, int] = {name: key for key, name in connection.execute("SELECT key, name FROM targets")}
        self._knowns: dict[Known, int] = {
            Known(*row): key for key, *row in connection.execute("SELECT key, name, kind, reason, link FROM knowns")
        }
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST)
        connection.set_progress_handler(None, 0)
        self._file = Ours(path)
        self._case_keys: dict[str, int] = {}  # the places that `plan` has given to what is yet to come
        self._target_keys: dict[str, int] = {}
        self._arrays = Room(ARRAYS_BYTES_A_RUN)
        self._outputs = Room(OUTPUTS_BYTES_A_RUN)
        self._take_up()
        self._pending = 0
        self._committed = time.monotonic()

    @classmethod
    def create(cls, path: Path | str, environment: Mapping[str, Any]) -> Writer:
        """Start a new record; RecordError where the file exists or can't be written, WriteError where the
        disk is full. An empty file is filled."""
        path = Path(path)
        return cls(path, begin(path, environment))

    @classmethod
    def resume(cls, path: Path | str) -> Writer:
        """Go on with an incomplete record; RecordError where it is complete, not a record, or still being written."""
        path = Path(path)
        # For writing, so that what a kill in the middle of a write left behind is mended first.
        db, _ = connect(path, write=True)
        try:
            if read_meta(db, "finished") is not None:
                raise RecordError(
                    f"{path} is complete: there is nothing to resume; `conformance report {shlex.quote(str(path))}` "
                    "reads it"
                )
            db.execute("PRAGMA busy_timeout = 0")
            hold(db)
            db.execute("PRAGMA busy_timeout = 30000")
            times = [*words(read_meta(db, "resumed") or "[]"), now()]
            db.execute("INSERT OR REPLACE INTO meta VALUES ('resumed', ?)", (dump(times),))
            db.execute("DELETE FROM meta WHERE key = 'failed'")
            return cls(path, db)
        except (sqlite3.Error, OSError) as error:
            db.close()
            reason = "another process is still writing it" if "locked" in str(error) else str(error)
            raise RecordError(f"{path} can't be resumed: {reason}") from None
        except BaseException:
            db.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def plan(self, cases: Sequence[str], targets: Sequence[str]) -> None:
        """Say what a run will add, in the order that the record is to have, whichever comes first.

        What is neither recorded nor said here comes after all of it.
        """
        self._case_keys = _places(cases, {id: key for id, (key, _) in self._cases.items()})
        self._target_keys = _places(targets, self._targets)

    def _take_up(self) -> None:
        """Count what an interrupted run has kept."""
        for key, target, name, kinds, shape, kept in self._db.execute(
            "SELECT case_key, target, name, dtype, shape, data IS NOT NULL FROM arrays"
        ):
            place = key, self._targets.get(target, 0)
            size = size_in_bytes(kinds, shape)
            if kept:
                self._arrays.take((key, target, name), place, size)
            elif 0 < size <= ARRAY_BYTES:
                self._arrays.close(place)
        for digest, name, kinds, shape, key, target in self._db.execute(
            "SELECT o.digest, o.name, o.dtype, o.shape, v.case_key, v.target_key FROM outputs o "
            "JOIN verdicts v ON v.digest = o.digest"
        ):
            self._outputs.take((digest, name), (key, target), size_in_bytes(kinds, shape))

    def _execute(self, sql: str, values: Sequence[Any]) -> sqlite3.Cursor:
        try:
            return self._db.execute(sql, values)
        except sqlite3.Error as error:
            self._file.check()
            raise WriteError(f"the record {self.path} can't be written: {error}") from None

    def add_case(self, case: Case | RecordedCase) -> None:
        """Add a case once. One that changed since the interrupted run replaces the old one and drops its verdicts."""
        known = self._cases.get(case.id)
        if known is not None:
            if known[1] == case.fingerprint:
                return
            for table in ("verdicts", "arrays"):
                self._execute(f"DELETE FROM {table} WHERE case_key = ?", (known[0],))
            self._execute("DELETE FROM cases WHERE key = ?", (known[0],))
            self._arrays.forget(known[0])
        cursor = self._execute(
            _INSERT_CASE,
            (
                known[0] if known is not None else self._case_keys.get(case.id),
                case.id,
                case.fingerprint,
                case.op_name,
                case.source.file,
                case.source.line,
                case.source.column,
                case.dtype,
                case.values if isinstance(case.values, str) else case.values.name or case.values.kind,
                dump(case.params),
                dump(case.given),
                dump(case.tags),
                text(case.about),
                None if case.claim is None else dump(case.claim),
                dump(case.definition if isinstance(case, RecordedCase) else _definition(case)),
            ),
        )
        assert cursor.lastrowid is not None
        self._cases[case.id] = (cursor.lastrowid, case.fingerprint)

    def _target(self, name: str) -> int:
        if name not in self._targets:
            row = (self._target_keys.get(name), name)
            cursor = self._execute("INSERT INTO targets (key, name) VALUES (?, ?)", row)
            assert cursor.lastrowid is not None
            self._targets[name] = cursor.lastrowid
        return self._targets[name]

    def _known(self, known: Known | None) -> int | None:
        if known is None:
            return None
        if known not in self._knowns:
            row = (known.name, known.kind, known.reason, known.link)
            cursor = self._execute("INSERT INTO knowns (name, kind, reason, link) VALUES (?, ?, ?, ?)", row)
            assert cursor.lastrowid is not None
            self._knowns[known] = cursor.lastrowid
        return self._knowns[known]

    def _case(self, id: str) -> int:
        if id not in self._cases:
            raise RecordError(f"{self.path}: nothing can be recorded for {id!r}, which was not added as a case")
        return self._cases[id][0]

    def add_verdict(self, verdict: Verdict, attempts: int = 1) -> None:
        """Add one verdict, in the place of an earlier one on the same case and target."""
        f = verdict.figures
        figures: tuple[Any, ...] = (None,) * 8
        if f is not None:
            worst = None if f.worst is None else dump([int(i) for i in f.worst])
            numbers = (real(f.got), real(f.reference), real(f.needed), real(f.bits))
            figures = (int(f.elements), int(f.differing), real(f.fraction), worst, *numbers)
        self._execute(
            _INSERT_VERDICT,
            (
                self._case(verdict.case),
                self._target(verdict.target),
                verdict.status.value,
                text(verdict.subject),
                text(verdict.message),
                text(verdict.explanation),
                *figures,
                text(verdict.plan),
                float(verdict.seconds),
                self._known(verdict.known),
                attempts,
                verdict.digest,
                dump([(text(t.name), text(t.dtype), t.shape, t.digest) for t in verdict.tensors]),
            ),
        )
        self._pending += 1
        if self._pending >= BATCH_VERDICTS or time.monotonic() - self._committed >= BATCH_SECONDS:
            self.flush()

    def add_array(self, case: str, target: str, name: str, array: NDArray[np.generic], dtype: str = "") -> None:
        """Keep an array of a failing case. `target` is "" for what all targets share (inputs, `reference`).

        `dtype` is the framework's word where NumPy's differs (bfloat16, held as float32). Beyond the size caps only
        shape and dtype are kept.
        """
        kinds = dump([dtype or str(array.dtype), array.dtype.str])
        key = self._case(case)
        if (key, target, name) in self._arrays:
            return
        data = None
        if array.nbytes <= ARRAY_BYTES:
            place = key, self._target(target) if target else 0
            kept, gone = self._arrays.take((key, target, name), place, array.nbytes)
            for other in gone:
                sql = "UPDATE arrays SET data = NULL WHERE case_key = ? AND target = ? AND name = ?"
                self._execute(sql, other)
            data = zlib.compress(np.ascontiguousarray(array).tobytes(), 1) if kept else None
        row = (key, target, name, kinds, dump(list(array.shape)), data)
        self._execute("INSERT OR REPLACE INTO arrays VALUES (?, ?, ?, ?, ?, ?)", row)

    def place(self, case: str, target: str) -> Place:
        """Where a verdict stands in the record."""
        return self._case(case), self._target(target)

    def add_output(
        self, digest: str, name: str, array: NDArray[np.generic] | None, dtype: str, place: Place | None = None
    ) -> None:
        """Keep an answer's tensor (an output, `gradient of w`, ...), passed or not, so that another version's can be
        held against it bit by bit. The same bits are kept once, whoever answered them; beyond the size caps not at all.
        `place` is that of the verdict: of those that are too many together, the first in the record are kept.
        """
        if array is None or array.nbytes > ARRAY_BYTES:
            return
        place = place or (self._outputs.count + 1, 0)
        there = (digest, name) in self._outputs
        kept, gone = self._outputs.take((digest, name), place, array.nbytes)
        for other in gone:
            self._execute("DELETE FROM outputs WHERE digest = ? AND name = ?", other)
        if kept and not there:
            kinds = dump([dtype, array.dtype.str])
            data = zlib.compress(np.ascontiguousarray(array).tobytes(), 1)
            row = (digest, name, kinds, dump(list(array.shape)), data)
            self._execute("INSERT OR REPLACE INTO outputs VALUES (?, ?, ?, ?, ?)", row)

    def copy_array(self, case: str, target: str, array: RecordedArray) -> None:
        """Keep an array of another record, or only its shape and dtype where that is all there is."""
        if array.values is not None:
            self.add_array(case, target, array.name, array.values, array.dtype)
            return
        row = (self._case(case), target, array.name, dump([array.dtype, ""]), dump(list(array.shape)), None)
        self._execute("INSERT OR REPLACE INTO arrays VALUES (?, ?, ?, ?, ?, ?)", row)

    def set_target_info(self, target: str, info: Mapping[str, Any]) -> None:
        """What the target's worker said of itself: versions, flags, devices."""
        self._execute("UPDATE targets SET info = ? WHERE key = ?", (dump(dict(info)), self._target(target)))

    def compared(self) -> set[str]:
        """The cases that some target had an answer to: unsupported is none, but where its gradients alone are."""
        judged = "v.status <> ? OR v.subject = 'gradient'"
        sql = f"SELECT c.id FROM cases c JOIN verdicts v ON v.case_key = c.key WHERE {judged}"
        return {id for (id,) in self._execute(sql, (Status.UNSUPPORTED.value,))}

    def flush(self) -> None:
        """Commit what was added; called by itself every 500 verdicts or second."""
        self._file.check()
        self._execute("COMMIT", ())
        self._execute("BEGIN IMMEDIATE", ())
        self._pending = 0
        self._committed = time.monotonic()

    def done(self) -> set[tuple[str, str, str]]:
        """(case id, fingerprint, target) of every verdict that is there: what a resumed run need not run again."""
        sql = (
            "SELECT c.id, c.fingerprint, t.name FROM verdicts v JOIN cases c ON c.key = v.case_key "
            "JOIN targets t ON t.key = v.target_key"
        )
        return set(self._execute(sql, ()))

    def finish(self, summary: Summary | Mapping[str, Any]) -> None:
        """Write the footer: from here on the record is a complete run. A mapping becomes the summary's details."""
        if not isinstance(summary, Summary):
            summary = Summary(details=summary)
        rows = {"finished": now(), "summary": dump(summary)}
        for item in rows.items():
            self._execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", item)
        self.flush()

    def leave_open(self, failures: Sequence[Problem]) -> None:
        """Say why this is not a complete run, and what is lacking: `resume` goes on with it."""
        self._execute("INSERT OR REPLACE INTO meta VALUES ('failed', ?)", (dump(list(failures)),))
        self.flush()

    def close(self) -> None:
        """Commit and leave one plain file. A record that was not finished stays resumable."""
        try:
            if not self._db.in_transaction:
                return
            try:
                self._file.check()
            except WriteError:
                self._file.take_log()
                raise
            self._execute("COMMIT", ())
            # What is committed is safe: a reader that holds the log, or a disk that is full, only delays the clean-up.
            with suppress(sqlite3.Error):
                # Into the one file first: with a reader still there, the other files stay, but nothing is only in them.
                self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                self._db.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.ProgrammingError:
            return  # closed already
        finally:
            self._db.close()


def _places(names: Sequence[str], taken: Mapping[str, int]) -> dict[str, int]:
    """Keys for names in their order: the ones that they had from the start, else behind all that there are."""
    planned = {name: key for key, name in enumerate(names, 1)}
    # A resumed run of other cases or targets than before has no order that both could keep.
    behind = 0 if all(planned.get(name) == key for name, key in taken.items()) else max(taken.values())
    return {name: key + behind for name, key in planned.items() if name not in taken}


def _definition(case: Case) -> dict[str, Any]:
    return {
        "values": case.values,
        "seed": case.seed,
        "checks": case.checks,
        "nonfinite": case.nonfinite,
        "permits": case.permits,
        "expect": case.expect,
        "targets": case.targets,
    }
