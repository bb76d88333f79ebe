"""Right float32 answers pass whatever their data is like; answers from narrower inputs are named, faults are not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from conformance.dtypes import DTYPES, NARROW_FORMATS, narrowed, rounded
from conformance.judge.compare import Judgement, as_wrong, judge
from conformance.judge.precision import reach
from conformance.ops.base import Array
from conformance.ops.reference import Reference
from conformance.suite.values import make_inputs
from conformance.verdict import Figures, Status
from tests.judge.test_compare import CHANNELS, ORDERS, answer, expect, in_float32
from tests.strategies import a_case


def problem(n: int, signs: str, seed: int = 0) -> tuple[Any, dict[str, Array], Reference]:
    """A convolution with n products an output, of values around zero or of one sign, or the second half negative."""
    kernel = 5 if n == 3200 else 3
    given = {"in_channels": CHANNELS[n], "out_channels": 4, "size": 9, "kernel": kernel}
    case = a_case("conv", "float32", "normal", seed=seed, **given)
    arrays = make_inputs(case)
    if signs != "both":
        arrays = {name: np.abs(array) for name, array in arrays.items()}
    if signs == "halves":
        arrays["w"][:, CHANNELS[n] // 2 :] *= -1.0
    return case.op, arrays, case.op.evaluate(arrays)["y"]


def judged(right: Reference, got: Array, dtype: str = "float32") -> Judgement:
    return judge(expect(right, dtype, exact=False), answer(got, dtype))


def kernel_gradient(signs: str) -> tuple[Reference, Array]:
    """A sum over 9,216 positions: the exact one, and float32's, one position after the other."""
    case = a_case("conv", "float32", "normal", in_channels=2, out_channels=4, size=98)
    arrays = make_inputs(case)
    cotangent = rounded(np.random.RandomState(1).standard_normal(case.op.outputs()[0].shape), "float32")
    if signs == "one":
        arrays, cotangent = {name: np.abs(array) for name, array in arrays.items()}, np.abs(cotangent)
    right = case.op.gradients(arrays, {"y": cotangent})["w"]
    x, dy = arrays["x"].astype(np.float32), cotangent.astype(np.float32)
    got = np.zeros(right.value.shape, np.float32)
    for i in range(dy.shape[2]):
        for j in range(dy.shape[3]):
            got[0] += np.einsum("chw,o->cohw", x[0, :, i : i + 3, j : j + 3], dy[0, :, i, j])
    return right, got.astype(np.float64)


@pytest.mark.parametrize("signs", ["one", "halves"])
@pytest.mark.parametrize("n", list(CHANNELS))
def test_float32_never_fails_whatever_the_signs(n: int, signs: str) -> None:
    for order in ORDERS:
        _, arrays, right = problem(n, signs)
        found = judged(right, in_float32(arrays, order))
        assert found.status is Status.PASS, (order, found)


@pytest.mark.parametrize("signs", ["one", "both"])
def test_a_long_sum_passes_and_one_element_off_does_not(signs: str) -> None:
    right, good = kernel_gradient(signs)
    found = judged(right, good)
    assert found.status is Status.PASS, found
    assert found.figures is not None
    assert found.figures.bits is not None
    # The floor alone would call it TF32.
    assert (found.figures.bits < 17.0) == (signs == "one")
    for flat in np.argsort(-np.abs(good.reshape(-1)))[:5]:
        got = good.copy()
        got.reshape(-1)[flat] *= 1 + 1e-4
        wrong = judged(right, got)
        assert wrong.status is Status.VALUE, wrong
        assert wrong.figures is not None
        assert wrong.figures.differing == 1


@pytest.mark.parametrize("n", list(CHANNELS))
@pytest.mark.parametrize("factor", [1 + 1e-4, 1 - 1e-4])
def test_one_element_off_among_values_of_one_sign(n: int, factor: float) -> None:
    _, arrays, right = problem(n, "one")
    good = in_float32(arrays, "forward")
    for flat in range(0, good.size, 17):
        got = good.copy()
        got.reshape(-1)[flat] *= factor
        assert judged(right, got).status is Status.VALUE


@pytest.mark.parametrize("signs", ["both", "one", "halves"])
@pytest.mark.parametrize("n", list(CHANNELS))
@pytest.mark.parametrize("format", NARROW_FORMATS)
def test_narrower_inputs_are_named(format: str, n: int, signs: str) -> None:
    _, arrays, right = problem(n, signs)
    narrow = {name: narrowed(array, format) for name, array in arrays.items()}
    found = judged(right, in_float32(narrow, "forward"))
    assert found.status is Status.PRECISION, found
    # In this range float16 has the numbers that TF32 has.
    same = format.replace("float16", "TF32") if not format.startswith("bfloat16") else format
    assert same.partition(" ")[0] in found.message
    assert ("cut off" in found.message) == ("cut off" in format)


