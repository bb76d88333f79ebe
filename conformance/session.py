"""What `run`, `show` and `known` do: put the pieces together around one record."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from conformance.executor.local import LocalExecutor
from conformance.installed import default_targets, expand, missing
from conformance.known import KnownTable, render_table
from conformance.listing import load_suites, report, selected, selector, suite_root
from conformance.record import Reader, RecordError, Summary, Writer, describe_environment
from conformance.report import jsonlines, junit, markdown, show, terminal
from conformance.run import Findings, Run
from conformance.suite.case import Case
from conformance.suite.loader import CaseFileError
from conformance.target import Target, TargetError, parse_target
from conformance.usage import HARNESS, INTERRUPTED, OK, USAGE, UsageError
from conformance.verdict import Problem

REPORTS = Path("reports")


def run_command(options: argparse.Namespace) -> int:
    """Run cases on targets; the record is the only thing that the reports see."""
    suites = load_suites(options.paths)
    try:
        cases = list(selected(suites, selector(options)))
    except CaseFileError as error:
        raise UsageError(report(error.findings)) from None
    if not cases:
        raise UsageError("the selection matches no case; `conformance list` shows what there is")
    _refuse_duplicates(cases)
    explicit = _explicit_targets(options.on)
    installed, absent = default_targets()
    for target in absent:
        print(f"not installed, left out: {target} (needs the module {missing(target)!r})", file=sys.stderr)
    known = None if options.no_known else _known_table(options)

    def targets_of(case: Case) -> Sequence[Target]:
        return explicit or expand(case.targets, installed)

    targets = list(dict.fromkeys(target for case in cases for target in targets_of(case)))
    if not targets:
        raise UsageError("no framework is installed; install one of torch, jax, tensorflow-cpu, keras")
    if options.resume and known is not None:
        _replay(known, options.resume)
    path, writer, skip = _open_record(options)
    progress = terminal.Progress(quiet=options.quiet)
    interrupted = False
    findings = Findings()
    # The last words of a worker that dies go into its verdicts; the logs themselves are not needed after the run.
    with (
        tempfile.TemporaryDirectory(prefix="conformance-logs-", ignore_cleanup_errors=True) as logs,
        writer,
        LocalExecutor(targets, timeout=options.timeout, log_dir=Path(logs)) as executor,
    ):
        run = Run(
            targets,
            executor,
            writer,
            known,
            on_verdict=progress.advance,
            on_ready=lambda target, info: progress.worker_ready(target, str(info.get("version", ""))),
        )
        for case in cases:
            run.add(case, [t for t in targets_of(case) if (case.id, case.fingerprint, str(t)) not in skip])
        findings = run.findings
        executor.start()
        progress.start(targets, run.total)
        try:
            run.go()
        except KeyboardInterrupt:
            interrupted = True
        finally:
            progress.stop()
        if not interrupted:
            # What a resumed record holds already was run, too.
            findings.executed = {**{name: 0 for _, _, name in skip}, **findings.executed}
            writer.finish(_summary(findings, known, explicit))
    if interrupted:
        print(
            f"interrupted after {findings.verdicts:,} verdicts; go on with: conformance run --resume {path}",
            file=sys.stderr,
        )
        return INTERRUPTED
    with Reader(path) as reader:
        _write_reports(options, reader)
        return terminal.print_report(reader, sys.stdout, quiet=options.quiet)


def _summary(findings: Findings, known: KnownTable | None, explicit: Sequence[Target]) -> Summary:
    """The record's footer. The harness's own trouble comes before bad cases, and those before divergences."""
    problems = [Problem(target, f"its worker failed: {message}") for target, message in findings.failed.items()]
    asked = [str(target) for target in explicit]
    idle = [t for t in asked if t not in findings.executed and t not in findings.failed]
    problems += [
        Problem(target, "it ran nothing, so nothing was tested on it; see its reasons above") for target in idle
    ]
    problems += [Problem(case.label, message, str(case.source)) for case, message in findings.case_errors]
    if known is not None:
        problems += known.stale()
    code, reason = None, ""
    if findings.failed or idle or not findings.executed:
        code, reason = HARNESS, "the harness could not do its job on every target"
    elif findings.case_errors:
        code, reason = USAGE, f"{len(findings.case_errors)} cases can't be judged as they are written"
    details = {
        "verdicts": findings.verdicts,
        "executed": findings.executed,
        "coordinator_seconds": findings.coordinator_seconds,
    }
    return Summary(tuple(problems), code, reason, details)


def _explicit_targets(text: str | None) -> list[Target]:
    if not text:
        return []
    try:
        targets = [parse_target(word) for word in text.split(",") if word.strip()]
    except TargetError as error:
        raise UsageError(f"--on: {error}") from None
    for target in targets:
        lacking = missing(target)
        if lacking:
            raise UsageError(f"--on: {target} is not installed: there is no module {lacking!r}; pip install it first")
    return list(dict.fromkeys(targets))


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
    folders = [suite_root() / "known"] if not paths else _known_folders(paths)
    try:
        return KnownTable.load([folder for folder in folders if any(folder.glob("*.yaml"))], full=full)
    except CaseFileError as error:
        raise UsageError(report(error.findings)) from None


def _known_folders(paths: Sequence[Path]) -> list[Path]:
    found: dict[Path, None] = {}
    for path in paths:
        for folder in (path, *path.resolve().parents):
            if (folder / "known").is_dir():
                found[(folder / "known").resolve()] = None
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
        path = options.record or REPORTS / f"{datetime.now(UTC):%Y%m%d-%H%M%S}.db"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path, Writer.create(path, describe_environment(sys.argv[1:])), set()
    except (RecordError, OSError) as error:
        raise UsageError(f"record: {error}") from None


def _write_reports(options: argparse.Namespace, reader: Reader) -> None:
    try:
        if options.json:
            with open(options.json, "w", encoding="utf-8") as file:
                jsonlines.write(reader, file)
        if options.junit:
            junit.write(reader, options.junit)
        if options.markdown:
            options.markdown.write_text(markdown.render(reader), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"the report can't be written: {error}") from None


def newest_record() -> Path:
    """The record of the last run here."""
    records = sorted(REPORTS.glob("*.db"), key=lambda path: path.stat().st_mtime)
    if not records:
        raise UsageError("there is no record in reports/; run `conformance run` first, or name one with --record")
    return records[-1]


def show_command(options: argparse.Namespace) -> int:
    """Show one case of a record."""
    path = options.record or newest_record()
    try:
        print(show.render(Reader(path, complete=False), options.case, options.on))
    except RecordError as error:
        raise UsageError(str(error)) from None
    return OK


def known_command(options: argparse.Namespace) -> int:
    """Print the declared divergences."""
    paths = options.paths or [suite_root() / "known"]
    try:
        print(render_table(KnownTable.load(paths)))
    except CaseFileError as error:
        raise UsageError(report(error.findings)) from None
    return OK
