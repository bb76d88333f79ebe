"""What `list`, `check` and `schema` do: everything about cases that needs no framework."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from conformance.suite.case import Case
from conformance.suite.loader import CaseFileError, Finding, Suite, find_files, load, validate
from conformance.suite.select import Selector, SelectorError
from conformance.text.plain import one_line
from conformance.usage import OK, USAGE, UsageError

SHOWN = 200  # findings that are printed


def suite_root() -> Path:
    """The suite that runs when no path is given: `cases/` here, else the one that came with the package."""
    here = Path("cases")
    if here.is_dir():
        return here
    package = Path(__file__).parent.parent
    for shipped in (package / "shipped_cases", package.parent / "cases"):
        if shipped.is_dir():
            return shipped
    raise UsageError("no cases: there is no folder cases/ here; name a case file or a folder")


def load_suites(paths: Sequence[Path], trust: Sequence[Path] = ()) -> list[Suite]:
    """Every case file below the paths; UsageError with all findings of all files where one is wrong."""
    given = list(paths) or [suite_root()]
    findings: list[Finding] = []
    suites = []
    try:
        root, files = find_files(given)
    except CaseFileError as error:
        raise UsageError(str(error)) from None
    trusted = trusted_files(trust, files)
    for path in files:
        try:
            suites.append(load(path, root, path.resolve() in trusted))
        except CaseFileError as error:
            findings.extend(error.findings)
    if findings:
        raise UsageError(report(findings))
    return suites


def trusted_files(trust: Sequence[Path], files: Sequence[Path]) -> set[Path]:
    """The case files that the user trusts, each named in full; says once what that means."""
    trusted = {Path(os.path.realpath(path)) for path in trust}  # a link in a circle stays as it is
    absent = sorted(trusted - {path.resolve() for path in files})
    if absent:
        raise UsageError(f"--trust: {absent[0]} is none of the case files that are read; name one of them, no folder")
    if trusted:
        names = ", ".join(map(str, trust))
        print(
            f"conformance: --trust: the plans of {names} may call anything in their frameworks, which can read and "
            "write files and run programs: go on only if you would run a Python script of that author",
            file=sys.stderr,
        )
    return trusted


def report(findings: Sequence[Finding]) -> str:
    """The findings, a line each, and how many there are."""
    lines = [str(finding) for finding in findings[:SHOWN]]
    if len(findings) > SHOWN:
        lines.append(f"and {len(findings) - SHOWN:,} more")
    return "\n".join([f"{len(findings)} finding{'s' if len(findings) != 1 else ''} in the case files", *lines])


def refuse_excess(suites: Sequence[Suite]) -> None:
    """UsageError where a file has more cases than one may have, before the first is made."""
    findings = [finding for suite in suites for finding in suite.excess()]
    if findings:
        raise UsageError(report(findings))


def selector(options: argparse.Namespace) -> Selector:
    """The selection that -k and --tag ask for."""
    text = options.select
    for tag in options.tag:
        text = f"({text}) and tag={tag}" if text else f"tag={tag}"
    try:
        return Selector.parse(text)
    except SelectorError as error:
        raise UsageError(f"-k: {error}") from None


def selected(suites: Sequence[Suite], chosen: Selector) -> Iterator[Case]:
    """The cases that are selected, lazily."""
    for suite in suites:
        for case in suite.cases():
            if chosen.matches(case):
                yield case


def list_command(options: argparse.Namespace) -> int:
    """Print ids, lazily: a file that spans ten million cases lists its first ten at once."""
    suites = load_suites(options.paths, options.trust)
    chosen = selector(options)
    plain = not options.select and not options.tag
    found = False
    write = sys.stdout.write
    try:
        if options.count:
            total = 0
            for suite in suites:
                count = suite.count() if plain else sum(1 for case in suite.cases() if chosen.matches(case))
                total += count
                print(f"{count:>9,}  {one_line(str(suite.path))}")
            print(f"{total:>9,}  cases")
            return OK
        if options.first is None:
            refuse_excess(suites)
        for case in islice(selected(suites, chosen), options.first):
            found = True
            write(case.id + "\n")
    except CaseFileError as error:
        raise UsageError(report(error.findings)) from None
    if not found:
        raise UsageError("the selection matches no case")
    return OK


def check_command(options: argparse.Namespace) -> int:
    """Validate everything, print every finding; what a run would find without a framework is among them."""
    from conformance.ask.examine import mistakes

    try:
        root, files = find_files(list(options.paths) or [suite_root()])
    except CaseFileError as error:
        raise UsageError(str(error)) from None
    findings: list[Finding] = []
    notes: list[Finding] = []
    total = computed = 0
    trusted = trusted_files(options.trust, files)
    for path in files:
        found, count = validate(path, root, path.resolve() in trusted)
        if not found:
            suite = load(path, root, path.resolve() in trusted)
            found, looked = mistakes(suite)
            computed += looked
            notes += [note for block in suite.blocks for note in block.notes()]
        findings += found
        total += count
    for note in notes:
        print(note, file=sys.stderr)
    if findings:
        print(report(findings), file=sys.stderr)
        return USAGE
    of_them = "" if computed == total else f" ({computed:,} of them with their inputs and exact answers)"
    print(f"{len(files)} files, {total:,} cases: all valid{of_them}")
    return OK


def schema_command(_: argparse.Namespace) -> int:
    """Print the JSON Schema of case files."""
    from conformance.suite.schema import json_schema

    print(json.dumps(json_schema(), indent=2))
    return OK
