"""Opening a record as a stranger's file: nothing in it runs, and every row has the types that a run writes.

A record is sent by mail, downloaded from CI, cut off by a full disk. So its schema must be the one that we write, to
the letter (no view, no trigger, no generated column); its pages must hang together; no query of ours may go on for
ever; and each column of each row is held against what a run writes there, once, when the record is opened.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path

from conformance.record.schema import APPLICATION_ID, SCHEMA_VERSION, TABLES, RecordError
from conformance.verdict import Status

MAGIC = b"SQLite format 3\x00"
LONGEST = 64 << 20  # bytes of one value; a run keeps arrays up to 1 MiB
TICK = 100_000  # of SQLite's steps, between two looks at whether a query goes on for too long
LEAST_TICKS, MOST_TICKS = 500, 20_000  # about a second, and a minute
BYTES_A_TICK = 4_000  # 25 steps for each byte of the file

_TEXTS = {
    "meta": "key value",
    "targets": "name info",
    "knowns": "name kind reason link",
    "cases": "id fingerprint op file dtype vals params given tags about definition",
    "verdicts": "status subject message explanation plan digest tensors",
    "arrays": "target name dtype shape",
    "outputs": "digest name dtype shape",
}
# What stands in a line of a report, a message or a proposal: a run writes no control character there.
_LINES = {
    "targets": "name",
    "cases": "id fingerprint op file dtype vals",
    "arrays": "target name",
    "outputs": "digest name",
}
_NUMBER = "(typeof({0}) IN ('real', 'integer') OR {0} IN ('nan', '-0.0'))"
_COUNT = "(typeof({0}) = 'integer' AND {0} BETWEEN 0 AND 4611686018427387904)"
_STATUSES = ", ".join(f"'{status.value}'" for status in Status)
_OTHERS = {
    "cases": [
        *(_COUNT.format(name) for name in ("line", "col")),
        "typeof(claim) IN ('null', 'text')",
    ],
    "verdicts": [
        f"status IN ({_STATUSES})",
        "typeof(seconds) = 'real' AND seconds BETWEEN 0 AND 1e9",
        _COUNT.format("attempts"),
        "typeof(worst) IN ('null', 'text')",
        "elements IS NULL OR "
        + " AND ".join([*map(_COUNT.format, ("elements", "differing")), *map(_NUMBER.format, ("fraction", "needed"))]),
        *(f"{name} IS NULL OR {_NUMBER.format(name)}" for name in ("fraction", "got", "reference", "needed", "bits")),
        "EXISTS (SELECT 1 FROM cases WHERE key = case_key)",
        "EXISTS (SELECT 1 FROM targets WHERE key = target_key)",
        "known_key IS NULL OR EXISTS (SELECT 1 FROM knowns WHERE key = known_key)",
    ],
    "arrays": ["typeof(data) IN ('null', 'blob')", "EXISTS (SELECT 1 FROM cases WHERE key = case_key)"],
    "outputs": ["typeof(data) IN ('null', 'blob')"],
}


class Limit:
    """What a query may take before it is stopped: steps between two rows, in proportion to the file."""

    def __init__(self, db: sqlite3.Connection, size: int) -> None:
        self._most = min(MOST_TICKS, LEAST_TICKS + size // BYTES_A_TICK)
        self._left = self._most
        db.set_progress_handler(self._tick, TICK)

    def renew(self) -> None:
        """A row came, or another query begins."""
        self._left = self._most

    def _tick(self) -> bool:
        self._left -= 1
        return self._left < 0


def connect(path: Path, *, write: bool = False) -> tuple[sqlite3.Connection, Limit]:
    """A record, checked; RecordError where it is none, is damaged, or holds what no run writes.

    With `write`, what an interrupted write left behind is mended first.
    """
    size = _size(path)
    with mended(path):
        mode = "rw" if write else "ro"
        db = sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=5.0, isolation_level=None)
    try:
        with mended(path):
            limit = Limit(db, size)
            harden(db)
            _check(db, path, limit)
    except BaseException:
        db.close()
        raise
    return db, limit


def harden(db: sqlite3.Connection) -> None:
    """Have SQLite trust nothing that a file says."""
    db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST)
    for pragma in ("trusted_schema = OFF", "cell_size_check = ON", "mmap_size = 0"):
        db.execute(f"PRAGMA {pragma}")


@contextmanager
def mended(path: Path) -> Iterator[None]:
    """Whatever SQLite says, as a RecordError that says what to do."""
    try:
        yield
    except (sqlite3.Error, ValueError, MemoryError, OverflowError) as error:
        raise RecordError(f"{path} {_reason(path, error)}") from None


def _reason(path: Path, error: BaseException) -> str:
    words = str(error) or type(error).__name__
    beside = [f"{path.name}{end}" for end in ("-wal", "-journal") if Path(f"{path}{end}").exists()]
    if "not a database" in words:
        return f"is not a Conformance record: {words}"
    if "locked" in words:
        return "can't be read: another process holds it; try again when that has ended"
    if beside and ("readonly" in words or "unable to open" in words):
        return (
            f"can't be read as it lies there: its run was stopped, and {beside[0]} holds the rest; copy both to a "
            "folder that can be written, or go on with `conformance run --resume`"
        )
    if "interrupted" in words:
        return "can't be read: a query on it does not come to an end; the file is damaged"
    return f"can't be read: {words}; the file may be damaged"


def _size(path: Path) -> int:
    """The bytes of a record and its log; RecordError where the file can't be one."""
    try:
        if not path.is_file():
            raise RecordError(f"{path}: there is no such record{': it is no file' if path.exists() else ''}")
        with open(path, "rb") as file:
            first = file.read(len(MAGIC))
        size = path.stat().st_size
    except (OSError, ValueError) as error:
        raise RecordError(f"{path} can't be read: {getattr(error, 'strerror', None) or error}") from None
    if not size:
        raise RecordError(
            f"{path} is empty: whatever made it wrote nothing; run again, and name it with --record (not --resume)"
        )
    if first != MAGIC:
        raise RecordError(f"{path} is not a Conformance record: it is no SQLite file")
    try:
        return size + os.stat(f"{path}-wal").st_size
    except OSError:
        return size


