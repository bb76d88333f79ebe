"""What a worker's process is given: an environment without secrets, a folder of its own, a log with an end."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from conformance.executor.process import MAX_LOG, Process, environment, without_ours

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
