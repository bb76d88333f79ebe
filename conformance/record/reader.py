"""Reading a record: everything that a report knows comes from here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from conformance.outcome import GRADIENT
from conformance.record import decode
from conformance.record.opened import connect, mended
from conformance.record.schema import (
    CASE_COLUMNS,
    VERDICT_COLUMNS,
    RecordedArray,
    RecordedCase,
    RecordError,
    Row,
    Summary,
    read_meta,
)
from conformance.target import in_columns
from conformance.text.nearest import meant, the_nearest
from conformance.verdict import Known, Problem, Status

_DIVERGENT = f"v.status NOT IN ('{Status.PASS}', '{Status.UNSUPPORTED}')"


class Reader:
    """Reads a record, complete or (`complete=False`) not. Iterators stream: nothing holds all verdicts in memory.

    A record is a stranger's file: `opened.py` checks it, `decode.py` makes typed objects of its rows, and within
    `with Reader(...)` whatever its content still makes of our code is a RecordError, not a traceback.
    """

    def __init__(self, path: Path | str, complete: bool = True) -> None:
        self.path = Path(path)
        self._db, self._limit = connect(self.path)
        self._last_case: tuple[int, RecordedCase] | None = None
        try:
            whole = self.complete
        except BaseException:
            self.close()
            raise
        if complete and not whole:
            self.close()
            raise RecordError(f"{path} is not a complete run: it was interrupted, or is still running; resume it first")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        if isinstance(error, decode.ERRORS):
            raise RecordError(
                f"{self.path} holds something that no run writes ({type(error).__name__}: {str(error)[:200]}); it is "
                "damaged, or of another release"
            ) from error

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def _rows(self, sql: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        self._limit.renew()
        with mended(self.path):
            cursor = self._db.execute(sql, values)
        while True:
            with mended(self.path):
                row = cursor.fetchone()
            if row is None:
                return
            self._limit.renew()
            yield row

    def _meta(self, key: str) -> str | None:
        with mended(self.path):
            return read_meta(self._db, key)

    @property
    def complete(self) -> bool:
        """Whether the footer is there."""
        return self._meta("finished") is not None

    @cached_property
    def environment(self) -> dict[str, Any]:
        """Conformance, Python, platform, CPU, command line, and when it started, was resumed and finished."""
        times = {name: decode.time(self._meta(name)) for name in ("started", "finished")}
        found = decode.mapping(self._meta("environment") or "{}")
        return {**found, **times, "resumed": decode.words(self._meta("resumed") or "[]")}

    @property
    def summary(self) -> Summary | None:
        """The footer, or None where the run is not complete."""
        found = self._meta("summary")
        return None if found is None or not self.complete else decode.summary(decode.mapping(found))

    @property
    def failures(self) -> tuple[Problem, ...]:
        """The targets whose workers failed, where the run was left open for that; `--resume` asks them again."""
        found = self._meta("failed")
        return () if found is None else decode.problems(decode.parsed(found))

    @property
    def targets(self) -> dict[str, dict[str, Any]]:
        """Target -> what its worker said of itself ({} where it never started), in the one order of all views."""
        found = dict(self._rows("SELECT name, info FROM targets"))
        return {name: decode.info(found[name]) for name in in_columns(found)}

    def _column(self, key: str) -> str:
        """SQL for where a target stands in that order, from the column that has its key."""
        keys = dict(self._rows("SELECT name, key FROM targets"))
        places = " ".join(f"WHEN {keys[name]} THEN {place}" for place, name in enumerate(in_columns(keys)))
        return f"CASE {key} {places} END" if places else key

    def counts(self) -> dict[tuple[str, Status, bool], int]:
        """(target, status, known?) -> how many."""
        sql = (
            "SELECT t.name, v.status, v.known_key IS NOT NULL, COUNT(*) FROM verdicts v "
            "JOIN targets t ON t.key = v.target_key GROUP BY 1, 2, 3"
        )
        return {(target, Status(status), bool(known)): n for target, status, known, n in self._rows(sql)}

    def matrix(self) -> dict[tuple[str, str, Status, bool], int]:
        """(case file, target, status, known?) -> how many."""
        sql = (
            "SELECT c.file, t.name, v.status, v.known_key IS NOT NULL, COUNT(*) FROM verdicts v "
            "JOIN targets t ON t.key = v.target_key JOIN cases c ON c.key = v.case_key GROUP BY 1, 2, 3, 4"
        )
        return {(file, target, Status(status), bool(known)): n for file, target, status, known, n in self._rows(sql)}

    def seconds(self, target: str) -> float:
        """How long the framework itself worked on this target's cases."""
        sql = "SELECT TOTAL(v.seconds) FROM verdicts v JOIN targets t ON t.key = v.target_key WHERE t.name = ?"
        return float(next(self._rows(sql, (target,)))[0])

    def knowns(self) -> dict[tuple[Known, str], int]:
        """(known divergence, target) -> how many verdicts fall under it."""
        sql = (
            "SELECT k.name, k.kind, k.reason, k.link, t.name, COUNT(*) FROM verdicts v "
            "JOIN knowns k ON k.key = v.known_key JOIN targets t ON t.key = v.target_key GROUP BY k.key, t.key "
            f"ORDER BY k.name, {self._column('t.key')}"
        )
        return {(Known(*known), target): n for *known, target, n in self._rows(sql)}

    def reasons(self) -> dict[tuple[str, str], int]:
        """(target, reason) -> how many verdicts are unsupported for it."""
        sql = (
            "SELECT t.name, v.message, COUNT(*) FROM verdicts v JOIN targets t ON t.key = v.target_key "
            "WHERE v.status = ? GROUP BY 1, 2"
        )
        return {(target, reason): n for target, reason, n in self._rows(sql, (Status.UNSUPPORTED.value,))}

    def verdicts(
        self,
        *,
        case: str | None = None,
        target: str | None = None,
        statuses: Iterable[Status] | None = None,
        known: bool | None = None,
        divergent: bool | None = None,
        unexpected: bool | None = None,
        claims: bool | None = None,
    ) -> Iterator[Row]:
        """The verdicts that meet every filter given, case by case in the order in which the cases were added.

        A case's targets come in the order of `targets`.
        """
        clauses: list[str] = []
        values: list[Any] = []
        for column, value in (("c.id", case), ("t.name", target)):
            if value is not None:
                clauses.append(f"{column} = ?")
                values.append(value)
        if statuses is not None:
            wanted = [s.value for s in statuses]
            clauses.append(f"v.status IN ({', '.join('?' * len(wanted))})")
            values += wanted
        if unexpected is not None:
            clauses.append(f"({_DIVERGENT} AND v.known_key IS NULL) = {int(unexpected)}")
        if divergent is not None:
            clauses.append(f"({_DIVERGENT}) = {int(divergent)}")
        if known is not None:
            clauses.append(f"(v.known_key IS NOT NULL) = {int(known)}")
        if claims is not None:
            clauses.append(f"(c.claim IS NOT NULL) = {int(claims)}")
        where = f"WHERE {' AND '.join(clauses)}" if clauses else ""
        knowns = {key: Known(*row) for key, *row in self._rows("SELECT key, name, kind, reason, link FROM knowns")}
        columns = ", ".join(f"v.{name.strip()}" for name in VERDICT_COLUMNS.split(","))
        sql = (
            f"SELECT v.case_key, t.name, {columns} FROM verdicts v JOIN targets t ON t.key = v.target_key "
            f"JOIN cases c ON c.key = v.case_key {where} ORDER BY v.case_key, {self._column('v.target_key')}"
        )
        for key, name, *rest in self._rows(sql, values):
            found = self._case_by_key(key)
            yield Row(found, decode.verdict(found.id, name, rest, knowns), rest[15])

    def _case_by_key(self, key: int) -> RecordedCase:
        if self._last_case is None or self._last_case[0] != key:
            row = next(self._rows(f"SELECT {CASE_COLUMNS} FROM cases WHERE key = ?", (key,)))
            self._last_case = (key, decode.recorded_case(row))
        return self._last_case[1]

    def cases(self) -> Iterator[RecordedCase]:
        """Every case, in the order in which they were added."""
        for row in self._rows(f"SELECT {CASE_COLUMNS} FROM cases ORDER BY key"):
            yield decode.recorded_case(row)

    def case(self, id: str) -> RecordedCase:
        """One case, by its id or name, or by a part that only one case has; RecordError with the nearest ids."""
        for row in self._rows(f"SELECT {CASE_COLUMNS} FROM cases WHERE id = ?", (id,)):
            return decode.recorded_case(row)
        ids = [row[0] for row in self._rows("SELECT id FROM cases ORDER BY key")]
        some = meant(id, ids)
        if len(some) == 1:
            return self.case(some[0])
        if some:
            shown = "".join(f"\n  {s}" for s in some[:5]) + ("\n  ..." if len(some) > 5 else "")
            raise RecordError(f"{id!r} stands for more than one case of {self.path}:{shown}\ngive the whole id of one")
        hint = the_nearest(id, ids)
        raise RecordError(f"no case {id!r} in {self.path}{hint}")

    def arrays(self, case: str, target: str = "") -> dict[str, RecordedArray]:
        """The arrays of a failing case on one target, by name; with target "" those that all targets share."""
        sql = (
            "SELECT a.name, a.dtype, a.shape, a.data FROM arrays a JOIN cases c ON c.key = a.case_key "
            "WHERE c.id = ? AND a.target = ? ORDER BY a.rowid"
        )
        return {row[0]: decode.array(*row) for row in self._rows(sql, (case, target))}

    def case_count(self) -> int:
        """How many cases there are."""
        return int(next(self._rows("SELECT count(*) FROM cases"))[0])

    def asked(self) -> Iterator[tuple[str, str]]:
        """(case id, target) of every verdict, and nothing else of it."""
        return self._rows(
            "SELECT c.id, t.name FROM verdicts v JOIN cases c ON c.key = v.case_key "
            "JOIN targets t ON t.key = v.target_key"
        )

    def outputs(self, digest: str) -> dict[str, RecordedArray]:
        """The tensors of an answer by its digest; {} where the run kept no outputs, or not this one."""
        sql = f"SELECT name, dtype, shape, data FROM outputs WHERE digest = ? ORDER BY name GLOB '{GRADIENT}*', name"
        return {row[0]: decode.array(*row) for row in self._rows(sql, (digest,))}

    def raw_outputs(self) -> Iterator[tuple[str, RecordedArray]]:
        """(digest, tensor) of every output that was kept."""
        for digest, *row in self._rows("SELECT digest, name, dtype, shape, data FROM outputs ORDER BY digest, name"):
            yield digest, decode.array(*row)

    def raw_arrays(self) -> Iterator[tuple[str, str, RecordedArray]]:
        """(case id, target, array) of every array."""
        sql = (
            "SELECT c.id, a.target, a.name, a.dtype, a.shape, a.data FROM arrays a JOIN cases c ON c.key = a.case_key "
            "ORDER BY a.rowid"
        )
        for id, target, *row in self._rows(sql):
            yield id, target, decode.array(*row)
