"""The record's tables, the types that come out of them, and how values go into SQLite and back."""

from __future__ import annotations

import dataclasses
import json
import math
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.plan import USUAL
from conformance.suite.case import Claim, Source
from conformance.usage import HarnessError, UsageError
from conformance.verdict import Problem, Verdict

SCHEMA_VERSION = 3
APPLICATION_ID = 0x434F4E46  # "CONF": `file` and SQLite's own tools can tell a record from any other database
BATCH_VERDICTS = 500
BATCH_SECONDS = 1.0
ARRAY_BYTES = 1 << 20  # a larger array is recorded without its values
ARRAYS_BYTES_A_RUN = 256 << 20  # before compression
OUTPUTS_BYTES_A_RUN = 512 << 20  # before compression

TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE targets (key INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, info TEXT NOT NULL DEFAULT '{}');
CREATE TABLE knowns (key INTEGER PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL, reason TEXT NOT NULL,
    link TEXT NOT NULL, UNIQUE (name, kind, reason, link));
CREATE TABLE cases (key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, fingerprint TEXT NOT NULL, op TEXT NOT NULL,
    file TEXT NOT NULL, line INTEGER NOT NULL, col INTEGER NOT NULL, dtype TEXT NOT NULL, vals TEXT NOT NULL,
    params TEXT NOT NULL, given TEXT NOT NULL, tags TEXT NOT NULL, about TEXT NOT NULL, claim TEXT,
    definition TEXT NOT NULL);
CREATE TABLE verdicts (case_key INTEGER NOT NULL REFERENCES cases, target_key INTEGER NOT NULL REFERENCES targets,
    status TEXT NOT NULL, subject TEXT NOT NULL, message TEXT NOT NULL, explanation TEXT NOT NULL,
    elements INTEGER, differing INTEGER, fraction, worst TEXT, got, reference, needed, bits,
    plan TEXT NOT NULL, seconds REAL NOT NULL, known_key INTEGER REFERENCES knowns, attempts INTEGER NOT NULL,
    digest TEXT NOT NULL, tensors TEXT NOT NULL,
    PRIMARY KEY (case_key, target_key)) WITHOUT ROWID;
CREATE TABLE arrays (case_key INTEGER NOT NULL REFERENCES cases, target TEXT NOT NULL, name TEXT NOT NULL,
    dtype TEXT NOT NULL, shape TEXT NOT NULL, data BLOB, PRIMARY KEY (case_key, target, name));
CREATE TABLE outputs (digest TEXT NOT NULL, name TEXT NOT NULL, dtype TEXT NOT NULL, shape TEXT NOT NULL, data BLOB,
    PRIMARY KEY (digest, name)) WITHOUT ROWID;
"""
# What all targets of a failing case share is kept under these names; of an output that is not the usual one, `of` it.
REFERENCE, ALLOWANCE = "reference", "allowance"
CASE_COLUMNS = "id, fingerprint, op, file, line, col, dtype, vals, params, given, tags, about, claim, definition"
VERDICT_COLUMNS = (
    "status, subject, message, explanation, elements, differing, fraction, worst, got, reference, needed, bits, "
    "plan, seconds, known_key, attempts, digest, tensors"
)


class RecordError(UsageError):
    """A record that can't be read, begun or resumed; the message says which, why, and what to do."""


class WriteError(HarnessError):
    """A record that can't be written any more: a full disk, or somebody took the file away."""


@dataclass(frozen=True)
class RecordedCase:
    """A case as the record holds it: what reports show, and the definition (values, seed, checks, ...) as JSON."""

    id: str
    fingerprint: str
    op: str
    source: Source
    dtype: str
    values: str
    params: Mapping[str, Any]
    given: tuple[tuple[str, Any], ...]
    tags: frozenset[str]
    about: str
    claim: Claim | None
    definition: Mapping[str, Any]

    @property
    def op_name(self) -> str:
        """The op's name."""
        return self.op

    @property
    def label(self) -> str:
        """The id without the file."""
        return self.id.rpartition("::")[2]


@dataclass(frozen=True)
class RecordedArray:
    """An array that a run kept. `values` is None where it was too large to keep. `dtype` is the framework's word."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    values: NDArray[np.generic] | None


@dataclass(frozen=True)
class Row:
    """One verdict with its case, as the reports read it."""

    case: RecordedCase
    verdict: Verdict
    attempts: int = 1


@dataclass(frozen=True)
class Summary:
    """The footer of a complete run: what was found besides verdicts, and how it ended where they do not decide.

    `exit_code` None: 1 where anything was unexpected, else 0. `reason` is why, in a line. `details` is free: counts,
    seconds.
    """

    problems: tuple[Problem, ...] = ()
    exit_code: int | None = None
    reason: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


def of(name: str) -> str:
    """What the name of an output adds to a word: nothing where it is the usual one."""
    return "" if name == USUAL else f" of {name}"


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    if isinstance(value, frozenset | set):
        return sorted(value)
    if isinstance(value, np.generic):
        return value.item()
    return str(value)


def dump(value: Any) -> str:
    """A value as JSON text; dataclasses by their fields, sets sorted."""
    found = json.dumps(value, default=_plain, separators=(",", ":"))
    if "\\ud" in found:
        # Half a character (a framework's words may hold bytes that were no UTF-8) can't be written anywhere.
        whole = json.dumps(value, default=_plain, separators=(",", ":"), ensure_ascii=False)
        found = whole.encode("utf-8", "replace").decode()
    return found


def tuples(value: Any) -> Any:
    """JSON lists as the tuples they were."""
    return tuple(tuples(v) for v in value) if isinstance(value, list) else value


def text(value: str) -> str:
    """Text that SQLite takes."""
    # A framework's words may hold bytes that were no UTF-8 (surrogates), which SQLite does not take.
    return value.encode("utf-8", "backslashreplace").decode()


def real(value: float | None) -> float | str | None:
    """A float as SQLite can keep it."""
    # SQLite stores NaN as NULL and may lose the sign of -0.0, so both are kept as text.
    if value is None:
        return None
    value = float(value)
    negative_zero = value == 0.0 and math.copysign(1.0, value) < 0
    return str(value) if math.isnan(value) or negative_zero else value


def unreal(value: float | str | None) -> float | None:
    """The inverse of `real`."""
    return None if value is None else float(value)


def now() -> str:
    """The time in UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def read_meta(db: sqlite3.Connection, key: str) -> str | None:
    """One entry of the meta table, or None."""
    row = db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return None if row is None else str(row[0])
