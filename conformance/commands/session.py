"""What `run`, `show` and `known` do: put the pieces together around one record."""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from conformance.ask.run import Findings, Run
from conformance.ask.where import expand, with_anchor
from conformance.commands.confinement import authored, unconfined
from conformance.commands.gate import Gate, told
from conformance.commands.outputs import refuse_same
from conformance.commands.signals import Held, held
from conformance.environments.installed import default_targets, missing, named_targets
from conformance.environments.interpreters import consent, interpreters
from conformance.executor.local import LocalExecutor
from conformance.known import KnownTable
from conformance.record import Reader, RecordError, Summary, WriteError, Writer, describe_environment
from conformance.record.facts import conclusion
from conformance.report import html, jsonlines, junit, markdown, show, terminal
from conformance.suite.case import Case
from conformance.suite.choose import load_suites, refuse_excess, report, selected, selector, suite_root
from conformance.suite.grid import MAX_CASES
from conformance.suite.loader import KNOWN, CaseFileError
from conformance.suite.places import own_folder
from conformance.target import Target
from conformance.usage import HARNESS, INTERRUPTED, OK, USAGE, HarnessError, UsageError, printing
from conformance.verdict import Problem, Verdict

REPORTS = Path("reports")


def run_command(options: argparse.Namespace) -> int:
    """Run cases on targets; the record is the only thing that the reports see."""
    _refuse_same(options)
    with told(options):
        gate = Gate(options)
        return HARNESS if gate.refuses() else _run(options, gate)


def _run(options: argparse.Namespace, gate: Gate) -> int:
    cases = select_cases(options)
    explicit = named_targets(options.on, "--on")
    installed, absent = default_targets()
    for target in absent:
        print(f"not installed, left out: {target} (needs the module {missing(target)!r})", file=sys.stderr)
    if not explicit and any("=" not in word for word in options.python):
        raise UsageError(
            "--python PATH without --on: say which targets it is for, with --on or as --python TARGET=PATH"
        )
    may_install = consent(options.python, options.allow_installs)
    asked = [(case, explicit or expand(case, installed, may_install)) for case in cases]
    ended = execute(options, gate, asked, explicit)
    if ended.code == INTERRUPTED:
        return INTERRUPTED
    try:
        with Reader(ended.path, complete=ended.code is None) as reader:
            _write_reports(options, reader)
            code = conclusion(reader).code or 0
            with printing(f"the record has it: conformance report {ended.path}"):
                terminal.print_report(reader, sys.stdout, quiet=options.quiet, compact=options.gate)
                gate.tell(reader, code)
            return code
    except RecordError as error:
        raise HarnessError(f"what the run wrote can't be read any more: {error}") from None
    except KeyboardInterrupt:
        print(f"interrupted; the record is there: conformance report {ended.path}", file=sys.stderr)
        return INTERRUPTED


def select_cases(options: argparse.Namespace) -> list[Case]:
    """The cases that `paths`, `-k` and `--tag` ask for; UsageError where there is none, or two have one id."""
    suites = load_suites(options.paths, options.trust)
    try:
        refuse_excess(suites)
        cases = list(islice(selected(suites, selector(options)), MAX_CASES + 1))
    except CaseFileError as error:
        raise UsageError(report(error.findings)) from None
    if not cases:
        raise UsageError("the selection matches no case; `conformance list` shows what there is")
    if len(cases) > MAX_CASES:
        raise UsageError(
            f"more than {MAX_CASES:,} cases are selected, expected at most so many; name fewer files, or -k"
        )
    _refuse_duplicates(cases)
    return cases


@dataclass(frozen=True)
class Ended:
    """How a run came to its end. `code` None: the record is complete. Else it was left open, and that is why."""

    path: Path
    code: int | None = None


