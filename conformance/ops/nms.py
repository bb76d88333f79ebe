"""Which of many boxes remain where they overlap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import isnan

import numpy as np
from numpy.typing import NDArray

from conformance.exact.num import Num
from conformance.ops.base import Field, Op, TensorSpec, integer_field, optional, param, real_field, word_field

# Both corners of a box, the lower one first: (y1, x1, y2, x2).
Corners = tuple[float, float, float, float]


@dataclass(frozen=True)
class NonMaxSuppression(Op):
    """The best boxes of which no two overlap by too much, the best first, by their numbers; and how many they are.

    A box is (y1, x1, y2, x2), any two opposite corners, or (x, y, width, height) about its `centre`. From the highest
    score on, of equal ones in the order in which they stand, a box is taken whose overlap with each that was taken is
    not above `iou`: the area of what both cover by that of what either covers, 0 where a box has no area. Boxes without
    a number for a score, or with one that is not above `least`, do not count; `keep` are taken at most, and `indices`
    is filled up with 0 to so many. All of it is in float32. (ONNX, operator NonMaxSuppression, of one image and class.)
    """

    name = "nms"
    unsaid = ("boxes",)
    boxes: int = param(integer_field(8, 0, "how many boxes"))
    keep: int = param(integer_field(5, 0, "how many are taken at most"))
    iou: float = param(real_field(0.5, "the overlap above which a box is not taken", near=(0.0, 0.5)))
    least: float | None = param(
        Field(
            optional(real_field(0.0, "").parse),
            None,
            "the score above which a box counts; null: any does",
            {"anyOf": [{"type": "number"}, {"type": "null"}]},
        )
    )
    form: str = param(word_field("corners", ("corners", "centre"), "what a box is given by"))

    def refusal(self) -> str | None:
        return None if 0 <= self.iou <= 1 else f"iou is {self.iou:g}, expected within 0 and 1"

    def inputs(self) -> tuple[TensorSpec, ...]:
        draw = "" if self.form == "corners" else "positive"
        return (
            TensorSpec("boxes", "KR", (self.boxes, 4), dtype="float32", draw=draw, pulled=False),
            TensorSpec("scores", "K", (self.boxes,), dtype="float32", pulled=False),
        )

    def outputs(self) -> tuple[TensorSpec, ...]:
        return TensorSpec("indices", "U", (self.keep,), kind="integer"), TensorSpec("count", "", (), kind="integer")

    def compute(self, boxes: Num, scores: Num) -> tuple[NDArray[np.int64], NDArray[np.int64]]:  # type: ignore[override]
        corners = [self.corners(*map(float, box)) for box in boxes.value]
        taken: list[int] = []
        for k in np.argsort(-scores.value, kind="stable").tolist():
            if len(taken) == self.keep:
                break
            covered = (self.covers(self.overlap(corners[k], corners[j])) for j in taken)
            if self.counts(float(scores.value[k])) and not any(covered):
                taken.append(k)
        return np.array(taken + [0] * (self.keep - len(taken)), np.int64), np.array(len(taken))

    def corners(self, *box: float) -> Corners:
        """The lower corner and the upper one."""
        if self.form == "centre":
            x, y, width, height = box
            return y - height / 2, x - width / 2, y + height / 2, x + width / 2
        y1, x1, y2, x2 = box
        return min(y1, y2), min(x1, x2), max(y1, y2), max(x1, x2)

    def counts(self, score: float) -> bool:
        """Whether a box of this score may be taken."""
        return not isnan(score) if self.least is None else score > float(np.float32(self.least))

    def covers(self, overlap: np.float32) -> bool:
        """Whether a box with this overlap is not taken."""
        return bool(overlap > np.float32(self.iou))

    def overlap(self, a: Corners, b: Corners, more: int = 0) -> np.float32:
        """Intersection by union; of lengths that are `more` than the corners are apart. 0 of what is not finite."""
        if not np.isfinite((*a, *b)).all():
            return np.float32(0)
        p, q = (tuple(map(Fraction, box)) for box in (a, b))
        first, second = ((box[2] - box[0] + more) * (box[3] - box[1] + more) for box in (p, q))
        high, wide = (max(min(p[i + 2], q[i + 2]) - max(p[i], q[i]) + more, Fraction(0)) for i in (0, 1))
        if min(first, second) <= 0:
            return np.float32(0)
        return np.float32(float(high * wide / (first + second - high * wide)))

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        given = self.held()
        yield "a box as high as the overlap is not taken either", _AtLeast(**given)
        yield "a score as high as the least counts too", _From(**given)
        yield "corners that count as whole elements, each length one more", _Inclusive(**given)


@dataclass(frozen=True)
class _AtLeast(NonMaxSuppression):
    """With >= for the overlap."""

    def covers(self, overlap: np.float32) -> bool:
        return bool(overlap >= np.float32(self.iou))


@dataclass(frozen=True)
class _From(NonMaxSuppression):
    """With >= for the score."""

    def counts(self, score: float) -> bool:
        return super().counts(score) or (self.least is not None and score == float(np.float32(self.least)))


@dataclass(frozen=True)
class _Inclusive(NonMaxSuppression):
    """With lengths of one more, as boxes of whole pixels were counted."""

    def overlap(self, a: Corners, b: Corners, more: int = 1) -> np.float32:
        return super().overlap(a, b, more)
