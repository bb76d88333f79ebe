"""`conformance repro`: a script that shows a divergence with that framework alone, or the body of a bug report.

    command line -> finding.py (case, verdict, expectation) -> script.py or across.py -> issue.py

The text of what a framework is asked comes from its room (`surface.py`), that of the inputs from inputs.py and
arrays.py, and what decides the exit code from check.py.
"""

from __future__ import annotations

import argparse

from conformance.environments.installed import named_target
from conformance.repro.across import across
from conformance.repro.finding import Finding, beside, find
from conformance.repro.issue import body
from conformance.repro.script import script
from conformance.usage import OK, unwritable

__all__ = ["Finding", "across", "find", "repro_command", "script"]


def repro_command(options: argparse.Namespace) -> int:
    """Print or write the script, or with --issue the report around it."""
    target = named_target(options.on, "--on")
    second = named_target(options.across, "--across") if options.across else None
    found = find(options.case, target, options.record, options.cases, options.trust)
    other = beside(found, second) if second is not None else None
    text = script(found) if other is None else across(found, other)
    if options.issue:
        text = body(found, text, other)
    if options.output is None:
        print(text, end="")
        return OK
    try:
        options.output.write_text(text, encoding="utf-8")
    except OSError as error:
        said = f"--output: {options.output} can't be written: {error.strerror or error}"
        raise unwritable(said, error) from None
    return OK
