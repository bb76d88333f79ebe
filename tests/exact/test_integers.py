"""Wrap-around arithmetic against Python's integers modulo 2**width, divisions in both senses, and casts."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from conformance.dtypes import DTYPES as FLOATS
from conformance.exact import Num, Precision
from conformance.exact import integers as i

pytestmark = pytest.mark.filterwarnings("error")
WHOLE = [d for d in i.DTYPES if d != "bool"]
P = Precision.of("float32")


def pairs(dtype: str) -> tuple[np.ndarray, np.ndarray]:
    info = np.iinfo(dtype)
    edges = [info.min, info.min + 1, info.max - 1, info.max, 0, 1, 2, 3, 7, 100]
    if info.min < 0:
        edges += [-1, -2, -3, -7, -100]
    stream = np.random.RandomState(0)
    edges += [int(v) for v in stream.randint(info.min, info.max, 20, dtype=dtype)]
    a, b = np.meshgrid(np.array(edges, dtype=dtype), np.array(edges, dtype=dtype))
    return a.ravel(), b.ravel()


def wrapped(value: int, dtype: str) -> int:
    info = np.iinfo(dtype)
    return (value - info.min) % (info.max - info.min + 1) + info.min


@pytest.mark.parametrize("dtype", WHOLE)
def test_what_does_not_fit_wraps_around(dtype: str) -> None:
    a, b = pairs(dtype)
    for ours, python in (
        (i.add(a, b), lambda x, y: x + y),
        (i.subtract(a, b), lambda x, y: x - y),
        (i.multiply(a, b), lambda x, y: x * y),
        (i.negate(a), lambda x, y: -x),
        (i.absolute(a), lambda x, y: abs(x)),
    ):
        right = [wrapped(python(int(x), int(y)), dtype) for x, y in zip(a, b, strict=True)]
        assert ours.dtype == np.dtype(dtype)
        assert ours.tolist() == right
    assert i.total(a).tolist() == wrapped(sum(map(int, a)), dtype)
    assert i.total(a).dtype == np.dtype(dtype)
    assert i.total(a[:40].reshape(4, 10), 1, "int64").tolist() == [
        wrapped(sum(map(int, row)), "int64") for row in a[:40].reshape(4, 10)
    ]
    product = i.matmul(a[:6].reshape(2, 3), b[:6].reshape(3, 2))
    right_product = a[:6].reshape(2, 3).astype(object) @ b[:6].reshape(3, 2).astype(object)
    assert product.tolist() == [[wrapped(int(v), dtype) for v in row] for row in right_product]


def python_divide(x: int, y: int) -> int:
    return x // y


def c_divide(x: int, y: int) -> int:
    return int(Fraction(x, y))


def c_remainder(x: int, y: int) -> int:
    return x - y * c_divide(x, y)


@pytest.mark.parametrize("dtype", WHOLE)
@pytest.mark.parametrize(
    ("ours", "right", "overflows"),
    [
        (i.floor_divide, python_divide, True),
        (i.truncated_divide, c_divide, True),
        (i.modulo, lambda x, y: x % y, False),
        (i.remainder, c_remainder, False),
    ],
)
def test_divisions(dtype: str, ours: Any, right: Callable[[int, int], int], overflows: bool) -> None:
    a, b = pairs(dtype)
    found = ours(a, b)
    assert found.value.dtype == np.dtype(dtype)
    least = np.iinfo(dtype).min
    for x, y, value, defined in zip(a.tolist(), b.tolist(), found.value.tolist(), found.defined, strict=True):
        if y == 0 or (overflows and least < 0 and (x, y) == (least, -1)):
            assert not defined
        else:
            assert defined
            assert value == right(x, y), (x, y)


def test_two_results_are_two_and_are_told_apart_without_looking_into_their_arrays() -> None:
    a = np.array([7, 8], np.int32)
    one, other = i.floor_divide(a, a), i.floor_divide(a, a)
    assert one == one  # noqa: PLR0124
    assert one != other
    assert len({one, other}) == 2


@pytest.mark.parametrize("dtype", WHOLE)
def test_shifts(dtype: str) -> None:
    a, _ = pairs(dtype)
    bits = 8 * np.dtype(dtype).itemsize
    for by in (0, 1, bits - 1, bits, bits + 1):
        steps = np.full_like(a, by)
        left, right = i.shift_left(a, steps), i.shift_right(a, steps)
        if by >= bits:
            assert not left.defined.any()
            assert not right.defined.any()
            assert left.admits(a).all()
            continue
        assert left.value.tolist() == [wrapped(int(x) << by, dtype) for x in a]
        assert right.value.tolist() == [int(x) >> by for x in a]


@pytest.mark.parametrize("source", WHOLE)
@pytest.mark.parametrize("target", i.DTYPES)
def test_casts(source: str, target: str) -> None:
    a, _ = pairs(source)
    found = i.cast(a, target)
    right = [int(x) != 0 if target == "bool" else wrapped(int(x), target) for x in a]
    assert found.dtype == np.dtype(target)
    assert found.tolist() == right
    assert i.whole([int(x) for x in a], target).tolist() == right


def test_two_dtypes_are_cast_first() -> None:
    with pytest.raises(TypeError, match="int8 and int16"):
        i.add(np.ones(1, np.int8), np.ones(1, np.int16))


@pytest.mark.parametrize("dtype", WHOLE)
def test_a_float_to_an_integer(dtype: str) -> None:
    info = np.iinfo(dtype)
    x = np.array(
        [0.0, -0.0, 0.9, -0.9, 2.5, -2.5, 1e30, -1e30, np.inf, -np.inf, np.nan, float(info.max), float(info.min)]
    )
    x = np.append(x, [float(info.max) + 1, float(info.min) - 1, info.max / 3])
    found = i.from_float(Num(x), dtype, P)
    assert found.value.dtype == np.dtype(dtype)
    for value, got, defined in zip(x, found.value.tolist(), found.defined, strict=True):
        fits = np.isfinite(value) and info.min <= int(value) <= info.max
        assert defined == fits, value
        if fits:
            assert got == int(value)
    assert list(i.from_float(Num(x[:3]), "bool", P).value) == [False, False, True]


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
def test_an_integer_to_a_float(dtype: str) -> None:
    a, _ = pairs("int64")
    a = np.append(a, [2**24 + 1, 2**24 + 3, 2**53 + 1, 2**33 + 2**25 + 1, -(2**31) + 1, 257, 65519, 65520, 2049])
    found = i.to_float(a, dtype).value
    kind = FLOATS[dtype]
    for x, got in zip(a.tolist(), found.tolist(), strict=True):
        if not np.isfinite(got):
            assert abs(x) >= kind.largest
            continue
        gap = max(Fraction(2) ** (abs(x).bit_length() - kind.precision), Fraction(1, 2**kind.precision))
        off = abs(Fraction(got) - x)
        assert off <= gap / 2
        if off == gap / 2:  # a tie goes to the even one
            assert (Fraction(got) / gap) % 2 == 0
