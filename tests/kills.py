"""Kills runs at random moments, resumes them, and holds their records against an undisturbed one.

    python -m tests.kills --seeds 100 --on numpy,torch

A seed says who is killed (the coordinator by SIGKILL, SIGTERM or SIGINT, or one of its workers by SIGKILL), when (from
the first millisecond to the end of the run), and whether the resumed run is killed as well. The record in the end must
have the verdicts of an undisturbed run, but for `crashed` where a worker was killed.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from conformance.record import Reader

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = 12  # runs that a seed may take to the end
MOST_KILLS = 3

CASES = """
op: conv_transpose
about: Small ones, and a framework as the measure of another.
values: [integers, normal]
dtype: [float32, float64]
grids:
  - grid: {size: [3, 4, 5], kernel: [1, 2, 3], stride: [1, 2], padding: [same, valid], convention: [keras]}
"""
AGAINST = """
op: call
about: NumPy is the measure, so that nothing can be judged before it has answered.
values: [integers]
cases:
  - name: one
    params:
      {inputs: {x: {shape: [2, 3], layout: HW}}, output: HW, against: numpy, plans: {numpy: y = x+x, torch: y = x+x}}
  - name: two
    params:
      {inputs: {x: {shape: [2, 3], layout: HW}}, output: HW, against: numpy, plans: {numpy: y = x*x, torch: y = x+x}}
