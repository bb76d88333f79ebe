"""Integers, division, rounding and casts against Python's integers and exact rationals."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from conformance.ask.prepare import prepare
from conformance.judge.compare import judge
from conformance.judge.explain import explain
from conformance.ops.base import ParamError
from conformance.outcome import Tensor, Value
from conformance.suite.case import Values
from conformance.verdict import Status
from tests.strategies import a_case, parameters

WIDTHS = {"int8": 8, "int16": 16, "int32": 32, "int64": 64, "uint8": 8}


def wrapped(value: int, dtype: str) -> int:
    low = 0 if dtype == "uint8" else -(2 ** (WIDTHS[dtype] - 1))
    return (value - low) % 2 ** WIDTHS[dtype] + low


def edges(dtype: str) -> list[int]:
    info = np.iinfo(dtype)
    near = {0, 1, 2, 3, 7, 100, int(info.min), int(info.min) + 1, int(info.max) - 1, int(info.max), -1, -3, -100}
    return sorted(v for v in near if info.min <= v <= info.max)


def pairs(dtype: str) -> tuple[np.ndarray, np.ndarray]:
    a, b = np.meshgrid(np.array(edges(dtype), dtype), np.array(edges(dtype), dtype))
    return a.ravel(), b.ravel()


def truncated(x: int, y: int) -> int:
    return abs(x) // abs(y) * (1 if (x < 0) == (y < 0) else -1)


@pytest.mark.parametrize("dtype", WIDTHS)
@pytest.mark.parametrize(
    ("name", "given", "python"),
    [
        ("divide", {"rounding": "floor"}, operator.floordiv),
        ("divide", {"rounding": "trunc"}, truncated),
        ("remainder", {}, operator.mod),
        ("remainder", {"sign": "dividend"}, lambda x, y: x - truncated(x, y) * y),
        ("left_shift", {}, operator.lshift),
        ("right_shift", {}, operator.rshift),
        ("add", {}, operator.add),
        ("subtract", {}, operator.sub),
        ("multiply", {}, operator.mul),
    ],
)
def test_of_two_integers(name: str, given: dict[str, Any], python: Callable[[int, int], int], dtype: str) -> None:
    """Python's, modulo 2**width; where a quotient is of nothing or does not fit, or a shift is too far, it is open."""
    a, b = pairs(dtype)
    found = parameters(name, shape=[a.size], of=dtype, **given).evaluate({"a": a, "b": b})["y"]
    assert found.value.dtype == np.dtype(dtype)
    opened = np.broadcast_to(False if found.open is None else found.open, a.shape)
    for x, y, got, is_open in zip(a.tolist(), b.tolist(), found.value.tolist(), opened, strict=True):
        out = name in ("divide", "remainder") and not y
        out = out or (name.endswith("shift") and not 0 <= y < WIDTHS[dtype])
        out = out or (name == "divide" and wrapped(truncated(x, y), dtype) != truncated(x, y))
        assert bool(is_open) == out
        assert out or got == wrapped(python(x, y), dtype)


@pytest.mark.parametrize("dtype", WIDTHS)
def test_of_one_integer(dtype: str) -> None:
    x = np.array(edges(dtype), dtype)
    for name, python in (("negative", operator.neg), ("abs", abs)):
        found = parameters(name, shape=[x.size], of=dtype).evaluate({"x": x})["y"].value
        assert found.tolist() == [wrapped(python(v), dtype) for v in x.tolist()]
    for to in WIDTHS:
        cast = parameters("cast", shape=[x.size], of=dtype, to=to).evaluate({"x": x})["y"].value
        assert cast.tolist() == [wrapped(v, to) for v in x.tolist()]


REALS = np.array([1, 2, -1, 7.5, -7.5, 0.3, 1e6, -3, 6, 0.1, 1e-20, -1e-20], np.float32).astype(np.float64)


def test_quotients_of_real_numbers_are_rounded_down_exactly() -> None:
    a, b = (v.ravel() for v in np.meshgrid(REALS, REALS))
    down = parameters("divide", shape=[a.size], rounding="floor").evaluate({"a": a, "b": b})["y"]
    for x, y, got, allowed in zip(a, b, down.value, down.allowance("float64"), strict=True):
        right = math.floor(Fraction(x) / Fraction(y))
        assert abs(Fraction(got) - right) <= Fraction(allowed)
        assert abs(right) > 256 or got == right
    tenth = np.array([np.float32(0.1)], np.float64)
    assert (
        parameters("divide", shape=[1], rounding="floor").evaluate({"a": np.array([1.0]), "b": tenth})["y"].value == 9
    )


