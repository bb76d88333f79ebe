"""Losses of single numbers: how far x is from a target, element by element, and the mean or the sum of that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from conformance.exact.functions import exp, log, softplus, sqrt
from conformance.exact.num import Num, stored, total
from conformance.exact.reduce import mean
from conformance.exact.truth import absolute, clip, greater, less, less_equal, maximum, where
from conformance.ops.base import (
    LETTERS,
    Op,
    TensorSpec,
    boolean_field,
    param,
    real_field,
    shape_field,
    word_field,
)

REDUCTION = word_field("mean", ("mean", "sum", "none"), "of all elements: their mean, their sum, or each by itself")


def reduced(each: Num, reduction: str) -> Num:
    """The losses as a `reduction` leaves them."""
    return {"mean": mean, "sum": total}[reduction](stored(each)) if reduction != "none" else each


@dataclass(frozen=True)
class Loss(Op):
    """A loss of x and a target of the same shape."""

    unsaid = ("shape",)
    shape: tuple[int, ...] = param(shape_field((3, 5), "the shape of x and of the target"))
    reduction: str = param(REDUCTION)

    def inputs(self) -> tuple[TensorSpec, ...]:
        x = TensorSpec("x", LETTERS[: len(self.shape)], self.shape)
        return x, replace(x, name="target")

    def outputs(self) -> tuple[TensorSpec, ...]:
        rank = len(self.shape) if self.reduction == "none" else 0
        return (TensorSpec("y", LETTERS[:rank], self.shape[:rank]),)

    def compute(self, x: Num, target: Num) -> Num:  # type: ignore[override]
        return reduced(self.each(x, target), self.reduction)

    def each(self, x: Num, target: Num) -> Num:
        """The loss of each element."""
        raise NotImplementedError

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        yield "half of the loss", _Other(self.shape, self.reduction, self, "half")
        if self.reduction == "sum":
            text = "the sum of the means over the last axis, not of all elements"
            yield text, _Other(self.shape, self.reduction, self, "rows")


@dataclass(frozen=True)
class Mse(Loss):
    """The mean squared error: (x - target)^2."""

    name = "mse"

    def each(self, x: Num, target: Num) -> Num:
        off = stored(x - target)
        return off * off


@dataclass(frozen=True)
class Huber(Loss):
    """Huber's loss (1964), of d = |x - target|: d^2 / 2 where d is at most delta, else delta * (d - delta / 2)."""

    name = "huber"
    delta: float = param(real_field(1.0, "where the parabola ends", near=(1.0, 0.5, 2.0), above=0.0))

    def each(self, x: Num, target: Num) -> Num:
        off = stored(x - target)
        far = self.delta * stored(absolute(off) - 0.5 * self.delta)
        return where(less_equal(absolute(off), self.delta), 0.5 * (off * off), far)

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        yield "smooth L1, which is Huber's loss over delta", SmoothL1(self.shape, self.reduction, self.delta)
        yield from super().neighbours()


@dataclass(frozen=True)
class SmoothL1(Loss):
    """Smooth L1 (Girshick, 2015), of d = |x - target|: d^2 / (2 beta) where d is below beta, else d - beta / 2."""

    name = "smooth_l1"
    beta: float = param(real_field(1.0, "where the parabola ends", near=(1.0, 0.5, 2.0), above=0.0))

    def each(self, x: Num, target: Num) -> Num:
        off = stored(x - target)
        near = 0.5 * stored(off * off) / self.beta
        return where(less(absolute(off), self.beta), near, absolute(off) - 0.5 * self.beta)

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        yield "Huber's loss, which is smooth L1 times beta", Huber(self.shape, self.reduction, self.beta)
        yield from super().neighbours()


@dataclass(frozen=True)
class Hinge(Loss):
    """The hinge loss: max(1 - target * x, 0), of a target of -1 or 1."""

    name = "hinge"

    def each(self, x: Num, target: Num) -> Num:
        return maximum(1.0 - stored(target * x), 0.0)

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        yield "a target of 0 or 1 as one of -1 or 1", _Other(self.shape, self.reduction, self, "signs")
        yield "the square of the hinge", _Other(self.shape, self.reduction, self, "squared")
        yield from super().neighbours()


@dataclass(frozen=True)
class BinaryCrossEntropy(Loss):
    """The cross entropy of two classes: -(positive * target * log p + (1 - target) * log(1 - p)).

    x is p, or its logit, log(p / (1 - p)). 0 times an infinite logarithm is 0.
    """

    name = "binary_cross_entropy"
    logits: bool = param(boolean_field(True, "x is the logit of the probability, not the probability"))
    positive: float = param(real_field(1.0, "the weight of what the target has of 1", near=(1.0, 0.5, 2.0), above=0.0))

    def inputs(self) -> tuple[TensorSpec, ...]:
        x, target = super().inputs()
        return replace(x, draw="" if self.logits else "unit"), replace(target, draw="unit")

    def each(self, x: Num, target: Num) -> Num:
        if self.logits:
            # In the form of PyTorch and JAX; where x is far below 0, its summands cancel.
            rest = stored(1.0 - target)
            return stored(rest * x) + stored(stored(self.positive * target + rest) * softplus(-x))
        return -(self.positive * _times_log(target, x) + _times_log(stored(1.0 - target), stored(1.0 - x)))

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        given = self.held()
        if self.logits:
            yield (
                "x taken for probabilities, which lie within 1e-7 and 1 - 1e-7",
                _Clipped(**{**given, "logits": False}),
            )
        else:
            yield "x taken for logits", replace(self, logits=True)
            yield "probabilities that lie within 1e-7 and 1 - 1e-7", _Clipped(**given)
            yield "logarithms of at least -100", _Clipped(**given, hundred=True)
        yield from super().neighbours()


