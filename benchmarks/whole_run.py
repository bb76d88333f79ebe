"""A whole run against the bare loop: the same framework calls on the same inputs, with and without the harness.

Both sides start one process a framework, wait until every one has imported its framework, and are timed from there to
the last answer (bare) or the last verdict in the record (harness). They take turns, and the ratio is that of the
medians. BENCH_CASES and BENCH_TURNS make it shorter.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import mixed
from calls import Call, finish, release, start_bare, wait_ready, write_work
from common import Row, own_cpu, show

from conformance.ask.run import Run
from conformance.environments.installed import missing
from conformance.executor.local import LocalExecutor
from conformance.record import Writer, describe_environment
from conformance.suite.case import Case
from conformance.suite.loader import find_files, load
from conformance.suite.values import make_inputs
from conformance.target import Target, parse_target
from conformance.verdict import Status

TARGETS = ("torch", "tensorflow", "jax", "keras/tensorflow")
CASES = int(os.environ.get("BENCH_CASES", "1000"))
TURNS = int(os.environ.get("BENCH_TURNS", "3"))


@dataclass(frozen=True)
class Measured:
    """One run: wall seconds, CPU seconds of the coordinator and of its workers, and how many verdicts came."""

    wall: float
    coordinator: float
    workers: float
    verdicts: int


def cases_in(folder: Path, count: int = CASES) -> list[Case]:
    """The mixed cases, written as a case file and read back."""
    path = folder / "cases" / "mixed.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    mixed.write_case_file(path, count)
    root, files = find_files([path.parent])
    return [case for file in files for case in load(file, root).cases()]


def targets_here() -> list[Target]:
    """The targets of this benchmark that are installed."""
    return [target for target in map(parse_target, TARGETS) if not missing(target)]


def write_all_work(cases: list[Case], targets: list[Target], folder: Path) -> dict[Target, Path]:
    """For every target a file of the plans and the very inputs that the harness sends."""
    calls = [Call(f"c{index}", case.op, make_inputs(case), None) for index, case in enumerate(cases)]
    paths = {}
    for target in targets:
        paths[target] = folder / f"{str(target).replace('/', '-')}.npz"
        write_work(paths[target], calls, target)
    return paths


def children() -> list[int]:
    """The processes that this one has started and that are alive (Linux)."""
    return [int(pid) for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()]


def cpu_of(pids: list[int]) -> float:
    """CPU seconds so far of these processes."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def bare(work: dict[Target, Path]) -> tuple[float, dict[Target, float]]:
    """Wall seconds of all bare loops at once, and each one's CPU seconds."""
    processes = {target: start_bare(target, path) for target, path in work.items()}
    for process in processes.values():
        wait_ready(process)
    started = time.perf_counter()
    for process in processes.values():
        release(process)
    cpu = {target: finish(process)[1] for target, process in processes.items()}
    return time.perf_counter() - started, cpu


def harness(cases: list[Case], targets: list[Target], folder: Path) -> Measured:
    """One run with a record, from the moment when every worker is ready; every verdict must be a pass."""
    wrong: list[str] = []

    def check(target: Target, verdict: object) -> None:
        if verdict.status is not Status.PASS:  # type: ignore[attr-defined]
            wrong.append(f"{target}: {verdict}")

    path = folder / "record.db"
    path.unlink(missing_ok=True)
    with (
        Writer.create(path, describe_environment(["benchmark"])) as writer,
        LocalExecutor(targets, log_dir=folder / "logs") as executor,
    ):
        run = Run(targets, executor, writer, on_verdict=check)
        executor.start()
        while len(run.ready) < len(targets):
            if run.gone or run.findings.failed:
                raise RuntimeError(f"a worker did not start: {run.gone} {run.findings.failed}")
            run.step()
        pids = children()
        started, cpu, workers = time.perf_counter(), own_cpu(), cpu_of(pids)
        for case in cases:
            run.add(case, targets)
        # `go` would send each worker home as soon as it is done, and its CPU time with it.
        while run.findings.verdicts < run.total:
            run.step()
        wall, cpu, workers = time.perf_counter() - started, own_cpu() - cpu, cpu_of(pids) - workers
        writer.finish({})
    if len(pids) != len(targets):
        raise RuntimeError(f"{len(pids)} worker processes, expected {len(targets)}")
    if wrong or run.findings.verdicts != len(cases) * len(targets):
        raise RuntimeError(f"{run.findings.verdicts} verdicts, {len(wrong)} no pass: {wrong[:3]}")
    return Measured(wall, cpu, workers, run.findings.verdicts)


def bench() -> bool:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cases = cases_in(folder)
        targets = targets_here()
        work = write_all_work(cases, targets, folder)
        without, runs = [], []
        for _ in range(TURNS):
            without.append(bare(work))
            runs.append(harness(cases, targets, folder))
    base = statistics.median(wall for wall, _ in without)
    base_cpu = statistics.median(sum(cpu.values()) for _, cpu in without)
    wall = statistics.median(run.wall for run in runs)
    all_cpu = statistics.median(run.coordinator + run.workers for run in runs)
    verdicts = runs[0].verdicts
    each = statistics.median(run.coordinator for run in runs) / verdicts * 1e3
    rows = [
        Row(f"bare loops, {len(cases):,} calls on each of {len(targets)} targets at once", f"{base:.2f} s"),
        *(Row(f"  CPU of {target}", f"{seconds:.2f} s") for target, seconds in without[-1][1].items()),
        Row(f"conformance run, {verdicts:,} verdicts, record written", f"{wall:.2f} s"),
        Row("run / bare, wall time", f"{wall / base:.3f}", "<= 1.15", wall / base <= 1.15),
        Row("run / bare, CPU time of all processes", f"{all_cpu / base_cpu:.3f}"),
        Row("coordinator's CPU a verdict", f"{each:.3f} ms", "< 1 ms", each < 1),
    ]
    return show("Whole run against the bare loop", "run", rows)
