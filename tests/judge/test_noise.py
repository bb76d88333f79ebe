"""What a narrower arithmetic leaves, told from the errors alone."""

from __future__ import annotations

import numpy as np
import pytest

from conformance.dtypes import DTYPES
from conformance.judge.noise import overflow
from conformance.plan import USUAL
from tests.confusion_faults import bind

OP = bind("conv_transpose", convention="torch", dims=1, size=3, kernel=2)
ARRAYS = {"x": np.array([[[7.0, -7.0, 7.0]]]), "w": np.full((1, 1, 1, 2), -9992.0)}
RIGHT = np.array([[[-69944.0, 0.0, 0.0, -69944.0]]])
INFINITE = np.array([[[-np.inf, np.nan, np.nan, -np.inf]]])


@pytest.mark.parametrize(
    ("wrong", "actual", "dtype", "said"),
    [
        ([0, 1, 1, 0], INFINITE, "float16", True),
        ([0, 0, 0, 0], INFINITE, "float16", False),
        # One of the wrong ones is finite: that has another cause.
        ([0, 1, 1, 0], np.array([[[-np.inf, np.nan, 1.0, -np.inf]]]), "float16", False),
        # Sums in the dtype itself are what is asked for.
        ([0, 1, 1, 0], INFINITE, "float32", False),
    ],
)
def test_sums_that_overflow(wrong: list[int], actual: np.ndarray, dtype: str, said: bool) -> None:
    problem = OP.problem(ARRAYS, USUAL).computed()
    where = np.array([[wrong]], dtype=bool)
    assert bool(overflow(problem, RIGHT, actual, where, DTYPES[dtype])) is said
