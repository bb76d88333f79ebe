"""What is said where a stranger's plans ran and the system could not confine them wholly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from conformance.ops.call import Call
from conformance.suite.case import Case
from conformance.suite.origin import origin_of
from conformance.text.plain import one_line


def authored(cases: Iterable[Case]) -> list[str]:
    """The files, other than those that came with this package, whose authors wrote plans that these cases run."""
    files = {case.source.file for case in cases if isinstance(case.op, Call)}
    return sorted(file for file in files if origin_of(file))


def unconfined(infos: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """A line for each measure that does not hold, with its reason and its targets; from what the workers said."""
    found: dict[tuple[str, str], list[str]] = {}
    for target, info in infos.items():
        said = info.get("confined")
        if not said:
            found.setdefault(("anything", "the worker says nothing of it"), []).append(target)
            continue
        for measure, reason in said.items():
            if reason:
                found.setdefault((measure, reason), []).append(target)
    return [
        one_line(f"not confined: {measure} on {', '.join(targets)}: {why}") for (measure, why), targets in found.items()
    ]
