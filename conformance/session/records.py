"""Records as commands find and make them, and the reports of one."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from conformance.record import Reader, RecordError, Writer, describe_environment
from conformance.report import html, jsonlines, junit, markdown
from conformance.text.files import write_whole
from conformance.usage import HarnessError, UsageError, unwritable

REPORTS = Path("reports")


def open_record(record: Path | None, resume: Path | None) -> tuple[Path, Writer, set[tuple[str, str, str]]]:
    """The record that is written, and (case, fingerprint, target) of what it holds; `resume`: one that was left."""
    try:
        if resume:
            writer = Writer.resume(resume)
            return resume, writer, writer.done()
        environment = describe_environment(sys.argv[1:])
        if record:
            return record, Writer.create(record, environment), set()
        return *_by_time(environment), set()
    except (RecordError, OSError) as error:
        if resume or record:
            raise UsageError(f"record: {error}") from None
        raise HarnessError(f"{error}; name another place with --record FILE") from None


def _by_time(environment: dict[str, Any]) -> tuple[Path, Writer]:
    """A record named after the time; several runs may begin in the same second."""
    name = f"{datetime.now(UTC):%Y%m%d-%H%M%S}"
    number = 1
    while True:
        path = REPORTS / f"{name}{f'-{number}' if number > 1 else ''}.db"
        try:
            return path, Writer.create(path, environment)
        except RecordError:
            if number == 100 or not path.exists():
                raise
        number += 1


@dataclass(frozen=True, kw_only=True)
class Reports:
    """Where the reports of a record go, each to a file or nowhere."""

    html: Path | None = None
    markdown: Path | None = None
    junit: Path | None = None
    json: Path | None = None

    @property
    def files(self) -> list[Path]:
        """Those that are asked for."""
        return [path for path in (self.html, self.markdown, self.junit, self.json) if path]


def write_reports(reports: Reports, reader: Reader) -> None:
    """Write the reports of a record; UsageError where one can't be written."""
    try:
        if reports.json:
            with open(reports.json, "w", encoding="utf-8") as file:
                jsonlines.write(reader, file)
        if reports.junit:
            junit.write(reader, reports.junit)
        if reports.markdown:
            write_whole(reports.markdown, markdown.render(reader))
        if reports.html:
            from conformance.repro.several import scripts  # only a page has them

            html.write(reader, reports.html, scripts=scripts(reader))
    except OSError as error:
        raise unwritable(f"the report can't be written: {error}", error) from None


def newest_record() -> Path:
    """The record of the last run here."""
    # A link that leads nowhere is no record, nor is a folder or a pipe.
    records = sorted((path for path in REPORTS.glob("*.db") if path.is_file()), key=lambda path: path.stat().st_mtime)
    if not records:
        raise UsageError("there is no record in reports/; run `conformance run` first, or name one with --record")
    return records[-1]