def execute(
    options: argparse.Namespace,
    gate: Gate,
    asked: Sequence[tuple[Case, Sequence[Target]]],
    explicit: Sequence[Target] = (),
) -> Ended:
    """Run cases on their targets into a record, with the options of `run`.

    `explicit` are the targets that must run something. Environments that are lacking are built first. Where the run
    was interrupted, or a target's worker failed, the record is left open, and the command that goes on is printed.
    """
    anchored = [(case, with_anchor(case, own)) for case, own in asked]
    _say_anchors(asked, anchored)
    asked = anchored
    targets = list(dict.fromkeys(target for _, own in asked for target in own))
    if not targets:
        raise UsageError("no framework is installed; install one of torch, jax, tensorflow-cpu, keras")
    pythons = interpreters(targets, options.python, options.pip_args)
    known = gate.table(None if options.no_known else _known_table(options))
    if options.resume:
        gate.resume(options.resume)
        if known is not None:
            _replay(known, options.resume)
    # From here on a signal is looked for between two steps, never in the middle of a write.
    with held() as stop:
        path, writer, done = _open_record(options)
        findings = Findings()
        try:
            with writer:
                findings = _run_into(writer, options, gate, asked, targets, pythons, known, done, stop)
                if stop():
                    code: int | None = INTERRUPTED
                elif findings.failed:
                    writer.leave_open(_failures(findings))
                    code = HARNESS
                else:
                    # What a resumed record holds already was run, too.
                    findings.executed = {**{name: 0 for _, _, name in done}, **findings.executed}
                    writer.finish(gate.footer(_summary(findings, known, explicit)))
                    code = None
        except KeyboardInterrupt:
            stop()  # it came while workers were being stopped, which took long
            code = INTERRUPTED
        except (WriteError, OSError) as error:
            there = f"; what it holds is kept, go on with: {again(path)}" if path.exists() else ""
            raise HarnessError(f"{error}{there}") from None
        if code is not None:
            _left_open(path, findings, code)
        return Ended(path, code)


