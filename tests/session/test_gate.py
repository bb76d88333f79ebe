"""The gate: floors, baselines, annotations, summary, badge; and the whole of it on a scratch repository."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from conformance.record import Reader, Summary
from conformance.report import annotations, badge, markdown, terminal
from conformance.session.gate import SUMMARY_BYTES, Gate, parse_floors, repository_root, shortfalls
from conformance.target import parse_target
from conformance.usage import UsageError
from conformance.verdict import Problem, Status
from tests.patience import LONG
from tests.records import HOSTILE, make_case, mixed_record, verdict, write

ROOT = Path(__file__).resolve().parents[2]


def gated(**changes: Any) -> Gate:
    return Gate(writes=True, **changes)


def conformance(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}
    environment = {**clean, "PYTHONPATH": str(ROOT), "COLUMNS": "100", **variables}
    argv = [sys.executable, "-m", "conformance", *words]
    return subprocess.run(argv, cwd=folder, env=environment, capture_output=True, text=True, timeout=LONG, check=False)


# --- floors -------------------------------------------------------------------------------------------------------


def test_floors_are_targets_and_counts() -> None:
    floors = parse_floors("torch, jax:jit=100,keras/jax,tensorflow+onednn=0,torch+threads=2=30,jax==0.9.2=5,")
    assert [(str(floor.target), floor.cases) for floor in floors] == [
        ("torch", 1),
        ("jax:jit", 100),
        ("keras/jax", 1),
        ("tensorflow+onednn=0", 1),
        ("torch+threads=2", 30),
        ("jax==0.9.2", 5),
    ]


@pytest.mark.parametrize(
    ("text", "said"), [("trch", "did you mean 'torch'"), ("torch=0", "at least 1"), ("x=3", "'x'")]
)
def test_a_floor_that_cannot_be_meant(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        parse_floors(text)


def test_shortfalls_count_what_was_compared() -> None:
    gate = gated(require="torch=2,jax")
    case = make_case()
    for status in (Status.PASS, Status.UNSUPPORTED):
        gate.count(verdict(case, "torch", status))
    gate.count(verdict(case, "jax", Status.VALUE))
    footer = gate.footer(Summary())
    assert [problem.name for problem in footer.problems] == ["torch"]
    assert "2 cases" in footer.problems[0].message
    assert "but 1 gave" in footer.problems[0].message
    assert footer.exit_code == 3
    gate.count(verdict(case, "torch"))
    assert gate.footer(Summary()) == Summary()
    assert shortfalls(parse_floors("torch"), {})[0].message.startswith("--require asks for 1 case on it, but none")


# --- baseline -----------------------------------------------------------------------------------------------------


def baseline_of(path: Path) -> Gate:
    return gated(baseline=path)


def test_only_what_is_not_in_the_baseline_is_news(tmp_path: Path) -> None:
    case, other = make_case(2), make_case(3)
    old = verdict(case, "jax", Status.VALUE, message="49 of 64 differ: got -1.5e-3", explanation="shifted by 1")
    path = write(tmp_path / "old.db", old, verdict(other, "jax", Status.SHAPE, message="got 3"), cases=(case, other))
    table = baseline_of(path).table(None)
    assert table is not None

    def known(which: Any, **changes: Any) -> str:
        found = table.match(which, parsed, {}, replace(old, case=which.id, **changes))
        return found.kind if found else "news"

    parsed = parse_target("jax")
    assert known(case) == "baseline"
    assert known(case, explanation="shifted by 2", message="other words") == "baseline", "numbers are not compared"
    assert known(case, explanation="flipped") == "news"
    assert known(case, status=Status.SHAPE) == "news"
    assert known(case, target="torch") == "news"
    assert known(other) == "news"
    renamed = replace(case, id="cases/renamed.yaml::x")
    assert renamed.fingerprint == case.fingerprint
    assert known(renamed) == "baseline"
    changed = replace(case, seed=7)
    assert changed.fingerprint != case.fingerprint
    assert known(changed) == "baseline", "a changed case keeps its id"
    assert known(replace(renamed, seed=7)) == "news"


def test_what_is_gone_from_the_baseline_is_a_note_and_old_problems_are_no_news(tmp_path: Path) -> None:
    case = make_case()
    stale = Problem("entry", "known divergence entry no longer happens with 3 cases", "known.yaml:1:1")
    summary = Summary(problems=(stale,))
    path = write(tmp_path / "old.db", verdict(case, "jax", Status.VALUE, message="off"), cases=(case,), summary=summary)
    gate = baseline_of(path)
    table = gate.table(None)
    assert table is not None
    assert table.match(case, parse_target("jax"), {}, verdict(case, "jax")) is None
    new = Problem("entry", "known divergence entry expired on 2026-01-01", "known.yaml:1:1")
    again = replace(stale, message=stale.message.replace("3", "4"))
    footer = gate.footer(Summary(problems=(again, new)))
    assert footer.problems == (new,)
    notes = footer.details["notes"]
    assert "1 other unexpected result already in the baseline old.db" in notes[0]
    assert f"1 divergence of the baseline old.db no longer there: {case.id} on jax" in notes[1]


def test_a_baseline_that_cannot_be_read(tmp_path: Path) -> None:
    path, _ = mixed_record(tmp_path / "r.db")
    with sqlite3.connect(path) as db:
        db.execute("UPDATE meta SET value = '999' WHERE key = 'schema_version'")
    with pytest.raises(UsageError, match=r"--baseline: .* has schema version 999"):
        baseline_of(path)
    path, _ = mixed_record(tmp_path / "s.db")
    with sqlite3.connect(path) as db:
        db.execute("DELETE FROM meta WHERE key = 'finished'")
    with pytest.raises(UsageError, match=r"--baseline: .* not a complete run"):
        baseline_of(path)
    with pytest.raises(UsageError, match="no such record"):
        baseline_of(tmp_path / "absent.db")


# --- annotations --------------------------------------------------------------------------------------------------


def test_a_command_is_one_line_whatever_it_says() -> None:
    line = annotations.command(f"50% off\n::error::x {HOSTILE}", "a: b, c%", "d,e:f.yaml", "3", "4")
    assert line.startswith("::error file=d%2Ce%3Af.yaml,line=3,col=4,title=a%3A b%2C c%25::50%25 off ::error::x ")
    assert "\n" not in line
    assert "\x1b" not in line
    assert annotations.command("m") == "::error::m"


def test_annotations_of_a_record_point_at_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, _ = mixed_record(tmp_path / "r.db")
    monkeypatch.chdir(tmp_path)
    problems = [Problem("entry", "is stale", "known.yaml:9:1"), Problem("torch", "did nothing")]
    with Reader(path) as reader:
        lines = annotations.of_record(reader, problems, tmp_path)
        assert any(
            line.startswith("::error file=cases/conv_transpose/strides.yaml,line=14,col=3,title=value on jax%3Ajit::")
            and "explained: equals the reference with the kernel flipped" in line
            and "(and 1 more like it)" in line
            for line in lines
        ), lines
        assert "::error file=known.yaml,line=9,col=1,title=entry::is stale" in lines
        assert "::error title=torch::did nothing" in lines
        assert len(lines) == len(set(lines)) == 6
        few = annotations.of_record(reader, problems, tmp_path, limit=3)
        assert few[:2] == lines[:2]
        assert few[2:] == [
            "::error title=conformance::and 4 other unexpected results: see the job summary or the JUnit file"
        ]
        outside = annotations.of_record(reader, problems, tmp_path / "elsewhere")
        assert not [line for line in outside if "file=" in line]


def test_the_root_is_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    assert repository_root(below) == tmp_path.resolve()
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path / "a"))
    assert repository_root(below) == (tmp_path / "a").resolve()


# --- summary and badge --------------------------------------------------------------------------------------------


def test_the_summary_is_appended_and_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, _ = mixed_record(tmp_path / "r.db")
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    monkeypatch.setenv("GITHUB_ACTIONS", "false")
    with Reader(path) as reader:
        gated().tell(reader, 1)
        text = summary.read_text()
        assert text.startswith("before\n# Conformance\n")
        assert "## Unexpected divergences" in text
        monkeypatch.setattr("conformance.report.markdown.render", lambda _: "line\n" * SUMMARY_BYTES)
        summary.unlink()
        gated().tell(reader, 1)
    assert SUMMARY_BYTES < summary.stat().st_size < 2**20
    assert "a step has a limit" in summary.read_text()[-200:]


def test_badges(tmp_path: Path) -> None:
    path, _ = mixed_record(tmp_path / "r.db")
    with Reader(path) as reader:
        assert badge.facts(reader, 1) == ("5 unexpected", badge.RED)
        assert badge.facts(reader, 0) == ("9 agree, 1 known", badge.GREEN)
        assert badge.facts(reader, 3) == ("error", badge.GREY)
    badge.write(tmp_path / "b.svg", "1 < 2", badge.GREEN)
    root = ET.parse(tmp_path / "b.svg").getroot()
    assert root.attrib["aria-label"] == "conformance: 1 < 2"
    assert [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")] == ["conformance", "1 < 2"]
    badge.write(tmp_path / "b.json", "12 agree", badge.GREEN)
    shields = json.loads((tmp_path / "b.json").read_text())
    assert shields == {"schemaVersion": 1, "label": "conformance", "message": "12 agree", "color": "2a7d2e"}
    with pytest.raises(UsageError, match=r"ends in '.png', expected .svg"):
        gated(badge=tmp_path / "b.png")


# --- the whole of it ----------------------------------------------------------------------------------------------

CASES = """op: call
about: What a port relies on.
values: [integers]
cases:
  - name: upsampling
    params:
      reference: {op: conv_transpose, params: {convention: torch, size: [4, 4], kernel: 4, stride: 2, padding: 1}}
      plans:
        torch: {text: "y = torch.nn.functional.RIGHT", layouts: {w: IOHW}}