"""
Rows = dict[tuple[str, str], tuple[str, ...]]


@dataclass
class Told:
    """What became of one seed."""

    seed: int
    kills: list[str] = field(default_factory=list)
    workers: int = 0  # of the kills
    crashed: int = 0
    wrong: list[str] = field(default_factory=list)


def rows(record: Path) -> Rows:
    with Reader(record) as reader:
        return {
            (row.case.id, row.verdict.target): (
                row.verdict.status.value,
                row.verdict.subject,
                row.verdict.message,
                row.verdict.explanation,
                row.verdict.digest,
                row.verdict.plan,
            )
            for row in reader.verdicts()
        }


class Tool:
    """A folder with a small suite, and its undisturbed run."""

    def __init__(self, folder: Path, on: str) -> None:
        self.folder = folder
        self.on = on
        (folder / "cases").mkdir()
        (folder / "cases" / "small.yaml").write_text(CASES)
        if "torch" in on:
            (folder / "cases" / "against.yaml").write_text(AGAINST)
        self.seconds = min(self._undisturbed("first.db"), self._undisturbed("second.db"))
        self.expected = rows(folder / "first.db")
        assert self.expected == rows(folder / "second.db")

    def _undisturbed(self, record: str) -> float:
        """Seconds from the first worker to the end."""
        process = self.start(record, "--record")
        _until_workers(process)
        started = time.monotonic()
        _, said = process.communicate()
        assert process.returncode in (0, 1), said
        return time.monotonic() - started

    def start(self, record: str, option: str) -> subprocess.Popen[str]:
        argv = [sys.executable, "-m", "conformance", "run", "cases", "--on", self.on, option, record, "-q"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "CONFORMANCE_KILLS": record}
        return subprocess.Popen(
            argv, cwd=self.folder, env=environment, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )

    def seed(self, seed: int) -> Told:
        rng = random.Random(seed)
        told = Told(seed)
        record = self.folder / f"{seed}.db"
        for number in range(ROUNDS):
            before = record.exists()
            process = self.start(record.name, "--resume" if before else "--record")
            chance = 1.0 if number == 0 else 0.4 if number < MOST_KILLS else 0.0
            if rng.random() < chance:
                self._kill(process, rng, told)
            _, said = process.communicate(timeout=300)
            self._look(told, process.returncode, said, record)
            if told.wrong or (process.returncode in (0, 1) and record.exists()):
                break
        else:
            told.wrong.append(f"not complete after {ROUNDS} runs")
        if not told.wrong:
            self._compare(told, record)
        if left := _alive(record.name):
            told.wrong.append(f"processes left: {left}")
        return told

    def _kill(self, process: subprocess.Popen[str], rng: random.Random, told: Told) -> None:
        who = rng.choice(("SIGKILL", "SIGTERM", "SIGINT", "worker", "worker"))
        early = who != "worker" and rng.random() < 0.4
        moment = rng.uniform(0, 0.6 if early else self.seconds)
        pick = rng.random()
        if not early:
            _until_workers(process)
        began = time.monotonic()
        end = began + moment
        while time.monotonic() < end and process.poll() is None:
            time.sleep(0.001)
        after = f"{who} at {moment:.3f} s{'' if early else ' of its workers'}"
        if process.poll() is not None:
            # The machine is less busy than it was: what follows is to hit.
            self.seconds = min(self.seconds, time.monotonic() - began)
            told.kills.append(f"{after}, too late")
            return
        if who == "worker":
            children = _children(process.pid)
            if not children:
                told.kills.append(f"{after}, none there")
                return
            os.kill(children[int(pick * len(children))], signal.SIGKILL)
            told.workers += 1
        else:
            process.send_signal(signal.Signals[who])
        told.kills.append(after)

    def _look(self, told: Told, code: int, said: str, record: Path) -> None:
        # A signal before Python has begun to listen ends the process as it ends any.
        if code not in (0, 1, 130, -signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT):
            told.wrong.append(f"exit {code}: {said[-2000:]}")
        # One that comes while Python itself is starting is Python's: it ends with 1, and nothing of ours has run.
        if code in (0, 1) and not record.exists() and not (code == 1 and "KeyboardInterrupt" in said):
            told.wrong.append(f"exit {code} without a record: {said[-2000:]}")
        if "Traceback" in said and "KeyboardInterrupt" not in said.splitlines()[-1]:
            told.wrong.append(f"a traceback: {said[-2000:]}")
        if code == 130 and record.exists() and "interrupted" not in said:
            told.wrong.append(f"not told how to go on: {said[-500:]}")

    def _compare(self, told: Told, record: Path) -> None:
        found = rows(record)
        if found.keys() != self.expected.keys():
            told.wrong.append(f"{len(self.expected.keys() - found.keys())} verdicts lost, of {len(self.expected)}")
        for key in found.keys() & self.expected.keys():
            if found[key] != self.expected[key]:
                if found[key][0] == "crashed":
                    told.crashed += 1
                else:
                    told.wrong.append(f"{key}: {found[key]}, expected {self.expected[key]}")
        if told.crashed > told.workers:
            told.wrong.append(f"{told.crashed} crashed, but {told.workers} workers were killed")


def _until_workers(process: subprocess.Popen[str]) -> None:
    while process.poll() is None and not _children(process.pid):
        time.sleep(0.001)


def _children(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _alive(mark: str, seconds: float = 10.0) -> list[int]:
    """The processes that descend from a run on the record of that name, once they have had time to die."""
    end = time.monotonic() + seconds
    while True:
        found = []
        for entry in Path("/proc").iterdir():
            try:
                if f"CONFORMANCE_KILLS={mark}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
            except (OSError, ValueError):
                continue
        if not found or time.monotonic() > end:
            return found
        time.sleep(0.05)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--on", default="numpy,torch")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="conformance-kills-") as folder:
        tool = Tool(Path(folder), options.on)
        print(f"undisturbed: {len(tool.expected)} verdicts, {tool.seconds:.1f} s from the first worker on", flush=True)
        kinds: Counter[str] = Counter()
        wrong = 0
        for seed in range(options.first, options.first + options.seeds):
            told = tool.seed(seed)
            kinds.update(kill.partition(" at ")[0] + (", no use" if "," in kill else "") for kill in told.kills)
            kinds["verdicts crashed"] += told.crashed
            wrong += bool(told.wrong)
            words = f"WRONG: {'; '.join(told.wrong)}" if told.wrong else f"equal but for {told.crashed} crashed"
            print(f"seed {seed}: {', '.join(told.kills)}: {words}", flush=True)
        print(f"{options.seeds} seeds, {wrong} wrong; {dict(kinds)}")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
