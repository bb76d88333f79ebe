"""The precision ladder on a table of pairs of functions, each written twice, in float32 and float64 (NumPy)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from conformance.dtypes import rounded
from conformance.judge.compare import Judgement
from conformance.judge.ladder import MOVES, NUDGES, Side, climb, growth, moves, nudges
from conformance.verdict import Status

Array = Any
Function = Callable[..., Array]

ERF = np.vectorize(math.erf, otypes=[float])
ERFC = np.vectorize(math.erfc, otypes=[float])


def erf(x: Array) -> Array:
    return ERF(x).astype(x.dtype)


def erfc(x: Array) -> Array:
    return ERFC(x).astype(x.dtype)


def side(name: str, function: Function, inputs: dict[str, Array], dtype: str = "float32") -> Side:
    """One side as the ladder gets it."""

    def run(arrays: dict[str, Array], word: str) -> Array:
        with np.errstate(all="ignore"):
            return np.asarray(function(*(a.astype(word) for a in arrays.values()))).astype(np.float64)

    moved = tuple(run(arrays, "float64") for arrays in moves(inputs, dtype))
    nudged = tuple(run(arrays, "float64") for arrays in nudges(inputs))
    return Side(name, run(inputs, dtype), run(inputs, "float64"), moved, nudged)


def judged(one: Function, two: Function, inputs: dict[str, Array], dtype: str = "float32") -> Judgement:
    a, b = side("one", one, inputs, dtype), side("two", two, inputs, dtype)
    return climb(a, b, dtype, list(inputs.values()))


def normal(*shape: int, seed: int = 1, mean: float = 0.0, spread: float = 1.0) -> Array:
    drawn = np.random.RandomState(seed).standard_normal(shape) * spread + mean
    return rounded(np.asarray(drawn), "float32")


X = {"x": normal(4, 64)}
TWO = {"x": normal(24, 300), "w": normal(300, 16, seed=2)}
POSITIVE = {"x": np.abs(normal(4, 64)) + 0.25}
FAR = {"x": normal(4, 64, mean=1e4)}
LONG = {"x": normal(3, 4096)}
ONE_SIGN = {"x": rounded(np.abs(normal(3, 4096)), "float32")}
LINE = {"x": rounded(np.linspace(-6.0, 6.0, 97), "float32")}


def in_order(x: Array, w: Array) -> Array:
    total = np.zeros((x.shape[0], w.shape[1]), dtype=x.dtype)
    for k in range(x.shape[1]):
        total = total + x[:, k : k + 1] * w[k : k + 1]
    return total


def backwards(x: Array, w: Array) -> Array:
    return in_order(x[:, ::-1], w[::-1])


def coarse(x: Array, bits: int) -> Array:
    """float32 numbers rounded to fewer bits, as TF32 and bfloat16 do; float64 is left alone, as they leave it."""
    if x.dtype == np.float64:
        return x
    scale = x.dtype.type(2 ** (24 - bits) + 1)
    wide = x * scale
    return wide - (wide - x)


def one_by_one(x: Array) -> Array:
    total = np.zeros(x.shape[0], dtype=x.dtype)
    for k in range(x.shape[1]):
        total = total + x[:, k]
    return total


def gelu_erf(x: Array) -> Array:
    return x * (1 + erf(x / np.sqrt(x.dtype.type(2)))) / 2


def gelu_erfc(x: Array) -> Array:
    return x * erfc(-x * x.dtype.type(math.sqrt(0.5))) / 2


def gelu_tanh(x: Array) -> Array:
    c = x.dtype.type(math.sqrt(2 / math.pi))
    return x / 2 * (1 + np.tanh(c * (x + x.dtype.type(0.044715) * x**3)))


def gelu_tanh_single(x: Array) -> Array:
    """With constants that are float32 in every dtype."""
    c, d = x.dtype.type(np.float32(math.sqrt(2 / math.pi))), x.dtype.type(np.float32(0.044715))
    return x / 2 * (1 + np.tanh(c * (x + d * x * x * x)))


def softmax(x: Array) -> Array:
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def softmax_bare(x: Array) -> Array:
    e = np.exp(x)
    return e / e.sum(-1, keepdims=True)


def logsumexp(x: Array) -> Array:
    m = x.max(-1)
    return m + np.log(np.exp(x - m[..., None]).sum(-1))


def variance(x: Array) -> Array:
    return ((x - x.mean(-1, keepdims=True)) ** 2).mean(-1)


def variance_at_once(x: Array) -> Array:
    return (x * x).mean(-1) - x.mean(-1) ** 2


def layer_norm(x: Array, epsilon: float = 1e-5) -> Array:
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(variance(x)[..., None] + x.dtype.type(epsilon))


def layer_norm_folded(x: Array) -> Array:
    scale = 1 / np.sqrt(variance(x)[..., None] + x.dtype.type(1e-5))
    return x * scale - x.mean(-1, keepdims=True) * scale


def layer_norm_outside(x: Array) -> Array:
    return (x - x.mean(-1, keepdims=True)) / (np.sqrt(variance(x))[..., None] + x.dtype.type(1e-5))


def average(x: Array, w: Array) -> Array:
    return in_order(x, w) / x.dtype.type(x.shape[1])


EQUAL: dict[str, tuple[Function, Function, dict[str, Array]]] = {
    "matmul": (np.matmul, in_order, TWO),
    "matmul backwards": (in_order, backwards, TWO),
    "matmul in float64, then rounded": (np.matmul, lambda x, w: (x.astype("f8") @ w.astype("f8")).astype(x.dtype), TWO),
    "matmul scaled before and after": (average, lambda x, w: in_order(x / x.dtype.type(300), w), TWO),
    "sum in another order": (lambda x: x.sum(-1), one_by_one, LONG),
    "sum of one sign": (lambda x: x.sum(-1), one_by_one, ONE_SIGN),
    "cumulative sum": (
        lambda x: np.cumsum(x, -1),
        lambda x: np.cumsum(x.astype("f8"), -1).astype(x.dtype),
        LONG,
    ),
    "gelu by erf and by erfc": (gelu_erf, gelu_erfc, X),
    "gelu by tanh, constants in float32": (gelu_tanh, gelu_tanh_single, LINE),
    "softmax with and without its shift": (softmax, softmax_bare, X),
    "logsumexp with and without its shift": (logsumexp, lambda x: np.log(np.exp(x).sum(-1)), X),
    "log softmax": (lambda x: np.log(softmax(x)), lambda x: x - logsumexp(x)[..., None], X),
    "variance at mean 0": (variance, variance_at_once, X),
    "variance at mean 10000, both in two passes": (variance, lambda x: variance(x[:, ::-1]), FAR),
    "layer norm, folded": (layer_norm, layer_norm_folded, X),
    "sigmoid by exp and by tanh": (lambda x: 1 / (1 + np.exp(-x)), lambda x: (1 + np.tanh(x / 2)) / 2, X),
    "tanh by exp": (np.tanh, lambda x: 1 - 2 / (np.exp(2 * x) + 1), LINE),
    "power by exp and log": (lambda x: x**2.5, lambda x: np.exp(x.dtype.type(2.5) * np.log(x)), POSITIVE),
    "norm": (lambda x: np.sqrt((x * x).sum(-1)), lambda x: np.linalg.norm(x, axis=-1), X),
    "cosine": (np.cos, lambda x: 1 - 2 * np.sin(x / 2) ** 2, LINE),
    "difference of squares": (lambda x: x * x - 4, lambda x: (x - 2) * (x + 2), LINE),
    "root by division": (lambda x: x / np.sqrt(x), np.sqrt, POSITIVE),
    "mean by a running mean": (lambda x: x.mean(-1), lambda x: one_by_one(x / x.dtype.type(x.shape[1])), LONG),
    "polynomial by Horner": (
        lambda x: 1 + x + x**2 / 2 + x**3 / 6,
        lambda x: 1 + x * (1 + x / 2 * (1 + x / 3)),
        LINE,
    ),
}

DIFFERENT: dict[str, tuple[Function, Function, dict[str, Array], Status]] = {
    "inputs rounded to TF32": (np.matmul, lambda x, w: coarse(x, 11) @ coarse(w, 11), TWO, Status.PRECISION),
    "inputs rounded to bfloat16": (np.matmul, lambda x, w: coarse(x, 8) @ coarse(w, 8), TWO, Status.PRECISION),
    "bfloat16 in every dtype": (np.matmul, lambda x, w: rounded(x, "bfloat16").astype(x.dtype) @ w, TWO, Status.VALUE),
    "one product left out": (np.matmul, lambda x, w: x[:, :-1] @ w[:-1], TWO, Status.VALUE),
    "gelu by tanh and by erf": (gelu_erf, gelu_tanh, X, Status.VALUE),
    "gelu by sigmoid": (gelu_erf, lambda x: x / (1 + np.exp(x.dtype.type(-1.702) * x)), X, Status.VALUE),
    "epsilon inside and outside the root": (layer_norm, layer_norm_outside, X, Status.VALUE),
    "epsilon 1e-5 and 1e-6": (layer_norm, lambda x: layer_norm(x, 1e-6), X, Status.VALUE),
    "variance by n - 1": (variance, lambda x: variance(x) * x.shape[-1] / (x.shape[-1] - 1), X, Status.VALUE),
    "variance at once, mean 10000": (variance, variance_at_once, FAR, Status.PRECISION),
    "softmax without its shift overflows": (softmax, softmax_bare, {"x": X["x"] * 64}, Status.PRECISION),
    "softmax along another axis": (softmax, lambda x: softmax(x.T).T, {"x": normal(8, 8)}, Status.VALUE),
    "logsumexp overflows": (logsumexp, lambda x: np.log(np.exp(x).sum(-1)), {"x": X["x"] + 90}, Status.PRECISION),
    "softplus of what is far below 0": (
        lambda x: np.log1p(np.exp(x)),
        lambda x: np.log(1 + np.exp(x)),
        {"x": normal(64, mean=-12.0)},
        Status.PRECISION,
    ),
    "exp minus 1 near 0": (np.expm1, lambda x: np.exp(x) - 1, {"x": normal(64, spread=1e-5)}, Status.PRECISION),
    "norm overflows": (
        lambda x: np.abs(x).max() * np.sqrt(((x / np.abs(x).max()) ** 2).sum()),
        lambda x: np.sqrt((x * x).sum()),
        {"x": normal(16) * 2.0**70},
        Status.PRECISION,
    ),
    "leaky slopes 0.01 and 0.0100001": (
        lambda x: np.where(x > 0, x, x.dtype.type(0.01) * x),
        lambda x: np.where(x > 0, x, x.dtype.type(0.0100001) * x),
        X,
        Status.VALUE,
    ),
    "rounding half to even and away": (
        np.rint,
        lambda x: np.floor(x + x.dtype.type(0.5)),
        {"x": np.arange(-6.0, 6.0, 0.25)},
        Status.VALUE,
    ),
    "shifted by one": (lambda x: np.roll(x, 1, -1), lambda x: x + 0, X, Status.VALUE),
    "one element of many": (
        lambda x: x * 3,
        lambda x: x * 3 + (np.arange(64) == 5) * x.dtype.type(1e-4),
        X,
        Status.VALUE,
    ),
    "0/0 as 0": (
        lambda x: x / np.abs(x),
        np.sign,
        {"x": np.array([-1.0, 0.0, 2.0])},
        Status.NONFINITE,
    ),
    "sum in float16": (
        lambda x: x.sum(-1),
        lambda x: x.astype("f2").sum(-1) if x.dtype == "f4" else x.sum(-1),
        ONE_SIGN,
        Status.PRECISION,
    ),
    "the first or the last of equal ones": (
        lambda x: x.argmax(-1),
        lambda x: x.shape[-1] - 1 - x[:, ::-1].argmax(-1),
        {"x": np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 1.0]])},
        Status.VALUE,
    ),
    "silu and mish": (
        lambda x: x / (1 + np.exp(-x)),
        lambda x: x * np.tanh(np.log1p(np.exp(x))),
        X,
        Status.VALUE,
    ),
    "sine in degrees": (np.sin, lambda x: np.sin(np.deg2rad(x)), X, Status.VALUE),
}


@pytest.mark.parametrize("name", EQUAL)
def test_no_false_alarm(name: str) -> None:
    one, two, inputs = EQUAL[name]
    for a, b in ((one, two), (two, one)):
        found = judged(a, b, inputs)
        assert found.status is Status.PASS, found


@pytest.mark.parametrize("name", DIFFERENT)
def test_no_miss(name: str) -> None:
    one, two, inputs, status = DIFFERENT[name]
    for a, b in ((one, two), (two, one)):
        found = judged(a, b, inputs)
        assert found.status is status, found
        assert found.figures is not None
        assert found.figures.fraction > 1.0


def test_the_table_is_large_enough() -> None:
    assert len(EQUAL) >= 20
    assert len(DIFFERENT) >= 20


def test_inputs_are_moved_by_one_unit_in_the_last_place() -> None:
    x = np.array([1.0, -1.5, 0.0, np.inf, np.nan, float(np.finfo(np.float32).max)])
    made = list(moves({"x": x}, "float32"))
    assert len(made) == MOVES
    up, down = made[0]["x"], made[1]["x"]
    assert up[:3].tolist() == [1.0 + 2.0**-23, -1.5 - 2.0**-23, 0.0]
    assert down[:3].tolist() == [1.0 - 2.0**-23, -1.5 + 2.0**-23, 0.0]
    assert up[3] == np.inf
    assert np.isnan(up[4])
    assert np.isfinite(up[5])
    assert up[5] != x[5]
    assert all(np.array_equal(rounded(m["x"], "float32"), m["x"], equal_nan=True) for m in made)
    again = list(moves({"x": x}, "float32"))
    assert all(np.array_equal(a["x"], b["x"], equal_nan=True) for a, b in zip(made, again, strict=True))


def test_bfloat16_is_moved_by_its_own_unit() -> None:
    assert next(moves({"x": np.array([1.0])}, "bfloat16"))["x"].tolist() == [1.0 + 2.0**-7]


def test_nudges_are_those_of_float64() -> None:
    made = list(nudges({"x": np.array([1.0])}))
    assert len(made) == NUDGES
    assert made[0]["x"][0] == 1.0 + 2.0**-52


def test_growth_is_bounded() -> None:
    assert growth([]) == 9.0
    assert growth([np.zeros(100), np.zeros(4)]) == 18.0
    assert growth([np.zeros(10**6)]) == 264.0


def alone(name: str, function: Function, inputs: dict[str, Array]) -> Side:
    """A side that can't run in float64."""
    with np.errstate(all="ignore"):
        single = [a.astype("f4") for a in inputs.values()]
        moved = tuple(
            np.asarray(function(*(a.astype("f4") for a in arrays.values())), dtype="f8")
            for arrays in moves(inputs, "float32")
        )
        return Side(name, np.asarray(function(*single), dtype="f8"), None, moved, (), "its model is float32")


