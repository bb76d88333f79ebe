"""The scripts that a page has: those of `conformance repro`, with nothing run for them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from conformance.ask.prepare import plan_for
from conformance.commands.cli import main
from conformance.plan import Plan
from conformance.record import Reader
from conformance.repro import several
from conformance.repro.several import scripts
from conformance.suite.choose import load_suites
from conformance.target import parse_target
from conformance.verdict import Figures, Known, Status, Verdict
from tests.records import write

FILE = """\
op: conv_transpose
values: integers
dtype: float32
grids:
  - grid: {size: [[4, 4]], kernel: [2, 3], stride: [1, 2], padding: [valid], convention: [keras]}
"""


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, list[Verdict]]:
    """A record of a case file in this folder: on torch two that say the same, a known one, and one that passes."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").write_text(FILE)
    cases = [case for suite in load_suites([Path("mine.yaml")]) for case in suite.cases()]
    found = []
    for number, case in enumerate(cases):
        plan = plan_for(case, parse_target("torch"))
        assert isinstance(plan, Plan)
        message = f"{number + 1} of 9 elements differ"
        found.append(
            Verdict(case.id, "torch", Status.VALUE, plan=plan.render(), message=message, figures=Figures(9, 1, 2.0))
        )
    found[2] = replace(found[2], known=Known("k", "bug", "why", ""))
    found[3] = Verdict(found[3].case, "torch", Status.PASS, plan=found[3].plan)
    return write(tmp_path / "r.db", *found, cases=tuple(cases)), found


def test_they_are_what_repro_prints(
    record: tuple[Path, list[Verdict]], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, verdicts = record
    monkeypatch.setattr("conformance.repro.finding.Probe", None)  # whoever runs something fails
    with Reader(path) as reader:
        found = scripts(reader)
    assert list(found) == [(verdict.case, "torch") for verdict in verdicts[:3]]
    assert main(["repro", verdicts[0].case, "--on", "torch", "--record", str(path)]) == 0
    assert capsys.readouterr().out == found[verdicts[0].case, "torch"]


def test_a_case_that_has_changed_or_is_gone_has_none(record: tuple[Path, list[Verdict]], tmp_path: Path) -> None:
    path, _ = record
    (tmp_path / "mine.yaml").write_text(FILE.replace("integers", "normal"))
    with Reader(path) as reader:
        assert scripts(reader) == {}
    (tmp_path / "mine.yaml").write_text("no: [case file")
    with Reader(path) as reader:
        assert scripts(reader) == {}
    (tmp_path / "mine.yaml").unlink()
    with Reader(path) as reader:
        assert scripts(reader) == {}


def test_other_words_of_a_plan_or_another_framework_have_none(
    record: tuple[Path, list[Verdict]], tmp_path: Path
) -> None:
    path, verdicts = record
    with Reader(path) as reader:
        cases = tuple(case for suite in load_suites([Path("mine.yaml")]) for case in suite.cases())
    others = (replace(verdicts[0], plan="y = x\n# x: NCHW"), replace(verdicts[1], target="zeta"))
    with Reader(write(tmp_path / "other.db", *others, cases=cases)) as reader:
        assert scripts(reader) == {}


def test_there_is_a_budget(record: tuple[Path, list[Verdict]], monkeypatch: pytest.MonkeyPatch) -> None:
    path, verdicts = record
    monkeypatch.setattr(several, "MOST", 1)
    with Reader(path) as reader:
        assert list(scripts(reader)) == [(verdicts[0].case, "torch")]
    monkeypatch.setattr(several, "BYTES", 10)
    with Reader(path) as reader:
        assert scripts(reader) == {}


@pytest.mark.parametrize("stem", ["../outside", "/etc/passwd"])
def test_a_record_names_no_file_elsewhere(stem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    monkeypatch.setattr(several, "named_file", lambda id: read.append(id) or [])
    assert list(several._cases([f"{stem}::case", "mine::case"])) == []
    assert set(read) == {"mine::case"}
