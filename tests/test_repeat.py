"""The same run again, in real processes beside busy ones, gives the same record; the tool that says so can say no."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import LONG

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

GRID = """
op: conv_transpose
about: Right answers, and gradients.
grids:
  - grid: {dims: [1, 2], kernel: [2, 3], stride: [1, 2], padding: [same, valid], convention: [keras]}
    check: [shape, dtype, value, gradient]
    values: [integers, normal]
"""

CALLS = """
op: call
about: A wrong answer that is explained, one that is known, refusals, a death, and three that are held against a target.
cases:
  - name: flipped
    values: integers
    params:
      reference: {op: conv_transpose, params: {convention: torch, size: [3, 4], kernel: 3, stride: 2}}
      plans:
        jax:
          text: y = jax.lax.conv_transpose(x, w, (2, 2), "VALID", dimension_numbers=("NCHW", "OIHW", "NCHW"))
          layouts: {w: OIHW}
        torch:
          text: y = torch.nn.functional.conv_transpose2d(x, w, stride=2)
          layouts: {w: IOHW}
  - name: refused
    values: integers
    params:
      inputs: {x: {shape: [2, 3], layout: HW}}
      output: HW
      against: torch
      plans:
        torch: y = torch.reshape(x, (7,))
        jax: y = jax.numpy.reshape(x, (7,))
        numpy: y = x + x
  - name: held-against-the-compiled
    values: normal
    params:
      inputs: {x: {shape: [4, 3], layout: HW}}
      output: HW
      against: jax:jit
      plans:
        torch: y = torch.softmax(x, 1)
        jax: y = jax.nn.softmax(x, 1)
        numpy: y = numpy.exp(x)
  - name: held-against-the-plain
    values: normal
    params:
      inputs: {x: {shape: [4, 3], layout: HW}}
      output: HW
      against: jax
      allowance: {ulp: 4}
      plans: {torch: "y = torch.tanh(x)", jax: "y = jax.numpy.tanh(x)", numpy: y = numpy.tanh(x)}
"""

KNOWN = """
- name: not-flipped
  kind: convention
  where: {op: call, targets: [jax]}
  status: value
  reason: it does not flip
  link: https://example.org
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "cases" / "known").mkdir(parents=True)
    (tmp_path / "cases" / "grid.yaml").write_text(GRID)
    (tmp_path / "cases" / "calls.yaml").write_text(CALLS)
    (tmp_path / "cases" / "known" / "known.yaml").write_text(KNOWN)
    return tmp_path


def test_three_runs_beside_busy_processes_give_equal_records(folder: Path) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("jax")
    words = ["--times", "3", "--busy", "6", "--cwd", str(folder), "--", "--on", "numpy,torch,jax"]
    argv = [sys.executable, str(ROOT / "benchmarks" / "repeat.py"), *words]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=LONG, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 of 3 records are equal" in done.stdout


def test_a_difference_is_found(folder: Path) -> None:
    from benchmarks.repeat import differences, fickle, run

    first, other = folder / "1.db", folder / "2.db"
    pytest.importorskip("jax")
    assert run(["--on", "numpy,jax", "cases/calls.yaml"], first, folder) == ""
    shutil.copy(first, other)
    assert list(differences(first, other, set())) == []
    with sqlite3.connect(other) as db:
        db.execute("UPDATE verdicts SET message = 'otherwise' WHERE case_key = 3 AND target_key = 1")
    db.close()
    found = list(differences(first, other, set()))
    assert len(found) == 2
    assert "otherwise" in found[1]
    assert fickle([first, other], [folder / "cases" / "known"]) == set()
