"""The commands as a user runs them: real processes, real frameworks, exit codes and what is printed."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from tests.patience import LONG

ROOT = Path(__file__).resolve().parents[2]

SMALL = """
op: conv_transpose
about: A few small cases.
defaults: {convention: keras}
values: [integers]
grids:
  - grid: {size: [[3, 4]], kernel: [2, 3], stride: [1, 2], padding: [same, valid]}
"""

FLIPPED = """
op: call
about: A kernel that nobody flipped.
values: [integers]
cases:
  - name: as-it-is
    params:
      reference: {op: conv_transpose, params: {convention: torch, size: [4, 4], kernel: 3, stride: 2, in_channels: 3}}
      plans:
        jax: {text: "y = jax.lax.conv_transpose(x, w, (2, 2), 'VALID')", layouts: {x: NHWC, w: HWIO, y: NHWC}}
        torch: {text: "y = torch.nn.functional.conv_transpose2d(x, w, stride=2)", layouts: {w: IOHW}}
"""

KNOWN = """
- name: not-flipped
  kind: convention
  where: {op: call, case: "*as-it-is*", targets: [TARGET]}
  status: value
  reason: The kernel is used as it lies there.
"""


def command(*words: str, cwd: Path, timeout: float = LONG) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "120"}
    argv = [sys.executable, "-m", "conformance", *words]
    return subprocess.run(argv, cwd=cwd, env=environment, capture_output=True, text=True, timeout=timeout, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "small.yaml").write_text(SMALL)
    return tmp_path


def test_agreement_is_green_and_writes_every_report(folder: Path) -> None:
    words = ("--json", "v.jsonl", "--junit", "j.xml", "--markdown", "m.md", "--record", "r.db")
    done = command("run", "--on", "numpy,torch", *words, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "exit 0: nothing unexpected in 16 verdicts" in done.stdout
    assert "\x1b" not in done.stdout  # piped: no control characters
    verdicts = [json.loads(line) for line in (folder / "v.jsonl").read_text().splitlines()]
    assert len(verdicts) == 16
    assert 'tests="16"' in (folder / "j.xml").read_text()
    assert "nothing unexpected" in (folder / "m.md").read_text()
    shown = command("show", "small::conv_transpose2d[3x4 k3 s2 same keras] integers", "--record", "r.db", cwd=folder)
    assert shown.returncode == 0, shown.stderr
    assert "torch.nn.functional.conv_transpose2d" in shown.stdout


def test_a_divergence_is_red_and_says_where_and_why(folder: Path) -> None:
    (folder / "cases" / "flipped.yaml").write_text(FLIPPED)
    done = command("run", "cases/flipped.yaml", "--on", "jax,torch", cwd=folder)
    assert done.returncode == 1
    assert "cases/flipped.yaml:6" in done.stdout
    assert "explained: equals the reference with the kernel flipped along H and W" in done.stdout
    assert "ran: y = jax.lax.conv_transpose(x, w, (2, 2), 'VALID')" in done.stdout
    assert "1 unexpected divergence in 2 verdicts" in done.stdout


AGAINST = """
op: call
about: Everybody is held against PyTorch.
values: [integers]
cases:
  - name: held
    params:
      inputs: {x: {shape: [2, 3], layout: HW}}
      output: HW
      against: torch
      plans:
        torch: y = TORCH
        numpy: y = NUMPY
