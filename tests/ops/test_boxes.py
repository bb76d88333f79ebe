"""What boxes cut out of images, by plain loops over exact rationals."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest

from tests.strategies import parameters

Array = np.ndarray[Any, Any]


def cut(x: Array, box: list[float], size: tuple[int, int], method: str, beyond: float) -> Array:
    """What one box cuts out of one image (channels, height, width)."""
    y = np.full((len(x), *size), beyond)
    y1, x1, y2, x2 = map(Fraction, box)
    for i, j in np.ndindex(*size):
        places = []
        for at, o, n, low, high in ((i, size[0], x.shape[1], y1, y2), (j, size[1], x.shape[2], x1, x2)):
            share = Fraction(at, o - 1) if o > 1 else Fraction(1, 2)
            places.append((low + (high - low) * share) * (n - 1))
        down, along = places
        if not (0 <= down <= x.shape[1] - 1 and 0 <= along <= x.shape[2] - 1):
            continue
        if method == "nearest":
            y[:, i, j] = x[:, math.floor(down + Fraction(1, 2)), math.floor(along + Fraction(1, 2))]
            continue
        y[:, i, j] = 0
        for r, c in product({math.floor(down), math.ceil(down)}, {math.floor(along), math.ceil(along)}):
            y[:, i, j] += float((1 - abs(down - r)) * (1 - abs(along - c))) * x[:, r, c]
    return y


BOXES = [
    [0.125, 0.25, 0.75, 0.875],
    [0.0, 0.0, 1.0, 1.0],
    [0.875, 0.75, 0.125, 0.5],
    [0.5, 0.25, 0.5, 0.25],
    [-0.5, -0.25, 1.5, 1.25],
    [2.0, 2.0, 3.0, 3.0],
]


@pytest.mark.parametrize("method", ["linear", "nearest"])
@pytest.mark.parametrize(
    ("size", "output"), [((4, 5), (3, 4)), ((5, 9), (5, 9)), ((1, 3), (2, 1)), ((3, 2), (1, 1)), ((2, 2), (5, 7))]
)
def test_crop_and_resize_by_rationals(size: tuple[int, int], output: tuple[int, int], method: str) -> None:
    op = parameters(
        "crop_and_resize",
        size=list(size),
        output=list(output),
        boxes=len(BOXES),
        method=method,
        extrapolation=-7.0,
        beyond=True,
    )
    x = np.random.RandomState(1).standard_normal((2, 2, *size))
    image = np.array([0, 1, 1, 0, 1, 0])
    made = op.evaluate({"x": x, "boxes": np.array(BOXES), "box_indices": image})["y"].value
    right = [cut(x[k], box, output, method, -7.0) for box, k in zip(BOXES, image, strict=True)]
    np.testing.assert_allclose(made, np.stack(right), rtol=1e-12, atol=1e-12)
    assert (made[5] == -7).all()  # beyond altogether


def test_the_questions_that_it_is_taken_for() -> None:
    op = parameters("crop_and_resize", size=[3, 3], output=[3, 1], batch=1, channels=1, boxes=1, extrapolation=9.0)
    x = np.arange(9.0).reshape(1, 1, 3, 3)

    def made(of: Any, *box: float) -> list[float]:
        arrays = {"x": x, "boxes": np.array([box]), "box_indices": np.array([0])}
        found: list[float] = of.evaluate(arrays)["y"].value.reshape(-1).tolist()
        return found

    assert made(op, 0.0, 0.5, 1.0, 0.5) == [1, 4, 7]
    assert made(op, -0.25, 0.5, 1.25, 0.5) == [9, 4, 9]
    near = dict(op.neighbours())
    assert made(near["boxes read as x1, y1, x2, y2"], 0.0, 0.5, 1.0, 0.5) == [4, 4, 4]
    assert made(near["0 and 1 as the edges of x, and places as centres of parts of the box"], 0, 0, 1, 1) == [1, 4, 7]
    assert made(near["the whole image in place of the box"], 0.5, 0.5, 0.5, 0.5) == [1, 4, 7]
    assert made(near["what lies beyond x taken as its border"], -0.25, 0.5, 1.25, 0.5) == [1, 4, 7]
    assert made(near["what lies beyond x weighed against its border"], -0.25, 0.5, 1.25, 0.5) == [5, 4, 8]
