"""`pytest cases/`: which files are ours, one item a case and target, and what it costs everybody else."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from tests.patience import LONG

ROOT = Path(__file__).resolve().parents[2]
CASES = """op: conv_transpose
about: Small.
values: [integers]
defaults: {convention: keras}
targets: [numpy, torch]
cases:
  - {name: narrow, params: {size: [4, 4], kernel: 3, stride: 2, padding: same}}
  - {name: wide, params: {size: [5, 3], kernel: 2, stride: 1, padding: valid}}
"""
WRONG = """op: call
about: A plan that is wrong on purpose.
values: [integers]
cases:
  - name: doubled
    values: {kind: literal, arrays: {x: [1, 3]}}
    expect: {values: [[[1, 3]]]}
    params:
      inputs: {x: {shape: [1, 1, 2], layout: NCW}}
      output: NCW
      plans: {numpy: "y = x + x", torch: "y = x"}
"""
DECLARED = """- name: doubled-here
  kind: convention
  where: {op: call, case: "wrong::doubled*", targets: [TARGET]}
  status: value
  reason: It is doubled so that this test has a divergence.
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "cases" / "small.yaml", CASES)
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    installed = any(entry.value == "conformance.commands.pytest_plugin" for entry in entry_points(group="pytest11"))
    plugin = () if installed else ("-p", "conformance.commands.pytest_plugin")
    argv = [sys.executable, "-m", "pytest", *plugin, "-p", "no:cacheprovider", *words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
    for name in ("PYTEST_XDIST_WORKER", "PYTEST_ADDOPTS"):
        environment.pop(name, None)
    return subprocess.run(argv, cwd=folder, env=environment, capture_output=True, text=True, timeout=LONG, check=False)


def collected(folder: Path, *words: str) -> list[str]:
    done = run(folder, "--collect-only", "-q", *words)
    assert done.returncode in (0, 5), done.stdout + done.stderr
    return [line for line in done.stdout.splitlines() if "::" in line]


OURS = [
    "cases/small.yaml::narrow integers[numpy]",
    "cases/small.yaml::narrow integers[torch]",
    "cases/small.yaml::wide integers[numpy]",
    "cases/small.yaml::wide integers[torch]",
]


def test_an_item_is_a_case_on_a_target(folder: Path) -> None:
    assert collected(folder) == OURS
    assert collected(folder, OURS[1]) == [OURS[1]]
    assert collected(folder, "-k", "torch and wide") == [OURS[3]]
    assert collected(folder, "--on", "torch:compile,numpy", "-k", "narrow") == [
        "cases/small.yaml::narrow integers[torch:compile]",
        "cases/small.yaml::narrow integers[numpy]",
    ]
    done = run(folder, "-q", "-k", "numpy")
    assert done.returncode == 0, done.stdout
    assert "2 passed, 2 deselected" in done.stdout


def test_files_elsewhere_are_not_ours(tmp_path: Path) -> None:
    write(tmp_path / "tests" / "data.yaml", CASES)
    write(tmp_path / "tests" / "cases" / "data.yaml", CASES)
    write(tmp_path / "cases" / "patch.yaml", "op: add\npath: /a\n")
    write(tmp_path / "tests" / "test_one.py", "def test_one():\n    pass\n")
    assert collected(tmp_path) == ["tests/test_one.py::test_one"]


def test_the_setting_says_which_files_are_ours(tmp_path: Path) -> None:
    write(tmp_path / "cases" / "small.yaml", CASES)
    write(tmp_path / "suite" / "more" / "other.yaml", CASES)
    write(tmp_path / "suite" / "known" / "declared.yaml", DECLARED.replace("TARGET", "torch"))
    write(tmp_path / "pytest.ini", "[pytest]\nconformance_cases = suite\n")
    assert {line.partition("::")[0] for line in collected(tmp_path)} == {"suite/more/other.yaml"}
    write(tmp_path / "pytest.ini", "[pytest]\nconformance_cases =\n")
    assert collected(tmp_path) == []
    write(tmp_path / "pytest.ini", "[pytest]\nconformance_cases = suit\n")
    done = run(tmp_path)
    assert done.returncode == 4
    assert f"conformance_cases: no such file or folder: {tmp_path / 'suit'}" in done.stderr


def test_a_project_below_a_folder_named_known_has_cases(tmp_path: Path) -> None:
    write(tmp_path / "known" / "cases" / "small.yaml", CASES)
    assert collected(tmp_path / "known", "-k", "wide and torch") == [OURS[3]]


def test_options_of_the_same_name_are_somebody_elses(tmp_path: Path) -> None:
    write(
        tmp_path / "conftest.py", "def pytest_addoption(parser):\n    parser.addoption('--on', action='store_true')\n"
    )
    write(
        tmp_path / "test_on.py", "def test_on(pytestconfig):\n    assert pytestconfig.getoption('--on', None) is True\n"
    )
    write(tmp_path / "cases" / "small.yaml", CASES)
    done = run(tmp_path, "-q", "--on", "--conformance-on", "numpy")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout


def test_a_foreign_run_imports_none_of_it(tmp_path: Path) -> None:
    """Neither NumPy nor the harness, without a case file."""
    script = (
        "import sys\n"
        "def test_one():\n"
        "    heavy = ('conformance', 'numpy', 'yaml')\n"
        "    ours = sorted(name for name in sys.modules if name.partition('.')[0] in heavy)\n"
        "    assert ours == ['conformance', 'conformance.commands', 'conformance.commands.pytest_plugin']\n"
    )
    write(tmp_path / "test_foreign.py", script)
    write(tmp_path / "data.yaml", CASES)
    done = run(tmp_path, "-q", "-p", "no:hypothesispytest", "-p", "no:xdist")
    assert done.returncode == 0, done.stdout


def test_a_divergence_fails_and_a_declared_one_is_xfailed_with_its_reason(tmp_path: Path) -> None:
    write(tmp_path / "cases" / "wrong.yaml", WRONG)
    done = run(tmp_path, "-q", "--on", "numpy,torch", "--junit-xml=junit.xml")
    assert done.returncode == 1, done.stdout
    assert "1 failed, 1 passed" in done.stdout
    assert "2 of 2 elements differ" in done.stdout
    assert "Traceback" not in done.stdout
    assert "AssertionError" not in done.stdout.replace("Divergence", "")
    junit = (tmp_path / "junit.xml").read_text()
    assert "<failure" in junit
    assert "<error" not in junit
    write(tmp_path / "cases" / "known" / "known.yaml", DECLARED.replace("TARGET", "numpy"))
    done = run(tmp_path, "-q", "-rx", "--on", "numpy,torch")
    assert done.returncode == 0, done.stdout
    assert "1 passed, 1 xfailed" in done.stdout
    assert "doubled-here (convention): It is doubled so that this test has a divergence." in done.stdout


@pytest.mark.parametrize("words", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_what_no_longer_happens_is_missed(tmp_path: Path, words: tuple[str, ...]) -> None:
    write(tmp_path / "cases" / "wrong.yaml", WRONG.replace("x + x", "x"))
    write(tmp_path / "cases" / "known" / "known.yaml", DECLARED.replace("TARGET", "numpy"))
    done = run(tmp_path, "-q", "--on", "numpy", *words)
    assert done.returncode == 1, done.stdout
    assert "1 passed" in done.stdout
    assert done.stdout.count("doubled-here no longer happens on numpy with wrong::doubled") == 1


@pytest.mark.parametrize("words", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_wrong_usage_is_one_message(folder: Path, words: tuple[str, ...]) -> None:
    for option, said in (
        ("--on=nunpy", "--on: target 'nunpy': unknown framework 'nunpy'"),
        ("--trust=no.yaml", "--trust: no such file"),
    ):
        done = run(folder, option, *words)
        assert done.returncode == 4, done.stdout + done.stderr
        lines = [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("ERROR")]
        assert len(lines) == 1
        assert said in lines[0]
        assert "Traceback" not in done.stdout + done.stderr
        assert "INTERNALERROR" not in done.stdout + done.stderr


def test_what_a_file_asks_for_beyond_the_call_is_one_message(folder: Path) -> None:
    write(folder / "cases" / "small.yaml", CASES.replace("[numpy, torch]", '["numpy==1.26.4"]'))
    said = "the target numpy==1.26.4 names a version"
    done = run(folder)
    assert done.returncode == 4, done.stdout + done.stderr
    assert (done.stdout + done.stderr).count(said) == 1
    spread = run(folder, "-n", "2")
    assert spread.returncode not in (0, 5)
    assert said in spread.stdout
    assert spread.stdout.count("ERROR collecting") == 1
    assert "INTERNALERROR" not in spread.stdout + spread.stderr


def test_a_known_file_that_cannot_be_read_is_one_error(folder: Path) -> None:
    write(folder / "cases" / "more.yaml", CASES)
    write(folder / "cases" / "known" / "known.yaml", DECLARED.replace("reason: It", "reason: 'TODO: why' # "))
    done = run(folder, "-q")
    assert done.returncode == 2, done.stdout
    assert "1 error in" in done.stdout
    assert "known.yaml:5:" in done.stdout


def test_several_workers_of_pytest_say_what_they_cost(folder: Path) -> None:
    done = run(folder, "--on", "numpy", "-n", "2")
    assert done.returncode == 0, done.stdout
    assert "conformance: slower with -n: each of the 2 pytest workers imports every framework" in done.stdout
    shared = run(folder, "--on", "numpy", "-n", "2", "--dist", "loadgroup")
    assert shared.returncode == 0, shared.stdout
    assert "2 passed" in shared.stdout
    assert "slower" not in shared.stdout + run(folder, "--on", "numpy").stdout