"""
RIGHT = "conv_transpose2d(x, w, stride=2, padding=1)"
WRONG = "conv_transpose2d(x, w, stride=2, padding=0)[:, :, :8, :8]"
SHORT = "conv_transpose2d(x, w, stride=2, padding=2)"


def test_a_scratch_repository_from_fault_to_green(tmp_path: Path) -> None:
    (tmp_path / "cases" / "known").mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    file, entries = tmp_path / "cases" / "port.yaml", tmp_path / "cases" / "known" / "known.yaml"
    summary = tmp_path / "summary.md"
    github = {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(tmp_path), "GITHUB_STEP_SUMMARY": str(summary)}

    def gate(record: str, plan: str, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        file.write_text(CASES.replace("RIGHT", plan))
        return conformance(tmp_path, "run", "--gate", "-q", "--on", "torch", "--record", record, *words, **variables)

    # Red on a seeded fault, with everything that CI reads.
    red = gate("red.db", WRONG, "--badge", "badge.svg", **github)
    assert red.returncode == 1, red.stdout + red.stderr
    assert "cases/port.yaml:5:5: value on torch: upsampling integers: " in red.stdout
    assert "::error file=cases/port.yaml,line=5,col=5,title=value on torch::upsampling integers: " in red.stdout
    assert "1 unexpected divergence in 1 verdict" in summary.read_text()
    assert "1 unexpected" in (tmp_path / "badge.svg").read_text()
    junit = ET.parse(tmp_path / "conformance-junit.xml").getroot()
    assert junit.attrib["failures"] == "1"

    # It is in a baseline: green. Another one is not: red.
    summary.unlink()
    same = gate("same.db", WRONG, "--baseline", "red.db")
    assert same.returncode == 0, same.stdout + same.stderr
    assert "note: 1 divergence already in the baseline red.db" in same.stdout
    assert "::error" not in same.stdout
    assert not summary.exists()
    other = gate("other.db", SHORT, "--baseline", "red.db")
    assert other.returncode == 1, other.stdout + other.stderr

    # Proposed, and refused until a person has written the reason; then green.
    proposed = conformance(tmp_path, "known", "--update", "red.db", "-o", str(entries))
    assert proposed.returncode == 0, proposed.stderr
    refused = gate("refused.db", WRONG, **github)
    assert refused.returncode == 2
    assert "::error file=cases/known/known.yaml,line=11,col=11,title=case file::reason is 'TODO: why'" in refused.stdout
    text = entries.read_text()
    entries.write_text(text.replace('"TODO: why"', '"It was trained so."'))
    known = gate("known.db", WRONG, "--require", "torch=1")
    assert known.returncode == 0, known.stdout + known.stderr

    # Mended: red, until the entry is removed by the proposed diff.
    mended = gate("mended.db", RIGHT)
    assert mended.returncode == 1
    assert "cases/known/known.yaml:1:3: torch-upsampling-value: known divergence" in mended.stdout
    assert "no longer happens on torch" in mended.stdout
    update = conformance(tmp_path, "known", "--update", "mended.db")
    assert update.stdout.startswith("--- cases/known/known.yaml\n+++ cases/known/known.yaml\n")
    removed = [line[1:] for line in update.stdout.splitlines()[3:]]
    assert all(line.startswith("-") for line in update.stdout.splitlines()[3:])
    assert "\n".join(removed) == entries.read_text().rstrip("\n")
    entries.unlink()
    assert gate("green.db", RIGHT, "--baseline", "red.db").returncode == 0


def test_a_required_framework_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "port.yaml").write_text(CASES.replace("RIGHT", RIGHT))
    # An interpreter without JAX: what is None in sys.modules can't be found.
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text("import sys\nsys.modules['jax'] = None\n")
    path = f"{hidden}{os.pathsep}{ROOT}"
    refused = conformance(tmp_path, "run", "--gate", "--require", "torch,jax", PYTHONPATH=path, GITHUB_ACTIONS="true")
    assert refused.returncode == 3
    assert "--require: jax is not installed: there is no module 'jax'" in refused.stderr
    assert refused.stdout.startswith("::error title=conformance::--require: jax is not installed")
    assert not (tmp_path / "reports").exists()
    without = conformance(tmp_path, "run", "--gate", "-q", "--record", "r.db", "--on", "torch", PYTHONPATH=path)
    assert without.returncode == 0, without.stdout + without.stderr
    assert "not installed, left out: jax" in without.stderr
    short = conformance(tmp_path, "run", "-q", "--record", "s.db", "--on", "torch", "--require", "torch=2,jax")
    assert short.returncode == 3
    assert "torch: --require asks for 2 cases on it, but 1 gave an answer" in short.stdout
    assert "jax: --require asks for 1 case on it, but none gave an answer" in short.stdout


JAX_ALONE = """op: call
about: A plan for one framework.
values: [ones]
cases:
  - name: jax-alone
    params:
      inputs: {x: {shape: [3], layout: N}}
      output: N
      plans: {jax: "y = x + 1"}
    expect: {values: [2, 2, 2]}
