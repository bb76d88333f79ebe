"""Rounding to the narrow dtypes, against ml_dtypes and NumPy, on every bit pattern and beside every tie."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.dtypes import DTYPES, decode, encode, rounded

ml_dtypes = pytest.importorskip("ml_dtypes")

# Casting a signalling NaN raises a flag, which is what a cast should do.
pytestmark = pytest.mark.filterwarnings("ignore:invalid value encountered in cast")

ALL_16 = np.arange(65536, dtype=np.uint16)


def bfloat16_bits(values: np.ndarray) -> np.ndarray:
    """What ml_dtypes makes of float64 values: through float32, as every framework casts."""
    with np.errstate(over="ignore", invalid="ignore"):
        return values.astype(np.float32).astype(ml_dtypes.bfloat16).view(np.uint16)


def same_bits(ours: np.ndarray, theirs: np.ndarray) -> bool:
    """Equal words, where any NaN equals any NaN (payloads differ between libraries)."""
    nan = (theirs & 0x7F80 == 0x7F80) & (theirs & 0x7F != 0)
    our_nan = (ours & 0x7F80 == 0x7F80) & (ours & 0x7F != 0)
    return bool(np.array_equal(nan, our_nan) and np.array_equal(ours[~nan], theirs[~nan]))


def test_every_bfloat16_survives() -> None:
    values = decode(ALL_16.tobytes(), "bfloat16", (65536,)).astype(np.float64)
    theirs = ALL_16.view(ml_dtypes.bfloat16).astype(np.float64)
    assert np.array_equal(values, theirs, equal_nan=True)
    assert np.array_equal(np.signbit(values), np.signbit(theirs))
    assert same_bits(encode(values, "bfloat16"), ALL_16)


def test_every_float16_survives() -> None:
    values = decode(ALL_16.tobytes(), "float16", (65536,)).astype(np.float64)
    assert np.array_equal(values, ALL_16.view(np.float16).astype(np.float64), equal_nan=True)
    coded = encode(values, "float16")
    finite = ~np.isnan(values)
    assert np.array_equal(coded.view(np.uint16)[finite], ALL_16[finite])
    assert np.isnan(coded[~finite]).all()


def beside(dtype: str) -> np.ndarray:
    """Around every tie between two neighbours: the tie itself, and one float32 to either side of it."""
    values = decode(ALL_16.tobytes(), dtype, (65536,)).astype(np.float64)
    positive = np.sort(values[np.isfinite(values) & ~np.signbit(values)])
    ties = (positive[:-1] + positive[1:]) / 2
    single = ties.astype(np.float32)
    around = np.concatenate([single, np.nextafter(single, np.float32(np.inf)), np.nextafter(single, np.float32(0))])
    return np.concatenate([around, -around]).astype(np.float64)


def test_bfloat16_ties_go_to_even() -> None:
    values = beside("bfloat16")
    assert same_bits(encode(values, "bfloat16"), bfloat16_bits(values))
    assert rounded(np.array([1 + 2**-8, 1 + 3 * 2**-8]), "bfloat16").tolist() == [1.0, 1 + 2**-6]


def test_float16_ties_go_to_even() -> None:
    values = beside("float16")
    assert np.array_equal(encode(values, "float16"), values.astype(np.float32).astype(np.float16))
    assert rounded(np.array([1 + 2**-11, 1 + 3 * 2**-11]), "float16").tolist() == [1.0, 1 + 2**-9]


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_random_floats(dtype: str) -> None:
    bits = np.random.RandomState(1).randint(0, 2**32, 200_000, dtype=np.uint64).astype(np.uint32)
    values = bits.view(np.float32).astype(np.float64)
    coded = encode(values, dtype)
    if dtype == "bfloat16":
        assert same_bits(coded, bfloat16_bits(values))
    else:
        with np.errstate(over="ignore"):
            assert np.array_equal(coded, values.astype(np.float32).astype(np.float16), equal_nan=True)


@pytest.mark.parametrize(
    ("value", "dtype", "expected"),
    [
        (1e39, "bfloat16", np.inf),
        (-1e39, "bfloat16", -np.inf),
        (float.fromhex("0x1.ffp127"), "bfloat16", np.inf),  # the tie between the largest number and 2**128
        (3.39e38, "bfloat16", 3.3895313892515355e38),
        (65519.99, "float16", 65504.0),
        (65520.0, "float16", np.inf),
        (-65520.0, "float16", -np.inf),
        (2.0**-25, "float16", 0.0),
        (2.0**-24 * 0.75, "float16", 2.0**-24),
        (2.0**-134, "bfloat16", 0.0),
        (-(2.0**-134), "bfloat16", -0.0),
        (2.0**-133, "bfloat16", 2.0**-133),
        (-0.0, "bfloat16", -0.0),
        (1e39, "float32", np.inf),
    ],
)
def test_the_ends_of_the_range(value: float, dtype: str, expected: float) -> None:
    got = rounded(np.array([value]), dtype)[0]
    assert got == expected
    assert np.signbit(got) == np.signbit(expected)


@pytest.mark.parametrize("dtype", list(DTYPES))
def test_nan_stays_nan(dtype: str) -> None:
    # A payload of ones in the low half must not carry into an infinity or a negative zero.
    patterns = np.array([0x7F800001, 0x7FFFFFFF, 0xFFFFFFFF, 0x7F80FFFF, 0xFF800001], dtype=np.uint32)
    assert np.isnan(rounded(patterns.view(np.float32).astype(np.float64), dtype)).all()
    assert np.isnan(rounded(np.array([np.nan, -np.nan]), dtype)).all()


@pytest.mark.parametrize("dtype", list(DTYPES))
def test_the_table_is_right(dtype: str) -> None:
    d = DTYPES[dtype]
    info = np.finfo(np.dtype(dtype)) if dtype != "bfloat16" else ml_dtypes.finfo(ml_dtypes.bfloat16)
    assert d.largest == float(info.max)
    assert d.least_subnormal == float(info.smallest_subnormal)
    assert d.unit_roundoff == float(info.eps) / 2
    assert d.itemsize * 8 == info.bits
    limit = 2.0**d.precision
    assert rounded(np.array([limit, limit - 1]), dtype).tolist() == [limit, limit - 1]
    assert rounded(np.array([limit + 1]), dtype)[0] == limit


@given(
    st.sampled_from(list(DTYPES)),
    st.lists(st.floats(width=64), max_size=8),
    st.sampled_from([(-1,), (1, -1), (-1, 1, 1)]),
)
def test_rounding_twice_is_rounding_once(dtype: str, values: list[float], shape: tuple[int, ...]) -> None:
    array = np.array(values).reshape(shape if values else (0, 3))
    once = rounded(array, dtype)
    assert once.shape == array.shape
    assert np.array_equal(rounded(once, dtype), once, equal_nan=True)


def test_layouts_of_memory_do_not_matter() -> None:
    array = np.arange(24.0).reshape(4, 6).T[::-1]
    for dtype in DTYPES:
        assert np.array_equal(rounded(array, dtype), array)
        coded = encode(array, dtype)
        assert coded.shape == array.shape
        assert np.array_equal(decode(coded.tobytes(), dtype, array.shape).astype(np.float64), array)
