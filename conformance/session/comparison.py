"""The end of a comparison of two records: its reports, what is printed, and the exit code."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO

from conformance.diff.changes import Diff, Kind
from conformance.diff.data import write
from conformance.diff.text import print_diff, render
from conformance.session.records import Reports
from conformance.text.files import made, write_whole
from conformance.usage import OK, UNEXPECTED, printing, unwritable


def conclude(diff: Diff, kinds: Iterable[Kind], reports: Reports, file: IO[str]) -> int:
    """Write the reports, print the diff, and say the exit code: 1 where it has a change of one of `kinds`."""
    # The files first: whoever reads only the head of what is printed (`| head`) still has them.
    _write(diff, reports)
    asked = frozenset(kinds)
    found = diff.found(asked)
    said = ", ".join(f"{count:,} {kind}" for kind, count in found.items())
    last = f"exit {UNEXPECTED}: {said} (--fail-on)" if found else f"exit {OK}"
    with printing():
        print_diff(diff, file)
        print(f"\n{last}" + (": nothing that --fail-on asks for" if asked and not found else ""), file=file)
    return UNEXPECTED if found else OK


def _write(diff: Diff, reports: Reports) -> None:
    try:
        if reports.json:
            with open(made(reports.json), "w", encoding="utf-8") as file:
                write(diff, file)
        if reports.markdown:
            write_whole(made(reports.markdown), render(diff))
        if reports.html:
            from conformance.report.html import write_diff

            write_diff(diff, made(reports.html))
    except OSError as error:
        raise unwritable(f"the report can't be written: {error}", error) from None
