"""`conformance check`: case files, validated without running them."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from conformance.session import declare
from conformance.suite.choose import report, suite_root, trusted_files
from conformance.suite.findings import CaseFileError, Finding
from conformance.suite.loader import find_files, validate
from conformance.usage import OK, USAGE, UsageError


@dataclass(frozen=True, kw_only=True)
class Options:
    """What `check` is asked."""

    paths: tuple[Path, ...] = declare.paths(None)
    trust: tuple[Path, ...] = declare.trust()


def main(options: Options) -> int:
    """Validate everything, print every finding."""
    try:
        root, files = find_files(list(options.paths) or [suite_root()])
    except CaseFileError as error:
        raise UsageError(str(error)) from None
    findings: list[Finding] = []
    total = 0
    trusted = trusted_files(options.trust, files)
    for path in files:
        found, count = validate(path, root, path.resolve() in trusted)
        findings += found
        total += count
    if findings:
        print(report(findings), file=sys.stderr)
        return USAGE
    print(f"{len(files)} files, {total:,} cases: all valid")
    return OK
