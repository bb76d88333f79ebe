"""`conformance init`, and the workflow files: what they run exists, and the starter passes."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import pytest
import yaml

from conformance import DISTRIBUTION
from conformance.commands.cli import main
from conformance.commands.init import FILES, IGNORED, STARTER, VARIABLE, starter
from conformance.commands.table import build_parser, chosen
from conformance.target import parse_target
from tests.patience import LONG

ROOT = Path(__file__).resolve().parents[2]
CONSTRAINTS = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()


def conformance(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100"}
    argv = [sys.executable, "-m", "conformance", *words]
    return subprocess.run(argv, cwd=folder, env=environment, capture_output=True, text=True, timeout=LONG, check=False)


def test_the_starter_is_valid_and_green(tmp_path: Path) -> None:
    done = conformance(tmp_path, "init")
    assert done.returncode == 0, done.stderr
    *wrote, source, following = done.stdout.splitlines()
    assert wrote == [f"wrote {path}" for path in (*FILES.values(), IGNORED)]
    assert source.startswith("CONFORMANCE_SOURCE in the workflow is yours to set")
    assert following == "next: conformance check && conformance run --gate"
    assert conformance(tmp_path, "check").stdout == "2 files, 50 cases: all valid\n"
    run = conformance(tmp_path, "run", "--gate", "-q", "--on", "torch,numpy", "--require", "torch=50,numpy=49")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "exit 0: nothing unexpected in 100 verdicts" in run.stdout
    assert conformance(tmp_path, "known").stdout == "no divergence is declared\n"


def test_nothing_is_overwritten_unless_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = tmp_path / "cases" / "example.yaml"
    mine.parent.mkdir()
    mine.write_text("mine")
    assert main(["init", str(tmp_path)]) == 2
    assert f"not overwritten: {mine}; --force replaces" in capsys.readouterr().err
    assert mine.read_text() == "mine"
    assert not (tmp_path / ".github").exists(), "nothing is written where one file is in the way"
    assert main(["init", str(tmp_path), "--force"]) == 0
    assert mine.read_text() == (STARTER / "example.yaml").read_text()
    assert f"next: cd {shlex.quote(str(tmp_path))} && conformance check" in capsys.readouterr().out
    assert main(["init", str(mine)]) == 2
    names = sorted(path.name for path in (*FILES.values(), IGNORED))
    assert sorted(p.name for p in tmp_path.rglob("*") if p.is_file()) == names


def test_what_is_ignored_already_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / ".gitignore").write_text("/mine\n/conformance.db*")
    assert main(["init", str(tmp_path)]) == 0
    assert f"added to {tmp_path / '.gitignore'}" in capsys.readouterr().out
    lines = (tmp_path / ".gitignore").read_text().splitlines()
    assert lines[:2] == ["/mine", "/conformance.db*"]
    assert lines[2:] == [x for x in starter("gitignore", []).splitlines() if x != "/conformance.db*"]
    assert main(["init", str(tmp_path), "--force"]) == 0
    assert ".gitignore" not in capsys.readouterr().out
    assert (tmp_path / ".gitignore").read_text().splitlines() == lines


def test_the_workflow_installs_pinned_versions_without_cuda(tmp_path: Path) -> None:
    text = starter("requirements.txt", ["torch", "tensorflow"])
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert re.fullmatch(r"--extra-index-url https://\S+/cpu", lines[0])
    assert [line.partition("==")[0] for line in lines[1:]] == ["torch", "tensorflow-cpu", "numpy"]
    for line in lines[1:]:
        assert line in (line.partition("==")[0], *CONSTRAINTS)
    assert "extra-index" not in starter("requirements.txt", ["jax"])


def test_the_source_is_the_callers_or_a_variable(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = "git+https://example.org/a/conformance@0123456"
    assert main(["init", str(tmp_path), "--source", url]) == 0
    assert "CONFORMANCE_SOURCE" not in capsys.readouterr().out
    found = yaml.safe_load((tmp_path / FILES["workflow.yml"]).read_text())
    assert found["jobs"]["conformance"]["env"]["CONFORMANCE_SOURCE"] == url
    found = yaml.safe_load(starter("workflow.yml", ["torch"]))
    assert found["jobs"]["conformance"]["env"]["CONFORMANCE_SOURCE"] == VARIABLE


def commands(workflow: str) -> list[list[str]]:
    """The commands of a workflow's steps."""
    found = yaml.safe_load(workflow)
    # YAML 1.1 reads the key `on` as true.
    assert found.keys() == {"name", True, "permissions", "jobs"} | found.keys() & {"concurrency"}
    assert found["permissions"] == {"contents": "read"}
    steps: list[dict[str, Any]] = [step for job in found["jobs"].values() for step in job["steps"]]
    assert all(re.fullmatch(r"actions/[a-z-]+@v\d+", step["uses"]) for step in steps if "uses" in step)
    return [shlex.split(line) for step in steps if "run" in step for line in step["run"].strip().splitlines()]


def parses(words: list[str]) -> Any:
    options = build_parser().parse_args(words)
    assert callable(chosen(options))
    return options


def test_the_workflow_of_the_starter_runs_commands_that_exist() -> None:
    found = commands(starter("workflow.yml", ["torch", "jax"]))
    steps = [["python", "-m"], ["python", "-m"], ["conformance", "check"], ["conformance", "run"]]
    assert [words[:2] for words in found] == steps
    assert found[0][-2:] == ["-r", str(FILES["requirements.txt"])]
    assert found[1][-1].startswith(f"{DISTRIBUTION} @ ${{CONFORMANCE_SOURCE:?")
    baseline = found[3].index("${BASELINE:+--baseline")
    assert found[3][baseline + 1 :] == ["$BASELINE}"]
    options = parses([*found[3][1:baseline], "--baseline", "conformance-baseline.db"])
    assert options.gate
    assert options.require == "torch,jax"
    parses(found[2][1:])


def test_the_distribution_has_the_name_that_the_workflow_installs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["name"] == DISTRIBUTION
    assert project["scripts"] == {"conformance": "conformance.commands.cli:main"}
    assert project["optional-dependencies"]["all"][0].startswith(f"{DISTRIBUTION}[")


def test_our_own_workflow_runs_commands_that_exist() -> None:
    found = commands((ROOT / ".github" / "workflows" / "conformance.yml").read_text(encoding="utf-8"))
    script = [words for words in found if words == [".ci/run"]]
    assert script
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    (tox,) = [words for words in found if words[0] == "tox"]
    assert tox[1:5] == ["run", "-e", "all", "--"]
    config = ConfigParser(interpolation=None)
    config.read(ROOT / "tox.ini")
    assert config["testenv:all"]["commands"] == "{posargs:conformance run --tag core}"
    assert "GITHUB_*" in config["testenv"]["pass_env"], "the job summary and the annotations need these variables"
    options = parses(tox[6:])
    assert options.gate
    for word in options.require.split(","):
        parse_target(word)