def _run_into(
    writer: Writer,
    options: argparse.Namespace,
    gate: Gate,
    asked: Sequence[tuple[Case, Sequence[Target]]],
    targets: Sequence[Target],
    pythons: Mapping[Target, str],
    known: KnownTable | None,
    done: set[tuple[str, str, str]],
    stop: Held,
) -> Findings:
    """Run what is not done until it is, or until `stop`; no worker is left after it."""
    progress = terminal.Progress(quiet=options.quiet)

    def heard(target: Target, verdict: Verdict) -> None:
        progress.advance(target, verdict)
        gate.count(verdict)

    # The last words of a worker that dies go into its verdicts; the logs themselves are not needed after the run.
    with (
        tempfile.TemporaryDirectory(prefix="conformance-logs-", ignore_cleanup_errors=True) as logs,
        LocalExecutor(targets, timeout=options.timeout, pythons=pythons, log_dir=Path(logs)) as executor,
    ):
        run = Run(
            targets,
            executor,
            writer,
            known,
            on_verdict=heard,
            on_ready=lambda target, info: progress.worker_ready(target, str(info.get("version", ""))),
            keep_outputs=options.keep_outputs,
            stop=stop,
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


def _failures(findings: Findings) -> list[Problem]:
    return [Problem(target, f"its worker failed: {message}") for target, message in sorted(findings.failed.items())]


def _left_open(path: Path, findings: Findings, code: int) -> None:
    """Say what is lacking and how to go on."""
    went = f"after {findings.verdicts:,} verdicts; go on with: {again(path)}"
    if code == INTERRUPTED:
        print(f"interrupted {went}", file=sys.stderr)
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


def _summary(findings: Findings, known: KnownTable | None, explicit: Sequence[Target]) -> Summary:
    """The record's footer. The harness's own trouble comes before bad cases, and those before divergences."""
    idle = [t for t in map(str, explicit) if t not in findings.executed]
    problems = [
        Problem(target, "it ran nothing, so nothing was tested on it; see its reasons above") for target in idle
    ]
    problems += [Problem(case.label, message, str(case.source)) for case, message in findings.case_errors]
    if known is not None:
        problems += known.stale()
    code, reason = None, ""
    if idle or not findings.executed:
        code, reason = HARNESS, "the harness could not do its job on every target"
    elif findings.case_errors:
        code, reason = USAGE, f"{len(findings.case_errors)} cases can't be judged as they are written"
    details = {
        "verdicts": findings.verdicts,
        "executed": findings.executed,
        "coordinator_seconds": findings.coordinator_seconds,
    }
    return Summary(tuple(problems), code, reason, details)


def _refuse_duplicates(cases: Sequence[Case]) -> None:
    seen: dict[str, Case] = {}
    for case in cases:
        if case.id in seen:
            raise UsageError(f"{case.source}: the id {case.id!r} is already at {seen[case.id].source}")
        seen[case.id] = case


def _known_table(options: argparse.Namespace) -> KnownTable:
    """The declared divergences of the suite: known/ beside the cases that run."""
    paths = options.paths
    # Only a run of the whole suite shows that an entry covers nothing.
    full = not (paths or options.select or options.tag)
    folders = [suite_root() / KNOWN] if not paths else _known_folders(paths)
    # A link is followed where it stays beside its cases.
    folders = [folder for folder in folders if own_folder(folder)]
    try:
        return KnownTable.load([folder for folder in folders if any(folder.glob("*.yaml"))], full=full)
    except CaseFileError as error:
        raise UsageError(report(error.findings)) from None


def _known_folders(paths: Sequence[Path]) -> list[Path]:
    found: dict[Path, None] = {}
    for path in paths:
        for folder in (path, *path.resolve().parents):
            if (folder / KNOWN).is_dir():
                found[folder.resolve() / KNOWN] = None
                break
    return list(found)


def _replay(known: KnownTable, path: Path) -> None:
    """Let the declared divergences see what the interrupted run had found already."""
    try:
        with Reader(path, complete=False) as reader:
            known.replay(reader)
    except RecordError as error:
        raise UsageError(f"record: {error}") from None


def _open_record(options: argparse.Namespace) -> tuple[Path, Writer, set[tuple[str, str, str]]]:
    try:
        if options.resume:
            writer = Writer.resume(options.resume)
            return options.resume, writer, writer.done()
        environment = describe_environment(sys.argv[1:])
        if options.record:
            return options.record, Writer.create(options.record, environment), set()
        return *_by_time(environment), set()
    except (RecordError, OSError) as error:
        if options.resume or options.record:
            raise UsageError(f"record: {error}") from None
        raise HarnessError(f"{error}; name another place with --record FILE") from None


def _by_time(environment: dict[str, Any]) -> tuple[Path, Writer]:
    """A record named after the time; several runs may begin in the same second."""
    name = f"{datetime.now(UTC):%Y%m%d-%H%M%S}"
    number = 1
    while True:
        path = REPORTS / f"{name}{f'-{number}' if number > 1 else ''}.db"
        try:
            return path, Writer.create(path, environment)
        except RecordError:
            if number == 100 or not path.exists():
                raise
        number += 1


def _write_reports(options: argparse.Namespace, reader: Reader) -> None:
    try:
        if options.json:
            with open(options.json, "w", encoding="utf-8") as file:
                jsonlines.write(reader, file)
        if options.junit:
            junit.write(reader, options.junit)
        if options.markdown:
            options.markdown.write_text(markdown.render(reader), encoding="utf-8")
        if options.html:
            html.write(reader, options.html)
    except OSError as error:
        raise UsageError(f"the report can't be written: {error}") from None


def _refuse_same(options: argparse.Namespace) -> None:
    names = ("record", "resume", "baseline", "json", "junit", "markdown", "html", "badge")
    refuse_same((f"--{name}", getattr(options, name, None)) for name in names)


def newest_record() -> Path:
    """The record of the last run here."""
    # A link that leads nowhere is no record, nor is a folder or a pipe.
    records = sorted((path for path in REPORTS.glob("*.db") if path.is_file()), key=lambda path: path.stat().st_mtime)
    if not records:
        raise UsageError("there is no record in reports/; run `conformance run` first, or name one with --record")
    return records[-1]


def report_command(options: argparse.Namespace) -> int:
    """Write reports of a record that exists, complete or not."""
    path = options.record or newest_record()
    wanted = [options.html, options.markdown, options.junit, options.json]
    if not any(wanted):
        raise UsageError(
            "no report was asked for; name at least one of --html, --markdown, --junit, --json with a file"
        )
    _refuse_same(options)
    with Reader(path, complete=False) as reader:
        _write_reports(options, reader)
    for file in filter(None, wanted):
        print(f"wrote {file}")
    return OK


def show_command(options: argparse.Namespace) -> int:
    """Show one case of a record."""
    path = options.record or newest_record()
    with Reader(path, complete=False) as reader:
        print(show.render(reader, options.case, options.on))
    return OK
