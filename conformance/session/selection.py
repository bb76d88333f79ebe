"""Which cases a command is about, and the divergences that are declared beside them."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

from conformance.environments.installed import default_targets
from conformance.known import KnownTable
from conformance.record import Reader, RecordError
from conformance.session.records import newest_record
from conformance.suite.case import Case
from conformance.suite.choose import (
    OWN,
    load_suites,
    refuse_excess,
    report,
    selected,
    selector,
    shipped_suite,
    suite_root,
)
from conformance.suite.findings import Finding
from conformance.suite.grid import MAX_CASES
from conformance.suite.loader import KNOWN, CaseFileError
from conformance.suite.places import own_folder
from conformance.text.plain import one_line
from conformance.usage import OK, UsageError


def roots(paths: Sequence[Path], shipped: bool = False, judges: bool = False) -> list[Path]:
    """The files and folders that a command is about.

    `shipped`: the suite that came with the package was asked for by name. `judges`: what the command finds is a verdict
    on somebody's work, so a suite that is not theirs is refused where it was not asked for; UsageError says what there
    is. Whoever only looks is told that there is no other.
    """
    if shipped and paths:
        raise UsageError(f"--shipped is the suite that came with the package, and {paths[0]} is named too; name one")
    if paths:
        return list(paths)
    if shipped:
        return [shipped_suite()]
    root = suite_root()
    if root != OWN and judges:
        raise UsageError(
            f"there is no folder cases/ here and no file was named, so nothing of yours would run.\n"
            f"{_size(root)} Ask for it with --shipped, name a case file or a folder, or begin with `conformance init`"
        )
    if root != OWN:
        print(f"conformance: there is no folder cases/ here: this is the shipped suite, {root}", file=sys.stderr)
    return [root]


def _size(root: Path) -> str:
    """What a run of a suite would be, in a sentence or two."""
    suites = load_suites([root])
    cases = sum(suite.count() for suite in suites)
    installed = default_targets()[0]
    where = ", ".join(map(str, installed)) or "none, since no framework is installed"
    return (
        f"The shipped suite, {root}, has {cases:,} cases in {len(suites)} files, for these targets: {where}.\n"
        "That takes minutes, --tag smoke seconds."
    )


def select_cases(paths: Sequence[Path], select: str, tags: Sequence[str], trust: Sequence[Path]) -> list[Case]:
    """The cases that `paths`, `-k` and `--tag` ask for; UsageError where there is none, or two have one id."""
    suites = load_suites(paths, trust)
    try:
        refuse_excess(suites)
        cases = list(islice(selected(suites, selector(select, tags, suites)), MAX_CASES + 1))
    except CaseFileError as error:
        raise UsageError(report(error.findings)) from None
    if not cases:
        raise UsageError("the selection matches no case; `conformance list` shows what there is")
    if len(cases) > MAX_CASES:
        raise UsageError(
            f"more than {MAX_CASES:,} cases are selected, expected at most so many; name fewer files, or -k"
        )
    refuse_duplicates(cases)
    return cases


def last_failed(cases: Sequence[Case]) -> list[Case]:
    """Those of the cases that diverged unexpectedly in the newest record here; UsageError where none did."""
    path = newest_record()
    try:
        with Reader(path, complete=False) as reader:
            failed = {row.case.id for row in reader.verdicts(unexpected=True)}
    except RecordError as error:
        raise UsageError(f"--last-failed: {error}") from None
    found = [case for case in cases if case.id in failed]
    if not found:
        what = "has no unexpected divergence" if not failed else "has none of the selected cases among its divergences"
        raise UsageError(f"--last-failed: {path} {what}, so there is nothing to run again")
    return found


def print_tags(cases: Iterable[Case]) -> int:
    """Print every tag and how many cases have it; the exit code of whoever does only this."""
    for tag, count in sorted(Counter(tag for case in cases for tag in case.tags).items()):
        print(f"{count:>9,}  {one_line(tag)}")
    return OK


def refuse_duplicates(cases: Sequence[Case]) -> None:
    """UsageError where two cases have one id: a record would hold one of them."""
    seen: dict[str, Case] = {}
    for case in cases:
        if case.id in seen:
            raise UsageError(f"{case.source}: the id {case.id!r} is already at {seen[case.id].source}")
        seen[case.id] = case


def known_table(paths: Sequence[Path], whole: bool, shipped: bool = False) -> KnownTable:
    """The declared divergences of the suite: known/ beside the cases that run. `whole`: nothing of it is left out."""
    # Only a run of the whole suite shows that an entry covers nothing.
    full = whole and not paths
    root = shipped_suite() if shipped else suite_root()
    try:
        return KnownTable.load(_beside(paths, root), full=full)
    except CaseFileError as error:
        raise UsageError(report(error.findings)) from None


def declared_mistakes(paths: Sequence[Path]) -> list[Finding]:
    """What is wrong with the declared divergences that a run of these cases would read."""
    try:
        KnownTable.load(_beside(paths, suite_root()))
    except CaseFileError as error:
        return error.findings
    return []


def _beside(paths: Sequence[Path], root: Path) -> list[Path]:
    """The folders of declared divergences beside the cases; a link is followed where it stays beside them."""
    folders = [root / KNOWN] if not paths else _known_folders(paths)
    return [folder for folder in folders if own_folder(folder) and any(folder.glob("*.yaml"))]


def _known_folders(paths: Sequence[Path]) -> list[Path]:
    found: dict[Path, None] = {}
    for path in paths:
        for folder in (path, *path.resolve().parents):
            if (folder / KNOWN).is_dir():
                found[folder.resolve() / KNOWN] = None
                break
    return list(found)
