"""`conformance repro`: a script that shows a divergence with that framework alone, or the body of a bug report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from conformance.environments.installed import named_target
from conformance.repro.across import across
from conformance.repro.finding import beside, find
from conformance.repro.issue import body
from conformance.repro.script import script
from conformance.session import declare
from conformance.session.outputs import output
from conformance.text.files import write_whole
from conformance.usage import OK, unwritable


@dataclass(frozen=True, kw_only=True)
class Options:
    """What `repro` is asked."""

    case: str = declare.case()
    paths: tuple[Path, ...] = declare.paths("files or folders where the case is looked up (default: the suite)")
    trust: tuple[Path, ...] = declare.trust()
    on: str = declare.on("the target on which it diverges", required=True)
    across: str | None = declare.option("--across", metavar="TARGET", help="put this target into the same script")
    issue: bool = declare.switch("--issue", help="print the body of a bug report")
    record: Path | None = declare.record("the newest in reports/ that has the case")
    output: Path | None = declare.option("-o", "--output", type=output, metavar="FILE", help="write it there")


def main(options: Options) -> int:
    """Print or write the script, or with --issue the report around it."""
    target = named_target(options.on, "--on")
    second = named_target(options.across, "--across") if options.across else None
    found = find(options.case, target, options.record, options.paths, options.trust)
    other = beside(found, second) if second is not None else None
    text = script(found) if other is None else across(found, other)
    if options.issue:
        text = body(found, text, other)
    if options.output is None:
        print(text, end="")
        return OK
    try:
        write_whole(options.output, text)
    except OSError as error:
        said = f"--output: {options.output} can't be written: {error.strerror or error}"
        raise unwritable(said, error) from None
    return OK
