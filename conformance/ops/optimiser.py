"""Optimisers: several steps of given gradients, and what is kept between them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from conformance.exact.functions import sqrt, square
from conformance.exact.num import Num, num, stored
from conformance.exact.truth import maximum
from conformance.ops.base import (
    LETTERS,
    Field,
    Op,
    TensorSpec,
    boolean_field,
    integer_field,
    param,
    real_field,
    shape_field,
    word_field,
)

Slots = dict[str, Num]


def _share(default: float, doc: str, *near: float) -> Field:
    return real_field(default, doc, near=near, above=-1.0)


@dataclass(frozen=True)
class _Steps(Op):
    """What all optimisers have: x, a gradient for each step along T, and a rate that may change."""

    unsaid = ("shape",)
    shape: tuple[int, ...] = param(shape_field((5,), "the shape of x", most=4))
    steps: int = param(integer_field(3, 1, "how many steps"))
    rate: float = param(real_field(0.1, "the learning rate of the first step", above=0.0))
    change: float = param(real_field(1.0, "what the rate is multiplied with after each step", above=0.0))

    def inputs(self) -> tuple[TensorSpec, ...]:
        letters = LETTERS[: len(self.shape)]
        x = TensorSpec("x", letters, self.shape, pulled=False)
        return x, TensorSpec("g", "T" + letters, (self.steps, *self.shape), pulled=False)

    def outputs(self) -> tuple[TensorSpec, ...]:
        return tuple(
            TensorSpec(name, LETTERS[: len(self.shape)], self.shape, pulled=False) for name in ("y", *self.slots())
        )

    def rates(self) -> tuple[float, ...]:
        """The rate of each step."""
        return tuple(round(self.rate * self.change**t, 15) for t in range(self.steps))

    @abstractmethod
    def slots(self) -> dict[str, float]:
        """What is kept from step to step, in the order of the outputs, and what it holds at first."""

    @abstractmethod
    def step(self, x: Num, g: Num, t: int, rate: float, kept: Slots) -> Num:
        """x after step t, which is counted from 1; `kept` is changed."""

    def compute(self, x: Num, g: Num) -> tuple[Num, ...]:  # type: ignore[override]
        kept = {name: Num(np.full(self.shape, start)) for name, start in self.slots().items()}
        for t, rate in enumerate(self.rates()):
            x = stored(self.step(x, g[t], t + 1, rate, kept))
            kept = {name: stored(slot) for name, slot in kept.items()}
        return x, *kept.values()


@dataclass(frozen=True)
class Sgd(_Steps):
    """Stochastic gradient descent, with momentum (Sutskever et al., 2013).

    The velocity, at first 0, becomes momentum * velocity + g, and x loses rate * velocity (`nesterov`: rate * (g +
    momentum * velocity)). With `scaled` the rate is within: velocity becomes momentum * velocity - rate * g, and x
    gains velocity (momentum * velocity - rate * g); the same as long as the rate does not change. Decay adds decay * x
    to g, or takes rate * decay * x off x first where it is `decoupled`.
    """

    name = "sgd"
    momentum: float = param(_share(0.0, "the share of the velocity that is kept", 0.9))
    nesterov: bool = param(boolean_field(False, "look ahead"))
    scaled: bool = param(boolean_field(False, "the rate is within the velocity"))
    decay: float = param(_share(0.0, "weight decay"))
    decoupled: bool = param(boolean_field(False, "decay goes past the velocity"))

    def slots(self) -> dict[str, float]:
        return {"velocity": 0.0} if self.momentum else {}

    def step(self, x: Num, g: Num, t: int, rate: float, kept: Slots) -> Num:
        if self.decay and self.decoupled:
            x = x - (rate * self.decay) * x
        elif self.decay:
            g = g + self.decay * x
        if not self.momentum:
            return x - rate * g
        g = -(rate * g) if self.scaled else g
        velocity = kept["velocity"] = self.momentum * kept["velocity"] + g
        moved = g + self.momentum * velocity if self.nesterov else velocity
        return x + moved if self.scaled else x - rate * moved

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        if self.momentum:
            yield "dampened: the new gradient counts 1 - momentum in the velocity", _Dampened(**self.held())


@dataclass(frozen=True)
class _Dampened(Sgd):
    """With a velocity that is a running average."""

    def step(self, x: Num, g: Num, t: int, rate: float, kept: Slots) -> Num:
        return super().step(x, (1 - self.momentum) * g, t, rate, kept)


@dataclass(frozen=True)
class Adam(_Steps):
    """Adam (Kingma and Ba, 2015).

    m becomes beta1 * m + (1 - beta1) * g, v the like with beta2 of g squared; c1 and c2 are 1 - beta1^t and 1 -
    beta2^t. x loses rate * (m / c1) / (sqrt(v / c2) + epsilon); with `epsilon_at: uncorrected` rate * sqrt(c2) / c1 *
    m / (sqrt(v) + epsilon); with `root` rate * (m / c1) / sqrt(v / c2 + epsilon). `amsgrad` takes the largest v so far
    for v. Decay adds decay * x to g.
    """

    name = "adam"
    beta1: float = param(_share(0.9, "the share of m that is kept"))
    beta2: float = param(_share(0.999, "the share of v that is kept", 0.9, 0.99))
    epsilon: float = param(real_field(1e-8, "added to the root", near=(1e-7, 1e-8), above=0.0))
    epsilon_at: str = param(
        word_field("corrected", ("corrected", "uncorrected", "root"), "to which root epsilon is added, or under it")
    )
    amsgrad: bool = param(boolean_field(False, "never divide by less than before"))
    decay: float = param(_share(0.0, "weight decay"))

    decoupled = False

    def slots(self) -> dict[str, float]:
        return {"m": 0.0, "v": 0.0, **({"top": 0.0} if self.amsgrad else {})}

    def step(self, x: Num, g: Num, t: int, rate: float, kept: Slots) -> Num:
        if self.decay and self.decoupled:
            x = x - (rate * self.decay) * x
        elif self.decay:
            g = g + self.decay * x
        one, two, power1, power2 = num(self.beta1), num(self.beta2), num(self.beta1), num(self.beta2)
        for _ in range(t - 1):
            power1, power2 = power1 * one, power2 * two
        m = kept["m"] = one * kept["m"] + (1 - one) * g
        v = kept["v"] = two * kept["v"] + (1 - two) * square(g)
        if self.amsgrad:
            v = kept["top"] = maximum(kept["top"], v)
        return x - rate / (1 - power1) * (m / self.root(v, 1 - power2))

    def root(self, v: Num, rest: Num) -> Num:
        """What m is divided by; `rest` is what v lacks, so far."""
        if self.epsilon_at == "corrected":
            return sqrt(v) / sqrt(rest) + self.epsilon
        if self.epsilon_at == "root":
            return sqrt(v / rest + self.epsilon)
        return (sqrt(v) + self.epsilon) / sqrt(rest)

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        given = self.held()
        yield "m and v as they are, not divided by what they lack", _Uncorrected(**given)
        if self.decay:
            other = "coupled: added to the gradient" if self.decoupled else "decoupled, as in AdamW"
            yield f"the weight decay {other}", (Adam if self.decoupled else AdamW)(**given)


@dataclass(frozen=True)
class _Uncorrected(Adam):
    """With the m and v of which the first steps have too little."""

    def step(self, x: Num, g: Num, t: int, rate: float, kept: Slots) -> Num:
        before = x
        super().step(x, g, t, rate, kept)
        return before - rate * (kept["m"] / (sqrt(kept["top" if self.amsgrad else "v"]) + self.epsilon))


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2019).

    As adam, but x loses rate * decay * x before each step, and nothing is added to the gradient.
    """

    name = "adamw"
    decay: float = param(_share(0.01, "weight decay", 0.004, 1e-4))

    decoupled = True


