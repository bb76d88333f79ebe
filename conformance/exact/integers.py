"""Integer and boolean arithmetic of a given width, as machines do it: what does not fit wraps around.

Arrays here are plain NumPy arrays of the dtype itself: there is nothing to bound, an answer is equal or wrong. Where no
standard says what comes out (a division by zero, a shift beyond the width, a float that does not fit), the answer is
`Partial`: a value, and where it is defined.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.exact.graph import Array, Bools, enclosure, reach
from conformance.exact.num import Num
from conformance.exact.precision import Precision
from conformance.exact.truth import Truth

Whole = NDArray[Any]  # of an integer dtype, or bool

DTYPES = ("bool", "int8", "int16", "int32", "int64", "uint8")


@dataclass(frozen=True, eq=False)
class Partial:
    """A value, and where a definition says it: any answer is right elsewhere. `low`, `high`: what else is right."""

    value: Whole
    defined: Bools
    low: Whole | None = None
    high: Whole | None = None

    def admits(self, got: Whole) -> Bools:
        """Where an answer is right."""
        same = got == self.value
        if self.low is not None and self.high is not None:
            same = same | ((got >= self.low) & (got <= self.high))
        return np.asarray(same | ~self.defined)


def whole(values: Any, dtype: str) -> Whole:
    """Any integers, taken modulo 2**width into the dtype; booleans by whether they are zero."""
    given = np.asarray(values)
    if dtype == "bool":
        return np.asarray(given != 0)
    if given.dtype == object:  # Python's integers, of any size
        bits = 8 * np.dtype(dtype).itemsize
        return np.asarray(given % 2**bits).astype(np.uint64).astype(dtype)
    return given.astype(dtype)


def add(a: Whole, b: Whole) -> Whole:
    """a + b modulo 2**width; of booleans: or."""
    a, b = _alike(a, b)
    with np.errstate(over="ignore"):
        return np.asarray(np.add(a, b))


def subtract(a: Whole, b: Whole) -> Whole:
    """a - b modulo 2**width."""
    a, b = _alike(a, b)
    with np.errstate(over="ignore"):
        return np.asarray(np.subtract(a, b))


def multiply(a: Whole, b: Whole) -> Whole:
    """a * b modulo 2**width; of booleans: and."""
    a, b = _alike(a, b)
    with np.errstate(over="ignore"):
        return np.asarray(np.multiply(a, b))


def negate(a: Whole) -> Whole:
    """-a modulo 2**width: the least integer is its own negative."""
    with np.errstate(over="ignore"):
        return np.asarray(np.negative(a))


def absolute(a: Whole) -> Whole:
    """|a|; the least integer stays as it is."""
    with np.errstate(over="ignore"):
        return np.asarray(np.abs(a))


def total(a: Whole, axis: int | tuple[int, ...] | None = None, dtype: str | None = None) -> Whole:
    """The sum modulo 2**width of its own dtype, or of `dtype`, to which the elements are cast first."""
    return np.asarray(np.sum(a, axis=axis, dtype=dtype or a.dtype))


def matmul(a: Whole, b: Whole) -> Whole:
    """The matrix product modulo 2**width."""
    a, b = _alike(a, b)
    return np.asarray(np.matmul(a, b))


def floor_divide(a: Whole, b: Whole) -> Partial:
    """Rounded down, as Python's //; undefined by zero, and for the least integer by -1."""
    a, b = _alike(a, b)
    divisor, defined = _divisor(a, b)
    return Partial(np.asarray(np.floor_divide(a, divisor)), defined)


def truncated_divide(a: Whole, b: Whole) -> Partial:
    """Rounded towards zero, as C's /; undefined by zero, and for the least integer by -1."""
    a, b = _alike(a, b)
    divisor, defined = _divisor(a, b)
    quotient, rest = np.floor_divide(a, divisor), np.mod(a, divisor)
    return Partial(np.asarray(quotient + ((rest != 0) & ((a < 0) != (b < 0))).astype(a.dtype)), defined)


def modulo(a: Whole, b: Whole) -> Partial:
    """With the sign of the divisor, as Python's %; undefined by zero. By -1 it is 0, for the least integer, too."""
    a, b = _alike(a, b)
    divisor, _ = _divisor(a, b)
    return Partial(np.asarray(np.mod(a, divisor)), b != 0)


