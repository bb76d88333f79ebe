"""Which cases are meant: the suite, files and folders, -k and --tag."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from conformance.suite.case import Case
from conformance.suite.loader import CaseFileError, Finding, Suite, find_files, load
from conformance.suite.origin import shipped_root
from conformance.suite.select import Selector, SelectorError
from conformance.text.nearest import is_named
from conformance.usage import UsageError

SHOWN = 200  # findings that are printed


OWN = Path("cases")


def suite_root() -> Path:
    """The suite that is looked at when no path is given: `cases/` here, else the one that came with the package."""
    return OWN if OWN.is_dir() else shipped_suite()


def shipped_suite() -> Path:
    """The suite that came with the package."""
    if (shipped := shipped_root()) is not None:
        return shipped
    raise UsageError("no suite came with this installation of conformance; name a case file or a folder")


def load_suites(paths: Sequence[Path], trust: Sequence[Path] = ()) -> list[Suite]:
    """Every case file below the paths; UsageError with all findings of all files where one is wrong."""
    findings: list[Finding] = []
    suites = []
    try:
        root, files = find_files(list(paths) or [suite_root()])
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


def selector(select: str, tags: Sequence[str] = (), suites: Sequence[Suite] = ()) -> Selector:
    """The selection that -k and --tag ask for; a name is one of a case of these suites."""
    try:
        chosen = Selector.parse(select, partial(_is_a_name, suites))
    except SelectorError as error:
        raise UsageError(f"-k: {error}") from None
    return Selector(select, lambda case: chosen.matches(case) and case.tags.issuperset(tags)) if tags else chosen


def _is_a_name(suites: Sequence[Suite], text: str) -> bool:
    """Whether a text is the id or the name of a case. Only what looks like a grid's has its cases made."""
    file, separator, label = text.rpartition("::")
    grid = "[" in label
    for suite in suites:
        if separator and suite.stem != file:
            continue
        if grid or any(block.name and block.name == label.partition(" ")[0] for block in suite.blocks):
            with suppress(CaseFileError):  # found again, and said, when the cases are made to be run
                if any(is_named(text, case.id) for case in suite.cases()):
                    return True
    return False


def selected(suites: Sequence[Suite], chosen: Selector) -> Iterator[Case]:
    """The cases that are selected, lazily."""
    for suite in suites:
        for case in suite.cases():
            if chosen.matches(case):
                yield case
