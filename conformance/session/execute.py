"""A run around one record: what `run` and `upgrade` do."""

from __future__ import annotations

import shlex
import sys
import tempfile
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from conformance.ask.run import Findings, Run
from conformance.ask.where import with_anchor
from conformance.environments.interpreters import interpreters
from conformance.executor.local import LocalExecutor
from conformance.known import KnownTable
from conformance.record import Reader, RecordError, Summary, WriteError, Writer
from conformance.report import terminal
from conformance.session.confinement import authored, unconfined
from conformance.session.gate import Gate
from conformance.session.records import open_record
from conformance.session.signals import Held, held
from conformance.suite.case import Case
from conformance.target import Target
from conformance.text.plain import one_line
from conformance.text.words import plural
from conformance.usage import HARNESS, INTERRUPTED, UNEXPECTED, USAGE, HarnessError, UsageError
from conformance.verdict import Problem, Verdict

NOWHERE_SHOWN = 20  # cases that ran nowhere and are said by name


@dataclass(frozen=True)
class Ended:
    """How a run came to its end. `code` None: the record is complete. Else it was left open, and that is why."""

    path: Path
    code: int | None = None


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a run is made. `known`: the declared divergences, None where none counts."""

    timeout: float
    record: Path | None = None  # None: named after the time
    resume: Path | None = None  # an interrupted record, to go on with
    python: Sequence[str] = ()
    pip_args: str = ""
    keep_outputs: bool = False
    quiet: bool = False
    known: KnownTable | None = None
    exit_first: bool = False  # stop at the first unexpected divergence


def execute(
    settings: Settings,
    gate: Gate,
    asked: Sequence[tuple[Case, Sequence[Target]]],
    explicit: Sequence[Target] = (),
) -> Ended:
    """Run cases on their targets into a record.

    `explicit` are the targets that must run something. Environments that are lacking are built first. Where the run
    was interrupted, or a target's worker failed, the record is left open, and the command that goes on is printed.
    """
    anchored = [(case, with_anchor(case, own)) for case, own in asked]
    _say_anchors(asked, anchored)
    asked = anchored
    targets = list(dict.fromkeys(target for _, own in asked for target in own))
    if not targets:
        named = ", ".join(dict.fromkeys(name for case, _ in asked for name in case.targets if name != "default"))
        raise UsageError(
            f"none of the targets that the cases name is installed: {named}; install one, or name others with --on"
            if named
            else "no framework is installed; install one of torch, jax, tensorflow-cpu, keras"
        )
    pythons = interpreters(targets, settings.python, settings.pip_args)
    known = gate.table(settings.known)
    if settings.resume:
        _refuse_others(settings.resume, asked)
        gate.resume(settings.resume)
        if known is not None:
            _replay(known, settings.resume)
    # From here on a signal is looked for between two steps, never in the middle of a write.
    with held() as stop:
        path, writer, done = open_record(settings.record, settings.resume)
        findings = Findings()
        try:
            with writer:
                findings = _run_into(writer, settings, gate, asked, targets, pythons, known, done, stop)
                if stop():
                    code: int | None = INTERRUPTED
                elif findings.stopped:
                    code = UNEXPECTED
                elif findings.failed:
                    writer.leave_open(_failures(findings))
                    code = HARNESS
                else:
                    # What a resumed record holds already was run, too.
                    findings.executed = {**{name: 0 for _, _, name in done}, **findings.executed}
                    idle = nowhere(asked, writer.compared(), findings)
                    writer.finish(gate.footer(summary(findings, known, explicit), idle))
                    code = None
        except KeyboardInterrupt:
            stop()  # it came while workers were being stopped, which took long
            code = INTERRUPTED
        except (WriteError, OSError) as error:
            there = f"; what it holds is kept, go on with: {again(path)}" if path.exists() else ""
            raise HarnessError(f"{error}{there}") from None
        if code is not None:
            _left_open(path, findings, code)
        elif stop():  # it came when the last verdict was in
            say_whole(path)
            code = INTERRUPTED
        return Ended(path, code)


def _run_into(
    writer: Writer,
    settings: Settings,
    gate: Gate,
    asked: Sequence[tuple[Case, Sequence[Target]]],
    targets: Sequence[Target],
    pythons: Mapping[Target, str],
    known: KnownTable | None,
    done: set[tuple[str, str, str]],
    stop: Held,
) -> Findings:
    """Run what is not done until it is, or until `stop`; no worker is left after it."""
    progress = terminal.Progress(quiet=settings.quiet)

    def heard(target: Target, verdict: Verdict) -> None:
        progress.advance(target, verdict)
        gate.count(verdict)
        run.findings.stopped |= settings.exit_first and verdict.unexpected

    # The last words of a worker that dies go into its verdicts; the logs themselves are not needed after the run.
    with (
        tempfile.TemporaryDirectory(prefix="conformance-logs-", ignore_cleanup_errors=True) as logs,
        LocalExecutor(targets, timeout=settings.timeout, pythons=pythons, log_dir=Path(logs)) as executor,
    ):
        run = Run(
            targets,
            executor,
            writer,
            None if known is None else known.match,
            on_verdict=heard,
            on_ready=lambda target, info: progress.worker_ready(target, str(info.get("version", ""))),
            keep_outputs=settings.keep_outputs,
            stop=lambda: stop() or run.findings.stopped,
        )
        try:
            for case, own in asked:
                run.add(case, own, {t for t in own if (case.id, case.fingerprint, str(t)) in done})
            writer.plan([case.id for case, _ in asked], [str(target) for target in targets])
            executor.start()
            progress.start(targets, run.total)
            run.go()
        except KeyboardInterrupt:
            stop()  # it came while something took long
        finally:
            progress.stop()
        _say_unconfined([case for case, _ in asked], run.findings)
        return run.findings


def say_whole(path: Path) -> None:
    """Say to somebody who interrupts the reports that the record is complete."""
    print(f"interrupted; the record is there: conformance report {shlex.quote(str(path))}", file=sys.stderr)


def _failures(findings: Findings) -> list[Problem]:
    return [Problem(target, f"its worker failed: {message}") for target, message in sorted(findings.failed.items())]


def _left_open(path: Path, findings: Findings, code: int) -> None:
    """Say what is lacking and how to go on."""
    went = f"after {findings.verdicts:,} verdicts; go on with: {again(path)}"
    if code == INTERRUPTED:
        print(f"interrupted {went}", file=sys.stderr)
        return
    if code == UNEXPECTED:
        print(f"stopped at the first unexpected divergence {went}", file=sys.stderr)
        return
    for problem in _failures(findings):
        print(f"conformance: {problem.name}: {problem.message}", file=sys.stderr)
    print(f"not complete {went}", file=sys.stderr)


def _say_anchors(
    named: Sequence[tuple[Case, Sequence[Target]]], asked: Sequence[tuple[Case, Sequence[Target]]]
) -> None:
    """Say which targets are asked beside those that were named, since cases are held against them."""
    count = Counter(t for (_, own), (_, all_) in zip(named, asked, strict=True) for t in all_ if t not in own)
    for target, cases in sorted(count.items()):
        words = "1 case is" if cases == 1 else f"{cases} cases are"
        print(f"also asked: {target}, which {words} held against", file=sys.stderr)


def _say_unconfined(cases: Sequence[Case], findings: Findings) -> None:
    """Say so where a stranger's plans ran in workers that the system could not confine wholly."""
    files = authored(cases)
    lines = unconfined(findings.versions) if files else []
    for line in lines:
        print(line, file=sys.stderr)
    if lines:
        more = f" and {len(files) - 1} more" if len(files) > 1 else ""
        print(f"there ran plans from {files[0]}{more}; see docs/security.md", file=sys.stderr)


