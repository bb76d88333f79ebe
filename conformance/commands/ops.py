"""`conformance ops`: what ops there are, what they mean, and how each framework is asked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from conformance.known.file import load_entries
from conformance.ops.defined import DEFINED
from conformance.report.ops import Suite, overview, page, pages
from conformance.report.porting import porting
from conformance.session import declare
from conformance.session.outputs import output, put
from conformance.suite.choose import load_suites, shipped_suite
from conformance.target import FRAMEWORKS
from conformance.text.nearest import did_you_mean
from conformance.usage import OK, UsageError


@dataclass(frozen=True, kw_only=True)
class Options:
    """What `ops` is asked."""

    op: str | None = declare.positional(nargs="?", default=None, metavar="OP", help="one op (default: a table of all)")
    markdown: bool = declare.switch("--markdown", help="all of them as a page of Markdown")
    pair: tuple[str, ...] = declare.option(
        "--pair", nargs=2, metavar="FRAMEWORK", default=(), help="what differs between two frameworks, as Markdown"
    )
    output: Path | None = declare.option("-o", "--output", type=output, metavar="FILE", help="write the page there")


def main(options: Options) -> int:
    """Print the table, or an op's page."""
    if options.op is not None and options.op not in DEFINED:
        raise UsageError(
            f"no op {options.op!r}, expected one of: {', '.join(DEFINED)}{did_you_mean(options.op, DEFINED)}"
        )
    if options.pair:
        text = _pair(*options.pair)
    elif options.markdown:
        text = pages(shipped())
    else:
        text = (overview() if options.op is None else page(DEFINED[options.op], shipped())) + "\n"
    put(options.output, text)
    return OK


def _pair(one: str, other: str) -> str:
    for name in (one, other):
        if name not in FRAMEWORKS:
            hint = did_you_mean(name, FRAMEWORKS)
            raise UsageError(f"--pair: no framework {name!r}, expected one of: {', '.join(FRAMEWORKS)}{hint}")
    if one == other:
        raise UsageError(f"--pair: {one} twice, expected two frameworks")
    suite = shipped()
    return porting(one, other, suite.entries, suite.cases)


def shipped() -> Suite:
    """The suite that came with the package, of which the pages tell."""
    root = shipped_suite()
    cases = tuple(case for suite in load_suites([root]) for case in suite.cases())
    return Suite(cases, load_entries([root / "known"]))