def _check(db: sqlite3.Connection, path: Path, limit: Limit) -> None:
    schema = {(kind, name): sql for kind, name, sql in db.execute("SELECT type, name, sql FROM sqlite_master")}
    application = db.execute("PRAGMA application_id").fetchone()[0]
    ours = _schema()
    if application != APPLICATION_ID or schema.get(("table", "meta")) != ours["table", "meta"]:
        raise RecordError(f"{path} is a database, but not a Conformance record")
    found = db.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone()
    if found is None:
        raise RecordError(f"{path} is a database, but not a Conformance record: it names no schema version")
    if found[0] != str(SCHEMA_VERSION):
        from conformance import __version__

        raise RecordError(
            f"{path} has schema version {str(found[0])[:20]}, but this is Conformance {__version__}, which reads "
            f"version {SCHEMA_VERSION}; read it with the Conformance that wrote it, or run again"
        )
    for key in schema.keys() | ours.keys():
        if key not in schema or key not in ours or schema[key] != ours[key]:
            raise RecordError(
                f"{path} is no record as a run writes it: its {key[0]} {str(key[1])[:40]!r} is "
                f"{'not there' if key not in schema else 'another one' if key in ours else 'not ours'}"
            )
    limit.renew()
    said = db.execute("PRAGMA quick_check(1)").fetchone()[0]
    if said != "ok":
        raise RecordError(f"{path} can't be read: it is damaged ({' '.join(str(said).split())[:200]})")
    for table, condition, words in _conditions():
        limit.renew()
        if db.execute(f"SELECT 1 FROM {table} WHERE ({condition}) IS NOT TRUE LIMIT 1").fetchone() is not None:
            raise RecordError(f"{path} holds what no run writes: a row of {table} without {words}")


@cache
def _conditions() -> list[tuple[str, str, str]]:
    """(table, what is true of each of its rows, in other words). One look a table finds that something is wrong."""
    found = []
    for table, names in _TEXTS.items():
        texts = [f"typeof({name}) = 'text'" for name in names.split()]
        found.append((table, " AND ".join(texts), f"text in {names.replace(' ', ', ')}"))
        found += [(table, condition, condition.partition(" AND ")[0]) for condition in _OTHERS.get(table, [])]
        if lines := _LINES.get(table, "").split():
            condition = " AND ".join(f"{name} NOT GLOB '*[' || char(1, 45, 31) || ']*'" for name in lines)
            found.append((table, condition, f"one line in {', '.join(lines)}"))
    return found


@cache
def _schema() -> dict[tuple[str, str], str | None]:
    """What the schema of a record is, as SQLite puts it."""
    with closing(sqlite3.connect(":memory:")) as db:
        db.executescript(TABLES)
        return {(kind, name): sql for kind, name, sql in db.execute("SELECT type, name, sql FROM sqlite_master")}
