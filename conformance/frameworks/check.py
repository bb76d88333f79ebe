"""Whether a text may run as a plan of a framework, by the functions that its room allows."""

from __future__ import annotations

from collections.abc import Iterable

from conformance.frameworks.found import find
from conformance.worker.whitelist import Finding
from conformance.worker.whitelist import check_plan as check_with_table


def check_plan(
    text: str, framework: str, inputs: Iterable[str], outputs: Iterable[str] = ("y",), trusted: bool = False
) -> list[Finding]:
    """Every reason why `text` may not run as a plan of a framework; an empty list where it may."""
    frameworks, _ = find()
    if framework not in frameworks:
        return [Finding(1, 1, f"no plan can be run by {framework!r}, expected one of: {', '.join(frameworks)}")]
    return check_with_table(text, frameworks[framework].allowed, inputs, outputs, trusted)
