"""`conformance list`: the ids of the cases that would run."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from conformance.session import declare
from conformance.session.selection import print_tags, roots
from conformance.suite.choose import load_suites, refuse_excess, report, selected, selector
from conformance.suite.loader import CaseFileError
from conformance.text.plain import one_line
from conformance.usage import OK, UsageError


@dataclass(frozen=True, kw_only=True)
class Options:
    """What `list` is asked."""

    paths: tuple[Path, ...] = declare.paths()
    shipped: bool = declare.shipped()
    select: str = declare.select()
    tag: tuple[str, ...] = declare.tag()
    trust: tuple[Path, ...] = declare.trust()
    first: int | None = declare.option("--first", type=int, metavar="N", help="stop after N cases")
    list_tags: bool = declare.list_tags()
    count: bool = declare.switch("--count", help="print the number of cases a file, not the cases")


def main(options: Options) -> int:
    """Print ids, lazily: a file that spans ten million cases lists its first ten at once."""
    suites = load_suites(roots(options.paths, options.shipped), options.trust)
    chosen = selector(options.select, options.tag, suites)
    plain = not options.select and not options.tag
    found = False
    write = sys.stdout.write
    try:
        if options.list_tags:
            return print_tags(selected(suites, chosen))
        if options.count:
            total = 0
            for suite in suites:
                count = suite.count() if plain else sum(1 for case in suite.cases() if chosen.matches(case))
                total += count
                print(f"{count:>9,}  {one_line(str(suite.path))}")
            print(f"{total:>9,}  cases")
            return OK
        if options.first is None:
            refuse_excess(suites)
        for case in islice(selected(suites, chosen), options.first):
            found = True
            write(case.id + "\n")
    except CaseFileError as error:
        raise UsageError(report(error.findings)) from None
    if not found:
        raise UsageError("the selection matches no case")
    return OK
