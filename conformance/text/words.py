"""What several views say alike: counts, a verdict in words, the command that shows it alone."""

from __future__ import annotations

import re
import shlex

from conformance.text.plain import clean
from conformance.verdict import Verdict
from conformance.worker.statements import code_lines

_NUMBERS = re.compile(r"-?\d[\d,.]*(?:e[+-]?\d+)?|\b(?:nan|inf)\b")


def plural(count: int, noun: str) -> str:
    """1 "divergence", 1,234 "divergences"."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def modulo_numbers(text: str) -> str:
    """Words, whatever the numbers in them."""
    return _NUMBERS.sub("#", text)


def alike(verdict: Verdict) -> str:
    """What two divergences must share to be listed as one: their words, whatever the numbers."""
    return modulo_numbers(f"{verdict.subject} {verdict.explanation or verdict.message}")


def reproduce(verdict: Verdict) -> str:
    """The command that gives a script for this divergence alone, as a shell takes it."""
    return f"conformance repro {shlex.quote(clean(verdict.case))} --on {verdict.target}"


def ran(verdict: Verdict) -> list[str]:
    """The plan's lines without its comments."""
    return [line for line in code_lines(verdict.plan) if line.strip() and not line.startswith("#")]
