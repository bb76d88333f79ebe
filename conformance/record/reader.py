"""Reading a record: everything that a report knows comes from here."""

from __future__ import annotations

import difflib
import json
import re
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from conformance import __version__
from conformance.record.schema import (
    APPLICATION_ID,
    CASE_COLUMNS,
    SCHEMA_VERSION,
    VERDICT_COLUMNS,
    RecordedArray,
    RecordedCase,
    RecordError,
    Row,
    Summary,
    read_meta,
    tuples,
    unreal,
)
from conformance.suite.case import Claim, Source
from conformance.verdict import Figures, Known, Problem, Status, Verdict

_DIVERGENT = f"v.status NOT IN ('{Status.PASS}', '{Status.UNSUPPORTED}')"


class Reader:
    """Reads a record, complete or (`complete=False`) not. Iterators stream: nothing holds all verdicts in memory."""

    def __init__(self, path: Path | str, complete: bool = True) -> None:
        self.path = Path(path)
        if not self.path.is_file():
            raise RecordError(f"{path}: there is no such record")
        try:
            self._db = sqlite3.connect(f"{self.path.absolute().as_uri()}?mode=ro", uri=True, timeout=5.0)
            application = self._db.execute("PRAGMA application_id").fetchone()[0]
            version = read_meta(self._db, "schema_version") if application == APPLICATION_ID else None
        except sqlite3.Error as error:
            raise RecordError(f"{path} is not a Conformance record: {error}") from None
        if version is None:
            self.close()
            raise RecordError(f"{path} is a database, but not a Conformance record")
        if version != str(SCHEMA_VERSION):
            self.close()
            raise RecordError(
                f"{path} has schema version {version}, but this is Conformance {__version__}, which reads version "
                f"{SCHEMA_VERSION}; read it with the Conformance that wrote it, or run again"
            )
        if complete and not self.complete:
            self.close()
            raise RecordError(f"{path} is not a complete run: it was interrupted, or is still running; resume it first")
        self._last_case: tuple[int, RecordedCase] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def _rows(self, sql: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        try:
            yield from self._db.execute(sql, values)
        except sqlite3.Error as error:
            raise RecordError(f"{self.path} can't be read: {error}; the file may be damaged") from None

    def _json(self, key: str, default: Any) -> Any:
        text = read_meta(self._db, key)
        return default if text is None else json.loads(text)

    @property
    def complete(self) -> bool:
        """Whether the footer is there."""
        return read_meta(self._db, "finished") is not None

    @cached_property
    def environment(self) -> dict[str, Any]:
        """Conformance, Python, platform, CPU, command line, and when it started, was resumed and finished."""
        times = {"started": read_meta(self._db, "started"), "finished": read_meta(self._db, "finished")}
        return {**self._json("environment", {}), **times, "resumed": self._json("resumed", [])}

    @property
    def summary(self) -> Summary | None:
        """The footer, or None where the run is not complete."""
        found = self._json("summary", None)
        if found is None:
            return None
        return Summary(**{**found, "problems": tuple(Problem(**p) for p in found["problems"])})

    @property
    def targets(self) -> dict[str, dict[str, Any]]:
        """Target -> what its worker said of itself ({} where it never started), in the order of asking."""
        return {name: json.loads(info) for name, info in self._rows("SELECT name, info FROM targets ORDER BY key")}

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
            "ORDER BY k.name, t.key"
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
        """The verdicts that meet every filter given, case by case in the order in which the cases were added."""
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
            f"JOIN cases c ON c.key = v.case_key {where} ORDER BY v.case_key, v.target_key"
        )
        for key, name, *rest in self._rows(sql, values):
            found = self._case_by_key(key)
            yield Row(found, _verdict(found.id, name, rest, knowns), rest[15])

    def _case_by_key(self, key: int) -> RecordedCase:
        if self._last_case is None or self._last_case[0] != key:
            row = next(self._rows(f"SELECT {CASE_COLUMNS} FROM cases WHERE key = ?", (key,)))
            self._last_case = (key, _recorded_case(row))
        return self._last_case[1]

    def cases(self) -> Iterator[RecordedCase]:
        """Every case, in the order in which they were added."""
        for row in self._rows(f"SELECT {CASE_COLUMNS} FROM cases ORDER BY key"):
            yield _recorded_case(row)

    def case(self, id: str) -> RecordedCase:
        """One case, by its id or by a part of it that only one case has; RecordError with the nearest ids."""
        for row in self._rows(f"SELECT {CASE_COLUMNS} FROM cases WHERE id = ?", (id,)):
            return _recorded_case(row)
        some = (
            [r[0] for r in self._rows("SELECT id FROM cases WHERE instr(id, ?) ORDER BY key LIMIT 6", (id,))]
            if id
            else []
        )
        if len(some) == 1:
            return self.case(some[0])
        if some:
            shown = "".join(f"\n  {s}" for s in some[:5]) + ("\n  ..." if len(some) > 5 else "")
            raise RecordError(f"{id!r} stands for more than one case of {self.path}:{shown}\ngive the whole id of one")
        near = nearest(id, (r[0] for r in self._rows("SELECT id FROM cases")))
        hint = "; the nearest are:" + "".join(f"\n  {n}" for n in near) if near else ""
        raise RecordError(f"no case {id!r} in {self.path}{hint}")

    def arrays(self, case: str, target: str = "") -> dict[str, RecordedArray]:
        """The arrays of a failing case on one target, by name; with target "" those that all targets share."""
        sql = (
            "SELECT a.name, a.dtype, a.shape, a.data FROM arrays a JOIN cases c ON c.key = a.case_key "
            "WHERE c.id = ? AND a.target = ? ORDER BY a.rowid"
        )
        return {row[0]: _array(*row) for row in self._rows(sql, (case, target))}

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
        sql = "SELECT name, dtype, shape, data FROM outputs WHERE digest = ? ORDER BY name = 'y' DESC, name"
        return {row[0]: _array(*row) for row in self._rows(sql, (digest,))}

    def raw_outputs(self) -> Iterator[tuple[str, RecordedArray]]:
        """(digest, tensor) of every output that was kept."""
        for digest, *row in self._rows("SELECT digest, name, dtype, shape, data FROM outputs ORDER BY digest, name"):
            yield digest, _array(*row)

    def raw_arrays(self) -> Iterator[tuple[str, str, RecordedArray]]:
        """(case id, target, array) of every array."""
        sql = (
            "SELECT c.id, a.target, a.name, a.dtype, a.shape, a.data FROM arrays a JOIN cases c ON c.key = a.case_key "
            "ORDER BY a.rowid"
        )
        for id, target, *row in self._rows(sql):
            yield id, target, _array(*row)


