"""How long a worker is waited for: its own time counts, and not that for which the machine had no processor for it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.executor.process import MOST_PATIENCE, Process, left_of

BUSY = "import os; os.sched_setaffinity(0, {CPU})\nwhile True: pass"


@pytest.mark.parametrize(
    ("limit", "waited", "starved", "left"),
    [
        (60.0, 60.0, 0.0, 0.0),  # it hangs, or it computes
        (60.0, 59.0, 0.0, 1.0),
        (60.0, 60.0, 45.0, 45.0),  # it had a quarter of a processor
        (60.0, 240.0, 180.0, 0.0),
        (60.0, 60.0, 0.01, 0.0),
        (60.0, 60.0 * MOST_PATIENCE, 60.0 * MOST_PATIENCE, 0.0),  # there is an end to it
        (float("inf"), 1e6, 0.0, float("inf")),
    ],
)
def test_what_is_left_of_a_limit(limit: float, waited: float, starved: float, left: float) -> None:
    assert left_of(limit, waited, starved) == left


@pytest.fixture
def processor() -> Iterator[int]:
    """One that a neighbour keeps busy."""
    if not hasattr(os, "sched_setaffinity") or not Path("/proc/self/schedstat").exists():
        pytest.skip("only Linux says how long a process waited for a processor")
    cpu = min(os.sched_getaffinity(0))
    with subprocess.Popen([sys.executable, "-c", BUSY.replace("CPU", str(cpu))]) as neighbour:
        yield cpu
        neighbour.kill()


def test_a_process_beside_a_busy_one_waits_and_one_that_sleeps_does_not(tmp_path: Path, processor: int) -> None:
    argv = [sys.executable, "-c", BUSY.replace("CPU", str(processor))]
    busy, idle = Process(argv, tmp_path / "busy.log"), Process(["sleep", "600"], tmp_path / "idle.log")
    try:
        # This one ends when it has had a second of that processor, whatever the others had.
        own = "import os, time; os.sched_setaffinity(0, {CPU})\nwhile time.process_time() < 1: pass"
        subprocess.run([sys.executable, "-c", own.replace("CPU", str(processor))], check=True)
        assert busy.starved() > 0.3
        assert idle.starved() < busy.starved() / 2
    finally:
        busy.close()
        idle.close()
    assert busy.starved() == 0.0  # nobody says it of a process that is gone
