import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.diff.ulps import distance, of_outputs, pooled
from conformance.dtypes import decode, encode
from conformance.record import RecordedArray

FLOATS = ("float16", "float32", "float64")


@pytest.mark.parametrize("dtype", FLOATS)
@given(data=st.data())
def test_steps_of_nextafter_are_counted(dtype: str, data: st.DataObject) -> None:
    width = {"float16": 16, "float32": 32, "float64": 64}[dtype]
    start = data.draw(st.floats(width=width, allow_nan=False, allow_infinity=False))
    steps = data.draw(st.integers(1, 40))
    one = np.array([start], dtype=dtype)
    other = one.copy()
    for _ in range(steps):
        with np.errstate(over="ignore"):
            other = np.nextafter(other, np.asarray(-np.inf, dtype))
    found = distance(one, other)
    if not np.isfinite(other[0]):
        assert (found.changed, found.nonfinite, found.largest) == (1, 1, 0.0)
        return
    assert (found.elements, found.changed, found.largest, found.median) == (1, 1, steps, steps)
    assert found.histogram[int(math.log2(steps))] == 1
    assert sum(found.histogram) == 1


@given(st.integers(0, 0x7F7F), st.integers(0, 0x7F7F), st.booleans())
def test_bfloat16_counts_its_own_steps(one: int, other: int, across: bool) -> None:
    words = np.array([one, other | 0x8000 if across else other], dtype=np.uint16)
    left, right = (decode(words[i : i + 1].tobytes(), "bfloat16", (1,)) for i in (0, 1))
    found = distance(left, right, "bfloat16")
    assert found.largest == (one + other if across else abs(one - other))


def test_signed_zeros_and_nonfinite_have_no_distance() -> None:
    one = np.array([0.0, np.inf, np.nan, 1.0, np.inf, np.nan], dtype=np.float32)
    other = np.array([-0.0, -np.inf, 1.0, np.nan, np.inf, np.nan], dtype=np.float32)
    found = distance(one, other)
    assert (found.changed, found.zeros, found.nonfinite, found.largest, found.histogram) == (4, 1, 3, 0.0, ())


def test_the_whole_range_of_float64_does_not_overflow() -> None:
    top = np.finfo(np.float64).max
    found = distance(np.array([top, 1.0]), np.array([-top, 1.0]))
    assert found.changed == 1
    assert found.largest == pytest.approx(2 * (2**63 - 2**52), rel=1e-9)
    assert found.share == 0.5


def test_integers_count_steps_and_empty_arrays_none() -> None:
    found = distance(np.array([1, 5, 9], dtype=np.uint8), np.array([1, 7, 8], dtype=np.uint8))
    assert (found.changed, found.largest, found.histogram) == (2, 2.0, (1, 1))
    empty = distance(np.zeros((0, 3), dtype=np.float32), np.zeros((0, 3), dtype=np.float32))
    assert (empty.elements, empty.changed, empty.share) == (0, 0, 0.0)


def test_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="no distance"):
        distance(np.zeros(3), np.zeros(4))


def test_integers_count_their_steps_over_the_whole_range() -> None:
    wide = distance(np.array([0, 5], np.uint64), np.array([2**64 - 1, 5], np.uint64))
    assert (wide.changed, wide.largest) == (1, float(2**64 - 1))
    signed = distance(np.array([-(2**63), 7]), np.array([2**63 - 1, 9]))
    assert (signed.changed, signed.largest) == (2, float(2**64 - 1))
    assert distance(np.array([True, False]), np.array([True, True])).changed == 1


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_of_a_complex_number_the_part_that_is_farther_apart_counts(dtype: str) -> None:
    part = np.float32 if dtype == "complex64" else np.float64
    step = float(np.finfo(part).eps)
    before = np.array([1 + 1j, 2 + 2j, 3j, complex(1, np.nan)], dtype)
    after = np.array([complex(1 + step, 1 + 3 * step), 2 + 2j, complex(-0.0, 3), complex(np.inf, np.nan)], dtype)
    found = distance(before, after)
    assert (found.elements, found.changed, found.largest, found.nonfinite) == (4, 3, 3.0, 1)
    assert found.zeros == 1
    assert distance(before, before).changed == 0


def test_an_answer_is_as_far_as_its_farthest_tensor() -> None:
    def recorded(name: str, values: np.ndarray) -> RecordedArray:
        return RecordedArray(name, "float32", values.shape, values)

    y = np.ones(4, dtype=np.float32)
    moved = encode(np.array([1.0, 1.0, 1.0, 1.0 + 2**-20]), "float32")
    before = {"y": recorded("y", y), "gradient of w": recorded("gradient of w", y)}
    after = {"y": recorded("y", y), "gradient of w": recorded("gradient of w", moved)}
    found = of_outputs(before, after)
    assert found is not None
    assert (found.tensor, found.changed, found.largest) == ("gradient of w", 1, 8.0)
    assert of_outputs(before, before) is None
    assert of_outputs(before, {}) is None


def test_pooled_adds_up() -> None:
    one = distance(np.array([1.0, 2.0]), np.array([np.nextafter(1.0, 2.0), 2.0]))
    far = distance(np.array([1.0, 2.0]), np.array([1.0 + 4 * 2**-52, 2.0 + 16 * 2**-51]))
    both = pooled([one, far])
    assert both is not None
    assert (both.elements, both.changed, both.largest, both.histogram) == (4, 3, 16.0, (1, 0, 1, 0, 1))
    assert both.median == (1.0 + 10.0) / 2
    assert pooled([]) is None
