"""`conformance known`: print the declared divergences, make their page, propose entries from a record."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from conformance.known.file import load_entries
from conformance.known.page import render_page
from conformance.known.propose import Evidence, check, propose
from conformance.known.stale import edits
from conformance.known.table import KnownTable, render_table
from conformance.record import Reader, RecordError
from conformance.session import declare
from conformance.session.outputs import kept, put
from conformance.suite.choose import report, suite_root
from conformance.suite.findings import CaseFileError
from conformance.text.words import plural
from conformance.usage import OK, UsageError


@dataclass(frozen=True, kw_only=True)
class Options:
    """What `known` is asked."""

    paths: tuple[Path, ...] = declare.paths("files or folders (default: the suite's known/)")
    update: Path | None = declare.option(
        "--update", type=Path, metavar="RECORD", help="propose entries for what is unexpected in a record"
    )
    output: Path | None = declare.option("-o", "--output", type=Path, metavar="FILE", help="write the proposal there")
    markdown: bool = declare.switch("--markdown", help="the table as a page of Markdown")


def main(options: Options) -> int:
    """Print, or propose. Nothing that is declared is changed, whatever a record says."""
    table = _table(options.paths)
    if options.update is not None:
        return _update(options.update, options.output, table)
    if options.output is not None and (reason := kept(options.output)):
        raise UsageError(f"-o: {options.output} {reason}; name another file")
    if options.markdown:
        put(options.output, render_page(table.entries))
    else:
        put(options.output, render_table(table) + "\n")
    return OK


def _table(given: Sequence[Path]) -> KnownTable:
    default = suite_root() / "known"
    # Who has declared nothing yet has no such folder.
    paths = given or ([default] if default.exists() else [])
    for path in given:
        if not path.exists():
            raise UsageError(f"{path}: no such file or folder")
    try:
        return KnownTable(load_entries(paths))
    except CaseFileError as error:
        raise UsageError(report(error.findings)) from None


def _update(record: Path, output: Path | None, table: KnownTable) -> int:
    try:
        with Reader(record) as reader:
            evidence = Evidence(reader)
            proposals = propose(evidence, table)
            stale = edits(evidence, table)
            kept = [entry for entry in table.entries if entry.known.name not in stale.removed]
            left, wrong = check(evidence, kept, proposals)
    except RecordError as error:
        raise UsageError(f"--update: {error}") from None
    except CaseFileError as error:
        raise UsageError(f"--update: no entry can be proposed from {record}:\n{report(error.findings)}") from None
    if proposals:
        _append(output, "\n".join(proposal.render() for proposal in proposals))
    count = sum(len(proposal.verdicts) for proposal in proposals)
    said = f"{plural(len(proposals), 'proposal')} for {plural(count, 'unexpected divergence')}"
    said += f" in {output}" if output is not None and proposals else ""
    said += "; nothing counts before a person has written its reason" if proposals else f" of {record}"
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


def _append(path: Path | None, text: str) -> None:
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
    put(path, f"{before}{text}")
