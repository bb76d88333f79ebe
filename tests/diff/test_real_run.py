"""A real run with its outputs kept, as `upgrade` makes one, and what the diff says of two of its targets."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from conformance.diff import Kind, diff_records
from conformance.record import Reader
from tests.patience import LONG

ROOT = Path(__file__).resolve().parents[2]
CASES = """\
op: conv_transpose
about: A few real convolutions, for tests/diff.
defaults: {convention: torch}
values: [normal]
grids:
  - grid:
      size: [[5, 6]]
      kernel: [3]
      stride: [1, 2]
      in_channels: [8]
      out_channels: [4]
"""


def conformance(*arguments: object) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "conformance", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=LONG, cwd=ROOT, env=environment, check=False)


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("diff")
    (folder / "cases.yaml").write_text(CASES)
    path = folder / "run.db"
    ran = conformance("run", folder / "cases.yaml", "--on", "numpy,torch", "--keep-outputs", "--record", path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return path


def test_real_outputs_are_a_few_ulp_apart(record: Path) -> None:
    with Reader(record) as reader:
        diff = diff_records(reader, reader, {"numpy": "torch"})
        changes = [change for group in diff.groups for change in group.changes]
        assert {change.kind for change in changes} == {Kind.VALUE_INSIDE}
        for change in changes:
            assert change.before
            assert change.after
            assert change.ulps
            assert "largest error" in change.after.message
            one, other = (reader.outputs(side.digest)["y"].values for side in (change.before, change.after))
            assert one is not None
            assert other is not None
            assert change.before.tensors[0].shape == one.shape
            assert (one.dtype, change.before.tensors[0].dtype) == (np.float32, "float32")
            assert change.ulps.changed == int((one != other).sum()) > 0
            assert change.ulps.elements == one.size
            worst = int(np.argmax(np.abs(one.view(np.int32).astype(np.int64) - other.view(np.int32))))
            if one.flat[worst] * other.flat[worst] > 0:
                words = [int(a.reshape(-1).view(np.int32)[worst]) for a in (one, other)]
                assert change.ulps.largest >= abs(words[0] - words[1])


def test_the_command_as_a_user_types_it(record: Path, tmp_path: Path) -> None:
    data = tmp_path / "diff.json"
    ran = conformance("diff", record, record, "--map", "numpy=torch", "--fail-on", "value-inside", "--json", data)
    assert ran.returncode == 1, ran.stderr
    assert "other bits inside the allowance (value-inside)" in ran.stdout
    assert "ULP at most" in ran.stdout
    assert json.loads(data.read_text())["counts"]["value-inside"] == 2
    wrong = conformance("diff", record, record.with_name("none.db"))
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "there is no such record" in wrong.stderr
    assert "Traceback" not in wrong.stderr
