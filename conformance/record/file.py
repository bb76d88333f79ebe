"""The file of a record on the disk: how it begins, whole or not at all, and whether it is still the same one."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from conformance.record.schema import APPLICATION_ID, SCHEMA_VERSION, TABLES, RecordError, WriteError, dump, now
from conformance.usage import no_room


class Ours:
    """The file that a writer has open, which somebody may take away or replace under its hands."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = _file(path)
        self._log = _file(Path(f"{path}-wal"))

    def check(self) -> None:
        """Notice a file that is not ours any more: SQLite would write on, into one that nobody can find."""
        try:
            now_there = _file(self._path)
        except OSError as error:
            raise WriteError(
                f"the record {self._path} is gone while the run was writing it ({error.strerror}); run again"
            ) from None
        if now_there[:2] != self._file[:2]:
            raise WriteError(
                f"the record {self._path} was replaced by another file while the run was writing it; run again"
            )
        if now_there[2] < self._file[2]:
            raise WriteError(f"the record {self._path} was cut off while the run was writing it; run again")
        self._file = now_there

    def take_log(self) -> None:
        """Take away what is beside a file that is not ours any more: it would be read as a part of the new one."""
        for end in ("-wal", "-shm"):
            beside = Path(f"{self._path}{end}")
            with suppress(OSError):
                if end == "-shm" or _file(beside)[:2] == self._log[:2]:
                    beside.unlink()
                else:
                    return


def begin(path: Path, environment: Mapping[str, Any]) -> sqlite3.Connection:
    """A new record, held for writing; RecordError where the file exists or can't be written, WriteError where the disk
    is full. An empty file is filled."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        put(path, _image(environment))
        db = sqlite3.connect(path, isolation_level=None, timeout=30.0)
    except (sqlite3.Error, OSError, ValueError) as error:
        if isinstance(error, FileExistsError) and path.exists():
            raise RecordError(f"{path} exists already; name another file, or resume it") from None
        raise _not_begun(path, error) from None
    try:
        hold(db)
    except sqlite3.Error as error:
        db.close()
        if _no_room(error):
            for end in ("", "-wal", "-shm"):  # ours, with nothing in it; the same name may be given again
                Path(f"{path}{end}").unlink(missing_ok=True)
        raise _not_begun(path, error) from None
    return db


def hold(db: sqlite3.Connection) -> None:
    """Begin to write, and be the only one that does."""
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")
    # A writer always holds the write lock, which dies with its process: a second writer is refused, readers are not.
    db.execute("BEGIN IMMEDIATE")


def _no_room(error: Exception) -> bool:
    """The same as `no_room`, of what SQLite says as well."""
    if isinstance(error, OSError):
        return no_room(error)
    return (getattr(error, "sqlite_errorcode", 0) & 0xFF) in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)


def _not_begun(path: Path, error: Exception) -> RecordError | WriteError:
    reason = getattr(error, "strerror", None) or error
    if _no_room(error):
        return WriteError(f"{path} can't be written: {reason}; make room, or name another place with --record FILE")
    return RecordError(f"{path} can't be written: {reason}")


def _file(path: Path) -> tuple[int, int, int]:
    """Which file it is, and how long."""
    found = path.stat()
    return found.st_dev, found.st_ino, found.st_size


def _image(environment: Mapping[str, Any]) -> bytes:
    """The bytes of a record in which nothing has happened yet."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        db.executescript(f"PRAGMA application_id = {APPLICATION_ID}; {TABLES}")
        meta = {"schema_version": str(SCHEMA_VERSION), "environment": dump(dict(environment)), "started": now()}
        db.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
        image = bytearray(db.serialize())
    # From its first moment the file says that it has a log beside it (WAL), instead of being rewritten to say so.
    image[18:20] = b"\x02\x02"
    return bytes(image)


def put(path: Path, content: bytes) -> None:
    """Put a new file there, the whole of it at once; FileExistsError where there is one that is not empty.

    However early a run is killed, there is a record with its tables, or none.
    """
    draft = path.with_name(f".conformance-{os.getpid()}-{time.monotonic_ns():x}")
    with _alone(path.parent):
        if path.exists() and not (path.is_file() and path.stat().st_size == 0):
            raise FileExistsError(path)
        for end in ("-wal", "-journal"):
            # Of a record that is gone: SQLite would take it for what this one has yet to write.
            Path(f"{path}{end}").unlink(missing_ok=True)
        _put(path, draft, content)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Nobody else puts a record into the folder: of two runs that begin at once with one name, the second would take
    away the first one's log for that of a record that is gone."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # a file system without locks: the link still decides whose the name is
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _put(path: Path, draft: Path, content: bytes) -> None:
    try:
        draft.write_bytes(content)
        if path.exists():
            draft.replace(path)
            return
        try:
            os.link(draft, path)
        except FileExistsError:
            raise
        except OSError:
            with open(path, "xb") as file:  # a file system without links
                file.write(content)
    finally:
        draft.unlink(missing_ok=True)