@pytest.mark.parametrize(
    ("function", "status"), [(in_order, Status.PASS), (lambda x, w: coarse(x, 8) @ coarse(w, 8), Status.VALUE)]
)
def test_a_side_without_float64_is_judged_by_the_other(function: Function, status: Status) -> None:
    for a, b in (
        (alone("one", function, TWO), side("two", np.matmul, TWO)),
        (side("two", np.matmul, TWO), alone("one", function, TWO)),
    ):
        found = climb(a, b, "float32", list(TWO.values()))
        assert found.status is status
        assert "two's conditioning" in found.message
        assert "one can't run in float64 (its model is float32)" in found.message


def test_the_side_with_float64_may_be_the_imprecise_one() -> None:
    imprecise = side("two", variance_at_once, FAR)
    found = climb(alone("one", variance, FAR), imprecise, "float32", list(FAR.values()))
    assert found.status is Status.PRECISION
    assert "two in float32 is far from its own float64 answer" in found.message


@pytest.mark.parametrize(
    ("function", "status"), [(in_order, Status.PASS), (lambda x, w: x[:, :-1] @ w[:-1], Status.VALUE)]
)
def test_two_sides_without_float64(function: Function, status: Status) -> None:
    found = climb(alone("one", function, TWO), alone("two", np.matmul, TWO), "float32", list(TWO.values()))
    assert found.status is status
    assert "the conditioning in the dtype itself" in found.message
    assert "one can't run" in found.message
    assert "two can't run" in found.message


