"""Executors start, feed, time out and restart workers. What goes in is a request; what comes out are events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from conformance.outcome import Outcome
from conformance.plan import USUAL
from conformance.target import Target

Encoded: TypeAlias = NDArray[np.generic]

# How many bytes the arrays of an answer may always have, and an element of the widest dtype.
LEAST_LIMIT = 16 * 2**20
WIDEST = 16


@dataclass(frozen=True)
class Request:
    """One plan to be run, with its inputs in the plan's layouts.

    An input is its name, its words (bfloat16 as uint16) and its dtype's name. `outputs` are the names that the plan
    gives its answers. With `gradient`, the gradient of the sum of <cotangent, output> is wanted for those inputs, over
    the outputs that `cotangents` names (as inputs are described). `repeat` is how many times more it is run and
    compared bitwise. `expected` are the elements of a right answer, as far as it is known. `origin` is the file that it
    comes from, "" where that is ours; `authored`: the file's author wrote the plan, not an adapter.
    """

    plan: str
    inputs: tuple[tuple[str, Encoded, str], ...]
    gradient: tuple[str, ...] = ()
    cotangents: tuple[tuple[str, Encoded, str], ...] = ()
    repeat: int = 0
    outputs: tuple[str, ...] = (USUAL,)
    expected: int = 0
    origin: str = ""
    authored: bool = False
    trusted: bool = False  # the user trusts the file that the plan is from

    @property
    def limit(self) -> int:
        """How many bytes the arrays of an answer may have; values beyond it are not sent, and not taken.

        An answer of the right shape is never beyond it, whatever its dtype.
        """
        return max(LEAST_LIMIT, WIDEST * (self.nbytes + self.expected))

    @property
    def nbytes(self) -> int:
        """The bytes of all arrays."""
        return sum(array.nbytes for _, array, _ in (*self.inputs, *self.cotangents))


@dataclass(frozen=True)
class Ready:
    """The target's worker has started and said what it is. Said once."""

    target: Target
    info: Mapping[str, Any]


@dataclass(frozen=True)
class Unavailable:
    """The worker itself says that the target can't run here: not installed, no such device. Nothing is answered."""

    target: Target
    reason: str


@dataclass(frozen=True)
class Answer:
    """How one request ended. Arrays are still in the plan's layouts."""

    target: Target
    key: int
    outcome: Outcome


@dataclass(frozen=True)
class Failed:
    """The worker can't be started, dies at everything, or talks nonsense: the harness has a problem, not a case.

    Requests in flight stay unanswered, and so will those that come.
    """

    target: Target
    message: str


Event: TypeAlias = Ready | Unavailable | Answer | Failed


class Executor(Protocol):
    """What a run needs of whoever runs its requests. Each target answers in the order in which it was asked."""

    def room(self, target: Target) -> bool:
        """Whether the target takes one more request now."""

    def submit(self, target: Target, key: int, request: Request) -> None:
        """Ask; the answer comes with this key."""

    def poll(self, timeout: float) -> Sequence[Event]:
        """What has happened, waiting at most so many seconds for the first."""

    def retire(self, target: Target) -> None:
        """Nothing more will be asked of this target."""
