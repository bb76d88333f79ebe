"""Records that a stranger may send: a good one with one thing changed, by a seed."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import zlib
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

Random = random.Random
DEEP = "[" * 5000 + "]" * 5000
NESTED = "[" * 400 + "]" * 400
JUNK: tuple[Any, ...] = (
    None, -1, 0, 7, 2**63 - 1, -(2**63), 1e308, float("inf"), -0.0, 0.5, "", "x",
    "nan", "-nan", "NaN", "1e999", "pass",
    "x" * 3000, b"", b"\xff\xfe\x00", "{}", "[]", "null", "true", '"x"', DEEP, NESTED, '"\\ud800"',
    '["\\udfff"]', "[NaN]",
    "[-1]",
    "[4611686018427387905]", "[1e300]", '[["a"]]', '[["a", 1, 2]]',
    '{"version": {"a": [1]}}', '{"backend_version": "1"}',
    '{"versions": 7, "flags": [1], "devices": 3}', '{"document": 1, "says": "", "holds": 1}', "a\x00b", "9" * 5000,
    "\x1b[31m\u202e", '["float32", "|O"]', '["float32", "<f4"]', '["object", "<M8[s]"]', '["x", "<V1000000"]',
    '{"problems": [{"name": 1}], "exit_code": 1, "reason": "", "details": {}}',
    '{"problems": [], "exit_code": true, "reason": "", "details": {"notes": 3}}', "numpy", "torch==9", "@@", "jax:nope",
    zlib.compress(bytes(200 << 20), 9), zlib.compress(b"1234"), "c\u0000\ud83d\ude00".encode("utf-16", "surrogatepass"),
)  # fmt: skip


def mutant(seed: int, good: Path, out: Path) -> str:
    """Write a copy of a record with one change; what was changed."""
    rng = random.Random(seed)
    shutil.copy(good, out)
    for end in ("-wal", "-shm", "-journal"):
        Path(f"{out}{end}").unlink(missing_ok=True)
    change = rng.choice(
        (flip, flip, cut, page, page, cell, cell, cell, inner, inner, inner, inner, schema, schema, beside)
    )
    return f"seed {seed}, {change.__name__}: {change(rng, out)}"


def flip(rng: Random, path: Path) -> str:
    data = bytearray(path.read_bytes())
    places = [rng.randrange(200 if rng.random() < 0.3 else len(data)) for _ in range(rng.choice((1, 1, 3, 30)))]
    for place in places:
        data[place] = rng.randrange(256)
    path.write_bytes(data)
    return str(places[:5])


def cut(rng: Random, path: Path) -> str:
    size = path.stat().st_size
    length = rng.choice((0, 1, 15, 16, 99, 100, 101, 4095, 4096, 8192, rng.randrange(size), size - 1))
    with open(path, "r+b") as file:
        file.truncate(length)
    return f"to {length}"


def page(rng: Random, path: Path) -> str:
    data = bytearray(path.read_bytes())
    count = len(data) // 4096
    one, other = rng.randrange(count), rng.randrange(count)
    how = rng.choice(("zeros", "random", "copy", "swap"))
    first, second = data[one * 4096 : (one + 1) * 4096], data[other * 4096 : (other + 1) * 4096]
    new = {"zeros": bytes(4096), "random": rng.randbytes(4096), "copy": second, "swap": second}[how]
    data[one * 4096 : (one + 1) * 4096] = new
    if how == "swap":
        data[other * 4096 : (other + 1) * 4096] = first
    path.write_bytes(data)
    return f"{how} {one} {other}"


def columns(db: sqlite3.Connection) -> list[tuple[str, str]]:
    tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return [(table, row[1]) for table in tables for row in db.execute(f"PRAGMA table_info({table})")]


def _loosely(path: Path, change: Callable[[sqlite3.Connection], str]) -> str:
    """Change rows as if no column were NOT NULL or unique, and leave the schema's text as it was."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        texts = dict(db.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
        db.execute("PRAGMA writable_schema = ON")
        db.execute("UPDATE sqlite_master SET sql = replace(sql, ' NOT NULL', '')")
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        said = change(db)
        db.execute("PRAGMA writable_schema = ON")
        for name, sql in texts.items():
            db.execute("UPDATE sqlite_master SET sql = ? WHERE name = ?", (sql, name))
    return said


def cell(rng: Random, path: Path) -> str:
    def change(db: sqlite3.Connection) -> str:
        table, column = rng.choice(columns(db))
        value = rng.choice(JUNK)
        some = "" if rng.random() < 0.5 else f" WHERE abs(random() + {rng.randrange(9)}) % 3 = 0"
        text = isinstance(value, bytes) and rng.random() < 0.4
        value_sql = "CAST(? AS TEXT)" if text else "?"
        with suppress(sqlite3.IntegrityError):  # a rowid is an integer, whatever the schema says
            db.execute(f"UPDATE OR IGNORE {table} SET {column} = {value_sql}{some}", (value,))
        return f"{table}.{column} = {str(value)[:50]!r}{some}"

    return _loosely(path, change)


JSON_COLUMNS = (
    ("meta", "value"), ("targets", "info"), ("cases", "params"), ("cases", "given"), ("cases", "tags"),
    ("cases", "claim"), ("cases", "definition"), ("verdicts", "worst"), ("verdicts", "tensors"),
    ("arrays", "shape"),
    ("arrays", "dtype"),
    ("outputs", "shape"),
)  # fmt: skip
SCALARS: tuple[Any, ...] = (
    None, True, -1, 0, 10**30, 1e308, float("nan"), "", "x", [], {}, [[]], {"a": {"b": []}}, "nan", [1, "2"],
    "\ud800", 10**400,
)  # fmt: skip


