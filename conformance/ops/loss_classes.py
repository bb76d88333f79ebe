"""Losses over classes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from conformance.exact.functions import log
from conformance.exact.moves import take, take_along
from conformance.exact.num import Num, stored, total
from conformance.exact.reduce import log_softmax, mean
from conformance.exact.reduce import softmax as softmax_of
from conformance.exact.truth import clip, where
from conformance.ops.base import Field as Said
from conformance.ops.base import (
    Op,
    ParamError,
    TensorSpec,
    an_integer,
    boolean_field,
    integer_field,
    optional,
    param,
    real_field,
    word_field,
)

_IGNORE = Said(
    optional(an_integer(0)),
    None,
    "the label that counts for nothing; null is none",
    {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "null"}]},
)


@dataclass(frozen=True)
class CrossEntropy(Op):
    """The cross entropy of logits x: -sum over the classes c of weight[c] * target[c] * log softmax(x)[c].

    The target is a label for each place, or a probability for each class there. It is smoothed to
    (1 - smoothing) * target + smoothing / classes. A label that is to be ignored has the loss 0. The mean over labels
    is the sum over the sum of the weights of all labels that count, so that it is a weighted mean; `count` divides by
    how many places there are, as the mean over probabilities does.
    """

    name = "cross_entropy"
    unsaid = ("batch", "classes", "places")
    batch: int = param(integer_field(4, 0, "batch size N"))
    classes: int = param(integer_field(5, 1, "classes C"))
    places: int = param(integer_field(0, 0, "places of each batch item, along an axis of their own; 0 is no such axis"))
    target: str = param(word_field("label", ("label", "probability"), "a label, or the probability of each class"))
    smoothing: float = param(real_field(0.0, "the share of an even distribution", near=(0.0, 0.1, 0.2)))
    weighted: bool = param(boolean_field(False, "each class has a weight"))
    ignore: int | None = param(_IGNORE)
    reduction: str = param(
        word_field("mean", ("mean", "count", "sum", "none"), "the weighted mean, over all places, their sum, or each")
    )

    def __post_init__(self) -> None:
        if not 0 <= self.smoothing <= 1:
            raise ParamError("smoothing", f"found {self.smoothing:g}, expected a number from 0 to 1")
        if self.ignore is not None and (self.target != "label" or self.ignore >= self.classes):
            raise ParamError("ignore", f"found {self.ignore}, expected a label below {self.classes}, or null")

    def meaning(self) -> Mapping[str, Any]:
        each = self.smoothing / self.classes
        return {"axes": self.axes, "ignoring": self.ignore is not None, "smoothing_each": each}

    @property
    def axes(self) -> tuple[str, tuple[int, ...]]:
        """The axis of the places, if there is one."""
        return ("P", (self.places,)) if self.places else ("", ())

    def inputs(self) -> tuple[TensorSpec, ...]:
        letters, lengths = self.axes
        x = TensorSpec("x", "NC" + letters, (self.batch, self.classes, *lengths))
        labels = f"0..{self.classes - 1}"
        target = (
            TensorSpec("target", "N" + letters, (self.batch, *lengths), kind="index", draw=labels)
            if self.target == "label"
            else TensorSpec("target", x.axes, x.shape, draw="unit")
        )
        weight = TensorSpec("weight", "C", (self.classes,), draw="positive", pulled=False)
        return (x, target, weight) if self.weighted else (x, target)

    def outputs(self) -> tuple[TensorSpec, ...]:
        letters, lengths = self.axes
        whole = ("N" + letters, (self.batch, *lengths)) if self.reduction == "none" else ("", ())
        return (TensorSpec("y", *whole),)

    def compute(self, x: Num, target: Any, weight: Num | None = None) -> Num:  # type: ignore[override]
        logs, smoothing = self.logs(x), self.smoothing
        by_class = None if weight is None else weight.reshape(1, self.classes, *(1 for _ in self.axes[0]))
        if self.target == "probability":
            share = target * (1 - smoothing) + smoothing / self.classes if smoothing else target
            terms = share * logs if by_class is None else share * logs * by_class
            # 0 times the logarithm of a class that is impossible is 0.
            impossible = (share.value == 0) & np.isinf(logs.value)
            return _reduced(-total(where(impossible, 0.0, terms), 1), self.reduction)
        chosen = take_along(logs, np.expand_dims(target, 1), 1)[:, 0]
        weights = Num(np.ones(target.shape)) if weight is None else take(weight, target.reshape(-1), 0)
        weights = weights.reshape(*target.shape)
        each = -chosen if weight is None else -(weights * chosen)
        if smoothing:
            even = total(logs if by_class is None else logs * by_class, 1)
            each = (1 - smoothing) * each - smoothing / self.classes * even
        if self.ignore is not None:
            each, weights = (where(target == self.ignore, 0.0, a) for a in (each, weights))
        if self.reduction == "mean":
            return total(stored(each)) / (float(weights.value.sum()) if weight is None else total(weights))
        return _reduced(each, self.reduction)

    def logs(self, x: Num) -> Num:
        """The logarithms of the probabilities."""
        return log_softmax(x, 1)

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        given = self.held()
        yield "x taken for probabilities, over their sum, within 1e-7 and 1 - 1e-7", _Probabilities(**given)
        yield "x taken for logarithms of probabilities, with no softmax", _Probabilities(**given, how="logs")
        yield "the softmax of a softmax", _Probabilities(**given, how="twice")


def _reduced(each: Num, reduction: str) -> Num:
    return each if reduction == "none" else (total if reduction == "sum" else mean)(stored(each))


@dataclass(frozen=True)
class _Probabilities(CrossEntropy):
    """Of an x that is no logits."""

    how: str = ""

    def logs(self, x: Num) -> Num:
        if self.how == "logs":
            return x
        if self.how == "twice":
            return log_softmax(softmax_of(x, 1), 1)
        return log(clip(x / total(x, 1, keepdims=True), 1e-7, 1 - 1e-7))