"""


@pytest.mark.parametrize(
    ("torch", "numpy", "code", "said"),
    [
        ("x + x", "x + x", 0, "nothing unexpected"),
        ("x + x", "x * x", 1, "on numpy\n  value"),
        ("x - x", "x - x", 2, "its reference is zero everywhere"),
        # A refusal is no measure of itself, even where everybody refuses.
        ("torch.reshape(x, (7,))", "numpy.reshape(x, (7,))", 1, "on torch\n  raised"),
        ("torch.reshape(x, (7,))", "x + x", 1, "on numpy\n  accepted"),
    ],
)
def test_a_framework_as_the_measure(folder: Path, torch: str, numpy: str, code: int, said: str) -> None:
    (folder / "cases" / "held.yaml").write_text(AGAINST.replace("TORCH", torch).replace("NUMPY", numpy))
    done = command("run", "cases/held.yaml", "--on", "numpy,torch", cwd=folder)
    assert done.returncode == code, done.stdout + done.stderr
    assert said in done.stdout


def test_the_measure_is_asked_whatever_else_is(folder: Path) -> None:
    (folder / "cases" / "held.yaml").write_text(AGAINST.replace("TORCH", "x + x").replace("NUMPY", "x * x"))
    done = command("run", "cases/held.yaml", "--on", "numpy", cwd=folder)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "also asked: torch, which 1 case is held against" in done.stderr
    assert "1 unexpected divergence in 2 verdicts" in done.stdout


def test_of_one_framework_in_two_modes_the_named_one_is_the_measure(folder: Path) -> None:
    text = AGAINST.replace("TORCH", "x + x").replace("NUMPY", "x + x").replace("against: torch", "against: jax:jit")
    text = text.replace("torch: y = x + x", "jax: y = 2 * x")
    (folder / "cases" / "held.yaml").write_text(text)
    done = command("run", "cases/held.yaml", "--on", "jax,numpy,jax:jit", "--json", "v.jsonl", cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    (folder / "cases" / "held.yaml").write_text(text.replace("against: jax:jit", "against: jax:fast"))
    done = command("check", "cases/held.yaml", cwd=folder)
    assert done.returncode == 2
    assert "cases/held.yaml:10:16: against: target 'jax:fast': unknown mode of jax 'fast'" in done.stderr


@pytest.mark.parametrize(("target", "code"), [("jax", 0), ("torch", 1)])
def test_what_is_declared_is_green_and_what_no_longer_happens_is_red(folder: Path, target: str, code: int) -> None:
    (folder / "cases" / "flipped.yaml").write_text(FLIPPED)
    (folder / "cases" / "known").mkdir()
    (folder / "cases" / "known" / "k.yaml").write_text(KNOWN.replace("TARGET", target))
    done = command("run", "cases/flipped.yaml", "--on", target, cwd=folder)
    assert done.returncode == code, done.stdout
    if code:
        assert "known divergence not-flipped no longer happens on torch" in done.stdout


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("run", "--on", "pytorch"), 2, "did you mean 'torch'?"),
        (("run", "-k", "stride=99"), 2, "matches no case"),
        (("run", "-k", "stride=" + "9" * 5000), 2, "a number of 5,000 digits, expected at most 400"),
        (("run", "--on", "torch+threads=" + "9" * 5000), 2, "a number of 5,000 digits"),
        (("run", "--timeout", "nan"), 2, "found 'nan', expected seconds above 0"),
        (("run", "--timeout", "0"), 2, "found '0', expected seconds above 0"),
        (("run", "nowhere.yaml"), 2, "no such file or folder"),
        (("run", "--on", "torch@gpu"), 3, "it ran nothing"),
        (("check", "cases/bad.yaml"), 2, "did you mean 'stride'?"),
        (("show", "x", "--record", "cases/small.yaml"), 2, "small.yaml"),
    ],
)
def test_what_can_t_be_meant_is_one_message(folder: Path, words: tuple[str, ...], code: int, said: str) -> None:
    (folder / "cases" / "bad.yaml").write_text(SMALL.replace("stride:", "stirde:"))
    if words[0] == "run":
        (folder / "cases" / "bad.yaml").unlink()
    done = command(*words, cwd=folder)
    assert done.returncode == code, done.stdout + done.stderr
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def recorded(path: Path) -> int:
    """How many verdicts a record holds that is being written."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=0.1)) as db:
            return int(db.execute("SELECT count(*) FROM verdicts").fetchone()[0])
    except sqlite3.Error:
        return 0  # not there yet, or locked by its writer


