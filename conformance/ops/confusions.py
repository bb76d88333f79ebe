"""Confusions: single misunderstandings that turn a right answer into a wrong one, as functions that can be tried.

An op family declares a tuple of `Confusion`s. Each yields variants (one an axis, a direction, a channel), and a
variant is a function on a `Problem`: the op's inputs and parameters on their way to an answer. Variants act at one of
four stages, so that two of them compose in one order only:

    PARAMS    the parameters are read differently; the geometry follows from them
    GEOMETRY  the geometry itself is off: a crop, a length, a stride
    ARRAYS    the inputs are other than they should be: flipped, permuted, rounded
    OUTPUT    the answer is: shifted, permuted, scaled

What tries them is `conformance/judge/explain.py`; it knows this module and no op family.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import numpy as np

from conformance.ops.base import Array

if TYPE_CHECKING:
    from conformance.dtypes import DType

Part = tuple[int, int]


class Stage(IntEnum):
    """Where in the computation a confusion acts; the order is the order of application."""

    PARAMS = 0
    GEOMETRY = 1
    ARRAYS = 2
    OUTPUT = 3


class Problem(Protocol):
    """One computation that confusions alter. Implementations are frozen; None stands for what can't be computed."""

    @property
    def y(self) -> Array | None:
        """The answer, in canonical layout, once `computed` has run."""

    @property
    def products(self) -> int:
        """The largest number of products summed into one element."""

    def settled(self) -> Problem | None:
        """With the geometry that follows from the parameters; None where they are refused."""

    def shape(self) -> tuple[int, ...] | None:
        """The answer's shape, or None where the arrays don't fit the geometry."""

    def cost(self, part: Part | None = None) -> float:
        """Roughly how many seconds `computed` takes; depends on sizes alone."""

    def computed(self, part: Part | None = None, power: int = 1) -> Problem | None:
        """With `y`; of one (batch item, output channel) alone where `part` names it.

        power 0: zeros of the answer's shape; 1: the answer; 2: the sum of its terms' absolute values; 3: of their
        squares.
        """

    def having(self, **changes: Array) -> Problem:
        """A copy with other arrays, by name."""

    def allowed(self, finish: Callable[[Any], Any], dtype: DType, part: Part | None = None) -> Array:
        """How far off an answer in this dtype may be that `finish` makes of the computed problem, an element."""

    def is_exact(self, dtype: DType) -> bool:
        """Whether any right computation in this dtype is equal to the answer: small integers, elements moved."""


P = TypeVar("P", bound=Problem)
Apply = Callable[[P], P | None]


@dataclass(frozen=True, eq=False)
class Variant(Generic[P]):
    """One way to be confused. `text` continues "equals the reference with ..."; `advice` says what to change."""

    name: str
    text: str
    advice: str
    stage: Stage
    apply: Apply[P]
    pairs: bool = True
    rounding: bool = False
    settles: bool = False

    def applied(self, problem: P) -> P | None:
        """The problem so confused; None where that can't be, as where another confusion has taken an axis away."""
        try:
            with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
                return self.apply(problem)
        except (ValueError, IndexError):
            return None


@dataclass(frozen=True, eq=False)
class Confusion(Generic[P]):
    """A named misunderstanding.

    `means` is one line for the catalogue; `advice` says what to change. `variants` yields (text, stage, apply) for a
    problem. `ops` names the ops that it can happen to. `pairs`: whether it is tried together with another one.
    `rounding`: it changes the precision of the arithmetic and nothing else. `last_resort`: a long list of unlikely
    variants, tried where nothing else fits. `settles`: where one of its variants fits, no other confusion is named.
    """

    name: str
    means: str
    advice: str
    variants: Callable[[P], Iterable[tuple[str, Stage, Apply[P]]]]
    ops: tuple[str, ...]
    pairs: bool = True
    rounding: bool = False
    last_resort: bool = False
    settles: bool = False

    def all(self, problem: P) -> Iterator[Variant[P]]:
        """The variants for one problem, the most plausible first."""
        for text, stage, apply in self.variants(problem):
            yield Variant(self.name, text, self.advice, stage, apply, self.pairs, self.rounding, self.settles)


def prepared(problem: P, variants: Sequence[Variant[P]]) -> P | None:
    """The problem after every variant that acts before the answer; None where they contradict each other."""
    state: P | None = problem
    ordered = sorted(variants, key=lambda v: v.stage)
    for variant in ordered:
        if variant.stage is Stage.PARAMS and state is not None:
            state = variant.applied(state)
    if state is not None:
        state = state.settled()  # type: ignore[assignment]
    for variant in ordered:
        if variant.stage in (Stage.GEOMETRY, Stage.ARRAYS) and state is not None:
            state = variant.applied(state)
    return state


def finished(state: P | None, variants: Sequence[Variant[P]]) -> P | None:
    """A computed problem after every variant that acts on the answer."""
    for variant in variants:
        if variant.stage is Stage.OUTPUT and state is not None:
            state = variant.applied(state)
    return state
