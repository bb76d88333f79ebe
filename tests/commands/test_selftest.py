"""`conformance selftest` in its own process; and that it can itself fail."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.faults import spoil as spoiling
from conformance.faults import workers
from conformance.faults.catalogue import FAULTS
from conformance.faults.result import Result, notes
from conformance.judge.compare import Judgement
from conformance.suite.choose import load_suites
from conformance.text.statusline import StatusLine
from conformance.verdict import Status
from tests.patience import LONG

ROOT = Path(__file__).resolve().parents[2]
SMOKE = ["cases/conv/smoke.yaml", "cases/conv_transpose/smoke.yaml"]


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    program = [sys.executable, "-m", "conformance", "selftest", *arguments]
    return subprocess.run(program, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=LONG, check=False)


def test_the_catalogue_has_150_faults_and_more() -> None:
    assert len({fault.name for fault in FAULTS} | set(workers.FAULTS)) == len(FAULTS) + len(workers.FAULTS) >= 150


def test_faults_of_several_kinds_are_caught(tmp_path: Path) -> None:
    """A wrong stride, one unit in the last place, narrow products, and whole workers that mix up their answers."""
    chosen = ["start one more on spatial axis 0", "one step up", "products in bfloat16", *workers.FAULTS]
    flags = [word for name in chosen for word in ("--fault", name)]
    done = command(*SMOKE, *flags, "--sample", "40", "--on", "numpy", "--json", str(tmp_path / "out.json"))
    assert done.returncode == 0, done.stdout + done.stderr
    document = json.loads((tmp_path / "out.json").read_text())
    found = {fault["name"]: fault for fault in document["faults"]}
    assert set(chosen) <= set(found)
    assert found["start one more on spatial axis 0"]["caught"]["exact"] > 5
    assert found["one step up"]["caught"]["exact"] == found["one step up"]["wrong"]["exact"] > 5
    assert document["false_alarms"] == []
    assert "all caught, no false alarm" in done.stdout
    # What integers can't show is said, with the reason.
    assert "products in bfloat16: caught" in done.stdout


def test_a_blind_comparison_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spoiling, "judge", lambda *_: Judgement(Status.PASS))
    cases = [case for suite in load_suites([ROOT / path for path in SMOKE]) for case in suite.cases()]
    faults = [fault for fault in FAULTS if fault.name == "answer negated"]
    tallies, used, _ = spoiling.spoil(cases, faults, 10, StatusLine())
    assert used == 10
    assert tallies[0].survives
    assert len(tallies[0].missed) == 10
    assert any("SURVIVES: answer negated: missed in 10 cases" in line for line in notes(_result(tallies)))


def test_an_alarm_over_an_honest_answer_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spoiling, "judge", lambda *_: Judgement(Status.VALUE, "y", "all wrong"))
    cases = [case for suite in load_suites([ROOT / SMOKE[0]]) for case in suite.cases()]
    alarms = spoiling.unspoilt(cases, [spoiling.NUMPY], 5, StatusLine())
    assert len(alarms.harness) == alarms.answers == 5
    assert not Result([], 5, 0, alarms, ["numpy"]).ok


def _result(tallies: list[spoiling.Tally]) -> Result:
    return Result(tallies, 10, 0, spoiling.Alarms(), ["numpy"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--fault", "no such fault"], "no fault has 'no such fault' in its name"),
        (["--on", "tensorflw"], "unknown framework 'tensorflw'"),
        (["cases/ports/conv.yaml"], "has no case of an op with a definition"),
    ],
)
def test_bad_input_is_one_message(arguments: list[str], words: str) -> None:
    done = command(*arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
