"""`conformance check`: case files, validated without running them."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from conformance.ask.examine import mistakes
from conformance.session import declare
from conformance.session.selection import declared_mistakes, roots
from conformance.suite.choose import report, trusted_files
from conformance.suite.findings import Finding
from conformance.suite.loader import find_files, load, validate
from conformance.usage import OK, USAGE


@dataclass(frozen=True, kw_only=True)
class Options:
    """What `check` is asked."""

    paths: tuple[Path, ...] = declare.paths(None)
    trust: tuple[Path, ...] = declare.trust()


def main(options: Options) -> int:
    """Validate everything, print every finding; what a run would find without a framework is among them."""
    root, files = find_files(roots(options.paths))
    findings: list[Finding] = []
    notes: list[Finding] = []
    total = computed = 0
    trusted = trusted_files(options.trust, files)
    for path in files:
        found, count = validate(path, root, path.resolve() in trusted)
        if not found:
            suite = load(path, root, path.resolve() in trusted)
            found, looked = mistakes(suite)
            computed += looked
            notes += [note for block in suite.blocks for note in block.notes()]
        findings += found
        total += count
    findings += declared_mistakes(options.paths)
    for note in notes:
        print(note, file=sys.stderr)
    if findings:
        print(report(findings), file=sys.stderr)
        return USAGE
    of_them = "" if computed == total else f" ({computed:,} of them with their inputs and exact answers)"
    print(f"{len(files)} files, {total:,} cases: all valid{of_them}")
    return OK
