"""What `conformance known` does: print the declared divergences, make their page, propose entries from a record."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from conformance.commands.outputs import kept
from conformance.known.file import load_entries
from conformance.known.page import render_page
from conformance.known.propose import Evidence, check, propose
from conformance.known.stale import edits
from conformance.known.table import KnownTable, render_table
from conformance.record import Reader, RecordError
from conformance.suite.choose import report, suite_root
from conformance.suite.findings import CaseFileError
from conformance.text.files import write_whole
from conformance.text.words import plural
from conformance.usage import OK, UsageError


def known_command(options: argparse.Namespace) -> int:
    """Print, or propose. Nothing that is declared is changed, whatever a record says."""
    table = _table(options)
    if options.update is not None:
        return _update(options, table)
    if options.output is not None and (reason := kept(options.output)):
        raise UsageError(f"-o: {options.output} {reason}; name another file")
    if options.markdown:
        _write(options.output, render_page(table.entries))
    elif options.output is not None:
        _write(options.output, render_table(table) + "\n")
    else:
        print(render_table(table))
    return OK


def _table(options: argparse.Namespace) -> KnownTable:
    paths = options.paths or [suite_root() / "known"]
    for path in options.paths:
        if not path.exists():
            raise UsageError(f"{path}: no such file or folder")
    try:
        return KnownTable(load_entries(paths))
    except CaseFileError as error:
        raise UsageError(report(error.findings)) from None


def _write(path: Path | None, text: str) -> None:
    if path is None:
        sys.stdout.write(text)
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text)
    except OSError as error:
        raise UsageError(f"{path} can't be written: {error}") from None


def _update(options: argparse.Namespace, table: KnownTable) -> int:
    try:
        with Reader(options.update) as reader:
            evidence = Evidence(reader)
            proposals = propose(evidence, table)
            stale = edits(evidence, table)
            kept = [entry for entry in table.entries if entry.known.name not in stale.removed]
            left, wrong = check(evidence, kept, proposals)
    except RecordError as error:
        raise UsageError(f"--update: {error}") from None
    except CaseFileError as error:
        raise UsageError(
            f"--update: no entry can be proposed from {options.update}:\n{report(error.findings)}"
        ) from None
    if proposals:
        _put(options.output, "\n".join(proposal.render() for proposal in proposals), options.update)
    count = sum(len(proposal.verdicts) for proposal in proposals)
    said = f"{plural(len(proposals), 'proposal')} for {plural(count, 'unexpected divergence')}"
    said += f" in {options.output}" if options.output is not None and proposals else ""
    said += "; nothing counts before a person has written its reason" if proposals else f" of {options.update}"
    print(said, file=sys.stderr)
    if left or wrong:
        # The proposals are held against the record that they come from: a gap is told, not left to the next run.
        gaps = [f"{plural(left, 'divergence')} would still be unexpected"] if left else []
        print("but: " + "; ".join([*gaps, *wrong]), file=sys.stderr)
    if stale.said:
        print("\n".join([f"{plural(len(stale.said), 'finding')} on declared ones:", *stale.said]), file=sys.stderr)
    diff = stale.diff()
    if diff:
        sys.stdout.write(diff)
        print("the diff is not applied: read it, then `patch -p0`", file=sys.stderr)
    return OK


def _put(path: Path | None, text: str, record: Path) -> None:
    """Print the proposals, or put them at the end of a file of entries."""
    if path is None:
        print(text)
        return
    before = ""
    if reason := kept(path, cases=False):
        raise UsageError(f"-o: {path} {reason}; name another file")
    try:
        if path.is_file() and path.stat().st_size:
            before = path.read_text(encoding="utf-8").rstrip("\n") + "\n\n"
    except (OSError, ValueError):
        raise UsageError(f"-o: {path} can't be read as text, so nothing is put at its end; name another file") from None
    _write(path, f"{before}{text}")
