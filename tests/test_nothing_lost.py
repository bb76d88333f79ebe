"""Whatever happens to a run (signals, dead workers, a full disk, closed outputs), nothing reported is lost, and it ends
with one message and a code that means what it says.
"""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from conformance.commands import cli
from conformance.record import Reader, RecordError, Summary, WriteError, Writer
from conformance.session.signals import held, interrupts
from tests.kills import CASES, Tool, rows
from tests.records import make_case, verdict

ROOT = Path(__file__).resolve().parents[1]
SMALL = """
op: conv_transpose
about: A few.
values: [integers]
grids:
  - grid: {size: [3, 4], kernel: [2, 3], stride: [1, 2], convention: [keras], padding: [same, valid]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "small.yaml").write_text(SMALL)
    return tmp_path


def start(folder: Path, *words: str, **options: object) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "120"}
    given: dict[str, object] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    argv = [sys.executable, "-m", "conformance", *words]
    return subprocess.Popen(argv, cwd=folder, env=environment, text=True, **given)  # type: ignore[call-overload, no-any-return]


def command(folder: Path, *words: str, **options: object) -> SimpleNamespace:
    with start(folder, *words, **options) as process:
        said, errors = process.communicate(timeout=300)
    assert "Traceback" not in (errors or ""), errors
    return SimpleNamespace(code=process.returncode, said=said, errors=errors)


# --- workers ----------------------------------------------------------------------------------------------------------


def test_a_target_that_fails_leaves_the_record_open(folder: Path) -> None:
    """Its worker dies whenever it starts; once that is mended, --resume asks it alone, and the record is like any."""
    broken = folder / "broken"
    broken.touch()
    python = folder / "python"
    python.write_text(
        f'#!/bin/sh\ncase "$1" in *__main__.py) [ -e "{broken}" ] && kill -9 $$;; esac\nexec "{sys.executable}" "$@"\n'
    )
    python.chmod(0o755)
    words = ("run", "cases", "--on", "numpy,jax", "--python", f"numpy={python}", "--json", "v.jsonl")
    done = command(folder, *words, "--record", "r.db")
    assert done.code == 3, done.errors
    assert "numpy: its worker failed: died before it said hello (SIGKILL)" in done.errors
    assert "it was started 5 times in a row" in done.errors
    assert "go on with: conformance run --resume r.db cases --on numpy,jax" in done.errors
    assert (
        "exit 3: the run is not complete: the worker of numpy failed; so far nothing unexpected in 16 ver" in done.said
    )
    assert len((folder / "v.jsonl").read_text().splitlines()) == 16
    with pytest.raises(RecordError, match="not a complete run"):
        Reader(folder / "r.db")
    assert command(folder, "report", "r.db", "--markdown", "m.md").code == 0
    broken.unlink()
    done = command(folder, *words, "--resume", "r.db")
    assert done.code == 0, done.errors
    assert command(folder, "run", "cases", "--on", "numpy,jax", "--record", "undisturbed.db").code == 0
    assert rows(folder / "r.db") == rows(folder / "undisturbed.db")


# --- signals ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("times", [1, 3])
def test_a_signal_ends_a_run_that_can_be_resumed(folder: Path, number: signal.Signals, times: int) -> None:
    with start(folder, "run", "cases", "--on", "jax", "--record", "r.db") as process:
        while not (folder / "r.db").exists() and process.poll() is None:
            time.sleep(0.005)
        for _ in range(times):
            process.send_signal(number)
            time.sleep(0.02)
        _, errors = process.communicate(timeout=120)
    assert process.returncode == 130, errors  # JAX takes longer to import than we took
    assert errors == "interrupted after 0 verdicts; go on with: conformance run --resume r.db cases --on jax\n"
    assert not list(folder.glob("*-wal"))
    done = command(folder, "run", "cases", "--on", "jax", "--resume", "r.db")
    assert done.code == 0, done.errors
    assert "in 16 verdicts" in done.said


def test_nohup_is_respected(folder: Path) -> None:
    ignore = lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)  # noqa: E731
    with start(folder, "run", "cases", "--on", "numpy", "--record", "r.db", preexec_fn=ignore) as process:
        while not (folder / "r.db").exists() and process.poll() is None:
            time.sleep(0.005)
        process.send_signal(signal.SIGHUP)
        _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors


def test_a_held_signal_waits_to_be_looked_for() -> None:
    with held() as stop:
        assert not stop()
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)
        assert stop()
    with pytest.raises(KeyboardInterrupt), held():
        os.kill(os.getpid(), signal.SIGTERM)


def test_a_held_signal_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.session.signals.PATIENCE", 0.05)
    with held() as stop:
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            time.sleep(60)
        assert stop()


def test_handlers_are_put_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with interrupts(), pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.parametrize("seed", [3, 4, 7, 9])
def test_killed_runs_end_as_an_undisturbed_one(seed: int, tool: Tool) -> None:
    told = tool.seed(seed)
    assert not told.wrong, told


@pytest.fixture(scope="module")
def tool(tmp_path_factory: pytest.TempPathFactory) -> Tool:
    return Tool(tmp_path_factory.mktemp("kills"), "numpy")


# --- the record -------------------------------------------------------------------------------------------------------


def delete(path: Path) -> None:
    path.unlink()


def replace(path: Path) -> None:
    other = path.with_name("other.db")
    Writer.create(other, {}).close()
    other.replace(path)


def truncate(path: Path) -> None:
    os.truncate(path, 4096)


@pytest.mark.parametrize(
    ("harm", "words"),
    [(delete, "is gone while"), (replace, "was replaced by another"), (truncate, "was cut off while")],
)
def test_a_record_that_is_taken_away_is_noticed(harm: Callable[[Path], None], words: str, tmp_path: Path) -> None:
    case = make_case()
    path = tmp_path / "r.db"
    writer = Writer.create(path, {})
    writer.add_case(case)
    writer.add_verdict(verdict(case))
    writer.flush()
    harm(path)
    writer.add_verdict(verdict(case, "torch"))
    with pytest.raises(WriteError, match=words):
        writer.finish(Summary())
    with pytest.raises(WriteError, match=words):
        writer.close()
    if harm is replace:  # and the other one is as it was
        with Reader(path, complete=False) as reader:
            assert not list(reader.verdicts())


def test_a_full_disk_costs_what_was_not_reported(folder: Path) -> None:
    """A limit on the size of files is a disk that is full."""
    (folder / "cases" / "small.yaml").write_text(CASES)
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))  # noqa: E731
    done = command(folder, "run", "cases", "--on", "numpy", "--record", "r.db", preexec_fn=limit)
    assert done.code == 3, done.said + done.errors
    assert "the record r.db can't be written" in done.errors
    assert "go on with: conformance run --resume r.db cases --on numpy" in done.errors
    assert len([line for line in done.errors.splitlines() if line.startswith("conformance:")]) == 1
    done = command(folder, "run", "cases", "--on", "numpy", "--resume", "r.db")
    assert done.code == 0, done.errors
    assert "in 144 verdicts" in done.said


@pytest.mark.parametrize("words", [(), ("--record", "r.db")])
def test_a_disk_that_is_full_from_the_start_is_not_the_name_s_fault(folder: Path, words: tuple[str, ...]) -> None:
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))  # noqa: E731
    done = command(folder, "run", "cases", "--on", "numpy", *words, preexec_fn=limit)
    assert done.code == 3, done.errors
    assert "make room, or name another place with --record FILE" in done.errors
    assert len(done.errors.splitlines()) == 1
    assert not [*folder.glob("*.db*"), *folder.glob("reports/*")], "something is left in the way"


@pytest.mark.parametrize("words", [("cases/other.yaml", "--on", "numpy"), ("cases", "--on", "jax"), ("-k", "kernel=2")])
def test_a_run_is_not_resumed_as_another_one(folder: Path, words: tuple[str, ...]) -> None:
    """It would end as a complete record that lacks what it was begun for."""
    (folder / "cases" / "other.yaml").write_text(SMALL.replace("[3, 4]", "[5]"))
    assert command(folder, "run", "cases", "--on", "numpy", "--record", "r.db").code == 0
    with closing(sqlite3.connect(folder / "r.db")) as db, db:
        db.execute("DELETE FROM meta WHERE key IN ('finished', 'summary')")
        db.execute("DELETE FROM verdicts WHERE case_key % 3 = 0")
    before = (folder / "r.db").read_bytes()
    done = command(folder, "run", "--resume", "r.db", *words)
    assert done.code == 2, done.errors
    assert "verdicts that this command does not ask for, such as " in done.errors
    assert "which was: conformance run cases --on numpy --record r.db" in done.errors
    assert (folder / "r.db").read_bytes() == before
    done = command(folder, "run", "--resume", "r.db", "cases", "--on", "numpy")
    assert done.code == 0, done.errors
    assert "in 24 verdicts" in done.said


def test_an_empty_file_is_no_record_and_may_become_one(folder: Path) -> None:
    (folder / "r.db").touch()
    (folder / "cases" / "known").mkdir()
    commands = (
        ("run", "cases", "--on", "numpy", "--resume", "r.db"),
        ("show", "x", "--record", "r.db"),
        ("report", "r.db", "--json", "j"),
        ("diff", "r.db", "r.db"),
        ("history", "r.db"),
        ("known", "--update", "r.db"),
        ("run", "cases", "--baseline", "r.db"),
        ("repro", "small", "cases", "--on", "numpy", "--record", "r.db"),
    )
    for words in commands:
        done = command(folder, *words)
        assert done.code == 2, (words, done.errors)
        assert "r.db is empty" in done.errors
        assert len(done.errors.splitlines()) == 1
    assert command(folder, "run", "cases", "--on", "numpy", "--record", "r.db").code == 0
    assert command(folder, "run", "cases", "--on", "numpy", "--record", "r.db").code == 2


def test_what_a_deleted_record_left_behind_is_not_taken_for_the_next_one_s(tmp_path: Path) -> None:
    first = Writer.create(tmp_path / "r.db", {"command": ["first"]})
    first.add_case(make_case())
    first.flush()
    log = (tmp_path / "r.db-wal").read_bytes()
    (tmp_path / "r.db").unlink()
    with Writer.create(tmp_path / "r.db", {"command": ["second"]}) as writer:
        writer.finish(Summary())
    assert log
    with Reader(tmp_path / "r.db") as reader:
        assert reader.environment["command"] == ["second"]
        assert not list(reader.cases())
    with pytest.raises(WriteError):
        first.close()


def test_places_that_can_t_be_written(folder: Path) -> None:
    (folder / "reports").write_text("no folder")
    done = command(folder, "run", "cases", "--on", "numpy")
    assert (done.code, len(done.errors.splitlines())) == (3, 1), done.errors
    assert "name another place with --record" in done.errors
    done = command(folder, "run", "cases", "--on", "numpy", "--record", "reports/r.db")
    assert (done.code, len(done.errors.splitlines())) == (2, 1), done.errors
    done = command(folder, "run", "cases", "--on", "numpy", "--record", "r.db", "--json", "reports/v.jsonl")
    assert (done.code, len(done.errors.splitlines())) == (2, 1), done.errors
    with Reader(folder / "r.db") as reader:
        assert len(list(reader.verdicts())) == 16


# --- outputs ----------------------------------------------------------------------------------------------------------


def shell(folder: Path, text: str) -> SimpleNamespace:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "C": f"{sys.executable} -m conformance"}
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", text], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr
    return SimpleNamespace(code=done.returncode, said=done.stdout, errors=done.stderr)


RUN = "$C run cases --on numpy --record r.db"


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        (f"{RUN} | head -1", 0, ""),
        (f"{RUN} | true", 0, ""),
        (
            f"{RUN} >/dev/full",
            3,
            "can't be printed: No space left on device; the record has it: conformance report r.db",
        ),
        (f"{RUN} >&-", 3, "can't be printed: it is closed; the record has it: conformance report r.db"),
        (f"{RUN} 2>&-", 0, ""),
        (f"{RUN} 2>/dev/full", 0, ""),
        (f"{RUN} <&- 2>&- | head -1", 0, ""),
        (f"{RUN} --json /dev/full", 3, "the report can't be written"),
        (f"{RUN} --html cases", 2, "the report can't be written"),
    ],
)
def test_closed_and_full_outputs(folder: Path, text: str, code: int, message: str) -> None:
    done = shell(folder, text)
    assert done.code == code, done.errors
    assert message in done.errors
    assert len(done.errors.splitlines()) == bool(message), done.errors
    with Reader(folder / "r.db") as reader:
        assert len(list(reader.verdicts())) == 16


def test_a_divergence_ends_with_1_whoever_reads_it(folder: Path) -> None:
    (folder / "cases" / "small.yaml").write_text(
        "op: call\nabout: Wrong.\nvalues: [integers]\ncases:\n  - name: wrong\n    params: {inputs: {x: {shape: [2, "
        "2], layout: HW}}, output: HW, plans: {numpy: y = x + x}}\n    expect: {values: [[1, 1], [1, 1]]}\n"
    )
    assert shell(folder, f"{RUN} | true").code == 1
    assert shell(folder, "$C diff r.db r.db --map numpy=numpy --fail-on same | true").code in (0, 2)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("$C list | head -1", 0),
        ("$C --help | true", 0),
        ("$C list >/dev/full", 3),
        ("$C list >&-", 3),
        ("$C check cases >&-", 3),
        ("$C list --nope 2>&-", 2),
        ("$C list nowhere 2>/dev/full", 2),
        ("$C 2>&- >&- <&-; [ $? = 2 ]", 0),
    ],
)
def test_other_commands_on_closed_and_full_outputs(folder: Path, text: str, code: int) -> None:
    assert shell(folder, text).code == code


# --- exit codes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (KeyError("x"), 3, "internal error: KeyError: 'x'; please report it, with the file"),
        (RecursionError("deep"), 3, "internal error: RecursionError"),
        (MemoryError(), 3, "internal error: MemoryError"),
        (ImportError("no module"), 3, "internal error: ImportError"),
        (AssertionError(), 3, "internal error: AssertionError"),
        (SystemExit(1), 3, ""),
        (SystemExit("words"), 3, ""),
        (OSError(28, "No space left on device", "f"), 3, "f: No space left on device"),
        (BrokenPipeError(), 0, ""),
        (KeyboardInterrupt(), 130, "interrupted"),
        (RecordError("bad record"), 2, "bad record"),
        (WriteError("disk"), 3, "disk"),
    ],
)
def test_no_error_of_ours_ends_with_1(
    error: BaseException, code: int, words: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    def raising(_: object) -> int:
        raise error

    monkeypatch.setattr("conformance.commands.list.main", raising)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert cli.main(["list"]) == code
    errors = capsys.readouterr().err
    assert words in errors
    assert "Traceback" not in errors
    assert len(errors.splitlines()) == bool(words)
    if words.startswith("internal"):
        [file] = tmp_path.glob("conformance-error-*")
        assert "in raising" in file.read_text()


def test_the_traceback_is_shown_on_request(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("CONFORMANCE_TRACEBACK", "1")
    monkeypatch.setattr("conformance.commands.list.main", lambda _: {}[1])
    assert cli.main(["list"]) == 3
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("words", [(), ("-n", "1")])
def test_pytest_ends_with_3_where_a_worker_failed(folder: Path, words: tuple[str, ...]) -> None:
    (folder / "conftest.py").write_text(
        "import conformance.executor.local as local\nlocal.worker_command = lambda _: ['/nowhere/python']\n"
    )
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "cases", "--on", "numpy", *words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for name in ("PYTEST_XDIST_WORKER", "PYTEST_ADDOPTS"):
        environment.pop(name, None)
    done = subprocess.run(argv, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 3, done.stdout + done.stderr
    assert "the worker of numpy failed: can't start '/nowhere/python'" in done.stdout
    assert "Traceback" not in done.stdout