def again(path: Path) -> str:
    """The command that goes on with an interrupted record: the one that was given, with --resume."""
    command, *words = sys.argv[1:] or ["run"]
    kept: list[str] = []
    for position, word in enumerate(words):
        named = word.partition("=")[0] in ("--record", "--resume")
        value = position > 0 and words[position - 1] in ("--record", "--resume")
        if not named and not value:
            kept.append(word)
    return shlex.join(["conformance", command, "--resume", str(path), *kept])


def summary(findings: Findings, known: KnownTable | None, explicit: Sequence[Target]) -> Summary:
    """The record's footer. The harness's own trouble comes before bad cases, and those before divergences."""
    idle = [t for t in map(str, explicit) if t not in findings.executed]
    problems = [
        Problem(target, "it ran nothing, so nothing was tested on it; see its reasons above") for target in idle
    ]
    problems += [Problem(case.label, message, str(case.source)) for case, message in findings.case_errors]
    if known is not None:
        problems += known.stale()
    code, reason = None, ""
    if (idle or not findings.executed) and not (findings.case_errors and not findings.executed):
        code, reason = HARNESS, "the harness could not do its job on every target"
    elif findings.case_errors:
        code, reason = USAGE, f"{len(findings.case_errors)} cases can't be judged as they are written"
    details = {
        "verdicts": findings.verdicts,
        "executed": findings.executed,
        "coordinator_seconds": findings.coordinator_seconds,
    }
    return Summary(tuple(problems), code, reason, details)


def nowhere(
    asked: Sequence[tuple[Case, Sequence[Target]]], compared: Collection[str], findings: Findings
) -> list[Problem]:
    """The cases that no target has answered, so that nothing is known of them; each with the reason."""
    mistaken = {case.id for case, _ in findings.case_errors}
    found = []
    for case, own in asked:
        if case.id not in compared and case.id not in mistaken:
            on = ", ".join(map(str, own))
            why = f"unsupported on {on}" if own else f"not installed: its targets, {', '.join(case.targets)}"
            words = f"it ran nowhere, so nothing was tested by it ({why}); name a target for it, or leave it out by -k"
            found.append(Problem(case.label, words, str(case.source)))
    more = len(found) - NOWHERE_SHOWN
    return [*found[:NOWHERE_SHOWN], *([Problem(f"{plural(more, 'other case')}", "ran nowhere")] if more > 0 else [])]


def _refuse_others(path: Path, asked: Sequence[tuple[Case, Sequence[Target]]]) -> None:
    """Refuse to go on with another run: its record would be complete without what it was begun for."""
    pairs = {(case.id, str(target)) for case, own in asked for target in own}
    try:
        with Reader(path, complete=False) as reader:
            others = [pair for pair in reader.asked() if pair not in pairs]
            began = reader.environment.get("command")
    except RecordError as error:
        raise UsageError(f"record: {error}") from None
    if others:
        case, target = others[0]
        words = f", which was: conformance {shlex.join(map(str, began))}" if isinstance(began, list) else ""
        raise UsageError(
            f"--resume: {path} has {plural(len(others), 'verdict')} that this command does not ask for, such as {case} "
            f"on {target}; name the same files and options as the command that began it{one_line(words)}"
        )


def _replay(known: KnownTable, path: Path) -> None:
    """Let the declared divergences see what the interrupted run had found already."""
    try:
        with Reader(path, complete=False) as reader:
            known.replay(reader)
    except RecordError as error:
        raise UsageError(f"record: {error}") from None
