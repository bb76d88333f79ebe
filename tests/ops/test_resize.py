"""Resizing by plain loops in floating point, by SciPy's interpolation, and by tables worked out by hand."""

from __future__ import annotations

import math
from itertools import product
from typing import Any

import numpy as np
import pytest
from scipy.interpolate import interp1d

from conformance.exact.precision import Precision
from conformance.ops.base import ParamError
from tests.strategies import parameters

Array = np.ndarray[Any, Any]
LENGTHS = list(product((1, 2, 3, 5, 8), (1, 2, 3, 4, 7, 16)))


def resized(x: Array, **given: Any) -> Array:
    """A line by the op."""
    op = parameters("resize", size=[len(x)], channels=1, **given)
    return np.asarray(op.evaluate({"x": x.reshape(1, 1, -1)})["y"].value[0, 0])


def place(i: int, n: int, o: int, coordinates: str) -> float:
    if coordinates == "align_corners":
        return i * (n - 1) / (o - 1) if o > 1 else 0.0
    return i * n / o if coordinates == "asymmetric" else (i + 0.5) * n / o - 0.5


@pytest.mark.parametrize("coordinates", ["half_pixel", "align_corners", "asymmetric"])
@pytest.mark.parametrize(("n", "o"), LENGTHS)
def test_linear_is_numpys_interpolation_with_the_border_held(n: int, o: int, coordinates: str) -> None:
    x = np.random.RandomState(1).standard_normal(n)
    right = np.interp([place(i, n, o, coordinates) for i in range(o)], np.arange(n), x)
    np.testing.assert_allclose(resized(x, output=o, coordinates=coordinates), right, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("kind", "rounding"), [("nearest", "prefer_floor"), ("nearest-up", "prefer_ceil")])
@pytest.mark.parametrize(("n", "o"), [(n, o) for n, o in LENGTHS if n > 1])
def test_nearest_is_scipys(n: int, o: int, kind: str, rounding: str) -> None:
    """With aligned corners no place lies outside of x. Places are sixths of float64, so ties are told apart."""
    x = np.arange(float(n))
    at = np.array([place(i, n, o, "align_corners") for i in range(o)])
    ours = resized(x, output=o, method="nearest", coordinates="align_corners", rounding=rounding)
    tie = np.abs(at - np.floor(at) - 0.5) < 1e-9
    assert ours[tie].tolist() == [math.floor(p) + (rounding == "prefer_ceil") for p in at[tie]]
    assert ours[~tie].tolist() == interp1d(np.arange(n), x, kind=kind)(at[~tie]).tolist()


def test_nearest_of_five_to_three() -> None:
    """pytorch#34808: 0, 1, 3 by the floor, 0, 2, 4 by the centres."""
    x = np.arange(5.0)
    assert resized(x, output=3, method="nearest", coordinates="asymmetric", rounding="floor").tolist() == [0, 1, 3]
    assert resized(x, output=3, method="nearest").tolist() == [0, 2, 4]
    assert resized(x, output=3, method="nearest", rounding="floor").tolist() == [0, 2, 3]
    assert resized(x, output=3, method="nearest", rounding="ceil").tolist() == [1, 2, 4]


def test_half_way_goes_where_the_rounding_says() -> None:
    x = np.arange(4.0)
    assert resized(x, output=2, method="nearest").tolist() == [1, 3]
    assert resized(x, output=2, method="nearest", rounding="prefer_floor").tolist() == [0, 2]


def test_a_place_that_float32_rounds_is_either() -> None:
    """Of 8 to 6 the second place is 3/2, by a scale of 4/3: an element to either side is right, one further is not."""
    op = parameters("resize", size=[8], output=6, channels=1, method="nearest")
    made = op.evaluate({"x": np.arange(8.0).reshape(1, 1, 8)})["y"]
    precision = Precision.of("float32")
    assert made.made is not None

    def off(value: float) -> float:
        from conformance.exact import beyond

        got = made.value.copy()
        got[0, 0, 1] = value
        return float(beyond(made.made, precision, got)[0, 0, 1])  # type: ignore[arg-type]

    assert [off(1.0), off(2.0)] == [0, 0]
    assert off(3.0) == 1
    assert off(0.0) == 1


def kernel(d: float, a: float) -> float:
    """Keys, Cubic convolution interpolation, 1981, equation 15 (there with a = -1/2)."""
    d = abs(d)
    if d < 1:
        return (a + 2) * d**3 - (a + 3) * d**2 + 1
    return a * d**3 - 5 * a * d**2 + 8 * a * d - 4 * a if d < 2 else 0.0


