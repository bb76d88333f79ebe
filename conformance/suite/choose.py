"""Which cases are meant: the suite, files and folders, -k and --tag."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from conformance.suite.case import Case
from conformance.suite.loader import CaseFileError, Finding, Suite, find_files, load
from conformance.suite.origin import shipped_root
from conformance.suite.select import Selector, SelectorError
from conformance.usage import UsageError

SHOWN = 200  # findings that are printed


def suite_root() -> Path:
    """The suite that runs when no path is given: `cases/` here, else the one that came with the package."""
    here = Path("cases")
    if here.is_dir():
        return here
    if (shipped := shipped_root()) is not None:
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


def selector(select: str, tags: Sequence[str] = ()) -> Selector:
    """The selection that -k and --tag ask for."""
    text = select
    for tag in tags:
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
