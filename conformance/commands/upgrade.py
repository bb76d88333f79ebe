"""`conformance upgrade FRAMEWORK OLD NEW`: two isolated environments, one run, what changed. docs/versions.md."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from packaging.version import InvalidVersion, Version

from conformance.commands.diff import conclude
from conformance.commands.gate import Gate
from conformance.commands.session import Ended, again, execute, select_cases
from conformance.commands.table import build_parser
from conformance.diff import Kind, diff_records, parse_kinds
from conformance.environments.installed import DEFAULTS
from conformance.record import Reader, RecordError
from conformance.suite.case import Case
from conformance.target import Target, TargetError, parse_target
from conformance.usage import HARNESS, INTERRUPTED, UsageError, printing


def upgrade_command(options: argparse.Namespace) -> int:
    """Run cases on two versions of a framework into one record, and compare the two.

    `options`: framework, old, new, paths, select, tag, timeout, record, resume, python, pip_args, fail_on, markdown,
    html, json.
    """
    # What is wrong with these should not turn up after a long run.
    kinds = parse_kinds(options.fail_on)
    asked = parse_framework(options.framework)
    versions = [parse_version(options.old), parse_version(options.new)]
    if Version(versions[0]) == Version(versions[1]):
        raise UsageError(f"{versions[0]} and {versions[1]} are the same version; give the one before and the one after")
    cases = select_cases(options)
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
    ended = _run(options, work)
    if ended.code is not None:
        return ended.code
    return _compare(ended.path, mapping, kinds, options)


def parse_framework(text: str) -> Target:
    """A framework or a target without a version; UsageError."""
    try:
        target = parse_target(text)
    except TargetError as error:
        raise UsageError(str(error)) from None
    if target.version:
        raise UsageError(
            f"{text}: expected a target without a version, such as {replace(target, version='')}; the versions are "
            "given by themselves"
        )
    return target


def parse_version(text: str) -> str:
    """A version by PEP 440; UsageError."""
    try:
        Version(text)
        parse_target(f"numpy=={text}")
    except (InvalidVersion, TargetError):
        raise UsageError(f"{text!r} is no version; expected one such as 0.9.2 (PEP 440)") from None
    return text


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


def _run(options: argparse.Namespace, work: Sequence[tuple[Case, Sequence[Target]]]) -> Ended:
    if options.resume and _complete(options.resume):
        return Ended(options.resume)
    # What `run` has an option for and `upgrade` has not is as `run` has it by default.
    given = {**vars(build_parser().parse_args(["run"])), **vars(options), "keep_outputs": True}
    given |= {"markdown": None, "html": None, "json": None}
    merged = argparse.Namespace(**given)
    return execute(merged, Gate(merged), work)


def _complete(path: Path) -> bool:
    try:
        with Reader(path, complete=False) as reader:
            return reader.complete
    except RecordError as error:
        raise UsageError(f"--resume: {error}") from None


def _compare(path: Path, mapping: dict[str, str], kinds: frozenset[Kind], options: argparse.Namespace) -> int:
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
                options,
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
