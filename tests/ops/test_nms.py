"""Which boxes remain, by counting the cells of a grid that they cover."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest

from tests.strategies import parameters

Box = tuple[int, int, int, int]


def cells(box: Box) -> set[tuple[int, int]]:
    """The cells of whole numbers that lie within a box of whole corners."""
    (top, bottom), (left, right) = sorted(box[::2]), sorted(box[1::2])
    return set(product(range(top, bottom), range(left, right)))


def remaining(boxes: list[Box], scores: list[float], keep: int, iou: Fraction, least: float | None) -> list[int]:
    """One pass for each box that is taken, which strikes out all that it overlaps by too much."""
    left = [k for k, score in enumerate(scores) if least is None or score > least]
    found: list[int] = []
    while left and len(found) < keep:
        best = max(left, key=lambda k: (scores[k], -k))
        found.append(best)
        own = cells(boxes[best])
        left = [
            k for k in left if k != best and not (own and len(own & cells(boxes[k])) > iou * len(own | cells(boxes[k])))
        ]
    return found


@pytest.mark.parametrize("keep", [3, 40])
@pytest.mark.parametrize("least", [None, 0.25])
@pytest.mark.parametrize("iou", [Fraction(0), Fraction(1, 8), Fraction(1, 4), Fraction(1, 2), Fraction(1)])
def test_nms_by_counting_cells(iou: Fraction, least: float | None, keep: int) -> None:
    random = np.random.RandomState(1)
    boxes = random.randint(-4, 5, (40, 4))
    scores = random.randint(-4, 5, 40) / 4
    right = remaining([tuple(box) for box in boxes.tolist()], scores.tolist(), keep, iou, least)
    op = parameters("nms", boxes=40, keep=keep, iou=float(iou), least=least)
    made = op.evaluate({"boxes": boxes.astype(float), "scores": scores})
    assert made["count"].value == len(right)
    assert made["indices"].value.tolist() == right + [0] * (keep - len(right))


def test_a_box_about_its_centre() -> None:
    corners = np.array([[0.0, 0.0, 2.0, 4.0], [1.0, 0.0, 3.0, 4.0], [0.5, 0.0, 2.5, 4.0]])
    centres = np.array([[2.0, 1.0, 4.0, 2.0], [2.0, 2.0, 4.0, 2.0], [2.0, 1.5, 4.0, 2.0]])
    scores = np.array([3.0, 2.0, 1.0])  # the second overlaps the first by 1/3, the third both by 3/5
    for form, boxes in (("corners", corners), ("centre", centres)):
        made = parameters("nms", boxes=3, form=form).evaluate({"boxes": boxes, "scores": scores})
        assert made["indices"].value.tolist() == [0, 1, 0, 0, 0]
        assert made["count"].value == 2


def test_what_is_no_number() -> None:
    """Boxes that are not finite overlap nothing; a score that is no number is none, and minus infinity is one."""
    boxes = np.array([[np.nan, 0.0, 1.0, 1.0], [0.0, 0.0, 1.0, 1.0], [-np.inf, 0.0, 1.0, 1.0], [5.0, 5.0, 6.0, 6.0]])
    made = parameters("nms", boxes=4).evaluate({"boxes": boxes, "scores": np.array([1.0, -np.inf, np.inf, np.nan])})
    assert made["indices"].value.tolist() == [2, 0, 1, 0, 0]
    assert made["count"].value == 3


def test_an_overlap_beyond_1_is_refused() -> None:
    assert parameters("nms", iou=1.5).refusal() == "iou is 1.5, expected within 0 and 1"
    assert parameters("nms", iou=-0.5).refusal() == "iou is -0.5, expected within 0 and 1"
    assert parameters("nms", iou=1.0).refusal() is None


def test_the_questions_that_it_is_taken_for() -> None:
    op = parameters("nms", boxes=3, iou=0.5, least=1.0)
    arrays = {"boxes": np.array([[0, 0, 1, 1], [0, 0, 1, 2], [4, 4, 5, 5.0]]), "scores": np.array([3.0, 2.0, 1.0])}

    def made(of: Any) -> list[int]:
        found = of.evaluate(arrays)
        kept: list[int] = found["indices"].value[: int(found["count"].value)].tolist()
        return kept

    assert made(op) == [0, 1]
    near = dict(op.neighbours())
    assert made(near["a box as high as the overlap is not taken either"]) == [0]
    assert made(near["a score as high as the least counts too"]) == [0, 1, 2]
    # (1 + 1) (1 + 1) of (1 + 1) (2 + 1)
    assert made(near["corners that count as whole elements, each length one more"]) == [0]
