"""Case x target: status, figures, explanation."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from conformance.outcome import GRADIENT
from conformance.plan import USUAL


class Status(StrEnum):
    """How a target did on a case. The order is the order of judgement."""

    PASS = "pass"
    SHAPE = "shape"
    DTYPE = "dtype"
    VALUE = "value"
    NONFINITE = "nonfinite"
    PRECISION = "precision"
    GRADIENT = "gradient"
    NONDETERMINISTIC = "nondeterministic"
    RAISED = "raised"  # it should have answered
    ACCEPTED = "accepted"  # it should have refused
    UNSUPPORTED = "unsupported"
    CRASHED = "crashed"
    TIMEOUT = "timeout"


@dataclass(frozen=True)
class Figures:
    """The numbers behind a verdict, pass or fail.

    fraction: the largest error as a fraction of the allowance (0 where equal was asked and equal was found, inf
    where the allowance is 0 and the error is not). needed: the relative tolerance that would have been needed at
    atol 0. bits: effective bits of the arithmetic, None where not measured.
    """

    elements: int
    differing: int = 0
    fraction: float = 0.0
    worst: tuple[int, ...] | None = None
    got: float | None = None
    reference: float | None = None
    needed: float = 0.0
    bits: float | None = None


@dataclass(frozen=True)
class Known:
    """The declared divergence that a verdict falls under."""

    name: str
    kind: str  # bug, convention or limitation
    reason: str
    link: str


@dataclass(frozen=True)
class Answered:
    """One tensor of an answer, in canonical layout, without its values.

    `name` is that of an output, or `gradient of x`; `dtype` is the framework's word; `digest` is of the bits.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    digest: str


@dataclass(frozen=True)
class Verdict:
    """The judgement of one target on one case.

    `subject` says what the status is about (`y`, `gradient of w`, ...); `message` is one line for a person;
    `explanation` is the cause where one was found. `plan` is the text that ran. `known` is set where the divergence
    is declared.
    """

    case: str
    target: str
    status: Status
    subject: str = USUAL
    message: str = ""
    explanation: str = ""
    figures: Figures | None = None
    plan: str = ""
    seconds: float = 0.0
    known: Known | None = None
    digest: str = ""  # of all tensors of the answer, by which two records are compared; "" where there was none
    tensors: tuple[Answered, ...] = ()  # of the answer: outputs in the op's order, then gradients

    @property
    def about(self) -> str:
        """What the status is about, "" where that goes without saying: the only output, or the call as a whole."""
        several = sum(not tensor.name.startswith(GRADIENT) for tensor in self.tensors) > 1
        return "" if self.subject == USUAL and not several else self.subject

    @property
    def divergent(self) -> bool:
        """Neither a pass nor something that was never asked."""
        return self.status not in (Status.PASS, Status.UNSUPPORTED)

    @property
    def unexpected(self) -> bool:
        """Divergent and not declared."""
        return self.divergent and self.known is None


@dataclass(frozen=True)
class Problem:
    """Something unexpected about a run that is no verdict of its own: a known divergence that no longer happens,
    for one.

    `name` is what it is about (a known entry, a target); `message` says what was found and what to do; `where` is
    `file:line:column`, or "" where no file is to blame.
    """

    name: str
    message: str
    where: str = ""