def remainder(a: Whole, b: Whole) -> Partial:
    """With the sign of the dividend, as C's %; undefined by zero. By -1 it is 0, for the least integer, too."""
    a, b = _alike(a, b)
    divisor, _ = _divisor(a, b)
    return Partial(np.asarray(np.fmod(a, divisor)), b != 0)


def shift_left(a: Whole, by: Whole) -> Partial:
    """a * 2**by modulo 2**width; undefined for shifts below 0 or not below the width."""
    a, by = _alike(a, by)
    defined = (by >= 0) & (by < 8 * a.dtype.itemsize)
    return Partial(np.asarray(np.left_shift(a, np.where(defined, by, 0).astype(a.dtype))), defined)


def shift_right(a: Whole, by: Whole) -> Partial:
    """a / 2**by rounded down, so a sign stays; undefined for shifts below 0 or not below the width."""
    a, by = _alike(a, by)
    defined = (by >= 0) & (by < 8 * a.dtype.itemsize)
    return Partial(np.asarray(np.right_shift(a, np.where(defined, by, 0).astype(a.dtype))), defined)


def cast(a: Whole, dtype: str) -> Whole:
    """Between integer dtypes: modulo 2**width; to bool: whether it is not zero."""
    return whole(a, dtype)


def from_float(a: Num, dtype: str, precision: Precision) -> Partial:
    """A float to an integer: its integer part; undefined where that does not fit. To bool: whether it is not zero.

    A computed value near an integer may have either integer part.
    """
    x = a.value
    certain = a.exact and reach(a, precision) is None
    low, high = (x, x) if certain else enclosure(a, precision)
    if dtype == "bool":
        nonzero = np.asarray((x != 0) | np.isnan(x))
        return Partial(nonzero, np.asarray((low == high) | (low > 0) | (high < 0) | np.isnan(x)))
    info = np.iinfo(dtype)
    # The limits as floats: 2**63 - 1 is none.
    fits = (np.trunc(low) >= float(info.min)) & (np.trunc(high) < float(info.max) + (dtype != "int64"))

    def to_whole(v: Array) -> Whole:
        return np.where(fits, np.trunc(v), 0.0).astype(dtype)

    if certain:
        return Partial(to_whole(x), fits)
    return Partial(to_whole(x), fits, to_whole(low), to_whole(high))


def from_truth(a: Truth, precision: Precision) -> Partial:
    """A comparison's answer; where it is open, either is right."""
    return Partial(a.value, ~a.either(precision))


def to_float(a: Whole, dtype: str) -> Num:
    """An integer in a float dtype: the nearest one."""
    if dtype == "float64":
        return Num(a.astype(np.float64))
    if dtype == "bfloat16":
        from conformance.dtypes import rounded

        # Beyond 2**24 the way by float32 would round twice; to odd first makes the second rounding right.
        return Num(rounded(_to_odd(a), dtype))
    with np.errstate(over="ignore"):
        return Num(a.astype(dtype))  # float16 is infinite before float32 rounds


def _to_odd(a: Whole) -> Array:
    """Integers as float64 with at most 24 bits; what is cut off leaves a trace in the last one."""
    magnitude = np.abs(a.astype(np.float64))
    exact = a.astype(object)
    scale = np.exp2(np.maximum(np.floor(np.log2(np.maximum(magnitude, 1.0))) - 23, 0.0))
    cut = np.trunc(magnitude / scale)
    whole_part = np.asarray(cut * scale)
    off = np.asarray([abs(int(e)) != int(w) for e, w in zip(exact.reshape(-1), whole_part.reshape(-1), strict=True)])
    odd = np.where(off.reshape(a.shape) & (cut % 2 == 0), cut + 1, cut)
    return np.asarray(np.sign(a.astype(np.float64)) * odd * scale)


def _alike(a: Whole, b: Whole) -> tuple[Whole, Whole]:
    if a.dtype != b.dtype:
        raise TypeError(f"{a.dtype} and {b.dtype}: cast one of them first")
    return a, b


def _signed(a: Whole) -> bool:
    return bool(np.issubdtype(a.dtype, np.signedinteger))


def _divisor(a: Whole, b: Whole) -> tuple[Whole, Bools]:
    """A divisor that raises nothing, and where the quotient is defined."""
    undefined = b == 0
    if _signed(b):
        undefined = undefined | ((b == -1) & (a == np.iinfo(a.dtype).min))
    return np.where(undefined, np.ones_like(b), b), np.asarray(~undefined)