@pytest.mark.parametrize(("a", "exclude"), [(-0.75, False), (-0.5, True), (-0.5, False)])
@pytest.mark.parametrize("coordinates", ["half_pixel", "align_corners", "asymmetric"])
@pytest.mark.parametrize(("n", "o"), LENGTHS)
def test_cubic_by_loops(n: int, o: int, coordinates: str, a: float, exclude: bool) -> None:
    x = np.random.RandomState(2).standard_normal(n)
    right = []
    for i in range(o):
        p = place(i, n, o, coordinates)
        near = range(math.floor(p) - 3, math.floor(p) + 5)
        weights = {j: kernel(j - p, a) for j in near if not exclude or 0 <= j < n}
        whole = sum(weights.values())
        right.append(sum(w / whole * x[min(max(j, 0), n - 1)] for j, w in weights.items()))
    given = {"method": "cubic", "a": a, "exclude": exclude, "coordinates": coordinates}
    np.testing.assert_allclose(resized(x, output=o, **given), right, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("method", ["linear", "cubic"])
@pytest.mark.parametrize(("n", "o"), LENGTHS)
def test_antialias_by_loops(n: int, o: int, method: str) -> None:
    x = np.random.RandomState(3).standard_normal(n)
    wide, right = max(n / o, 1.0), []
    for i in range(o):
        p = place(i, n, o, "half_pixel")
        far = [(j - p) / wide for j in range(n)]
        weights = [max(1 - abs(d), 0.0) if method == "linear" else kernel(d, -0.5) for d in far]
        right.append(np.dot(weights, x) / sum(weights))
    given = {"a": -0.5} if method == "cubic" else {}
    ours = resized(x, output=o, method=method, antialias=True, **given)
    np.testing.assert_allclose(ours, right, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("n", "o"), LENGTHS)
def test_area_is_the_mean_of_x_repeated(n: int, o: int) -> None:
    x = np.random.RandomState(4).standard_normal(n)
    right = np.repeat(x, o).reshape(o, n).mean(1)
    np.testing.assert_allclose(resized(x, output=o, method="area"), right, rtol=1e-12, atol=1e-14)


def test_area_against_whole_elements() -> None:
    x = np.array([0.0, 3.0, 6.0, 9.0, 12.0])
    np.testing.assert_allclose(resized(x, output=3, method="area"), [1.2, 6, 10.8])
    op = parameters("resize", size=[5], output=3, channels=1, method="area")
    near = {text: other.evaluate({"x": x.reshape(1, 1, 5)})["y"].value[0, 0] for text, other in op.neighbours()}
    assert near["whole elements of x, as an adaptive pool has them"].tolist() == [1.5, 6, 10.5]


def test_a_plane_is_resized_along_each_axis() -> None:
    x = np.random.RandomState(5).standard_normal((4, 5))
    rows = np.array([resized(row, output=7) for row in x])
    right = np.array([resized(column, output=3) for column in rows.T]).T
    op = parameters("resize", size=[4, 5], output=[3, 7], channels=1)
    np.testing.assert_allclose(op.evaluate({"x": x.reshape(1, 1, 4, 5)})["y"].value[0, 0], right, rtol=1e-12)


def test_a_scale_is_not_the_ratio_of_the_lengths() -> None:
    x = np.random.RandomState(6).standard_normal(5)
    by = resized(x, scale=1.5)
    right = np.interp([(i + 0.5) / 1.5 - 0.5 for i in range(7)], np.arange(5), x)
    np.testing.assert_allclose(by, right, rtol=1e-12)
    op = parameters("resize", size=[5], scale=1.5, channels=1)
    near = {text: other.evaluate({"x": x.reshape(1, 1, 5)})["y"].value[0, 0] for text, other in op.neighbours()}
    np.testing.assert_allclose(near["by the ratio of the lengths, not by the scale"], resized(x, output=7), rtol=1e-12)


def test_what_has_no_weight_is_not_looked_at() -> None:
    x = np.array([np.inf, 1.0, 2.0, 3.0])
    y = resized(x, output=8)
    assert np.isinf(y).tolist() == [True, True, True, False, False, False, False, False]
    assert not np.isnan(y).any()


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"output": 3, "scale": 1.5}, "scale"),
        ({"rounding": "floor"}, "rounding"),
        ({"a": -0.5}, "a"),
        ({"method": "area", "coordinates": "asymmetric"}, "coordinates"),
        ({"method": "nearest", "antialias": True}, "antialias"),
        ({"scale": 0.01}, "scale"),
        ({"output": [1, 2, 3]}, "output"),
    ],
)
def test_parameters_that_do_not_go_together(given: dict[str, Any], named: str) -> None:
    with pytest.raises(ParamError) as caught:
        parameters("resize", **given)
    assert caught.value.param == named
