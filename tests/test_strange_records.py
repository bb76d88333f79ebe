"""A record is read as a stranger's file: whatever is in it, a command ends with a message or with its work."""

from __future__ import annotations

import json
import shutil
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path

import pytest

from conformance.commands.cli import main
from conformance.known.baseline import Baseline
from conformance.record import Reader, RecordError, Writer, merge
from conformance.repro.finding import recorded
from conformance.usage import UsageError
from tests.mutants import mutant

MUTANTS = 240


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("strange")


@pytest.fixture(scope="module")
def good(folder: Path) -> Path:
    """The record of a real run, with divergences (those of two targets, copied by name), claims and outputs."""
    from tests.records import mixed_record

    real = folder / "real.db"
    assert (
        main(
            ["run", "--tag", "smoke", "-k", "kernel=2", "--on", "numpy", "--record", str(real), "-q", "--keep-outputs"]
        )
        == 0
    )
    mixed_record(folder / "mixed.db")
    with Reader(real) as reader, closing(sqlite3.connect(folder / "mixed.db")) as db, db:
        db.execute("UPDATE targets SET info = ? WHERE name = 'numpy'", (json.dumps(reader.targets["numpy"]),))
    merge([real, folder / "mixed.db"], folder / "good.db")
    return folder / "good.db"


def reading_commands(record: Path, good: Path, out: Path) -> list[list[str]]:
    reports = [word for kind in ("html", "markdown", "junit", "json") for word in (f"--{kind}", str(out / kind))]
    with closing(sqlite3.connect(good)) as db:
        ids = [id for (id,) in db.execute("SELECT id FROM cases WHERE file LIKE '%strides%' ORDER BY key")]
    diffs = ["--markdown", str(out / "d.md"), "--html", str(out / "d.html"), "--json", str(out / "d.json")]
    return [
        ["report", str(record), *reports],
        ["show", ids[2], "--record", str(record)],
        ["show", "nothing like it", "--record", str(record)],
        ["known", "--update", str(record)],
        ["diff", str(good), str(record), *diffs, "--incomplete"],
        ["diff", str(record), str(good), "--incomplete"],
        ["diff", str(record), str(record), "--map", "jax=jax:jit"],
        ["history", str(record), str(good), *diffs],
    ]


def read_all(record: Path, good: Path, out: Path) -> None:
    """Every way of reading a record; an error but RecordError, or a code but 0 and 2, is one of ours."""
    for words in reading_commands(record, good, out):
        assert main(words) in (0, 2), words
    with suppress(RecordError), Reader(record, complete=False) as reader:
        Baseline(reader)
    with suppress(UsageError):
        recorded("smoke", "numpy", record, [])
    merged = out / "merged.db"
    with suppress(RecordError):
        merge([good, record], merged)
    merged.unlink(missing_ok=True)
    with suppress(RecordError), Writer.resume(record) as writer:
        writer.done()


@pytest.fixture
def no_traceback_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CONFORMANCE_TRACEBACK", "1")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def test_the_good_one_is_read_by_all(good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in reading_commands(good, good, tmp_path):
        named_twice = words[0] != "show" and words.count(str(good)) == 2 and "--map" not in words
        assert main(words) == (2 if named_twice or "nothing like it" in words else 0), capsys.readouterr().err


@pytest.mark.parametrize("first", range(0, MUTANTS, 20))
def test_no_mutant_is_more_than_a_message(
    first: int, good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], no_traceback_files: None
) -> None:
    for seed in range(first, first + 20):
        path = tmp_path / f"{seed}.db"
        what = mutant(seed, good, path)
        started = time.thread_time()
        try:
            read_all(path, good, tmp_path)
        except BaseException as error:
            raise AssertionError(
                f"{what}: {type(error).__name__}: {error}\n{capsys.readouterr().err[-3000:]}"
            ) from error
        assert time.thread_time() - started < 20, what
        capsys.readouterr()
        path.unlink()


LINES = "x\n- name: evil\n::error::x <b>"


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("targets", "name"), ("cases", "id"), ("cases", "file"),
        ("cases", "op"), ("cases", "dtype"), ("cases", "vals"), ("cases", "fingerprint"), ("arrays", "target"),
        ("arrays", "name"),
    ],
)  # fmt: skip
def test_a_name_can_t_begin_a_line_of_its_own(
    table: str, column: str, good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Reports, messages and proposals put names into lines; a run writes none that holds two."""
    record = tmp_path / "r.db"
    shutil.copy(good, record)
    with closing(sqlite3.connect(record)) as db, db:
        for character in ("\n", "\r", "\x1b"):
            db.execute(f"UPDATE OR IGNORE {table} SET {column} = ?", (LINES.replace("\n", character),))
    for words in (
        ["show", "nothing", "--record", str(record)],
        ["history", str(record)],
        ["report", "--json", "/dev/null", str(record)],
    ):
        assert main(words) == 2
        said = capsys.readouterr().err.splitlines()
        assert len(said) == 1
        assert "one line in" in said[0]
        assert column in said[0]


@pytest.mark.parametrize("key", ["started", "finished"])
def test_a_time_is_a_time(key: str, good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record = tmp_path / "r.db"
    shutil.copy(good, record)
    with closing(sqlite3.connect(record)) as db, db:
        db.execute("UPDATE meta SET value = ? WHERE key = ?", (LINES, key))
    assert main(["history", str(record), "--markdown", str(tmp_path / "h.md")]) == 2
    assert "expected a time" in capsys.readouterr().err


def test_every_word_of_a_record_is_escaped_in_markdown(good: Path, tmp_path: Path) -> None:
    record, page = tmp_path / "r.db", tmp_path / "m.md"
    shutil.copy(good, record)
    with closing(sqlite3.connect(record)) as db, db:
        assert db.execute("UPDATE knowns SET kind = 'bug | <img src=x>'").rowcount
    assert main(["report", str(record), "--markdown", str(page)]) == 0
    assert "<img" not in page.read_text(encoding="utf-8")
    assert "bug \\| &lt;img" in page.read_text(encoding="utf-8")
