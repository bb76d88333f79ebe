"""Sampling at a grid's places by plain loops, and the grid of an affine map by its corners."""

from __future__ import annotations

import math
from itertools import product
from typing import Any

import numpy as np
import pytest

from tests.strategies import parameters

Array = np.ndarray[Any, Any]


def reflected(p: float, low: float, high: float) -> float:
    """Turned back at the ends, one turn at a time."""
    if high <= low:
        return 0.0
    while not low <= p <= high:
        p = 2 * low - p if p < low else 2 * high - p
    return p


def place(g: float, n: int, padding: str, align: bool) -> float:
    p = (g + 1) / 2 * (n - 1) if align else ((g + 1) * n - 1) / 2
    if padding == "reflection":
        p = reflected(p, 0, n - 1) if align else reflected(p, -0.5, n - 0.5)
    return p if padding == "zeros" else min(max(p, 0.0), n - 1.0)


@pytest.mark.parametrize("align", [False, True])
@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("method", ["linear", "nearest"])
@pytest.mark.parametrize("size", [[4, 5], [1, 3]])
def test_grid_sample_by_loops(size: list[int], method: str, padding: str, align: bool) -> None:
    op: Any = parameters(
        "grid_sample", size=size, batch=2, output=[5, 6], method=method, padding=padding, align_corners=align
    )
    random = np.random.RandomState(1)
    x, grid = random.standard_normal((2, 2, *size)), 2 * random.standard_normal((2, 5, 6, 2))
    right = np.zeros((2, 2, 5, 6))
    for n, a, b in np.ndindex(2, 5, 6):
        down = place(float(grid[n, a, b, 1]), size[0], padding, align)
        along = place(float(grid[n, a, b, 0]), size[1], padding, align)
        if method == "nearest":
            terms = [(round(down), round(along), 1.0)]
        else:
            i, j = math.floor(down), math.floor(along)
            terms = [
                (i + u, j + v, (1 - abs(down - i - u)) * (1 - abs(along - j - v))) for u, v in product((0, 1), (0, 1))
            ]
        for i, j, weight in terms:
            if 0 <= i < size[0] and 0 <= j < size[1]:
                right[n, :, a, b] += weight * x[n, :, i, j]
    np.testing.assert_allclose(op.evaluate({"x": x, "grid": grid})["y"].value, right, rtol=1e-9, atol=1e-12)


def test_the_first_number_is_along_the_width() -> None:
    """-1 and 1 are the centres of the first and the last element with align_corners: a corner each."""
    op = parameters("grid_sample", size=[2, 3], channels=1, output=[2, 2], align_corners=True)
    x = np.arange(6.0).reshape(1, 1, 2, 3)
    grid = np.array([[[[-1.0, -1.0], [1.0, -1.0]], [[-1.0, 1.0], [1.0, 1.0]]]])
    assert op.evaluate({"x": x, "grid": grid})["y"].value.reshape(-1).tolist() == [0, 2, 3, 5]
    [(text, other)] = op.neighbours()
    assert text == "the grid's first number along H, the second along W"
    assert other.evaluate({"x": x, "grid": grid})["y"].value.reshape(-1).tolist() == [0, 3, 2, 5]


def test_affine_grid() -> None:
    theta = np.array([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]])
    edges = parameters("affine_grid", size=[2, 4]).evaluate({"theta": theta})["grid"].value
    assert edges[0, 0, :, 0].tolist() == [-0.75, -0.25, 0.25, 0.75]
    assert edges[0, :, 0, 1].tolist() == [-0.5, 0.5]
    centres = parameters("affine_grid", size=[2, 5], align_corners=True).evaluate({"theta": theta})["grid"].value
    assert centres[0, 1, :, 0].tolist() == [-1, -0.5, 0, 0.5, 1]
    moved = np.array([[[2.0, 3.0, 5.0], [7.0, 11.0, 13.0]]])
    made = parameters("affine_grid", size=[2, 5], align_corners=True).evaluate({"theta": moved})["grid"].value
    assert made[0, 1, 0].tolist() == [2 * -1 + 3 * 1 + 5, 7 * -1 + 11 * 1 + 13]
    one = parameters("affine_grid", size=[1, 1], align_corners=True).evaluate({"theta": moved})["grid"].value
    assert one.reshape(-1).tolist() == [5, 13]