def inner(rng: Random, path: Path) -> str:
    """Change one node inside of JSON."""
    table, column = rng.choice(JSON_COLUMNS)

    def change(db: sqlite3.Connection) -> str:
        texts = [text for (text,) in db.execute(f"SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL")]
        rng.shuffle(texts)
        texts.sort(key=lambda text: not str(text).startswith(("{", "[")))
        if not texts:
            return "nothing"
        text = texts[0]
        try:
            value = json.loads(text)
        except ValueError:
            return "nothing"
        changed, said = _changed(rng, value)
        db.execute(f"UPDATE {table} SET {column} = ? WHERE {column} = ?", (json.dumps(changed), text))
        return f"{table}.{column}: {said}"

    return _loosely(path, change)


def _changed(rng: Random, value: Any, depth: int = 0) -> tuple[Any, str]:
    if isinstance(value, dict | list) and value and (depth == 0 or rng.random() < 0.7):
        key = rng.choice(sorted(value)) if isinstance(value, dict) else rng.randrange(len(value))
        if rng.random() < 0.2:
            if isinstance(value, dict):
                return {k: v for k, v in value.items() if k != key}, f"without {key!r}"
            return value[:key] + value[key + 1 :], f"without {key}"
        new, said = _changed(rng, value[key], depth + 1)
        copy: Any = dict(value) if isinstance(value, dict) else list(value)
        copy[key] = new
        return copy, f"{key!r}: {said}"
    new = rng.choice(SCALARS)
    return new, f"{str(value)[:30]!r} -> {str(new)[:30]!r}"


ENDLESS = "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT n"
SCHEMAS = (
    "ALTER TABLE verdicts RENAME TO v; CREATE VIEW verdicts AS SELECT * FROM v",
    f"ALTER TABLE cases RENAME TO c; CREATE VIEW cases AS {ENDLESS} AS key FROM t",
    f"DROP TABLE meta; CREATE VIEW meta AS {ENDLESS} AS key, 'x' AS value FROM t",
    "CREATE TRIGGER t AFTER INSERT ON meta BEGIN DELETE FROM verdicts; END",
    "CREATE TRIGGER t INSTEAD OF INSERT ON v BEGIN SELECT 1; END",
    "DROP TABLE outputs; CREATE VIRTUAL TABLE outputs USING fts5(digest, name, dtype, shape, data)",
    "DROP TABLE outputs; CREATE TABLE outputs (digest, name, dtype, shape, data AS (zeroblob(1000000000)))",
    "DROP TABLE arrays",
    "DROP TABLE targets; CREATE TABLE targets (key INTEGER PRIMARY KEY, name TEXT, info TEXT)",
    "CREATE INDEX extra ON cases (abs(line))",
    "CREATE INDEX extra ON cases (file) WHERE length(randomblob(100000000)) > 0",
    "ALTER TABLE cases RENAME COLUMN about TO abuot",
    "ALTER TABLE verdicts ADD COLUMN more DEFAULT 1",
    "CREATE TABLE more (a)",
    "UPDATE meta SET value = '1' WHERE key = 'schema_version'",
    "DELETE FROM meta WHERE key = 'schema_version'",
    "DELETE FROM meta WHERE key = 'finished'",
    "DELETE FROM meta WHERE key = 'summary'",
    "DELETE FROM meta WHERE key = 'environment'",
    "DELETE FROM cases",
    "DELETE FROM targets",
    "DELETE FROM targets WHERE key = 1",
    "DELETE FROM knowns",
    "DELETE FROM verdicts",
    "PRAGMA application_id = 7",
    "PRAGMA user_version = 7",
    "PRAGMA writable_schema = ON; UPDATE sqlite_master SET rootpage = 2",
    "PRAGMA writable_schema = ON; UPDATE sqlite_master SET rootpage = rootpage + 1 WHERE type = 'table'",
    "PRAGMA writable_schema = ON; UPDATE sqlite_master SET rootpage = 999999",
    "PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = 'CREATE VIEW cases AS SELECT 1' WHERE name = 'cases'",
    "PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = 'nonsense', type = 'view' WHERE name = 'knowns'",
    "PRAGMA writable_schema = ON; UPDATE sqlite_master SET type = NULL, name = 3 WHERE name = 'knowns'",
    "PRAGMA journal_mode = WAL",
    "PRAGMA encoding = 'UTF-16'",
    "VACUUM",
)


def schema(rng: Random, path: Path) -> str:
    script = rng.choice(SCHEMAS)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA legacy_alter_table = ON")
        for statement in script.split("; "):
            try:
                db.execute(statement)
            except sqlite3.Error as error:
                return f"{script} ({error})"
    return script


def beside(rng: Random, path: Path) -> str:
    """A file beside the record that SQLite takes for a part of it."""
    end = rng.choice(("-wal", "-journal", "-shm"))
    content = rng.choice((b"", rng.randbytes(5000), path.read_bytes(), bytes(4096), b"\x37\x7f\x06\x82" + bytes(4000)))
    if rng.random() < 0.5:
        data = bytearray(path.read_bytes())
        data[18:20] = b"\x02\x02"
        path.write_bytes(data)
    Path(f"{path}{end}").write_bytes(content)
    return f"{end} of {len(content)} bytes"