@pytest.mark.parametrize("dtype", ["float16", "float64"])
@pytest.mark.parametrize(
    ("name", "status"), [("softmax with and without its shift", Status.PASS), ("tanh", Status.VALUE)]
)
def test_other_dtypes(dtype: str, name: str, status: Status) -> None:
    one, two = (gelu_erf, gelu_tanh) if name == "tanh" else EQUAL[name][:2]
    inputs = {n: rounded(a, dtype) for n, a in X.items()}
    assert judged(one, two, inputs, dtype).status is status


def test_which_side_is_imprecise_is_said() -> None:
    found = judged(variance_at_once, variance, FAR)
    assert "one in float32 is far from its own" in found.message
    found = judged(variance, variance_at_once, FAR)
    assert "two in float32 is far from its own" in found.message


def test_how_they_differ_is_said() -> None:
    found = judged(lambda x: 2 * x, lambda x: x + 0, X)
    assert "by a factor of 2 everywhere" in found.message
    assert found.figures is not None
    assert (found.figures.differing, found.figures.elements) == (256, 256)


@pytest.mark.parametrize(("policy", "status"), [("strict", Status.NONFINITE), ("ignore", Status.PASS)])
def test_a_policy_says_what_need_not_be_finite(policy: str, status: Status) -> None:
    inputs = {"x": np.array([-1.0, 0.0, 2.0])}
    a, b = side("one", lambda x: x / np.abs(x), inputs), side("two", np.sign, inputs)
    assert climb(a, b, "float32", list(inputs.values()), policy).status is status


