"""What the benchmarks share: one table, medians, the machine, and child processes whose CPU time is known."""

from __future__ import annotations

import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Set before NumPy is imported anywhere: every figure is for one thread a process.
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}


@dataclass(frozen=True)
class Row:
    """One line of a table. `holds` is None where there is no aim, only a figure."""

    what: str
    figure: str
    aim: str = ""
    holds: bool | None = None


def show(title: str, command: str, rows: Sequence[Row]) -> bool:
    """Print a table; True where every aim holds."""
    width = max(len(row.what) for row in rows)
    figures = max(len(row.figure) for row in rows)
    print(f"\n{title}\n  python benchmarks/run.py {command}")
    for row in rows:
        mark = {None: "", True: "holds", False: "MISSED"}[row.holds]
        aim = f"aim {row.aim}" if row.aim else ""
        print(f"  {row.what:<{width}}  {row.figure:>{figures}}  {aim:<14} {mark}".rstrip())
    sys.stdout.flush()
    return all(row.holds is not False for row in rows)


def machine() -> str:
    """One line that says where the figures come from."""
    model = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    except OSError:
        pass
    return f"{model}, {os.cpu_count()} CPUs, Python {platform.python_version()}, {platform.system()}"


def median_seconds(call: Callable[[], object], repeats: int, warm_up: int = 1) -> float:
    """The median wall time of `call`."""
    for _ in range(warm_up):
        call()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def median_seconds_alternating(calls: Sequence[Callable[[], object]], repeats: int) -> list[float]:
    """The median wall time of each call, taken in turns, so that a slow moment of the machine hits all of them."""
    times: list[list[float]] = [[] for _ in calls]
    for call in calls:
        call()
    for _ in range(repeats):
        for call, taken in zip(calls, times, strict=True):
            started = time.perf_counter()
            call()
            taken.append(time.perf_counter() - started)
    return [statistics.median(taken) for taken in times]


@dataclass(frozen=True)
class Usage:
    """What a finished child used."""

    code: int
    wall: float
    cpu: float
    output: bytes
    errors: bytes


def child(arguments: Sequence[str], timeout: float = 600.0, cwd: Path = ROOT) -> Usage:
    """Run Python with `arguments` from the project's root; wait4 gives this child's own CPU time."""
    environment = {**os.environ, **ONE_THREAD, "PYTHONPATH": str(ROOT)}
    started = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, *arguments],
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        output, errors = _drain(process, timeout)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - started
    return Usage(process.returncode, wall, used.ru_utime + used.ru_stime, output, errors)


def _drain(process: subprocess.Popen[bytes], timeout: float) -> tuple[bytes, bytes]:
    """Both pipes to their end, without reaping the child, since only wait4 tells what it used."""
    import threading

    found: dict[str, bytes] = {"stdout": b"", "stderr": b""}

    def read(name: str) -> None:
        stream = getattr(process, name)
        if stream is not None:
            found[name] = stream.read()

    threads = [threading.Thread(target=read, args=(name,)) for name in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout)
    if any(thread.is_alive() for thread in threads):
        process.kill()
        raise TimeoutError(f"{process.args} did not finish within {timeout:g} s")
    return found["stdout"], found["stderr"]


def own_cpu() -> float:
    """CPU seconds of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