@dataclass(frozen=True)
class RmsProp(_Steps):
    """RMSprop (Hinton, 2012); centered as of Graves (2013).

    v becomes decay * v + (1 - decay) * g squared. d is g / (sqrt(v) + epsilon), or g / sqrt(v + epsilon) where epsilon
    is `inside`. `centered` takes the square of the running mean of g off v. With a momentum the velocity becomes
    momentum * velocity + d (`scaled`: + rate * d), and x loses rate * velocity (velocity); else x loses rate * d.
    """

    name = "rmsprop"
    decay: float = param(_share(0.9, "the share of v that is kept", 0.99, 0.9))
    epsilon: float = param(real_field(1e-8, "added to the root", near=(1e-7, 1e-8, 1e-10), above=0.0))
    inside: bool = param(boolean_field(False, "epsilon is under the root"))
    centered: bool = param(boolean_field(False, "less the square of the mean"))
    momentum: float = param(_share(0.0, "the share of the velocity that is kept"))
    scaled: bool = param(boolean_field(False, "the rate is within the velocity"))

    def slots(self) -> dict[str, float]:
        return {
            "v": 0.0,
            **({"velocity": 0.0} if self.momentum else {}),
            **({"mean": 0.0} if self.centered else {}),
        }

    def step(self, x: Num, g: Num, t: int, rate: float, kept: Slots) -> Num:
        keep = num(self.decay)
        v = kept["v"] = keep * kept["v"] + (1 - keep) * square(g)
        if self.centered:
            mean = kept["mean"] = keep * kept["mean"] + (1 - keep) * g
            v = v - square(mean)
        d = g / (sqrt(v + self.epsilon) if self.inside else sqrt(v) + self.epsilon)
        if not self.momentum:
            return x - rate * d
        kept["velocity"] = self.momentum * kept["velocity"] + (rate * d if self.scaled else d)
        return x - kept["velocity"] if self.scaled else x - rate * kept["velocity"]


@dataclass(frozen=True)
class Adagrad(_Steps):
    """Adagrad (Duchi, Hazan and Singer, 2011).

    total, at first `start`, gains g squared, and x loses rate * g / (sqrt(total) + epsilon), or rate * g / sqrt(total +
    epsilon) where epsilon is `inside`.
    """

    name = "adagrad"
    epsilon: float = param(real_field(1e-10, "added to the root", near=(1e-7, 1e-10), above=0.0))
    inside: bool = param(boolean_field(False, "epsilon is under the root"))
    start: float = param(_share(0.0, "what the total is at first", 0.1, 0.0))

    def slots(self) -> dict[str, float]:
        return {"total": self.start}

    def step(self, x: Num, g: Num, t: int, rate: float, kept: Slots) -> Num:
        total = kept["total"] = kept["total"] + square(g)
        return x - rate * (g / (sqrt(total + self.epsilon) if self.inside else sqrt(total) + self.epsilon))
