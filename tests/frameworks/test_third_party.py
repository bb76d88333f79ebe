"""A framework in a package of its own: installed, it runs by its entry point alone, through the command line."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.patience import LONG

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "framework"

pytest.importorskip("scipy.signal")


def installed(site: Path, package: Path = EXAMPLE) -> Path:
    """What pip makes of a package of pure Python: its files, and a folder that says what it is."""
    project = tomllib.loads((package / "pyproject.toml").read_text())["project"]
    (name,) = [path.parent.name for path in package.glob("*/__init__.py")]
    shutil.copytree(package / name, site / name)
    about = site / f"{name}-{project['version']}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    groups = project["entry-points"]
    lines = [f"[{group}]\n" + "".join(f"{key} = {value}\n" for key, value in groups[group].items()) for group in groups]
    (about / "entry_points.txt").write_text("\n".join(lines))
    return site


def conformance(site: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The real command line, in a folder of its own, with more packages installed."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(site), str(ROOT)])}
    return subprocess.run(
        [sys.executable, "-m", "conformance", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=LONG,
        check=False,
    )


def test_its_cases_run_by_its_entry_point_alone(tmp_path: Path) -> None:
    site = installed(tmp_path / "site")
    cases = str(EXAMPLE / "cases")
    done = conformance(site, tmp_path, "run", cases, "--record", "r.db", "--json", "r.json", "-q")
    assert done.returncode == 0, done.stdout + done.stderr
    verdicts = [json.loads(line) for line in (tmp_path / "r.json").read_text().splitlines()]
    assert {v["target"] for v in verdicts} == {"scipy"}
    statuses = [v["status"] for v in verdicts]
    assert statuses.count("pass") == 40
    reasons = {v["message"] for v in verdicts if v["status"] == "unsupported"}
    assert reasons == {"scipy.signal.correlate has no stride", "scipy.signal.correlate takes one kernel"}
    assert len(statuses) == 44


def test_a_stand_alone_script_asks_it(tmp_path: Path) -> None:
    site = installed(tmp_path / "site")
    found = "conv2d[5x6 k3 p1 c2>1 torch] normal"
    done = conformance(site, tmp_path, "repro", found, str(EXAMPLE / "cases"), "--on", "scipy", "-o", "s.py")
    assert done.returncode == 0, done.stdout + done.stderr
    script = (tmp_path / "s.py").read_text()
    assert "y = scipy.signal.correlate(padded, w, mode='valid', method='direct')" in script
    ran = subprocess.run([sys.executable, "-I", "s.py"], cwd=tmp_path, capture_output=True, timeout=LONG, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_what_it_is_not_listed_for_is_refused(tmp_path: Path) -> None:
    site = installed(tmp_path / "site")
    case = tmp_path / "a.yaml"
    case.write_text(
        "op: call\ntargets: [scipy]\ncases:\n  - name: a\n    values: ones\n    params:\n"
        "      inputs: {x: {shape: [2], layout: W}}\n      output: W\n      against: scipy\n"
        "      plans: {scipy: y = scipy.signal.savgol_filter(x)}\n"
    )
    done = conformance(site, tmp_path, "check", str(case))
    assert done.returncode == 2
    assert "'scipy.signal.savgol_filter'" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (None, "unknown framework 'scipy'"),
        (
            "raise OSError('no libm')",
            "the framework 'scipy' can't be used: conformance_scipy:FRAMEWORK can't be loaded: ",
        ),
        ("FRAMEWORK = 1", "conformance_scipy:FRAMEWORK is a int, expected a Framework"),
        ("from conformance.frameworks.torch import FRAMEWORK", "is called 'torch', but its entry point 'scipy'"),
    ],
)
def test_one_that_can_not_be_used_is_one_message(tmp_path: Path, source: str | None, said: str) -> None:
    site = tmp_path / "site"
    if source is not None:
        (installed(site) / "conformance_scipy" / "__init__.py").write_text(source)
    done = conformance(site, tmp_path, "run", str(EXAMPLE / "cases"), "--on", "scipy")
    assert done.returncode == 2
    # The case file names it, too.
    *_, line = done.stderr.strip().splitlines()
    assert said in line
    assert "Traceback" not in done.stderr