@pytest.mark.parametrize("sign", ["divisor", "dividend"])
def test_remainders_of_real_numbers(sign: str) -> None:
    """Exact where nothing is added for the sign, and rounded once elsewhere; its gradient is that of a - q b."""
    a, b = (v.ravel() for v in np.meshgrid(REALS, REALS))
    op = parameters("remainder", shape=[a.size], sign=sign)
    found, gradient = op.evaluate({"a": a, "b": b})["y"], op.gradients({"a": a, "b": b}, {"y": np.ones(a.size)})
    for x, y, got, da, db in zip(a, b, found.value, gradient["a"].value, gradient["b"].value, strict=True):
        quotient = Fraction(x) / Fraction(y)
        whole = math.floor(quotient) if sign == "divisor" else math.trunc(quotient)
        assert got == float(Fraction(x) - whole * Fraction(y))
        assert da == 1
        assert db == pytest.approx(float(-whole), rel=1e-15)


def test_specials_are_pythons() -> None:
    inf = math.inf
    a, b = np.array([1.0, -1.0, 1.0, -1.0]), np.array([inf, inf, -inf, -inf])
    assert parameters("remainder", shape=[4]).evaluate({"a": a, "b": b})["y"].value.tolist() == [
        x % y for x, y in zip(a.tolist(), b.tolist(), strict=True)
    ]
    assert parameters("divide", shape=[4], rounding="floor").evaluate({"a": a, "b": b})["y"].value.tolist() == [
        x // y for x, y in zip(a.tolist(), b.tolist(), strict=True)
    ]


def test_rounding_takes_the_even_one_of_two() -> None:
    x = np.array([0.5, 1.5, 2.5, -0.5, -2.5, 12.25, 12.35, 25.0, 35.0])
    assert parameters("round", shape=[9]).evaluate({"x": x})["y"].value.tolist() == [round(v) for v in x.tolist()]
    assert parameters("round", shape=[9], decimals=-1).evaluate({"x": x})["y"].value[-2:].tolist() == [20, 40]
    tens = parameters("round", shape=[9], decimals=1).evaluate({"x": x})["y"]
    assert tens.value[5] == 12.2  # 122.5 is exact
    # 12.35 is a little less than that, and 123.5 once it is multiplied: either is right.
    assert (tens.off(np.array([*tens.value[:6], 12.3, *tens.value[7:]]), "float64") <= tens.allowance("float64")).all()
    assert (tens.off(np.array([*tens.value[:6], 12.4, *tens.value[7:]]), "float64") <= tens.allowance("float64")).all()


FORMATS = {"float16": (11, -24), "bfloat16": (8, -133), "float32": (24, -149)}


def nearest(value: Fraction, dtype: str) -> float:
    """By the spacing at the value, which is a power of two."""
    bits, least = FORMATS[dtype]
    exponent = least
    while abs(value) >= Fraction(2) ** (exponent + bits):
        exponent += 1
    unit = Fraction(2) ** exponent
    return float(round(value / unit) * unit)  # Python rounds to the even one


@pytest.mark.parametrize("to", FORMATS)
def test_casts_to_floats_are_to_the_nearest(to: str) -> None:
    stream = np.random.RandomState(5)
    x = stream.standard_normal(200) * np.exp2(stream.randint(-26, 14, 200))
    ties = [1 + 2.0**-11, 1 + 3 * 2.0**-11, 1 + 2.0**-8, 1 + 3 * 2.0**-8, 1 + 2.0**-24]
    x = np.array([*x, *ties, *(np.nextafter(t, up) for t in ties for up in (0, 2)), 2.0**-25, 3 * 2.0**-26])
    found = parameters("cast", shape=[x.size], to=to).evaluate({"x": x})["y"]
    assert found.exact
    assert found.value.tolist() == [nearest(Fraction(v), to) for v in x.tolist()]
    whole = np.array([16842753, 33685505, 16777217, 2049, -257, 60001, 7], np.int32)
    cast = parameters("cast", shape=[7], of="int32", to=to).evaluate({"x": whole})["y"].value
    right = [nearest(Fraction(v), to) for v in whole.tolist()]
    assert cast.tolist() == [math.copysign(math.inf, v) if to == "float16" and abs(v) > 65519 else v for v in right]


def test_casts_beyond_the_range() -> None:
    x = np.array([65519.0, 65520.0, -1e30, math.inf, math.nan])
    found = parameters("cast", shape=[5], to="float16").evaluate({"x": x})["y"].value
    assert found.tolist()[:4] == [65504, math.inf, -math.inf, math.inf]
    assert math.isnan(found[4])
    whole = parameters("cast", shape=[5], to="int32").evaluate({"x": x})["y"]
    assert whole.open is not None
    assert whole.open.tolist() == [False, False, True, True, True]
    assert whole.value.tolist()[:2] == [65519, 65520]
    truths = parameters("cast", shape=[5], to="bool").evaluate({"x": np.array([math.nan, -0.0, 5e-324, 0.5, 0])})["y"]
    assert truths.value.tolist() == [True, False, True, True, False]
    assert truths.open is None


