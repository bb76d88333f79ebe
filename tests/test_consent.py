"""What a case file may not choose: a version that would be installed."""

import os
import subprocess
import sys
from importlib.metadata import entry_points, version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILE = """op: conv
targets: ["numpy==1.26.4"]
cases:
  - name: one
"""
GRIDS = """op: conv
grids:
  - grid: {kernel: [1]}
  - grid: {kernel: [2]}
    targets: [default, "numpy==1.26.4"]
"""


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A command, with an empty cache of environments and no index to install from."""
    own = {"PYTHONPATH": str(ROOT), "CONFORMANCE_CACHE": str(folder / "cache"), "PIP_NO_INDEX": "1", "UV_NO_INDEX": "1"}
    environment = {**os.environ, **own}
    environment.pop("PYTEST_ADDOPTS", None)
    environment.pop("PYTEST_XDIST_WORKER", None)
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "v.yaml").write_text(FILE)
    return tmp_path


@pytest.mark.parametrize("words", [[], ["--gate"], ["--pip-args=--pre"], ["--python", "numpy=/usr/bin/python3"]])
def test_a_version_in_a_file_is_refused_before_anything_runs(folder: Path, words: list[str]) -> None:
    done = run(folder, "conformance", "run", *words)
    assert done.returncode == 2, done.stdout + done.stderr
    said = [line for line in done.stderr.splitlines() if "names a version" in line]
    assert len(said) == 1
    assert "cases/v.yaml:4:5: the target numpy==1.26.4 names a version" in said[0]
    assert "--allow-installs" in said[0]
    assert not (folder / "cache").exists()
    assert not list(folder.glob("reports/*.db"))


def test_one_grid_among_others_is_enough(folder: Path) -> None:
    (folder / "cases" / "v.yaml").write_text(GRIDS)
    done = run(folder, "conformance", "run")
    assert done.returncode == 2
    assert "cases/v.yaml:4:5" in done.stderr
    chosen = run(folder, "conformance", "run", "-k", "kernel=1", "--on", "numpy")
    assert chosen.returncode == 0, chosen.stdout + chosen.stderr


def test_consent_leads_to_the_installer(folder: Path) -> None:
    # There is no index here, so that is where it ends: at a release that can't be had.
    done = run(folder, "conformance", "run", "--allow-installs")
    assert done.returncode == 3, done.stdout + done.stderr
    assert "numpy==1.26.4" in done.stderr
    assert "names a version" not in done.stderr


def test_an_interpreter_for_the_version_is_consent(folder: Path) -> None:
    here = version("numpy")
    (folder / "cases" / "v.yaml").write_text(FILE.replace("1.26.4", here))
    assert run(folder, "conformance", "run").returncode == 2
    done = run(folder, "conformance", "run", "--python", f"numpy=={here}={sys.executable}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not (folder / "cache").exists()


def test_pytest_asks_for_it_too(folder: Path) -> None:
    installed = any(entry.value == "conformance.commands.pytest_plugin" for entry in entry_points(group="pytest11"))
    plugin = () if installed else ("-p", "conformance.commands.pytest_plugin")
    done = run(folder, "pytest", *plugin, "-p", "no:cacheprovider", "-q", "cases")
    assert done.returncode == 4, done.stdout + done.stderr
    assert "the target numpy==1.26.4 names a version" in done.stdout + done.stderr
    assert not (folder / "cache").exists()
