"""Each status has an answer that earns it, and each answer that is wrong by little is seen."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest

from conformance.dtypes import DTYPES, rounded
from conformance.exact import Num, matmul
from conformance.judge.compare import Expectation, judge
from conformance.judge.words import telling_line
from conformance.ops.base import Array
from conformance.ops.reference import Reference
from conformance.outcome import Crashed, Outcome, Raised, Tensor, TimedOut, Unsupported, Value
from conformance.suite.values import make_inputs
from conformance.verdict import Status
from tests.strategies import a_case, a_sum


def answer(values: Any, dtype: str = "float32") -> Value:
    array = np.asarray(values, dtype=np.float64)
    stored = "float32" if dtype == "bfloat16" else dtype
    with np.errstate(over="ignore"):
        return Value({"y": Tensor(dtype, array.shape, rounded(array, dtype).astype(stored))})


def expect(values: Any, dtype: str = "float32", **more: Any) -> Expectation:
    given = values if isinstance(values, Reference) else a_sum(values)
    return Expectation(dtype, {"y": given}, more.pop("exact", True), more.pop("gradients", {}), **more)


def status(expected: Expectation, outcome: Outcome) -> Status:
    return judge(expected, outcome).status


# --- how it ended ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("exact", "more", "equal"),
    [
        (True, {}, True),
        (True, {"ulps": 0}, True),
        (False, {}, False),
        (True, {"ulps": 2}, False),
        (True, {"tolerance": (0.0, 0.0)}, False),
    ],
)
def test_what_must_be_equal_is_exact_and_nobody_states_otherwise(
    exact: bool, more: dict[str, Any], equal: bool
) -> None:
    assert Expectation("float32", {}, exact, **more).equal is equal


def test_how_it_ended_comes_first() -> None:
    expected = expect([1.0])
    assert status(expected, Unsupported("no groups")) is Status.UNSUPPORTED
    assert judge(expected, Unsupported("no groups")).message == "no groups"
    crashed = judge(expected, Crashed("SIGSEGV", "first\nlast words\n"))
    assert (crashed.status, crashed.message) == (Status.CRASHED, "the worker died (SIGSEGV): last words")
    assert "no last words" in judge(expected, Crashed("SIGKILL", "")).message
    timed = judge(expected, TimedOut(30.0, "log"))
    assert (timed.status, timed.message) == (Status.TIMEOUT, "no answer within 30 s")
    raised = judge(expected, Raised("ValueError", "\n  too small\nmore"))
    assert (raised.status, raised.subject, raised.message) == (Status.RAISED, "y", "ValueError: too small")
    assert judge(expected, Raised("E", "m", "gradient")).subject == "gradient"


def test_refusals() -> None:
    expected = Expectation("float32", {}, True, refused="the kernel is too long")
    assert status(expected, Raised("ValueError", "too long")) is Status.PASS
    accepted = judge(expected, answer([1.0, 2.0]))
    assert accepted.status is Status.ACCEPTED
    assert "(2,)" in accepted.message
    assert "the kernel is too long" in accepted.message
    assert status(expected, Raised("ValueError", "too long", "gradient")) is Status.RAISED
    assert status(expected, Crashed("SIGSEGV", "")) is Status.CRASHED
    assert status(expected, TimedOut(1.0, "")) is Status.TIMEOUT


# --- shape, dtype ---------------------------------------------------------------------------------------------------


def test_shape_comes_before_dtype_and_values() -> None:
    wrong = judge(expect([1.0, 2.0]), answer([[1.0, 2.0]], "float64"))
    assert (wrong.status, wrong.message) == (Status.SHAPE, "got shape (1, 2), reference (2,)")
    wrong = judge(expect([1.0, 2.0]), answer([1.0, 3.0], "float64"))
    assert (wrong.status, wrong.message) == (Status.DTYPE, "got dtype float64, expected float32")


def test_a_shape_alone() -> None:
    judged = judge(expect([1.0, 2.0]), Value({"y": Tensor("float32", (2,), None)}))
    assert judged.status is Status.PASS
    assert judged.figures is not None
    assert judged.figures.elements == 0
    assert status(expect([1.0, 2.0]), Value({"y": Tensor("float32", (3,), None)})) is Status.SHAPE
    assert status(expect([1.0, 2.0]), Value({"y": Tensor("float16", (2,), None)})) is Status.DTYPE


def test_what_is_not_asked_for_is_not_judged() -> None:
    right = [1.0, 2.0]
    shape_only = expect(right, checks=("shape",))
    judged = judge(shape_only, answer([5.0, math.nan], "float64"))
    assert (judged.status, judged.message) == (Status.PASS, "shape only")
    assert status(shape_only, answer([1.0])) is Status.SHAPE
    assert status(expect(right, checks=("shape", "dtype")), answer([5.0, 6.0])) is Status.PASS
    assert status(expect(right, checks=("shape", "dtype")), answer([1.0, 2.0], "float64")) is Status.DTYPE
    # Integers are no divergence where nobody asks for a dtype; their values are.
    integers = Value({"y": Tensor("int64", (2,), np.array([1, 2]))})
    assert status(expect(right), integers) is Status.DTYPE
    assert status(expect(right, checks=("shape", "value")), integers) is Status.PASS
    assert status(expect([1.0, 3.0], checks=("value",)), integers) is Status.VALUE
    assert status(expect([[1.0, 2.0]], checks=("value",)), integers) is Status.SHAPE
    assert status(expect([[1.0, 2.0]], checks=("dtype",)), answer(right)) is Status.PASS


def test_gradients_are_compared_though_only_a_shape_is_asked_of_the_output() -> None:
    expected = expect([1.0], gradients={"x": a_sum([2.0])}, checks=("shape", "gradient"))
    assert status(expected, Value(answer([9.0]).outputs, {"x": answer([2.0]).first})) is Status.PASS
    assert status(expected, Value(answer([1.0]).outputs, {"x": answer([3.0]).first})) is Status.GRADIENT


def test_infinities_and_complex_numbers_raise_no_warning() -> None:
    right = a_sum([-inf, inf, nan, 1.0], 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for ulps in (None, 8.0):
            expected = expect(right, exact=False, ulps=ulps)
            assert status(expected, answer([-inf, inf, nan, 1.0])) is Status.PASS
            assert status(expected, answer([-inf, inf, 0.0, 1.0])) is Status.NONFINITE
        numbers = Value({"y": Tensor("complex64", (2,), np.array([1.0, 2.0j], np.complex64))})
        assert status(expect([1.0, 0.0]), numbers) is Status.DTYPE
        assert status(expect([1.0, 0.0], checks=("value",)), numbers) is Status.NONFINITE


def test_an_empty_output_has_a_shape() -> None:
    judged = judge(expect(np.zeros((0, 3))), answer(np.zeros((0, 3))))
    assert judged.status is Status.PASS
    assert judged.figures is not None
    assert judged.figures.elements == 0
    normal = judge(expect(np.zeros((0, 3)), exact=False), answer(np.zeros((0, 3))))
    assert normal.status is Status.PASS
    assert status(expect(np.zeros((0, 3))), answer(np.zeros((0, 4)))) is Status.SHAPE


# --- what is not finite ---------------------------------------------------------------------------------------------

nan, inf = math.nan, math.inf


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize(
    ("got", "right"),
    [
        ([nan, 1.0], [0.0, 1.0]),
        ([0.0, 1.0], [nan, 1.0]),
        ([inf, 1.0], [nan, 1.0]),
        ([nan, 1.0], [inf, 1.0]),
        ([-inf, 1.0], [inf, 1.0]),
        ([3.4e38, 1.0], [inf, 1.0]),
        ([inf, 1.0], [5.0, 1.0]),
        ([1.0, nan], [nan, 1.0]),
    ],
)
def test_nan_is_no_number_and_infinities_have_signs(exact: bool, got: list[float], right: list[float]) -> None:
    judged = judge(expect(right, exact=exact), answer(got))
    assert judged.status is Status.NONFINITE
    assert judged.figures is not None
    assert judged.figures.fraction == inf


@pytest.mark.parametrize("exact", [True, False])
def test_the_same_pattern_passes_and_the_rest_is_compared(exact: bool) -> None:
    right = [nan, inf, -inf, 2.0]
    assert status(expect(right, exact=exact), answer(right)) is Status.PASS
    assert status(expect(right, exact=exact), answer([nan, inf, -inf, 3.0])) is Status.VALUE


def test_superset_lets_more_be_touched_but_not_less() -> None:
    right = [nan, 1.0, 2.0]
    assert status(expect(right), answer([nan, nan, 2.0])) is Status.NONFINITE
    assert status(expect(right, nonfinite="superset"), answer([nan, nan, 2.0])) is Status.PASS
    assert status(expect(right, nonfinite="superset"), answer([nan, nan, 3.0])) is Status.VALUE
    assert status(expect(right, nonfinite="superset"), answer([0.0, 1.0, 2.0])) is Status.NONFINITE


def test_ignore_compares_what_is_finite_on_both_sides() -> None:
    right = [nan, 1.0, 2.0]
    assert status(expect(right, nonfinite="ignore"), answer([0.0, inf, 2.0])) is Status.PASS
    assert status(expect(right, nonfinite="ignore"), answer([0.0, inf, 3.0])) is Status.VALUE
    assert status(expect(right, nonfinite="ignore"), answer([nan, nan, nan])) is Status.NONFINITE


@pytest.mark.parametrize(
    ("got", "right", "wanted"),
    [
        (inf, 65519.0, Status.PASS),
        (65504.0, 65519.0, Status.PASS),
        (inf, 65600.0, Status.PASS),
        (-inf, -65600.0, Status.PASS),
        (-inf, 65600.0, Status.NONFINITE),
        (nan, 65600.0, Status.NONFINITE),
        (inf, 65000.0, Status.NONFINITE),
        (inf, 0.0, Status.NONFINITE),
        (65504.0, 1e5, Status.VALUE),
    ],
)
def test_half_precision_overflows_near_its_end_only(got: float, right: float, wanted: Status) -> None:
    assert status(expect([right, 1.0], "float16", exact=False), answer([got, 1.0], "float16")) is wanted


def test_signed_zeros_are_compared_where_the_case_asks() -> None:
    assert status(expect([0.0, 1.0]), answer([-0.0, 1.0])) is Status.PASS
    for exact in (True, False):
        judged = judge(expect([0.0, 1.0, -0.0], exact=exact, signed_zeros=True), answer([-0.0, 1.0, -0.0]))
        assert judged.status is Status.NONFINITE
        assert "1 of 3 zeros have the other sign; first at (0,)" in judged.message
        assert status(expect([0.0, -0.0], exact=exact, signed_zeros=True), answer([0.0, -0.0])) is Status.PASS
    # beside a NaN, too
    assert status(expect([nan, -0.0], signed_zeros=True), answer([nan, 0.0])) is Status.NONFINITE


# --- values, exactly ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", list(DTYPES))
def test_one_step_off_is_caught_in_integers(dtype: str) -> None:
    right = np.array([3.0, -5.0, 0.0, 12.0])
    step = 2.0 * DTYPES[dtype].unit_roundoff
    for i, delta in ((0, 2 * step), (1, -4 * step), (2, DTYPES[dtype].least_subnormal), (3, 8 * step)):
        got = right.copy()
        got[i] += delta
        assert rounded(got, dtype)[i] != right[i]
        judged = judge(expect(right, dtype), answer(got, dtype))
        assert judged.status is Status.VALUE
        assert judged.figures is not None
        assert (judged.figures.differing, judged.figures.worst, judged.figures.fraction) == (1, (i,), inf)


def test_figures_are_the_right_numbers() -> None:
    judged = judge(expect([[1.0, 2.0], [4.0, 8.0]]), answer([[1.0, 3.0], [4.0, 6.0]]))
    assert judged.status is Status.VALUE
    figures = judged.figures
    assert figures is not None
    assert (figures.elements, figures.differing, figures.needed) == (4, 2, 0.5)
    assert figures.worst == (0, 1)
    assert (figures.got, figures.reference) == (3.0, 2.0)
    assert judged.message == "2 of 4 elements differ; worst at (0, 1): got 3, reference 2"


def test_the_fraction_is_the_error_over_the_allowance() -> None:
    right = a_sum([1.0, 2.0], products=4, magnitude=[2.0, 4.0])
    u = 2.0**-24
    gamma = 4 * u / (1 - 4 * u)
    allowed = gamma * 2.0 + u * 1.0 + 4 * 2.0**-149 + 2.0**-150
    assert right.allowance("float32")[0] == pytest.approx(allowed, rel=1e-12)
    judged = judge(expect(right, exact=False), answer([1.0 + 2.0**-22, 2.0]))
    assert judged.status is Status.PASS
    assert judged.figures is not None
    assert judged.figures.fraction == pytest.approx(2.0**-22 / allowed, rel=1e-12)
    assert judged.figures.needed == 2.0**-22
    assert status(expect(right, exact=False), answer([1.0 + 2.0**-20, 2.0])) is Status.VALUE


def test_where_nothing_is_allowed_nothing_passes() -> None:
    """An element that sums no product is zero; the underflow of a product is all that it may be off."""
    right = a_sum([0.0, 1.0], magnitude=[0.0, 1.0])
    assert status(expect(right, exact=False), answer([2.0**-149, 1.0])) is Status.PASS
    assert status(expect(right, exact=False), answer([1e-30, 1.0])) is Status.VALUE


def test_ulps_where_no_sum_of_products_is_behind_it() -> None:
    right = a_sum([1.0])
    assert status(expect(right, exact=False, ulps=2.0), answer([1.0 + 2 * 2.0**-23])) is Status.PASS
    assert status(expect(right, exact=False, ulps=2.0), answer([1.0 + 3 * 2.0**-23])) is Status.VALUE


# --- gradients, determinism -----------------------------------------------------------------------------------------


def test_gradients_are_judged_like_outputs() -> None:
    expected = expect([1.0], gradients={"x": a_sum([2.0]), "w": a_sum([3.0])})

    def with_gradients(**gradients: Any) -> Value:
        return Value(answer([1.0]).outputs, {k: answer(v).first for k, v in gradients.items()})

    assert status(expected, with_gradients(x=[2.0], w=[3.0])) is Status.PASS
    wrong = judge(expected, with_gradients(x=[2.0], w=[4.0]))
    assert (wrong.status, wrong.subject) == (Status.GRADIENT, "gradient of w")
    assert status(expected, with_gradients(x=[nan], w=[3.0])) is Status.GRADIENT
    assert status(expected, with_gradients(x=[[2.0]], w=[3.0])) is Status.GRADIENT
    missing = judge(expected, with_gradients(x=[2.0]))
    assert (missing.status, missing.message) == (Status.GRADIENT, "no gradient of w came back")
    # a wrong output is what is said first
    assert status(expected, Value(answer([9.0]).outputs, {})) is Status.VALUE


def test_repeats_that_differ() -> None:
    stable = Value(answer([1.0, 2.0]).outputs, unstable={"y": 0})
    assert status(expect([1.0, 2.0]), stable) is Status.PASS
    judged = judge(expect([1.0, 2.0]), Value(answer([1.0, 2.0]).outputs, unstable={"y": 1}))
    assert (judged.status, judged.subject) == (Status.NONDETERMINISTIC, "y")
    assert judged.message.startswith("1 of 2 elements")


# --- the allowance and the effective bits, on convolutions computed in narrow arithmetic ----------------------------


def significant(values: Array, bits: int) -> Array:
    """Values rounded to so many significant bits, to nearest."""
    fraction, exponent = np.frexp(values)
    return np.asarray(np.ldexp(np.rint(np.ldexp(fraction, bits)), exponent - bits))


CHANNELS = {9: 1, 288: 32, 3200: 128}


def problem(n: int, seed: int = 0) -> tuple[Any, dict[str, Array], Reference]:
    """A convolution with n products an output: 1x3x3, 32x3x3 or 128x5x5."""
    kernel = 5 if n == 3200 else 3
    case = a_case(
        "conv", "float32", "normal", in_channels=CHANNELS[n], out_channels=4, size=9, kernel=kernel, seed=seed
    )
    arrays = make_inputs(case)
    return case.op, arrays, case.op.evaluate(arrays)["y"]


def in_float32(arrays: dict[str, Array], order: str) -> Array:
    """The convolution summed in float32, in one of several orders."""
    x, w = arrays["x"].astype(np.float32), arrays["w"].astype(np.float32)
    k = w.shape[3]
    windows = np.lib.stride_tricks.sliding_window_view(x[0], (k, k), axis=(1, 2))  # C H W k k
    columns = windows.transpose(1, 2, 0, 3, 4).reshape(windows.shape[1] * windows.shape[2], -1)
    weights = w[0].transpose(1, 0, 2, 3).reshape(w.shape[2], -1)
    if order == "matmul":
        y = columns @ weights.T
    else:
        products = columns[:, None, :] * weights[None]
        if order == "reversed":
            products = products[..., ::-1]
        if order == "largest first":
            products = np.take_along_axis(products, np.argsort(-np.abs(products), axis=-1), axis=-1)
        if order == "pairwise":
            y = products.sum(axis=-1)
        else:
            y = np.zeros(products.shape[:2], np.float32)
            for i in range(products.shape[-1]):
                y += products[..., i]
    assert y.dtype == np.float32
    size = x.shape[2] - k + 1
    return np.asarray(y.T.reshape(1, -1, size, size).astype(np.float64))


ORDERS = ["matmul", "forward", "reversed", "largest first", "pairwise"]


@pytest.mark.parametrize("n", list(CHANNELS))
def test_float32_never_fails(n: int) -> None:
    largest = 0.0
    least = inf
    for seed in range(3):
        _, arrays, right = problem(n, seed)
        for order in ORDERS:
            judged = judge(expect(right, exact=False), answer(in_float32(arrays, order)))
            assert judged.status is Status.PASS, (order, judged)
            assert judged.figures is not None
            largest = max(largest, judged.figures.fraction)
            least = min(least, judged.figures.bits or inf)
    print(f"float32, n={n}: largest fraction {largest:.2g} of the allowance, least bits {least:.1f}")
    assert 0.0 < largest < 1.0
    assert least >= 17.0


@pytest.mark.parametrize("n", list(CHANNELS))
@pytest.mark.parametrize(("bits", "low", "high"), [(11, 10.5, 12.7), (8, 7.7, 9.7)], ids=["TF32", "bfloat16"])
def test_narrow_products_are_told_apart(n: int, bits: int, low: float, high: float) -> None:
    op, arrays, right = problem(n)
    narrow = {name: significant(array, bits) for name, array in arrays.items()}
    judged = judge(expect(right, exact=False), answer(op.evaluate(narrow)["y"].value))
    assert judged.status is Status.PRECISION
    assert judged.figures is not None
    assert judged.figures.bits is not None
    assert low < judged.figures.bits < high
    assert ("TF32" in judged.message) == (bits == 11)
    print(f"{bits} significant bits, n={n}: {judged.figures.bits:.2f} effective bits")


def test_float64_computed_in_float32() -> None:
    _, arrays, right = problem(288)
    judged = judge(expect(right, "float64", exact=False), answer(in_float32(arrays, "forward"), "float64"))
    assert judged.status is Status.PRECISION
    assert "float32" in judged.message


@pytest.mark.parametrize("n", [9, 288])
@pytest.mark.parametrize("factor", [1 + 1e-4, 1 - 1e-4])
def test_one_element_off_by_a_ten_thousandth_is_caught(n: int, factor: float) -> None:
    _, arrays, right = problem(n)
    good = in_float32(arrays, "forward")
    for flat in np.argsort(-np.abs(good.reshape(-1)))[:20]:
        got = good.copy()
        got.reshape(-1)[flat] *= factor
        judged = judge(expect(right, exact=False), answer(got))
        assert judged.status is Status.VALUE, judged
        assert judged.figures is not None
        assert judged.figures.differing == 1


def test_a_single_element_that_is_off_in_a_large_output_is_caught() -> None:
    case = a_case("conv", "float32", "normal", in_channels=32, size=300)
    arrays = make_inputs(case)
    right = case.op.evaluate(arrays)["y"]
    good = in_float32(arrays, "matmul")
    assert status(expect(right, exact=False), answer(good)) is Status.PASS
    where = np.unravel_index(np.argmax(np.abs(good)), good.shape)
    good[where] *= 1 + 1e-4
    assert status(expect(right, exact=False), answer(good)) is Status.VALUE


def test_an_error_whose_square_is_zero_is_judged() -> None:
    x = np.ones((64, 2))
    x[3, 1] = -1.0
    sums = Reference.of(matmul(Num(x), Num(np.ones((2, 1)))))
    got = np.full((64, 1), 2.0)
    got[3] = 1e-170
    judged = judge(expect(sums, "float64", exact=False), answer(got, "float64"))
    assert judged.status is Status.PASS
    assert judged.figures is not None
    assert (judged.figures.differing, judged.figures.worst, judged.figures.got) == (0, (3, 0), 1e-170)


def test_underflow_is_no_loss_of_precision() -> None:
    """Products below the least subnormal round by all of themselves: that is what float32 is."""
    right = a_sum([2.0**-149 * 0.6] * 16, products=1)
    assert status(expect(right, exact=False), answer([2.0**-149] * 16)) is Status.PASS


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("n", list(CHANNELS))
def test_narrow_dtypes_summed_in_float32_pass_and_one_step_more_does_not(dtype: str, n: int) -> None:
    kernel = 5 if n == 3200 else 3
    case = a_case("conv", dtype, "normal", in_channels=CHANNELS[n], out_channels=4, size=9, kernel=kernel)
    arrays = make_inputs(case)
    right = case.op.evaluate(arrays)["y"]
    good = in_float32(arrays, "forward")
    assert status(expect(right, dtype, exact=False), answer(good, dtype)) is Status.PASS
    where = np.unravel_index(np.argmax(np.abs(good)), good.shape)
    good[where] *= 1 + 2.0 ** (3 - DTYPES[dtype].precision)
    # Within what partial sums in the dtype itself could do, but not what sums in float32 do.
    assert status(expect(right, dtype, exact=False), answer(good, dtype)) in (Status.VALUE, Status.PRECISION)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_zeros_are_no_half_precision_answer(dtype: str) -> None:
    values = np.random.RandomState(3).standard_normal(64) * 20
    # Many products, so that the bound for sums in the dtype itself is above the values.
    right = a_sum(rounded(values, dtype), 4096, np.full(64, 4096.0))
    assert status(expect(right, dtype, exact=False), answer(np.zeros(64), dtype)) is Status.VALUE


@pytest.mark.parametrize("policy", ["superset", "ignore"])
def test_a_policy_for_infinities_lets_nothing_pass_that_compares_nothing(policy: str) -> None:
    """What need not be finite is a choice of the case; an answer of nothing but NaN is none."""
    right = np.array([[np.inf, 2.0, 3.0, 4.0]])
    expected = Expectation("float32", {"y": a_sum(right, 1)}, True, nonfinite=policy)
    some = np.array([[np.nan, np.nan, 3.0, 4.0]], np.float32)
    assert judge(expected, Value({"y": Tensor("float32", some.shape, some)})).status is Status.PASS
    none = np.full(right.shape, np.nan, np.float32)
    judged = judge(expected, Value({"y": Tensor("float32", none.shape, none)}))
    assert judged.status is Status.NONFINITE
    assert "nothing was compared" in judged.message


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("bad size\nmore", "bad size"),
        (
            "Graph execution error:\n\nDetected at node conv defined at (most recent call last):\n"
            "<stack traces unavailable>\nno dilation here\n\t [[{{node conv}}]]",
            "no dilation here",
        ),
        ("Exception encountered when calling Pad.call().\n\nnegative padding\n\nArguments:", "negative padding"),
        ('Graph execution error:\n\nDetected at node c defined at:\n  File "a.py", line 1, in <module>\nno', "no"),
        ("Graph execution error:", "Graph execution error:"),
        ("Exception encountered when calling Pad.call().\n\n\x1b[1mtoo large\x1b[0m\n\nArguments", "too large"),
        (
            'in user code:\n\n    File "a.py", line 840, in _conv_xla  *\n        return _conv()\n'
            '    File "a.py", line 812, in _conv  **\n        result = tf.nn.convolution(\n\n    ValueError: depth 3\n',
            "ValueError: depth 3",
        ),
        (
            "RuntimeError when making fake tensor call\n  Explanation: Dynamo failed to run FX node with fake tensors: "
            "call_function <f>(*(FakeTensor(..., size=(1, 3)),), **{}): got ValueError('has 5 channels')\n  Hint:",
            "has 5 channels",
        ),
        ("", ""),
    ],
)
def test_an_errors_cause_is_kept(message: str, line: str) -> None:
    assert telling_line(message) == line
