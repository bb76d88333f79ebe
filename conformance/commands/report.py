"""`conformance report`: the reports of a record that exists, on the terminal or in files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from conformance.record import Reader
from conformance.report import terminal
from conformance.session import declare
from conformance.session.outputs import refuse_same
from conformance.session.records import Reports, newest_record, write_reports
from conformance.usage import OK


@dataclass(frozen=True, kw_only=True)
class Options:
    """What `report` is asked."""

    record: Path | None = declare.positional(
        nargs="?", default=None, type=Path, metavar="RECORD", help="default: the newest in reports/"
    )
    html: Path | None = declare.html()
    markdown: Path | None = declare.markdown()
    junit: Path | None = declare.junit()
    json: Path | None = declare.jsonlines()


def main(options: Options) -> int:
    """Write reports of a record that exists, complete or not; print it where none is asked for."""
    path = options.record or newest_record()
    reports = Reports(html=options.html, markdown=options.markdown, junit=options.junit, json=options.json)
    refuse_same((f"--{name}", getattr(options, name)) for name in ("record", "json", "junit", "markdown", "html"))
    with Reader(path, complete=False) as reader:
        write_reports(reports, reader)
        if not reports.files:
            terminal.print_report(reader)
    for file in reports.files:
        print(f"wrote {file}")
    return OK