@pytest.mark.parametrize("words", ["check", "check cases/small.yaml", "run", "known", "selftest --sample 1"])
def test_a_mistake_in_a_declared_divergence_is_one_message(folder: Path, words: str) -> None:
    (folder / "cases" / "known").mkdir()
    (folder / "cases" / "known" / "small.yaml").write_text("- name: small: mistake\n")
    done = command(*words.split(), cwd=folder)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "cases/known/small.yaml:1:14: not valid YAML" in done.stderr
    assert "internal error" not in done.stderr


def test_an_interrupted_run_is_resumed(folder: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    argv = [sys.executable, "-m", "conformance", "run", "--on", "numpy,jax", "--record", "r.db"]
    with subprocess.Popen(argv, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True) as process:
        # Once something is in the record, however long the workers take to start on this machine.
        deadline = time.monotonic() + LONG
        while not recorded(folder / "r.db") and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=LONG)
    if process.returncode == 130:
        # Which of the two it prints depends on whether the last verdict was in; each does what it says.
        printed = re.search(r"^interrupted.*: conformance (.+)$", said, re.MULTILINE)
        assert printed, said
        done = command(*printed[1].split(), cwd=folder)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "in 16 verdicts" in done.stdout
    else:
        assert process.returncode == 0, said  # it was faster than the signal


def test_checks_that_need_more_than_one_call(folder: Path) -> None:
    text = SMALL.replace("values: [integers]", "check: [shape, dtype, value, gradient, determinism]")
    (folder / "cases" / "small.yaml").write_text(text)
    done = command("run", "--on", "torch,numpy", cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "NumPy has no gradients; its values are right" in done.stdout


def test_ten_million_cases_list_their_first_ten_at_once(folder: Path) -> None:
    numbers = ", ".join(map(str, range(1, 33)))
    grid = f"{{size: [{numbers}], kernel: [{numbers}], stride: [{numbers}], dilation: [{numbers}], batch: [{numbers}]}}"
    text = f"op: conv_transpose\nabout: Many.\nvalues: [integers]\ngrids:\n  - grid: {grid}\n"
    (folder / "cases" / "small.yaml").write_text(text)
    done = command("list", "--first", "10", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 10
    assert "33,554,432  cases" in command("list", "--count", cwd=folder).stdout


def pytest_run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    installed = any(entry.value == "conformance.commands.pytest_plugin" for entry in entry_points(group="pytest11"))
    plugin = () if installed else ("-p", "conformance.commands.pytest_plugin")
    argv = [sys.executable, "-m", "pytest", *plugin, "-p", "no:cacheprovider", "-q", *words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("PYTEST_XDIST_WORKER", None)
    environment.pop("PYTEST_ADDOPTS", None)
    return subprocess.run(argv, cwd=folder, env=environment, capture_output=True, text=True, timeout=LONG, check=False)


def test_pytest_collects_the_same_cases(folder: Path) -> None:
    done = pytest_run(folder, "cases", "--on", "numpy,torch", "-k", "same")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "8 passed, 8 deselected" in done.stdout


def test_pytest_fails_with_the_same_message(folder: Path) -> None:
    (folder / "cases" / "flipped.yaml").write_text(FLIPPED)
    done = pytest_run(folder, "cases", "--on", "jax,torch", "-n", "2")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "explained: equals the reference with the kernel flipped along H and W" in done.stdout
    assert "1 failed, 17 passed" in done.stdout
    assert "Traceback" not in done.stdout


def test_the_shipped_suite_is_valid_and_large() -> None:
    done = command("check", cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split(" files, ")[1].split(" cases")[0].replace(",", "")) >= 5000


def test_the_readme_names_the_commands_that_ci_runs() -> None:
    readme = (ROOT / "README.md").read_text()
    tests = "python3 -m venv .venv && .venv/bin/pip install -q tox && .venv/bin/tox run -e all -- python -m pytest -n 2"
    assert tests in readme
    assert tests in (ROOT / ".ci" / "run").read_text()