@pytest.mark.parametrize("which", ["x", "w"])
@pytest.mark.parametrize("format", ["TF32", "bfloat16"])
def test_one_narrower_factor_is_named(which: str, format: str) -> None:
    _, arrays, right = problem(288, "both")
    found = judged(right, in_float32({**arrays, which: narrowed(arrays[which], format)}, "pairwise"))
    assert found.status is Status.PRECISION
    assert f"one factor in {format}" in found.message


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_an_answer_through_half_precision_is_named(dtype: str) -> None:
    _, arrays, right = problem(288, "both")
    found = judged(right, rounded(in_float32(arrays, "forward"), dtype))
    assert found.status is Status.PRECISION
    assert f"an answer rounded to {dtype}" in found.message
    narrow = {name: rounded(array, dtype) for name, array in arrays.items()}
    found = judged(right, rounded(in_float32(narrow, "forward"), dtype))
    assert found.status is Status.PRECISION
    assert f"a computation in {dtype}" in found.message


def test_noise_of_the_same_size_is_no_narrower_arithmetic() -> None:
    """As many effective bits as TF32 leaves, but nothing that was rounded gives these errors."""
    _, _, right = problem(288, "both")
    noise = np.random.RandomState(5).standard_normal(right.value.shape) * np.sqrt(right.energy()) * 2.0**-11.7
    assert judged(right, right.value + noise).status is Status.VALUE


def test_a_channel_left_out_of_many_is_a_wrong_value() -> None:
    case = a_case("conv", "float32", "normal", in_channels=5000, out_channels=4, size=4, kernel=1)
    arrays = make_inputs(case)
    right = case.op.evaluate(arrays)["y"]
    short = {"x": arrays["x"].copy(), "w": arrays["w"]}
    short["x"][:, -1] = 0.0
    found = judged(right, case.op.evaluate(short)["y"].value)
    assert found.status is Status.VALUE
    assert found.figures is not None
    assert (found.figures.bits or 0.0) > 6.0


def test_equal_products_are_allowed_errors_that_add_up() -> None:
    """0.1 times 0.1, 1,152 times: each addition is rounded the same way, which no random walk does."""
    case = a_case("conv", "float32", "normal", in_channels=128, out_channels=4, size=9)
    arrays = {name: np.full(array.shape, float(np.float32(0.1))) for name, array in make_inputs(case).items()}
    right = case.op.evaluate(arrays)["y"]
    got = in_float32(arrays, "forward")
    assert float(np.abs(got - right.value).max() / right.value.max()) > 1e-6
    assert right.repeats()
    assert judged(right, got).status is Status.PASS


def test_the_reach_sees_halves_that_cancel() -> None:
    _, _, right = problem(3200, "halves")
    single = DTYPES["float32"]
    assert (reach(right, single) >= reach(right, single, partial=False)).all()
    assert reach(right, single).mean() > 3 * reach(right, single, partial=False).mean()


def test_a_precision_that_something_else_explains_is_a_wrong_value() -> None:
    figures = Figures(8, 3, 2.0, (1,), 1.5, 1.0, 0.5, 8.0)
    wrong = as_wrong(Judgement(Status.PRECISION, "y", "right, but", figures))
    assert (wrong.status, wrong.subject) == (Status.VALUE, "y")
    assert wrong.message == "3 of 8 elements differ; worst at (1,): got 1.5, reference 1"


@pytest.mark.parametrize(
    ("format", "value", "narrow"),
    [
        ("TF32", 1 + 2.0**-11, 1.0),
        ("TF32 (ties away from zero)", 1 + 2.0**-11, 1 + 2.0**-10),
        ("TF32 (ties away from zero)", -1 - 2.0**-11, -1 - 2.0**-10),
        ("TF32 (cut off instead of rounded)", 1 + 2.0**-10 - 2.0**-20, 1.0),
        ("TF32", 1e30, 1e30),
        ("bfloat16", 1 + 2.0**-8, 1.0),
        ("bfloat16 (cut off instead of rounded)", -1 - 2.0**-7 + 2.0**-20, -1.0),
        ("float16", 65520.0, np.inf),
        ("float16 (cut off instead of rounded)", 65535.0, 65504.0),
        ("float16 (cut off instead of rounded)", 1.9 * 2.0**-24, 2.0**-24),
        ("float16 (cut off instead of rounded)", np.inf, np.inf),
    ],
)
def test_formats(format: str, value: float, narrow: float) -> None:
    got = float(narrowed(np.array([value]), format)[0])
    assert got == pytest.approx(narrow, rel=2.0**-11 if abs(value) == 1e30 else 0.0)