def test_more_that_is_not_finite_is_allowed_by_superset_alone_on_one_side() -> None:
    inputs = {"x": np.array([-1.0, 0.0, 2.0])}
    a, b = side("one", lambda x: x / np.abs(x), inputs), side("two", np.sign, inputs)
    assert climb(a, b, "float32", list(inputs.values()), "superset").status is Status.PASS
    assert climb(b, a, "float32", list(inputs.values()), "superset").status is Status.NONFINITE


@pytest.mark.parametrize(
    ("number", "apart", "status"),
    [
        # All up, all down: what either changes is the measure.
        (0, 0.9e-3, Status.PASS),
        (1, 0.9e-3, Status.PASS),
        (1, 1.1e-3, Status.VALUE),
        # One of the six whose signs are drawn: the root of the mean square, 0.41 of it.
        (2, 0.3e-3, Status.PASS),
        (2, 0.6e-3, Status.VALUE),
        (7, 0.3e-3, Status.PASS),
        (7, 0.6e-3, Status.VALUE),
    ],
)
def test_what_a_move_changes_is_the_measure(number: int, apart: float, status: Status) -> None:
    one, other = np.ones(4), np.ones(4) + apart
    moved = tuple(one + 1e-3 if n == number else one for n in range(MOVES))
    found = climb(Side("a", other, other), Side("b", one, one, moved), "float32", [one])
    assert found.status is status
