"""What several views say alike: counts, a verdict in words, the command that shows it alone."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable

from conformance.text.plain import clean
from conformance.verdict import Verdict
from conformance.worker.statements import code_lines

_CAUSE = "cause: "
_NUMBERS = re.compile(r"-?\d[\d,.]*(?:e[+-]?\d+)?|\b(?:nan|inf)\b")


def plural(count: int, noun: str) -> str:
    """1 "divergence", 1,234 "divergences"."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def modulo_numbers(text: str) -> str:
    """Words, whatever the numbers in them."""
    return _NUMBERS.sub("#", text)


def with_causes(explanation: str, names: Iterable[str]) -> str:
    """An explanation as a record holds it: its last line names the causes, which stay when the words change."""
    named = "; ".join(names)
    return f"{explanation}\n{_CAUSE}{named}" if named else explanation


def causes(explanation: str) -> tuple[str, ...]:
    """The names of the causes in an explanation of a record; of a pair, `a + b`."""
    last = explanation.rpartition("\n")[2]
    return tuple(last.removeprefix(_CAUSE).split("; ")) if last.startswith(_CAUSE) else ()


def explained(explanation: str) -> list[str]:
    """An explanation of a record as a person reads it: a headline, the fix, an alternative."""
    lines = explanation.split("\n")
    return lines[:-1] if lines[-1].startswith(_CAUSE) else lines


def in_a_line(explanation: str) -> str:
    """The same where there is one line for it."""
    return "; ".join(explained(explanation))


def alike(verdict: Verdict) -> str:
    """What two divergences must share to be listed as one: their words, whatever the numbers."""
    return modulo_numbers(f"{verdict.subject} {verdict.explanation or verdict.message}")


def reproduce(verdict: Verdict, file: str, trusted: bool = False) -> str:
    """The command that gives a script for this divergence alone, as a shell takes it where the case file was named.

    `file`: the case's; it is left out where the case is found without it. `trusted`: --trust was given for it.
    """
    case = clean(verdict.case)
    found = file == f"cases/{case.rpartition('::')[0]}.yaml"
    words = ["conformance", "repro", case, *([] if found else [file]), "--on", verdict.target]
    return shlex.join([*words, *(["--trust", file] if trusted else [])])


def ran(verdict: Verdict) -> list[str]:
    """The plan's lines without its comments."""
    return [line for line in code_lines(verdict.plan) if line.strip() and not line.startswith("#")]
