"""`conformance history RECORDS...`: how counts and divergences moved over a series of records."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from conformance.diff.history import as_data, print_history, read, render
from conformance.record import RecordError
from conformance.session import declare
from conformance.text.files import made, write_whole
from conformance.usage import OK, UsageError, unwritable


@dataclass(frozen=True, kw_only=True)
class Options:
    """What `history` is asked."""

    records: tuple[Path, ...] = declare.positional(nargs="+", type=Path, metavar="RECORD")
    markdown: Path | None = declare.markdown()
    html: Path | None = declare.html()
    json: Path | None = declare.json()


def main(options: Options) -> int:
    """Print how a series of records went."""
    try:
        history = read(options.records)
    except RecordError as error:
        raise UsageError(f"history: {error}") from None
    try:
        if options.json:
            write_whole(made(options.json), json.dumps(as_data(history), allow_nan=False, indent=1) + "\n")
        if options.markdown:
            write_whole(made(options.markdown), render(history))
        if options.html:
            from conformance.report.html import write_history

            write_history(history, made(options.html))
    except OSError as error:
        raise unwritable(f"the report can't be written: {error}", error) from None
    print_history(history, sys.stdout)
    return OK
