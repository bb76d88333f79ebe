"""`conformance diff A B`, and what `upgrade` shares with it: writing a diff out and the exit code."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from typing import IO

from conformance.diff.changes import Diff, Kind, parse_kinds
from conformance.diff.data import write
from conformance.diff.join import diff_records
from conformance.diff.targets import parse_maps
from conformance.diff.text import print_diff, render
from conformance.record import Reader, RecordError
from conformance.text.files import made
from conformance.usage import OK, UNEXPECTED, UsageError, printing


def diff_command(options: argparse.Namespace) -> int:
    """Compare two records. `options`: before, after, map, fail_on, incomplete, markdown, html, json."""
    kinds = parse_kinds(options.fail_on)
    mapping = parse_maps(options.map)
    complete = not options.incomplete
    try:
        with Reader(options.before, complete) as before, Reader(options.after, complete) as after:
            diff = diff_records(before, after, mapping)
    except RecordError as error:
        raise UsageError(f"diff: {error}") from None
    return conclude(diff, kinds, options, sys.stdout)


def conclude(diff: Diff, kinds: Iterable[Kind], options: argparse.Namespace, file: IO[str]) -> int:
    """Write what `options` asks for (markdown, html, json: paths or None), print the diff, and say the exit code.

    It is 1 where a change of one of `kinds` was found, else 0.
    """
    # The files first: whoever reads only the head of what is printed (`| head`) still has them.
    _write(diff, options)
    asked = frozenset(kinds)
    found = diff.found(asked)
    said = ", ".join(f"{count:,} {kind}" for kind, count in found.items())
    last = f"exit {UNEXPECTED}: {said} (--fail-on)" if found else f"exit {OK}"
    with printing():
        print_diff(diff, file)
        print(f"\n{last}" + (": nothing that --fail-on asks for" if asked and not found else ""), file=file)
    return UNEXPECTED if found else OK


def _write(diff: Diff, options: argparse.Namespace) -> None:
    try:
        if options.json:
            with open(made(options.json), "w", encoding="utf-8") as file:
                write(diff, file)
        if options.markdown:
            made(options.markdown).write_text(render(diff), encoding="utf-8")
        if options.html:
            from conformance.report.html import write_diff

            write_diff(diff, made(options.html))
    except OSError as error:
        raise UsageError(f"the report can't be written: {error}") from None
