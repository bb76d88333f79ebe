"""`conformance upgrade FRAMEWORK OLD NEW`: two isolated environments, one run, what changed. docs/versions.md."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from packaging.version import Version

from conformance.diff import Kind, diff_records, parse_kinds
from conformance.environments.installed import DEFAULTS
from conformance.record import Reader, RecordError
from conformance.session import declare
from conformance.session.comparison import conclude
from conformance.session.execute import Ended, Settings, again, execute
from conformance.session.gate import Gate
from conformance.session.records import Reports
from conformance.session.selection import known_table, roots, select_cases
from conformance.session.versions import parse_framework, parse_version
from conformance.suite.case import Case
from conformance.target import Target, parse_target
from conformance.usage import HARNESS, INTERRUPTED, UsageError, printing


@dataclass(frozen=True, kw_only=True)
class Options:
    """What `upgrade` is asked."""

    framework: str = declare.positional(help="a framework or target, such as jax or keras/torch")
    old: str = declare.positional()
    new: str = declare.positional()
    paths: tuple[Path, ...] = declare.paths()
    shipped: bool = declare.shipped()
    select: str = declare.select()
    tag: tuple[str, ...] = declare.tag()
    trust: tuple[Path, ...] = declare.trust()
    timeout: float = declare.timeout(120.0, "for one case")
    record: Path | None = declare.new_record()
    resume: Path | None = declare.resume()
    python: tuple[str, ...] = declare.python()
    pip_args: str = declare.pip_args()
    fail_on: str = declare.fail_on()
    markdown: Path | None = declare.markdown()
    html: Path | None = declare.html()
    json: Path | None = declare.json()


def main(options: Options) -> int:
    """Run cases on two versions of a framework into one record, and compare the two."""
    # What is wrong with these should not turn up after a long run.
    kinds = parse_kinds(options.fail_on)
    asked = parse_framework(options.framework)
    versions = [parse_version(options.old), parse_version(options.new)]
    if Version(versions[0]) == Version(versions[1]):
        raise UsageError(f"{versions[0]} and {versions[1]} are the same version; give the one before and the one after")
    cases = select_cases(roots(options.paths, options.shipped), options.select, options.tag, options.trust)
    work: list[tuple[Case, list[Target]]] = []
    mapping: dict[str, str] = {}
    for case in cases:
        own = targets_of(case, asked)
        pairs = [(replace(target, version=versions[0]), replace(target, version=versions[1])) for target in own]
        mapping |= {str(before): str(after) for before, after in pairs}
        if pairs:
            work.append((case, [target for pair in pairs for target in pair]))
    if not work:
        raise UsageError(
            f"none of the {len(cases):,} cases of the selection runs on {options.framework}; "
            "`conformance list` shows the cases, and each case file says its targets"
        )
    reports = Reports(html=options.html, markdown=options.markdown, json=options.json)
    ended = _run(options, work)
    if ended.code is not None:
        return ended.code
    return _compare(ended.path, mapping, kinds, reports)


def targets_of(case: Case, asked: Target) -> list[Target]:
    """The targets of a case on which a framework is upgraded.

    Of a framework alone (`jax`, `keras/torch`): each of the case's own targets that is of this framework and backend,
    in whatever mode, on whatever device, with whatever options. Of a target with a mode, a device or options
    (`jax:jit`): this one, for the cases that run on the framework at all. Whether the framework is installed here does
    not matter.
    """
    names = [name for own in case.targets for name in (DEFAULTS if own == "default" else (own,))]
    found = [target for target in map(parse_target, names) if _bare(target) == _bare(asked) and not target.version]
    if asked != _bare(asked):
        return [asked] if found else []
    return list(dict.fromkeys(found))


def _bare(target: Target) -> Target:
    return Target(target.framework, target.backend)


def _run(options: Options, work: Sequence[tuple[Case, Sequence[Target]]]) -> Ended:
    if options.resume and _complete(options.resume):
        return Ended(options.resume)
    settings = Settings(
        timeout=options.timeout,
        record=options.record,
        resume=options.resume,
        python=options.python,
        pip_args=options.pip_args,
        keep_outputs=True,
        known=known_table(options.paths, not (options.select or options.tag), options.shipped),
    )
    return execute(settings, Gate(python=options.python), work)


def _complete(path: Path) -> bool:
    try:
        with Reader(path, complete=False) as reader:
            return reader.complete
    except RecordError as error:
        raise UsageError(f"--resume: {error}") from None


def _compare(path: Path, mapping: dict[str, str], kinds: frozenset[Kind], reports: Reports) -> int:
    try:
        with Reader(path) as before, Reader(path) as after:
            summary = before.summary
            if summary is not None and summary.exit_code == HARNESS:
                for problem in summary.problems:
                    print(f"conformance: {problem.name}: {problem.message}", file=sys.stderr)
                print(f"conformance: {summary.reason}, so nothing is compared; record: {path}", file=sys.stderr)
                return HARNESS
            ran = before.targets
            code = conclude(
                diff_records(before, after, {a: b for a, b in mapping.items() if a in ran and b in ran}),
                kinds,
                reports,
                sys.stdout,
            )
            with printing():
                print(f"record: {path}")
            return code
    except RecordError as error:
        raise UsageError(f"upgrade: {error}") from None
    except KeyboardInterrupt:
        print(f"interrupted; the record is complete, and this only compares: {again(path)}", file=sys.stderr)
        return INTERRUPTED
