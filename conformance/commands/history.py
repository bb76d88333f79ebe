"""`conformance history RECORDS...`: how counts and divergences moved over a series of records."""

from __future__ import annotations

import argparse
import json
import sys

from conformance.diff.history import as_data, print_history, read, render
from conformance.record import RecordError
from conformance.text.files import made
from conformance.usage import OK, UsageError


def history_command(options: argparse.Namespace) -> int:
    """Print how a series of records went. `options`: records, markdown, html, json."""
    try:
        history = read(options.records)
    except RecordError as error:
        raise UsageError(f"history: {error}") from None
    try:
        if options.json:
            text = json.dumps(as_data(history), allow_nan=False, indent=1)
            made(options.json).write_text(text + "\n", encoding="utf-8")
        if options.markdown:
            made(options.markdown).write_text(render(history), encoding="utf-8")
        if options.html:
            from conformance.report.html import write_history

            write_history(history, made(options.html))
    except OSError as error:
        raise UsageError(f"the report can't be written: {error}") from None
    print_history(history, sys.stdout)
    return OK
