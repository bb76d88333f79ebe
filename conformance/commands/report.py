"""`conformance report`: the reports of a record that exists."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from conformance.record import Reader
from conformance.session import declare
from conformance.session.outputs import refuse_same
from conformance.session.records import Reports, newest_record, write_reports
from conformance.usage import OK, UsageError


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
    """Write reports of a record that exists, complete or not."""
    path = options.record or newest_record()
    reports = Reports(html=options.html, markdown=options.markdown, junit=options.junit, json=options.json)
    if not reports.files:
        raise UsageError(
            "no report was asked for; name at least one of --html, --markdown, --junit, --json with a file"
        )
    refuse_same((f"--{name}", getattr(options, name)) for name in ("record", "json", "junit", "markdown", "html"))
    with Reader(path, complete=False) as reader:
        write_reports(reports, reader)
    for file in reports.files:
        print(f"wrote {file}")
    return OK
