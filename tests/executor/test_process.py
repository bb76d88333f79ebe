"""What a worker's process is given: an environment without secrets, a folder of its own, a log with an end.

And how long it is waited for: its own time counts, and not that for which the machine had no processor for it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.executor.process import MAX_LOG, MOST_PATIENCE, Process, environment, left_of, without_ours

GIVEN = {
    "PATH": "/bin",
    "HOME": "/home/someone",
    "LC_ALL": "C",
    "OMP_NUM_THREADS": "1",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "XLA_FLAGS": "--x",
    "PYTHONPATH": f"lib{os.pathsep}/abs",
    "GITHUB_TOKEN": "1",
    "AWS_SECRET_ACCESS_KEY": "1",
    "TF_API_KEY": "1",
    "JAX_PASSWORD": "1",
    "PYTHON_CREDENTIALS": "1",
    "SSH_AUTH_SOCK": "1",
    "PIP_INDEX_URL": "https://name:word@host",
    "EDITOR": "vi",
    "XPATH": "1",
}


def test_only_what_decides_how_a_framework_computes_is_inherited() -> None:
    found = environment(sys.executable, "/own", GIVEN)
    assert sorted(found) == [
        "HOME",
        "LC_ALL",
        "OMP_NUM_THREADS",
        "ONEDNN_MAX_CPU_ISA",
        "PATH",
        "PYTHONPATH",
        "TMPDIR",
        "XLA_FLAGS",
    ]
    assert found["TMPDIR"] == "/own"
    # It starts in another folder, where a relative path would be another.
    assert found["PYTHONPATH"] == f"{Path('lib').absolute()}{os.pathsep}/abs"


def test_another_interpreter_does_not_find_our_packages() -> None:
    assert "PYTHONPATH" not in environment("/other/python", "/own", GIVEN)
    assert "PYTHONPATH" not in without_ours("/other/python", GIVEN)
    assert without_ours(sys.executable, GIVEN) == GIVEN


def run(code: str, log: Path) -> Process:
    return Process([sys.executable, "-c", code], log)


def wait(process: Process) -> None:
    end = time.monotonic() + 60
    while not process.dead():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_folder_of_its_own_for_as_long_as_it_lives(tmp_path: Path) -> None:
    code = "import os, sys; open('here', 'w'); print(os.getcwd(), os.environ['TMPDIR'], os.listdir(), file=sys.stderr)"
    said = []
    for _ in range(2):
        process = run(code, tmp_path / "log")
        wait(process)
        process.close()
        said.append(process.log_tail().split(" ", 2))
    (first, temporary, files), (second, _, _) = said
    assert first == temporary != second
    assert files == "['here']"
    assert [path.name for path in tmp_path.iterdir()] == ["log"]


def test_a_folder_as_deep_as_a_hostile_worker_makes_it(tmp_path: Path) -> None:
    process = run("import os\nfor _ in range(3000): os.mkdir('d'); os.chdir('d')", tmp_path / "log")
    wait(process)
    assert process.close() == "exit 0"
    assert [path.name for path in tmp_path.iterdir()] == ["log"]


def test_a_process_that_does_not_start_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        Process(["/nowhere/program"], tmp_path / "log")
    assert [path.name for path in tmp_path.iterdir()] == ["log"]


def test_a_log_that_grows_too_long_begins_anew(tmp_path: Path) -> None:
    code = (
        "import sys, os\n"
        f"os.write(2, b'x' * {MAX_LOG + 1})\n"
        "os.write(1, b'.'); os.read(0, 1)\n"
        "os.write(2, b'last words')"
    )
    process = run(code, tmp_path / "log")
    os.set_blocking(process.output, True)
    assert os.read(process.output, 1) == b"."
    process.bound_log()
    os.write(process.input, b".")
    wait(process)
    process.close()
    assert process.log_tail() == "last words"
    assert (tmp_path / "log").stat().st_size == len("last words")


def test_a_log_that_is_taken_away_while_the_worker_hangs(tmp_path: Path) -> None:
    process = run("import signal; signal.signal(signal.SIGUSR1, signal.SIG_IGN); signal.pause()", tmp_path / "log")
    (tmp_path / "log").unlink()
    process.ask_where_it_is()
    assert process.close()
    assert process.log_tail() == ""


BUSY = "import os; os.sched_setaffinity(0, {CPU})\nwhile True: pass"


@pytest.mark.parametrize(
    ("limit", "waited", "starved", "left"),
    [
        (60.0, 60.0, 0.0, 0.0),  # it hangs, or it computes
        (60.0, 59.0, 0.0, 1.0),
        (60.0, 60.0, 45.0, 45.0),  # it had a quarter of a processor
        (60.0, 240.0, 180.0, 0.0),
        (60.0, 60.0, 0.01, 0.0),
        (60.0, 60.0 * MOST_PATIENCE, 60.0 * MOST_PATIENCE, 0.0),  # there is an end to it
        (float("inf"), 1e6, 0.0, float("inf")),
    ],
)
def test_what_is_left_of_a_limit(limit: float, waited: float, starved: float, left: float) -> None:
    assert left_of(limit, waited, starved) == left


@pytest.fixture
def processor() -> Iterator[int]:
    """One that a neighbour keeps busy."""
    if not hasattr(os, "sched_setaffinity") or not Path("/proc/self/schedstat").exists():
        pytest.skip("only Linux says how long a process waited for a processor")
    cpu = min(os.sched_getaffinity(0))
    with subprocess.Popen([sys.executable, "-c", BUSY.replace("CPU", str(cpu))]) as neighbour:
        yield cpu
        neighbour.kill()


def test_a_process_beside_a_busy_one_waits_and_one_that_sleeps_does_not(tmp_path: Path, processor: int) -> None:
    argv = [sys.executable, "-c", BUSY.replace("CPU", str(processor))]
    busy, idle = Process(argv, tmp_path / "busy.log"), Process(["sleep", "600"], tmp_path / "idle.log")
    # As one whose compiler is busy: it waits for what it started.
    start = f"import subprocess, sys; subprocess.run({argv!r})"
    waiting = Process([sys.executable, "-c", start], tmp_path / "waiting.log")
    try:
        # This one ends when it has had a second of that processor, whatever the others had.
        own = "import os, time; os.sched_setaffinity(0, {CPU})\nwhile time.process_time() < 1: pass"
        subprocess.run([sys.executable, "-c", own.replace("CPU", str(processor))], check=True)
        assert busy.starved() > 0.3
        assert idle.starved() < busy.starved() / 2
        assert waiting.starved() > 0.3
    finally:
        for process in (busy, idle, waiting):
            process.close()
    assert busy.starved() == 0.0  # nobody says it of a process that is gone