@dataclass(frozen=True)
class _Clipped(BinaryCrossEntropy):
    """Of probabilities that are clipped, or whose logarithms are."""

    hundred: bool = False

    def each(self, x: Num, target: Num) -> Num:
        if self.hundred:
            ends = (maximum(log(p), -100.0) for p in (x, 1.0 - x))
            return -(self.positive * target * next(ends) + (1.0 - target) * next(ends))
        return super().each(clip(x, 1e-7, 1 - 1e-7), target)


def _times_log(a: Num, x: Num) -> Num:
    """a * log(x), and 0 where a is."""
    return where(a.value == 0, 0.0, stored(a * stored(log(x))))


@dataclass(frozen=True)
class KlDiv(Loss):
    """The divergence of Kullback and Leibler (1951): target * (log target - log x), and 0 where the target is 0.

    x is a probability or, with `logs`, its logarithm; so is the target with `log_target`. The mean is over all
    elements; `batchmean` is the sum over the length of the first axis, which is the divergence of distributions.
    """

    name = "kl_div"
    reduction: str = param(
        word_field("mean", ("mean", "batchmean", "sum", "none"), "of all elements: their mean, their sum, or neither")
    )
    logs: bool = param(boolean_field(True, "x holds logarithms"))
    log_target: bool = param(boolean_field(False, "the target holds logarithms"))

    def inputs(self) -> tuple[TensorSpec, ...]:
        x, target = super().inputs()
        return replace(x, draw="" if self.logs else "unit"), replace(target, draw="" if self.log_target else "unit")

    def compute(self, x: Num, target: Num) -> Num:  # type: ignore[override]
        each = self.each(x, target)
        return total(each) / float(self.shape[0]) if self.reduction == "batchmean" else reduced(each, self.reduction)

    def each(self, x: Num, target: Num) -> Num:
        log_x = x if self.logs else stored(log(x))
        if self.log_target:
            return stored(exp(target)) * stored(target - log_x)
        present = greater(target, 0.0)
        off = stored(stored(log(where(present, target, 1.0))) - log_x)
        return where(present, target * off, 0.0)

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        if self.reduction == "mean":
            yield "the mean over the last axis's sums, not over all elements", _OfSums(**vars(self))
        yield "x and the target exchanged", _Exchanged(**vars(self))


@dataclass(frozen=True)
class _OfSums(KlDiv):
    """The mean over distributions, each along the last axis."""

    def compute(self, x: Num, target: Num) -> Num:  # type: ignore[override]
        return mean(total(self.each(x, target), -1))


@dataclass(frozen=True)
class _Exchanged(KlDiv):
    """The divergence the other way round."""

    def each(self, x: Num, target: Num) -> Num:
        return super().each(target, x)


@dataclass(frozen=True)
class Cosine(Loss):
    """1 less the cosine between x and the target along the last axis: 1 - x . target / (|x| * |target|).

    Each length is at least epsilon.
    """

    name = "cosine"
    epsilon: float = param(real_field(1e-8, "the least length", near=(1e-8, 1e-7, 1e-12, 1e-6), above=0.0))

    def outputs(self) -> tuple[TensorSpec, ...]:
        rank = len(self.shape) - 1 if self.reduction == "none" else 0
        return (TensorSpec("y", LETTERS[:rank], self.shape[:rank]),)

    def each(self, x: Num, target: Num) -> Num:
        return 1.0 - self.similarity(x, target)

    def similarity(self, x: Num, target: Num) -> Num:
        """The cosine."""
        lengths = [stored(maximum(sqrt(total(stored(a * a), -1, keepdims=True)), self.epsilon)) for a in (x, target)]
        return stored(total(stored(stored(x / lengths[0]) * stored(target / lengths[1])), -1))

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        yield "the negative of the cosine, without the 1", _Negative(self.shape, self.reduction, self.epsilon)
        yield "the cosine itself", _Negative(self.shape, self.reduction, self.epsilon, sign=1.0)


@dataclass(frozen=True)
class _Negative(Cosine):
    """The cosine with a sign, and no 1."""

    sign: float = -1.0

    def each(self, x: Num, target: Num) -> Num:
        return self.sign * self.similarity(x, target)


@dataclass(frozen=True)
class _Other(Loss):
    """What a loss is taken for."""

    of: Loss | None = None
    how: str = ""

    def compute(self, x: Num, target: Num) -> Num:  # type: ignore[override]
        assert self.of is not None
        if self.how == "signs":
            target = 2.0 * target - 1.0
        each = self.of.each(x, target)
        if self.how == "squared":
            each = each * each
        if self.how == "half":
            each = 0.5 * each
        return reduced(mean(each, -1) if self.how == "rows" else each, self.reduction)
