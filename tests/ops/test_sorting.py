"""What puts in order and looks up, against Python's sorted, bisect and Counter."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from typing import Any

import numpy as np
import pytest

from tests.strategies import parameters

NAN = math.nan
X = np.random.RandomState(2).randint(-3, 4, (4, 9)).astype(float)


def made(op: str, arrays: dict[str, Any], **given: Any) -> dict[str, Any]:
    asked = parameters(op, **given)
    found = asked.evaluate({name: np.asarray(a) for name, a in arrays.items()})
    return {name: reference.value for name, reference in found.items()}


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("of", ["real", "int8"])
def test_sort(descending: bool, of: str) -> None:
    x = X if of == "real" else X.astype(of)
    right = [sorted(row, reverse=descending) for row in x.tolist()]
    assert made("sort", {"x": x}, shape=[4, 9], descending=descending, of=of)["y"].tolist() == right
    columns = np.array([sorted(column, reverse=descending) for column in x.T.tolist()]).T
    np.testing.assert_array_equal(
        made("sort", {"x": x}, shape=[4, 9], axis=0, descending=descending, of=of)["y"], columns
    )


@pytest.mark.parametrize("descending", [False, True])
def test_argsort_as_they_stood(descending: bool) -> None:
    found = made("argsort", {"x": X}, shape=[4, 9], descending=descending, stable=True)["indices"]
    for row, places in zip(X.tolist(), found.tolist(), strict=True):
        assert places == sorted(range(9), key=lambda i: -row[i] if descending else row[i])
    with_nan = np.array([[NAN, 1.0, NAN, -1.0]])
    right = [[0, 2, 1, 3]] if descending else [[3, 1, 0, 2]]
    assert made("argsort", {"x": with_nan}, shape=[1, 4], descending=descending)["indices"].tolist() == right


@pytest.mark.parametrize("right", [False, True])
@pytest.mark.parametrize("op", ["searchsorted", "bucketize"])
def test_searched(op: str, right: bool) -> None:
    row, x = sorted(X[0].tolist()), [*X[1].tolist(), -9.0, 9.0]
    found = made(op, {"row": row, "x": x}, length=9, values=11, right=right)["places"]
    assert found.tolist() == [(bisect_right if right else bisect_left)(row, v) for v in x]
    behind = made(op, {"row": [0.0, 1.0, NAN], "x": [NAN, math.inf, 1.0]}, length=3, values=3, right=right)
    assert behind["places"].tolist() == ([3, 2, 2] if right else [2, 2, 1])


def test_a_row_for_each() -> None:
    rows = np.sort(X[:2], -1)
    found = made("searchsorted", {"row": rows, "x": X[2:]}, rows=2, length=9, values=9)["places"]
    assert found.tolist() == [
        [bisect_left(row, v) for v in x] for row, x in zip(rows.tolist(), X[2:].tolist(), strict=True)
    ]


@pytest.mark.parametrize("in_order", [False, True])
def test_unique(in_order: bool) -> None:
    x = X.reshape(-1)
    found = made("unique", {"x": x}, length=36, sorted=in_order)
    times = Counter(x.tolist())
    values = sorted(times) if in_order else list(dict.fromkeys(x.tolist()))
    assert found["values"].tolist() == values + [0.0] * (36 - len(values))
    assert found["counts"].tolist() == [times[v] for v in values] + [0] * (36 - len(values))
    np.testing.assert_array_equal(found["values"][found["inverse"]], x)


def test_unique_of_nan() -> None:
    x = [NAN, 1.0, NAN]
    one, each = (made("unique", {"x": x}, length=3, equal_nan=equal) for equal in (True, False))
    np.testing.assert_array_equal(one["values"], [1, NAN, 0])
    assert (one["inverse"].tolist(), one["counts"].tolist()) == ([1, 0, 1], [1, 2, 0])
    np.testing.assert_array_equal(each["values"], [1, NAN, NAN])
    assert (each["inverse"].tolist(), each["counts"].tolist()) == ([1, 0, 2], [1, 1, 1])