def test_what_the_definition_leaves_open_is_not_judged() -> None:
    """A wrong element beside it is."""
    literal = Values("literal", arrays=(("a", [5, 9, -7]), ("b", [0, 2, 2])))
    prepared = prepare(a_case("divide", values=literal, shape=[3], of="int32", rounding="floor"))

    def judged(*values: int) -> Status:
        y = Tensor("int32", (3,), np.array(values, np.int32))
        return judge(prepared.expectation, Value({"y": y})).status

    assert judged(0, 4, -4) is judged(-1, 4, -4) is judged(77, 4, -4) is Status.PASS
    assert judged(0, 4, -3) is Status.VALUE
    assert judged(0, 0, -4) is Status.VALUE


def test_no_zero_is_drawn_for_a_divisor() -> None:
    for of in ("int8", "int32", "uint8"):
        op = parameters("divide", shape=[40, 50], of=of, rounding="floor")
        prepared = prepare(a_case("divide", shape=[40, 50], of=of, rounding="floor"))
        assert prepared.arrays["b"].all()
        assert set(np.unique(np.sign(prepared.arrays["b"].astype(int)))) == ({1} if of == "uint8" else {-1, 1})
        assert op.inputs()[1].between[1] > 0


@pytest.mark.parametrize(
    ("a", "b", "to", "x", "y", "right"),
    [
        ("int8", "uint8", "int16", -128, 255, 127),
        ("bool", "int8", "int8", True, -128, -127),
        ("int32", "real", "real", 7, 0.5, 7.5),
        ("real", "bfloat16", "float32", 0.25, 0.5, 0.75),
    ],
)
def test_promotion(a: str, b: str, to: str, x: Any, y: Any, right: float) -> None:
    op = parameters("add", shape=[1], of=a, other=b, to=to)
    given = {n: np.array([v], None if d in ("real", "bfloat16") else d) for n, d, v in (("a", a, x), ("b", b, y))}
    assert op.evaluate(given)["y"].value.tolist() == [right]
    assert op.outputs()[0].dtype == ("" if to == "real" else to)


def test_a_python_number() -> None:
    op = parameters("add", shape=[2], of="uint8", other="int", scalar=-1, to="uint8")
    assert [spec.name for spec in op.inputs()] == ["a"]
    assert op.evaluate({"a": np.array([0, 5], np.uint8)})["y"].value.tolist() == [255, 4]
    with pytest.raises(ParamError, match=r"found 1\.5, expected an integer"):
        parameters("add", other="int", scalar=1.5)
    with pytest.raises(ParamError, match="found none, expected floor or trunc"):
        parameters("divide", of="int8")
    with pytest.raises(ParamError, match="found real"):
        parameters("left_shift", of="real")


@pytest.mark.parametrize(
    ("name", "given", "arrays", "wrong", "text"),
    [
        ("remainder", {}, {"a": [7.0, -7.0, 5.0], "b": [3.0, 3.0, -3.0]}, np.fmod, "with the sign of the dividend"),
        ("divide", {"rounding": "floor"}, {"a": [7.0, -7.0, 5.0], "b": [3.0, 3.0, -3.0]},
         lambda a, b: np.trunc(a / b), "rounded towards zero"),
        ("divide", {"rounding": "floor"}, {"a": [1.0, 0.25, 2.0], "b": [np.float32(0.1)] * 3},
         lambda a, b: np.floor(np.float32(a) / np.float32(b)), "after the quotient was rounded to float32"),
        ("round", {}, {"x": [0.5, 1.5, 2.5]}, lambda x: np.floor(x + 0.5), "half away from zero"),
        ("round", {}, {"x": [-0.5, -1.5, 2.5]}, lambda x: np.floor(x + 0.5), "half up"),
        ("cast", {"to": "int8"}, {"x": [2.75, -2.75, 0.5]}, lambda x: np.rint(x).astype(np.int8), "to the nearest"),
        ("cast", {"of": "int32", "to": "int8"}, {"x": [300, -200, 5]},
         lambda x: np.clip(x, -128, 127).astype(np.int8), "the nearest integer of the dtype"),
        ("right_shift", {"of": "int8"}, {"a": [-8, -7, 5], "b": [1, 1, 1]},
         lambda a, b: (a.view(np.uint8) >> b.view(np.uint8)).view(np.int8), "with zeros from above"),
    ],
)  # fmt: skip
def test_confusions_are_named(
    name: str, given: dict[str, Any], arrays: dict[str, list[Any]], wrong: Callable[..., Any], text: str
) -> None:
    op = parameters(name, shape=[3], **given)
    x = {s.name: np.array(arrays[s.name], s.travels_as("float64")) for s in op.inputs()}
    got = wrong(*x.values())
    found = explain(op, x, np.asarray(got), got.shape, dtype="float32")
    assert text in found.text
