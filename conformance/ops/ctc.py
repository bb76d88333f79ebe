"""Connectionist temporal classification: the loss of labels whose places in a sequence nobody knows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from conformance.exact.functions import exp, log
from conformance.exact.moves import pad, stack, take_along
from conformance.exact.num import Num, stored, total
from conformance.exact.reduce import log_softmax, mean, softmax
from conformance.exact.truth import where
from conformance.ops.base import BUT, Op, ParamError, TensorSpec, boolean_field, integer_field, param, word_field


@dataclass(frozen=True)
class Ctc(Op):
    """Connectionist temporal classification (Graves et al., 2006): minus the logarithm of the labels' probability.

    A path names a class for each of the first input_lengths frames; its probability is the product of theirs. It reads
    as the labels where it gives them once runs of one class count once and blanks are left out, so that a blank stands
    between two equal labels. The probability of the labels, the first target_lengths of the target, is the sum over
    the paths that read as them; without such a path it is 0, and the loss infinite. No label is the blank.

    x holds the logarithms of the probabilities, each an input of its own: what the probabilities add up to has no part
    in the loss. With `logits` the logarithms are log_softmax of x. With `zero_infinity` a loss that is infinite counts
    as 0. The mean is of each loss over the number of its labels, at least 1; `count` is that of the losses themselves.
    """

    name = "ctc"
    unsaid = ("batch", "steps", "classes", "labels")
    batch: int = param(integer_field(3, 0, "batch size N"))
    steps: int = param(integer_field(6, 1, "frames T"))
    classes: int = param(integer_field(4, 2, "classes C, one of which is the blank"))
    labels: int = param(integer_field(2, 0, "labels S that the target has room for"))
    blank: int = param(integer_field(0, 0, "the class that stands for no label"))
    logits: bool = param(boolean_field(True, "x holds logits, not logarithms of probabilities"))
    zero_infinity: bool = param(boolean_field(False, "an infinite loss counts as 0"))
    reduction: str = param(
        word_field("mean", ("mean", "count", "sum", "none"), "the mean over labels and batch, over the batch, the sum")
    )

    def __post_init__(self) -> None:
        if self.blank >= self.classes:
            raise ParamError("blank", f"found {self.blank}, expected a class below {self.classes}")

    def inputs(self) -> tuple[TensorSpec, ...]:
        n, last = self.batch, self.classes - 1
        low, high = int(self.blank == 0), last - int(self.blank == last)
        but = f"{BUT}{self.blank}" if low <= self.blank <= high else ""
        # Long enough for labels that are all equal, so that there is a path.
        least = max(min(2 * self.labels - 1, self.steps), 1)
        return (
            TensorSpec("x", "NTC", (n, self.steps, self.classes)),
            TensorSpec("target", "NS", (n, self.labels), kind="index", draw=f"{low}..{high}{but}"),
            TensorSpec("input_lengths", "N", (n,), kind="integer", draw=f"{least}..{self.steps}"),
            TensorSpec("target_lengths", "N", (n,), kind="integer", draw=f"{min(1, self.labels)}..{self.labels}"),
        )

    def outputs(self) -> tuple[TensorSpec, ...]:
        whole = ("N", (self.batch,)) if self.reduction == "none" else ("", ())
        return (TensorSpec("y", *whole),)

    def compute(self, x: Num, target: Any, input_lengths: Any, target_lengths: Any) -> Num:  # type: ignore[override]
        # Exchanged, as explanations try them, they may be beyond what there is.
        input_lengths, target_lengths = np.clip(input_lengths, 0, self.steps), np.clip(target_lengths, 0, self.labels)
        logs = self.logs(x)
        each = -self.likelihood(logs, target, input_lengths, target_lengths)
        infinite = np.isposinf(each.value)
        each = where(infinite, 0.0 if self.zero_infinity else self.without_slope(logs, input_lengths, infinite), each)
        if self.reduction == "mean":
            each = each / np.maximum(target_lengths, 1).astype(np.float64)
        return each if self.reduction == "none" else (total if self.reduction == "sum" else mean)(stored(each))

    def logs(self, x: Num) -> Num:
        """The logarithms of the probabilities."""
        return stored(log_softmax(x, 2)) if self.logits else x

    def likelihood(self, logs: Num, target: Any, input_lengths: Any, target_lengths: Any) -> Num:
        """The logarithm of the probability of each item's labels, by the forward algorithm.

        States are the labels with blanks around them. After each frame, `reached` has the logarithm of the probability
        of all that leads to a state; at first that is the blank in front, which nothing has been read for.
        """
        states = np.full((self.batch, 2 * self.labels + 1), self.blank)
        states[:, 1::2] = target
        read = take_along(logs, states[:, None, :], 2)
        begun = np.full(states.shape, -np.inf)
        begun[:, 0] = 0.0
        reached = Num(begun)
        # Over a blank, where the labels around it differ; two blanks never do.
        leaps = states[:, 2:] != states[:, :-2]
        for step in range(self.steps):
            ways = [reached]
            if self.labels:
                ways.append(pad(reached[:, :-1], ((0, 0), (1, 0)), -np.inf))
                ways.append(pad(where(leaps, reached[:, :-2], -np.inf), ((0, 0), (2, 0)), -np.inf))
            led = _sum_of_exponentials(ways)
            there = where(np.isneginf(led.value), -np.inf, stored(led + read[:, step]))
            reached = where(input_lengths[:, None] > step, there, reached)
        ends = 2 * target_lengths[:, None]
        last, label = take_along(reached, ends, 1), take_along(reached, np.maximum(ends - 1, 0), 1)
        return _sum_of_exponentials([last, where(ends > 0, label, -np.inf)])[:, 0]

    def without_slope(self, logs: Num, input_lengths: Any, infinite: Any) -> Num:
        """Infinity, whose gradient by all logarithms that were read is NaN."""
        asked = (np.arange(self.steps) < input_lengths[:, None])[:, :, None] & np.isfinite(logs.value)
        nothing = 0.0 * total(where(asked, logs, 0.0), (1, 2))
        return -log(where(infinite, nothing, 1.0))

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        given = self.held()
        for blank, word in ((0, "first"), (self.classes - 1, "last")):
            if blank != self.blank:
                yield f"the blank as the {word} class", replace(self, blank=blank)
        if self.logits:
            yield "the softmax of a softmax", _Softmax(**given)


def _sum_of_exponentials(ways: Sequence[Num]) -> Num:
    """The logarithm of the sum of the exponentials of each element, shifted by the largest.

    What is impossible, minus infinity, adds nothing and gets no gradient; so does the sum where all are.
    """
    each = stack(ways, -1)
    possible = ~np.isneginf(each.value)
    some = possible.any(-1)
    top = each.value.max(-1)
    top = np.where(np.isfinite(top), top, 0.0)
    terms = where(possible, exp(where(possible, each, 0.0) - Num(top[..., None])), 0.0)
    return where(some, stored(log(where(some, total(terms, -1), 1.0)) + Num(top)), -np.inf)


@dataclass(frozen=True)
class _Softmax(Ctc):
    """Of probabilities that are taken for logits."""

    def logs(self, x: Num) -> Num:
        return log_softmax(softmax(x, 2), 2)