def _verdict(case: str, target: str, row: Sequence[Any], knowns: Mapping[int, Known]) -> Verdict:
    (status, subject, message, explanation, elements, differing, fraction, worst, got, reference, needed, bits) = row[
        :12
    ]
    plan, seconds, known_key, _, digest, dtype, shape = row[12:]
    figures = None
    if elements is not None:
        figures = Figures(
            elements=elements,
            differing=differing,
            fraction=float(fraction),
            worst=None if worst is None else tuple(json.loads(worst)),
            got=unreal(got),
            reference=unreal(reference),
            needed=float(needed),
            bits=unreal(bits),
        )
    known = None if known_key is None else knowns[known_key]
    state = Status(status)
    size = None if shape is None else tuple(json.loads(shape))
    return Verdict(
        case, target, state, subject, message, explanation, figures, plan, seconds, known, digest, dtype, size
    )


def _recorded_case(row: Sequence[Any]) -> RecordedCase:
    id, fingerprint, op, file, line, column, dtype, values, params, given, tags, about, claim, definition = row
    return RecordedCase(
        id=id,
        fingerprint=fingerprint,
        op=op,
        source=Source(file, line, column),
        dtype=dtype,
        values=values,
        params=json.loads(params),
        given=tuples(json.loads(given)),
        tags=frozenset(json.loads(tags)),
        about=about,
        claim=None if claim is None else Claim(**json.loads(claim)),
        definition=json.loads(definition),
    )


def _array(name: str, kinds: str, shape: str, data: bytes | None) -> RecordedArray:
    dtype, storage = json.loads(kinds)
    size = tuple(json.loads(shape))
    values = None if data is None else np.frombuffer(zlib.decompress(data), dtype=np.dtype(storage)).reshape(size)
    return RecordedArray(name, dtype, size, values)


def nearest(id: str, ids: Iterable[str], count: int = 3) -> list[str]:
    """The ids that look most like one that does not exist."""
    # difflib on 100,000 ids would take seconds: only those that share the most words are worth it.
    words = set(re.findall(r"\w+", id))
    shared = sorted(((len(words & set(re.findall(r"\w+", other))), other) for other in ids), key=lambda p: -p[0])[:200]
    return difflib.get_close_matches(id, [other for _, other in shared], n=count, cutoff=0.4)
