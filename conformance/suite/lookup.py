"""Finding one case of the suite by its id, its name, or a part of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from conformance.suite.case import Case
from conformance.suite.choose import load_suites, refuse_excess, suite_root
from conformance.suite.loader import CaseFileError
from conformance.text.nearest import meant, the_nearest
from conformance.usage import UsageError

SHOWN = 5


def find_case(text: str, paths: Sequence[Path] = (), trust: Sequence[Path] = ()) -> Case:
    """The case with this id or name, else the only one whose id has `text` in it; UsageError with the nearest ids.

    It is looked for in `paths`; without any, in the file that the id names, else in the whole suite.
    """
    searched = list(paths) or named_file(text)
    suites = load_suites(searched, trust)
    ids: list[str] = []
    try:
        refuse_excess(suites)
        for suite in suites:
            for case in suite.cases():
                if case.id == text:
                    return case
                ids.append(case.id)
    except CaseFileError as error:
        raise UsageError(str(error)) from None
    found = meant(text, ids)
    if len(found) == 1:
        return next(case for suite in suites for case in suite.cases() if case.id == found[0])
    if found:
        shown = "".join(f"\n  {id}" for id in found[:SHOWN]) + ("\n  ..." if len(found) > SHOWN else "")
        raise UsageError(f"{text!r} stands for {len(found)} cases:{shown}\ngive the whole id of one")
    hint = the_nearest(text, ids)
    where = ", ".join(str(path) for path in searched) or str(suite_root())
    raise UsageError(f"no case {text!r} in {where}{hint}")


def named_file(text: str) -> list[Path]:
    """The file that an id begins with, where it is there."""
    file, separator, _ = text.partition("::")
    if not separator:
        return []
    root = suite_root()
    for candidate in (root / f"{file}.yaml", root / f"{file}.yml", Path(f"{file}.yaml"), Path(file)):
        if candidate.is_file():
            return [candidate]
    return []
