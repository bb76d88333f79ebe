"""The dtypes that tensors may have: what kind of number, and of floats the unit roundoff, the range and the bytes.

A case computes in one of `DTYPES`; some of its tensors may have a dtype of their own, of any kind.

NumPy has no bfloat16, and the harness needs none: a bfloat16 is the upper half of a float32, and that is how it
travels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class DType:
    """A binary floating-point format.

    `precision` counts the significand's bits, the hidden one included: the unit roundoff is 2**-precision, and every
    integer up to 2**precision is exact. `least_exponent` is the exponent of the least subnormal.
    """

    name: str
    short: str
    itemsize: int
    precision: int
    least_exponent: int
    largest: float
    accumulator: str  # the dtype in which frameworks sum products of this one

    @property
    def unit_roundoff(self) -> float:
        """u = 2**-precision: half the distance from 1 to the next number."""
        return 2.0**-self.precision

    @property
    def least_subnormal(self) -> float:
        """The least positive number."""
        return 2.0**self.least_exponent


DTYPES: dict[str, DType] = {
    d.name: d
    for d in (
        DType("float64", "f64", 8, 53, -1074, float(np.finfo(np.float64).max), "float64"),
        DType("float32", "f32", 4, 24, -149, float(np.finfo(np.float32).max), "float32"),
        DType("float16", "f16", 2, 11, -24, 65504.0, "float32"),
        DType("bfloat16", "bf16", 2, 8, -133, float.fromhex("0x1.fep127"), "float32"),
    )
}


INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
# A complex number is two of these.
COMPONENTS = {"complex64": "float32", "complex128": "float64"}


def kind_of(dtype: str) -> str:
    """`real`, `integer`, `boolean` or `complex`; "" for a dtype that no tensor of a case has."""
    if dtype in DTYPES:
        return "real"
    if dtype in COMPONENTS:
        return "complex"
    return "integer" if dtype in INTEGERS else "boolean" if dtype == "bool" else ""


def encode(values: NDArray[Any], dtype: str) -> NDArray[np.generic]:
    """Values rounded to `dtype` (to nearest, ties to even), as an array whose bytes are that dtype's.

    bfloat16 comes as uint16. Values beyond the range become infinities, as a cast makes them.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        if dtype == "bfloat16":
            single = np.ascontiguousarray(values, dtype=np.float32)
            bits = single.view(np.uint32).astype(np.uint64)
            # What the way by float32 has made a tie of is none: one bit says on which side of it the value lies.
            exact = np.asarray(values, dtype=np.float64) if np.asarray(values).dtype.kind == "f" else single
            tie = (bits & 0xFFFF) == 0x8000
            off = np.abs(exact) - np.abs(single.astype(np.float64))
            bits = bits + (tie & (off > 0)) - (tie & (off < 0))
            rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
            # Rounding a NaN's payload could carry into infinity: keep it a quiet NaN.
            found = np.where(np.isnan(single), (bits >> 16) | 0x40, rounded)
            return np.asarray(found, dtype=np.uint16).reshape(values.shape)
        return np.asarray(values, dtype=np.dtype(dtype))


def decode(data: bytes | memoryview, dtype: str, shape: tuple[int, ...]) -> NDArray[np.generic]:
    """The array behind bytes in `dtype`; bfloat16 as float32. Other names are NumPy's own."""
    if dtype == "bfloat16":
        halves = np.frombuffer(data, dtype=np.uint16).astype(np.uint32) << 16
        return halves.view(np.float32).reshape(shape)
    return np.frombuffer(data, dtype=np.dtype(dtype)).reshape(shape)


def rounded(values: NDArray[np.float64], dtype: str) -> NDArray[np.float64]:
    """float64 values after rounding to `dtype`."""
    if dtype == "float64":
        return values
    coded = encode(values, dtype)
    if dtype == "bfloat16":
        return decode(coded.tobytes(), dtype, values.shape).astype(np.float64)
    return coded.astype(np.float64)


# A narrower format -> how float64 values are brought to it. TF32 keeps 11 significant bits of a float32 and its
# exponents. Documented are rounding to nearest with ties away from zero (the conversion instruction) and dropping the
# last bits (a matrix instruction that is given float32); software rounds ties to even.
NARROW_FORMATS: tuple[str, ...] = (
    "TF32",
    "TF32 (ties away from zero)",
    "TF32 (cut off instead of rounded)",
    "bfloat16",
    "bfloat16 (cut off instead of rounded)",
    "float16",
    "float16 (cut off instead of rounded)",
)
_SIGNIFICANT = {"TF32": 11, "bfloat16": 8, "float16": 11}


def narrowed(values: NDArray[np.float64], format: str) -> NDArray[np.float64]:
    """float64 values in one of NARROW_FORMATS, or in a dtype."""
    name, _, how = format.partition(" (")
    if not how and name != "TF32":
        return rounded(values, name)
    if how.startswith("cut") and name == "float16":
        # Towards zero, beyond the range to its end, subnormals included.
        least = DTYPES[name].least_subnormal
        with np.errstate(invalid="ignore"):
            cut = np.where(np.abs(values) < 2.0**-14, np.trunc(values / least) * least, _cut(values, 11, np.trunc))
        return np.where(np.isfinite(values), np.clip(cut, -DTYPES[name].largest, DTYPES[name].largest), values)
    return _cut(values, _SIGNIFICANT[name], np.trunc if how.startswith("cut") else _away if how else np.rint)


def _away(scaled: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.trunc(scaled + np.copysign(0.5, scaled))


def _cut(
    values: NDArray[np.float64], bits: int, to_integer: Callable[[NDArray[np.float64]], NDArray[np.float64]]
) -> NDArray[np.float64]:
    """A significand of `bits` bits, the hidden one included, with an unbounded exponent."""
    mantissa, exponent = np.frexp(values)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.ldexp(to_integer(mantissa * 2.0**bits), exponent - bits))
