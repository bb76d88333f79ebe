"""`conformance diff A B`: what changed between two records, case by case."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from conformance.diff.changes import parse_kinds
from conformance.diff.join import diff_records
from conformance.diff.targets import parse_maps
from conformance.record import Reader, RecordError
from conformance.session import declare
from conformance.session.comparison import conclude
from conformance.session.records import Reports
from conformance.usage import UsageError


@dataclass(frozen=True, kw_only=True)
class Options:
    """What `diff` is asked."""

    before: Path = declare.positional(type=Path, metavar="A")
    after: Path = declare.positional(type=Path, metavar="B")
    incomplete: bool = declare.switch("--incomplete", help="compare interrupted runs, too, as far as they went")
    fail_on: str = declare.fail_on()
    map: tuple[str, ...] = declare.option(
        "--map", action="append", metavar="A=B", help="compare target A with target B"
    )
    markdown: Path | None = declare.markdown()
    html: Path | None = declare.html()
    json: Path | None = declare.json()


def main(options: Options) -> int:
    """Compare two records."""
    kinds = parse_kinds(options.fail_on)
    mapping = parse_maps(options.map)
    complete = not options.incomplete
    try:
        with Reader(options.before, complete) as before, Reader(options.after, complete) as after:
            diff = diff_records(before, after, mapping)
    except RecordError as error:
        raise UsageError(f"diff: {error}") from None
    reports = Reports(html=options.html, markdown=options.markdown, json=options.json)
    return conclude(diff, kinds, reports, sys.stdout)
