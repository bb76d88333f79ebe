"""`conformance minimize`: the smallest case that fails in the same way, as a YAML case file."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from conformance import __version__
from conformance.ask.probe import ProbeError
from conformance.environments.installed import named_target
from conformance.environments.interpreters import interpreters
from conformance.minimize.search import Asker, Minimal, NotMinimizable, minimize
from conformance.session import declare
from conformance.session.outputs import kept
from conformance.suite.case import Case
from conformance.suite.lookup import find_case
from conformance.suite.write import case_text
from conformance.target import Target
from conformance.text.files import write_whole
from conformance.text.statusline import StatusLine
from conformance.text.words import explained
from conformance.usage import OK, UsageError, unwritable

NAME_LENGTH = 80


@dataclass(frozen=True, kw_only=True)
class Options:
    """What `minimize` is asked."""

    case: str = declare.case()
    paths: tuple[Path, ...] = declare.paths("files or folders where the case is looked up (default: the suite)")
    trust: tuple[Path, ...] = declare.trust()
    on: str = declare.on("the target on which it fails", required=True)
    budget: int = declare.option("--budget", type=int, default=400, metavar="N", help="try at most N cases (400)")
    timeout: float = declare.timeout(60.0, "for one case")
    output: Path | None = declare.option("-o", "--output", type=Path, metavar="FILE", help="write the YAML case there")


def main(options: Options) -> int:
    """Find the smallest case, and print it or write it to a file."""
    if options.budget < 1:
        raise UsageError(f"--budget is {options.budget}, expected at least 1")
    if options.output is not None and not options.output.parent.is_dir():
        # Said before minutes of work are lost.
        raise UsageError(f"-o: there is no folder {options.output.parent}; create it first")
    if options.output and (reason := kept(options.output, cases=_read_from(options.output, options.paths))):
        raise UsageError(f"-o: {options.output} {reason}; name another file")
    target = named_target(options.on, "--on")
    case = find_case(options.case, options.paths, options.trust)
    status = StatusLine()

    def told(tried: int, now: Case) -> None:
        status.show(f"{tried} of at most {options.budget} cases tried, now {now.op.name} {dict(now.given)}")

    with Asker(target, options.timeout, interpreters([target])) as asker:
        try:
            minimal = minimize(case, asker, options.budget, told, anew=True)
            version = asker.version()
        except (NotMinimizable, ProbeError) as error:
            raise UsageError(str(error)) from None
        finally:
            status.end()
    text = render(minimal, case, target, version)
    if options.output is None:
        print(text, end="")
    else:
        try:
            write_whole(options.output, text)
        except OSError as error:
            raise unwritable(f"-o: {options.output} can't be written: {error.strerror}", error) from None
    ended = f"; {minimal.exhausted}" if minimal.exhausted else ""
    print(f"{minimal.verdict.status} on {target}: {minimal.tried} smaller cases tried{ended}", file=sys.stderr)
    return OK


def _read_from(output: Path, cases: Sequence[Path]) -> bool:
    """Whether the result would replace the file that the case is looked up in."""
    real = os.path.realpath(output)
    return any(os.path.realpath(path) == real for path in cases)


def render(minimal: Minimal, original: Case, target: Target, version: str) -> str:
    """The case file: a comment that says where the case is from and what it shows, then the case."""
    found = minimal.verdict
    asked = f"{minimal.tried} smaller cases were tried" + (f" ({minimal.exhausted})" if minimal.exhausted else "")
    comment = [
        f"The smallest case found that fails on {target} as this one does:",
        f"  {original.id}",
        f"Conformance {__version__}, {version}; {asked}.",
        f"Shows {found.status} of {found.subject or 'the call'}: {found.message}",
    ]
    if found.explanation:
        comment += explained(found.explanation)
    return case_text([replace(minimal.case, id=_name(original))], "\n".join(comment))


def _name(original: Case) -> str:
    words = re.sub(r"[^A-Za-z0-9]+", "-", original.label).strip("-")
    return words[:NAME_LENGTH].rstrip("-") or "minimal"
