"""`conformance run`: cases on targets, into a record, and what the record says."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from conformance.ask.where import expand
from conformance.environments.installed import default_targets, missing, named_targets
from conformance.environments.interpreters import consent
from conformance.record import Reader, RecordError
from conformance.record.facts import conclusion
from conformance.report import terminal
from conformance.session import declare
from conformance.session.execute import Settings, execute, say_whole
from conformance.session.gate import JUNIT, Gate, told
from conformance.session.outputs import output, refuse_same
from conformance.session.records import Reports, write_reports
from conformance.session.selection import known_table, last_failed, print_tags, roots, select_cases
from conformance.usage import HARNESS, INTERRUPTED, HarnessError, UsageError, printing

_CI = "in CI"


@dataclass(frozen=True, kw_only=True)
class Options:
    """What `run` is asked."""

    paths: tuple[Path, ...] = declare.paths()
    shipped: bool = declare.shipped()
    select: str = declare.select()
    tag: tuple[str, ...] = declare.tag()
    trust: tuple[Path, ...] = declare.trust()
    on: str | None = declare.on(
        "comma-separated targets, such as torch,jax:jit,keras/torch,jax==0.9.2 "
        "(default: each case's own that are installed)",
        metavar="TARGETS",
    )
    record: Path | None = declare.new_record()
    resume: Path | None = declare.resume()
    json: Path | None = declare.jsonlines()
    junit: Path | None = declare.junit()
    markdown: Path | None = declare.markdown()
    html: Path | None = declare.html()
    timeout: float = declare.timeout(120.0, "for one case on one target")
    no_known: bool = declare.switch("--no-known", help="take no divergence as known")
    keep_outputs: bool = declare.switch(
        "--keep-outputs", help="keep passed outputs too, so that `diff` can say how far apart changed bits are"
    )
    last_failed: bool = declare.switch(
        "--last-failed", help="only cases that the newest record in reports/ has an unexpected divergence of"
    )
    exit_first: bool = declare.switch("-x", "--exitfirst", help="stop at the first unexpected divergence")
    list_tags: bool = declare.list_tags()
    quiet: bool = declare.switch("-q", "--quiet", help="print only what is unexpected and the last line")
    python: tuple[str, ...] = declare.python()
    pip_args: str = declare.pip_args()
    allow_installs: bool = declare.switch(
        "--allow-installs",
        help="build the environments of versions that only a case file names, such as numpy==1.26.4",
    )
    gate: bool = declare.switch(
        "--gate", group=_CI, help="write what the CI system reads: annotations, job summary, JUnit, badge"
    )
    require: str = declare.option(
        "--require",
        default="",
        metavar="TARGETS",
        group=_CI,
        help="fail where one of these is not installed or ran no case",
    )
    baseline: Path | None = declare.option(
        "--baseline", type=Path, metavar="RECORD", group=_CI, help="only what is not in this record is unexpected"
    )
    badge: Path | None = declare.option(
        "--badge",
        type=output,
        metavar="FILE",
        group=_CI,
        help="write a badge (SVG, or shields.io JSON by its name)",
    )


def main(options: Options) -> int:
    """Run cases on targets; the record is the only thing that the reports see."""
    names = ("record", "resume", "baseline", "json", "junit", "markdown", "html", "badge")
    refuse_same((f"--{name}", getattr(options, name)) for name in names)
    with told(options.gate):
        gate = Gate(
            writes=options.gate,
            require=options.require,
            baseline=options.baseline,
            badge=options.badge,
            python=options.python,
        )
        return HARNESS if gate.refuses() else _run(options, gate)


def _run(options: Options, gate: Gate) -> int:
    cases = select_cases(roots(options.paths, options.shipped, judges=True), options.select, options.tag, options.trust)
    if options.list_tags:
        return print_tags(cases)
    if options.last_failed:
        cases = last_failed(cases)
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
    whole = not (options.select or options.tag or options.last_failed or options.exit_first)
    settings = Settings(
        timeout=options.timeout,
        record=options.record,
        resume=options.resume,
        python=options.python,
        pip_args=options.pip_args,
        keep_outputs=options.keep_outputs,
        quiet=options.quiet,
        exit_first=options.exit_first,
        known=None if options.no_known else known_table(options.paths, whole, options.shipped),
    )
    ended = execute(settings, gate, asked, explicit)
    if ended.code == INTERRUPTED:
        return INTERRUPTED
    junit = options.junit or (JUNIT if options.gate else None)
    reports = Reports(html=options.html, markdown=options.markdown, junit=junit, json=options.json)
    try:
        with Reader(ended.path, complete=ended.code is None) as reader:
            write_reports(reports, reader)
            code = ended.code or conclusion(reader).code or 0
            with printing(f"the record has it: conformance report {shlex.quote(str(ended.path))}"):
                terminal.print_report(reader, sys.stdout, quiet=options.quiet, compact=options.gate, open_code=code)
                gate.tell(reader, code)
            return code
    except RecordError as error:
        raise HarnessError(f"what the run wrote can't be read any more: {error}") from None
    except KeyboardInterrupt:
        say_whole(ended.path)
        return INTERRUPTED
