"""Causes in words: what was done, how it is mended, and what else the answer does not tell apart from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from conformance.ops.confused import GENERIC
from conformance.ops.confusions import Confusion, Variant
from conformance.ops.defined import DEFINED

# One variant, or a pair.
Causes = tuple[Variant[Any], ...]


def names(fitting: Sequence[Causes]) -> tuple[str, ...]:
    """What the causes are called; "a + b" is a pair."""
    return tuple(dict.fromkeys(" + ".join(v.name for v in variants) for variants in fitting))


def told(fitting: Sequence[Causes]) -> str:
    """What the cause is and how it is mended; below it, of the others that fit as well, the first that differs."""
    first = fitting[0]
    other = next((v for v in fitting[1:] if names([v]) != names([first])), fitting[1] if len(fitting) > 1 else None)
    text = f"{ways(first)}\nfix: {_advice(first)}"
    if other is None:
        return text
    mended = "" if names([other]) == names([first]) else f": {_advice(other)}"
    return f"{text}\nor, which this data does not tell apart, with {ways(other)}{mended}"


def ways(variants: Causes) -> str:
    """What was done, in words that follow "with"."""
    return " and ".join(v.text for v in variants)


def _advice(variants: Causes) -> str:
    return "; ".join(dict.fromkeys(v.advice for v in variants))


def catalogue() -> str:
    """Every confusion of every op that declares some, as the table in docs/explain.md."""
    ops: dict[Confusion[Any], list[str]] = {}
    for op in DEFINED.values():
        for confusion in op().confusions():
            ops.setdefault(confusion, []).append(op.name)
    lines = ["| confusion | ops | what it is | what to change |", "|---|---|---|---|"]
    for c, users in ops.items():
        lines.append(
            f"| {c.name} | {'every other op' if c in GENERIC else ', '.join(users)} | {c.means} | {c.advice} |"
        )
    return "\n".join(lines)
