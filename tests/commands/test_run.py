"""What `run` is asked besides cases and targets: the first failure alone, the last failures again, the tags."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from conformance.commands.cli import main

CASES = """
op: call
values: ones
tags: [mine]
defaults: {inputs: {x: {shape: [3], layout: N}}, output: N}
cases:
  - {name: good, params: {plans: {numpy: y = x + 1}}, expect: {values: [2, 2, 2]}}
  - {name: bad, tags: [sad], params: {plans: {numpy: y = x + 2}}, expect: {values: [2, 2, 2]}}
  - {name: worse, params: {plans: {numpy: y = x + 3}}, expect: {values: [2, 2, 2]}}
"""
RUN = ["run", "--on", "numpy", "-q"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "a.yaml").write_text(CASES)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("flag", ["-x", "--exitfirst"])
def test_the_first_divergence_ends_the_run_which_can_go_on(
    folder: Path, flag: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*RUN, flag, "--record", "r.db"]) == 1
    told = capsys.readouterr()
    assert "bad ones on numpy" in told.out
    assert "worse" not in told.out
    assert "exit 1: the run is not complete; so far 1 unexpected divergence in 2 verdicts" in told.out
    assert "stopped at the first unexpected divergence after 2 verdicts" in told.err
    assert main([*RUN, "--resume", "r.db"]) == 1
    assert "2 unexpected divergences in 3 verdicts" in capsys.readouterr().out


def test_the_last_failures_run_alone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*RUN, "--last-failed"]) == 2
    assert "there is no record in reports/" in capsys.readouterr().err
    assert main(RUN) == 1
    (folder / "cases" / "a.yaml").write_text(CASES.replace("x + 2", "x + 1"))
    capsys.readouterr()
    assert main([*RUN, "--last-failed", "--record", "reports/second.db"]) == 1
    assert "1 unexpected divergence in 2 verdicts" in capsys.readouterr().out
    assert main([*RUN, "-k", "good", "--record", "reports/third.db"]) == 0
    assert main([*RUN, "--last-failed"]) == 2
    assert "third.db has no unexpected divergence, so there is nothing to run again" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["run", "list"])
def test_the_tags_are_listed_and_nothing_runs(folder: Path, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--list-tags"]) == 0
    assert capsys.readouterr().out.split() == ["3", "mine", "1", "sad"]
    assert main([command, "--list-tags", "-k", "good"]) == 0
    assert capsys.readouterr().out.split() == ["1", "mine"]
    assert not (folder / "reports").exists()


PORT = """
op: call
values: ones
cases:
  - name: off
    params: {inputs: {x: {shape: [3], layout: N}}, output: N, plans: {numpy: y = x + 2}}
    expect: {values: [2, 2, 2]}
"""


@pytest.mark.parametrize("name", ["port.yaml", "a b/port's.yaml", "cases/port.yaml", "../port.yaml"])
def test_a_printed_command_works_from_where_it_was_printed(
    folder: Path, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here = folder / "here"
    (here / "cases").mkdir(parents=True)
    monkeypatch.chdir(here)
    Path(name).parent.mkdir(exist_ok=True)
    Path(name).write_text(PORT)
    words = ["run", name, "--on", "numpy", "--trust", name, "--record", "r.db"]
    monkeypatch.setattr("sys.argv", ["conformance", *words])  # which the record keeps
    assert main(words) == 1
    printed = [line for line in capsys.readouterr().out.splitlines() if "  repro: " in line]
    assert main(["show", "off", "--record", "r.db"]) == 0
    printed += [line for line in capsys.readouterr().out.splitlines() if "  repro: " in line]
    assert len(printed) == 2
    for line in printed:
        words = shlex.split(line.partition("repro: ")[2])
        assert words[:2] == ["conformance", "repro"]
        assert words[-2:] == ["--trust", name]
        assert main(words[1:]) == 0
        assert "numpy" in capsys.readouterr().out
