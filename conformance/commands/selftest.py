"""`conformance selftest`: proof that the harness can fail.

Every single fault of the catalogue is put into targets that are otherwise right, on cases of the suite; whatever
changes the answer must be caught. Beside it stands what a comparison with fixed tolerances (those of
`torch.testing.assert_close`) says of the same data, and how often it raises an alarm over answers that nobody spoilt.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from conformance.ask.probe import ProbeError
from conformance.environments.installed import default_targets, missing, named_targets
from conformance.faults import workers
from conformance.faults.blind import Blindness
from conformance.faults.catalogue import FAULTS
from conformance.faults.result import Result, markdown, render
from conformance.faults.spoil import spoil, spoil_workers, unspoilt
from conformance.session import declare
from conformance.session.selection import roots
from conformance.suite.choose import load_suites, selected, selector
from conformance.target import Target
from conformance.text.files import write_whole
from conformance.text.statusline import StatusLine
from conformance.usage import HARNESS, OK, UNEXPECTED, UsageError, printing, unwritable


@dataclass(frozen=True, kw_only=True)
class Options:
    """What `selftest` is asked."""

    paths: tuple[Path, ...] = declare.paths()
    shipped: bool = declare.shipped()
    select: str = declare.select()
    tag: tuple[str, ...] = declare.tag()
    trust: tuple[Path, ...] = declare.trust()
    fault: tuple[str, ...] = declare.option(
        "--fault", action="append", metavar="NAME", help="only faults with this in the name"
    )
    on: str = declare.on("whose unspoilt answers are judged (default: all)", default="", metavar="TARGETS")
    sample: int = declare.option(
        "--sample",
        type=int,
        default=150,
        metavar="N",
        help="spoil this many cases, spread over the suite (150; 0: all)",
    )
    markdown: Path | None = declare.markdown()
    json: Path | None = declare.json()


def main(options: Options) -> int:
    """Inject every fault, say what became of it."""
    faults = [f for f in FAULTS if not options.fault or any(part in f.name for part in options.fault)]
    transport = [n for n in workers.FAULTS if not options.fault or any(part in n for part in options.fault)]
    if not faults and not transport:
        raise UsageError(f"no fault has {' or '.join(map(repr, options.fault))} in its name")
    targets = _targets(options.on)
    suites = load_suites(roots(options.paths, options.shipped), options.trust)
    chosen = selector(options.select, options.tag, suites)
    cases = [c for c in selected(suites, chosen) if c.op.definition() is c.op]
    if not cases:
        raise UsageError("the selection has no case of an op with a definition, into whose answers faults are put")
    progress = StatusLine()
    blindness = Blindness()
    tallies, used, further = spoil(cases, faults, options.sample, progress, blindness) if faults else ([], 0, 0)
    if not used and faults:
        raise UsageError("none of the selected cases has an answer with values, into which the faults go")
    tallies += spoil_workers(cases, transport, progress)
    try:
        alarms = unspoilt(cases, targets, options.sample, progress)
    except ProbeError as error:
        progress.end()
        print(f"conformance: {error}", file=sys.stderr)
        return HARNESS
    progress.end()
    # With a few faults alone, nothing follows for the checks.
    checks = {} if options.fault else blindness.through
    result = Result(tallies, used, further, alarms, [str(target) for target in targets], checks)
    try:
        if options.json:
            write_whole(options.json, json.dumps(result.document(), indent=2) + "\n")
        if options.markdown:
            write_whole(options.markdown, markdown(result))
    except OSError as error:
        raise unwritable(f"the report can't be written: {error}", error) from None
    with printing():
        render(result)
    return OK if result.ok else UNEXPECTED


def _targets(text: str) -> list[Target]:
    asked = named_targets(text, "--on")
    for target in asked:
        if missing(target):
            raise UsageError(f"--on: {target} is not installed: there is no module {missing(target)!r}")
    return asked or default_targets()[0]
