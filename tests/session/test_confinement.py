"""Strangers' files: whose a file is, what is said where they are not confined, and that their answers harm nobody."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

from conformance.session.confinement import authored, unconfined
from conformance.suite.loader import load
from conformance.suite.origin import origin_of

ROOT = Path(__file__).resolve().parents[2]

HOSTILE = """\
op: call
values: ones
dtype: float32
cases:
  - name: before
    params: {{inputs: {{x: {{shape: [2, 3], layout: NC}}}}, output: NC, plans: {{numpy: "y = x + x"}}}}
    expect: {{values: [[2, 2, 2], [2, 2, 2]]}}
  - name: large
    params:
      inputs: {{x: {{shape: [{rows}, 1], layout: NC}}, w: {{shape: [1, {rows}], layout: NC}}}}
      output: NC
      plans: {{numpy: "y = x + w"}}
    expect: {{values: [[2, 2], [2, 2]]}}
  - name: after
    params: {{inputs: {{x: {{shape: [2, 3], layout: NC}}}}, output: NC, plans: {{numpy: "y = x + x"}}}}
    expect: {{values: [[2, 2, 2], [2, 2, 2]]}}
"""


def verdicts(tmp_path: Path, rows: int) -> tuple[dict[str, str], subprocess.CompletedProcess[str]]:
    (tmp_path / "hostile.yaml").write_text(HOSTILE.format(rows=rows))
    argv = [sys.executable, "-m", "conformance", "run", "hostile.yaml", "--on", "numpy", "--record", "r.db"]
    done = subprocess.run(argv, check=False, capture_output=True, text=True, cwd=tmp_path, timeout=300)
    with sqlite3.connect(tmp_path / "r.db") as record:
        sql = "SELECT c.id, v.status, v.message FROM verdicts v JOIN cases c ON c.key = v.case_key"
        found = {id.partition("::")[2].split()[0]: f"{status}: {text}" for id, status, text in record.execute(sql)}
    return found, done


def test_an_answer_far_larger_than_expected_is_a_shape(tmp_path: Path) -> None:
    found, done = verdicts(tmp_path, 8_000)
    assert found["large"] == "shape: got shape (8000, 8000), reference (2, 2)"
    assert found["before"].startswith("pass")
    assert found["after"].startswith("pass")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_more_memory_than_there_is_is_a_refusal(tmp_path: Path) -> None:
    found, done = verdicts(tmp_path, 2_000_000)
    assert found["large"].startswith("raised: ")
    assert "Unable to allocate" in found["large"]
    assert found["before"].startswith("pass")
    assert found["after"].startswith("pass")
    assert done.returncode == 1


def test_whose_a_file_is(tmp_path: Path) -> None:
    shipped = ROOT / "cases" / "ports" / "conv.yaml"
    assert origin_of(str(shipped)) == ""
    copy = tmp_path / "conv.yaml"
    shutil.copy(shipped, copy)
    link = tmp_path / "link.yaml"
    link.symlink_to(copy)
    assert origin_of(str(copy)) == origin_of(str(link)) == str(copy.resolve())
    # A record may name a file that is not there.
    assert origin_of(str(ROOT / "cases" / "nowhere.yaml"))


def test_the_authors_of_plans(tmp_path: Path) -> None:
    shipped = load(ROOT / "cases" / "ports" / "conv.yaml", ROOT / "cases")
    assert authored(shipped.cases()) == []
    copy = tmp_path / "conv.yaml"
    shutil.copy(ROOT / "cases" / "ports" / "conv.yaml", copy)
    calls = any(case.op.name == "call" for case in shipped.cases())
    assert authored(load(copy, tmp_path).cases()) == ([str(copy)] if calls else [])


def test_what_is_said_of_workers_that_are_not_confined() -> None:
    whole = {"confined": {"files": "", "network": ""}}
    half = {"confined": {"files": "", "network": "no\x1b[2J filter"}}
    assert unconfined({"torch": whole}) == []
    assert unconfined({"torch": whole, "jax": half, "numpy": half, "other": {}}) == [
        "not confined: network on jax, numpy: no\\x1b[2J filter",
        "not confined: anything on other: the worker says nothing of it",
    ]