"""


def test_a_case_that_ran_nowhere_is_named_and_is_not_green(tmp_path: Path) -> None:
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "port.yaml").write_text(CASES.replace("RIGHT", RIGHT))
    words = ("-q", "--on", "torch")
    assert conformance(tmp_path, "run", "--gate", *words).returncode == 0
    (tmp_path / "cases" / "jax.yaml").write_text(JAX_ALONE)
    said = "jax-alone ones: it ran nowhere, so nothing was tested by it (unsupported on torch)"
    gate = conformance(tmp_path, "run", "--gate", *words)
    assert gate.returncode == 1, gate.stdout + gate.stderr
    assert f"cases/jax.yaml:5:5: {said}" in gate.stdout
    told = conformance(tmp_path, "run", *words)
    assert told.returncode == 0, told.stdout + told.stderr
    assert f"note: {said}" in told.stdout
    assert conformance(tmp_path, "run", "--gate", "-q", "--on", "torch,jax").returncode == 0


def test_values_without_gradients_were_tested(tmp_path: Path) -> None:
    (tmp_path / "cases").mkdir()
    cases = "cases: [{name: rows, check: [shape, value, gradient]}, {name: values}]"
    (tmp_path / "cases" / "table.yaml").write_text(f"op: embedding\n{cases}\n")
    gate = conformance(tmp_path, "run", "--gate", "--on", "numpy")
    assert gate.returncode == 0, gate.stdout + gate.stderr
    assert "its values are right" in gate.stdout


# --- smaller things -----------------------------------------------------------------------------------------------


def test_a_resumed_run_counts_what_it_had(tmp_path: Path) -> None:
    path, _ = mixed_record(tmp_path / "r.db")
    gate = gated(require="jax=4,torch=4")
    gate.resume(path)
    # torch refused, died and passed; its fourth case is unsupported.
    assert [problem.name for problem in gate.footer(Summary()).problems] == ["torch"]


def test_a_bad_case_file_is_annotated_at_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = "2 findings in the case files\ncases/a.yaml:5:12: unknown parameter: 'x'\ncases/b.yaml:1:1: empty"
    assert annotations.of_text(text, tmp_path) == [
        "::error file=cases/a.yaml,line=5,col=12,title=case file::unknown parameter: 'x'",
        "::error file=cases/b.yaml,line=1,col=1,title=case file::empty",
    ]
    assert annotations.of_text("no cases:\nname one", tmp_path) == ["::error title=conformance::no cases: name one"]


def test_a_line_for_each_unexpected_result_and_the_notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = make_case()
    problems = (Problem("entry", "is stale", "known.yaml:9:1"),)
    summary = Summary(problems=problems, details={"notes": ["3 divergences | already there"]})
    rows = [verdict(case, target, Status.VALUE, message=f"off\nby {target}") for target in ("jax", "torch", "numpy")]
    path = write(tmp_path / "r.db", *rows, cases=(case,), summary=summary)
    monkeypatch.setattr(terminal, "LINES_SHOWN", 2)
    with Reader(path) as reader:
        text = StringIO()
        assert terminal.print_report(reader, text, quiet=True, compact=True) == 1
        page = markdown.render(reader)
    lines = [line for line in text.getvalue().splitlines() if line]
    assert lines[1] == f"{case.source}: value on numpy: {case.label}: off by numpy"
    assert lines[3] == "... and 1 other divergence, all in the record and in JUnit"
    assert lines[4] == "known.yaml:9:1: entry: is stale"
    assert lines[5] == "note: 3 divergences | already there"
    assert "3 divergences \\| already there" in page
