"""When two verdicts show the same failure: what a smaller case must keep."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from math import isfinite

from conformance.dtypes import COMPONENTS, DTYPES, kind_of
from conformance.layout import SPATIAL
from conformance.ops.base import Op
from conformance.plan import USUAL
from conformance.text.words import causes
from conformance.verdict import Status, Verdict

_NUMBER = r"(?:0x[0-9a-fA-F]+|[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)"
_NUMBERS = re.compile(rf"{_NUMBER}(?:[\s,x\[\]()]*{_NUMBER})*[\s,]*(?=[\])])|{_NUMBER}(?:[\s,x\[\]()]*{_NUMBER})*")
_FIRST = re.compile(r"got (\S+), reference (\S+)")
_SIGNAL = re.compile(r"\((\w+)\)")
_SHAPES = re.compile(r"got shape \(([^)]*)\), reference \(([^)]*)\)")


# Up to how many roundings of the largest number an error is taken for rounding.
ROUNDINGS = 16.0


class Scale(IntEnum):
    """How large an error is beside the numbers that it comes from."""

    NONE = 0  # no number says
    ROUNDING = 1
    SMALL = 2
    VALUES = 3


@dataclass(frozen=True)
class Failure:
    """What kind of failure a verdict shows, without the numbers that a smaller case changes.

    `detail`: the exception and its message, the signal, or the pattern of what is wrong. `causes`: the named confusions
    that reproduce the wrong answer, all those that the data does not tell apart; empty where none does.
    """

    status: Status
    subject: str = ""
    detail: str = ""
    causes: frozenset[str] = frozenset()

    def __str__(self) -> str:
        words = [str(self.status)]
        if self.subject not in ("", USUAL):
            words.append(f"({self.subject})")
        if self.causes:
            words.append("explained by " + ", ".join(sorted(self.causes)))
        elif self.detail:
            words.append(f"({self.detail})")
        return " ".join(words)


def failure_of(verdict: Verdict, op: Op | None = None) -> Failure:
    """The failure that a verdict shows; its status is PASS or UNSUPPORTED where it shows none.

    `op`: the definition that the case was held against, whose confusions explain what is wrong; None where there is
    none.
    """
    status, subject = verdict.status, verdict.subject
    if status in (Status.RAISED, Status.GRADIENT):
        return Failure(status, subject, without_numbers(verdict.message))
    if status is Status.ACCEPTED:
        _, _, reason = verdict.message.partition("should have refused: ")
        return Failure(status, subject, without_numbers(f"{reason}; {verdict.explanation}"))
    if status is Status.CRASHED:
        signal = _SIGNAL.search(verdict.message)
        return Failure(status, subject, signal[1] if signal else "")
    if status is Status.DTYPE:
        return Failure(status, subject, verdict.message)
    if status is Status.SHAPE:
        return Failure(status, subject, _axes(verdict.message, _letters(op, subject)), _confusions(verdict))
    if status in (Status.VALUE, Status.NONFINITE, Status.PRECISION):
        detail = _classes(verdict.message) if status is Status.NONFINITE else ""
        return Failure(status, subject, detail, _confusions(verdict))
    return Failure(status, subject)


def scale_of(verdict: Verdict, size: float) -> Scale:
    """How large the worst error is beside `size`, the largest number that the case is computed from."""
    figures = verdict.figures
    if verdict.status not in (Status.VALUE, Status.GRADIENT) or figures is None:
        return Scale.NONE
    if figures.got is None or figures.reference is None or not isfinite(figures.got - figures.reference):
        return Scale.NONE
    whole = max(size, abs(figures.got), abs(figures.reference))
    error = abs(figures.got - figures.reference) / whole if whole else 0.0
    dtype = next((tensor.dtype for tensor in verdict.tensors if tensor.name == verdict.subject), "float32")
    if kind_of(dtype) in ("integer", "boolean"):
        return Scale.VALUES  # right or wrong
    unit = DTYPES.get(COMPONENTS.get(dtype, dtype), DTYPES["float32"]).unit_roundoff
    if error <= min(ROUNDINGS * unit, 2.0**-4):
        return Scale.ROUNDING
    return Scale.SMALL if error < 2.0**-7 else Scale.VALUES


def still(first: Scale, now: Scale) -> bool:
    """Whether an error of another size may be the same failure: what is larger than rounding never shrinks to it, nor
    does rounding grow to be a wrong value; beside smaller numbers the same error may be larger.
    """
    return first is now or Scale.ROUNDING < first < now


def _confusions(verdict: Verdict) -> frozenset[str]:
    """The confusions that reproduce the answer, each of a pair by itself."""
    return frozenset(name for cause in causes(verdict.explanation) for name in cause.split(" + "))


def without_numbers(text: str) -> str:
    """A message in which every number, and every list of numbers, is one mark."""
    return _NUMBERS.sub("#", text)


def _letters(op: Op | None, subject: str) -> str:
    """The axes of the output that a shape is about; "" where nobody knows."""
    if op is None or op.refusal() is not None:
        return ""
    return next((spec.axes for spec in op.outputs() if spec.name == subject), "")


def _axes(message: str, letters: str) -> str:
    """Which axes of a shape are wrong and in which direction; spatial axes are one kind."""
    match = _SHAPES.search(message)
    if match is None:
        return ""
    got, right = ([int(n) for n in shape.replace(",", " ").split()] for shape in match.groups())
    if len(got) != len(right):
        return "another number of axes"
    if len(letters) != len(right):  # a call without a definition
        letters = "NC".ljust(len(right), "W") if len(right) > 2 else " " * len(right)
    words = {"N": "batch", "C": "channels", " ": "axis", **dict.fromkeys(SPATIAL, "spatial")}
    ways = {
        f"{words.get(letter, letter)} {'longer' if a > b else 'shorter'}"
        for letter, a, b in zip(letters, got, right, strict=True)
        if a != b
    }
    return ", ".join(sorted(ways))


def _classes(message: str) -> str:
    """For non-finite patterns: what stands in place of what, and whether only the sign of a zero is wrong."""
    match = _FIRST.search(message)
    if match is None:
        return without_numbers(message)
    words = [w.rstrip(",;") for w in match.groups()]
    got, right = (w if w in ("nan", "inf", "-inf") else "finite" for w in words)
    return f"{got} in place of {right}"
