"""Discrete Fourier and cosine transforms, and windows.

A complex number is two tensors: the real part and the imaginary part, each judged in its own allowance and with its own
gradient. Where a framework has complex numbers, its plan makes them of the two and takes them apart again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import pi, sqrt
from typing import Any

import numpy as np

from conformance.exact.functions import cos as cosine
from conformance.exact.graph import Array
from conformance.exact.moves import pad
from conformance.exact.num import Num, num
from conformance.exact.spectral import roundings, transform, turns
from conformance.ops.axes import axis_of, check_axes
from conformance.ops.base import (
    LETTERS,
    Field,
    Op,
    TensorSpec,
    an_integer,
    boolean_field,
    integer_field,
    optional,
    param,
    shape_field,
    word_field,
)

NORMS = ("backward", "ortho", "forward")


def length_field(doc: str) -> Field:
    """A length of at least 1, or null for the one that follows from the rest."""
    schema = {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}]}
    return Field(optional(an_integer(1)), None, doc, schema, least=1)


def fitted(x: Num, n: int) -> Num:
    """The first n elements along the last axis, zeros where there are less."""
    have = x.shape[-1]
    return x[..., :n] if n <= have else pad(x, [(0, 0)] * (x.ndim - 1) + [(0, n - have)])


def _waves(rows: int, columns: int, n: int) -> tuple[Array, Array]:
    """cos and sin of 2 pi j k / n, for j by k."""
    at = np.outer(np.arange(rows), np.arange(columns)) % max(n, 1)
    return tuple(values[at] for values in turns(n))  # type: ignore[return-value]


def spectrum(x: Num, imag: Num | None, bins: int, scale: float, sign: int) -> tuple[Num, Num]:
    """scale * sum over j of x_j exp(sign 2 pi i j k / n) along the last axis, for the first `bins` k: its two parts."""
    n = x.shape[-1]
    c, s = (scale * w for w in _waves(n, bins, n))
    rounded = roundings(n) + 2 * (scale != 1)

    def by(a: Num, matrix: Array) -> Num:
        return transform(a, matrix, scale, rounded)

    real, turned = by(x, c), by(x, sign * s)
    if imag is None:
        return real, turned
    return real + by(imag, -sign * s), turned + by(imag, c)


def from_half(real: Num, imag: Num, n: int, scale: float) -> Num:
    """The real signal of n elements that has these n // 2 + 1 bins, those that mirror them left out.

    The imaginary parts of the first bin, and of the middle one of an even n, go nowhere.
    """
    bins = n // 2 + 1
    c, s = _waves(bins, n, n)
    weights = np.where((np.arange(bins) == 0) | (2 * np.arange(bins) == n), 1.0, 2.0)[:, None] * scale
    rounded = roundings(n) + 2 * (scale != 1)
    s = np.where(weights == scale, 0.0, s)
    made = (transform(fitted(a, bins), weights * m, 2 * scale, rounded) for a, m in ((real, c), (imag, -s)))
    return next(made) + next(made)


@dataclass(frozen=True)
class _Transform(Op):
    unsaid = ("shape",)
    shape: tuple[int, ...] = param(shape_field((3, 8), "the shape of x"))
    axis: int = param(axis_of(-1, "the axis that is transformed"))
    norm: str = param(word_field("backward", NORMS, "1/n in the inverse transform, 1/sqrt(n) in both, 1/n forward"))
    n: int | None = param(length_field("the length: x is cut off, or filled up with zeros; null for as long as x is"))

    def __post_init__(self) -> None:
        check_axes("axis", (self.axis,), self.shape)

    @property
    def inverse(self) -> bool:
        """Whether it leads back to the signal."""
        return self.name in ("ifft", "irfft")

    @property
    def length(self) -> int:
        """Of the signal that is transformed, or that comes back."""
        return self.shape[self.axis] if self.n is None else self.n

    def refusal(self) -> str | None:
        if self.length < 1:
            return f"the length of the transform is {self.length}, expected at least 1"
        return None

    @property
    def scale(self) -> float:
        """What every element is multiplied by."""
        if self.norm == "ortho":
            return 1 / sqrt(self.length)
        return 1 / self.length if (self.norm == "backward") == self.inverse else 1.0

    @property
    def letters(self) -> str:
        """Of the axes."""
        return LETTERS[: len(self.shape)]

    def meaning(self) -> Mapping[str, Any]:
        axis = self.axis % len(self.shape)
        letters = self.letters
        # The axes where a framework transforms the last one alone.
        return {"length": self.length, "last": letters[:axis] + letters[axis + 1 :] + letters[axis]}

    def inputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("x", self.letters, self.shape),)

    def sized(self, name: str, length: int) -> TensorSpec:
        """An output of this length along the axis."""
        shape = list(self.shape)
        shape[self.axis] = length
        return TensorSpec(name, self.letters, tuple(shape))

    def both(self, length: int) -> tuple[TensorSpec, ...]:
        """The two parts of a complex output."""
        return self.sized("real", length), self.sized("imag", length)

    def along(self, *parts: Num) -> tuple[Num, ...]:
        """With the axis as the last, or back."""
        return tuple(part.swapaxes(self.axis, -1) for part in parts)

    def effort(self, gradients: bool) -> tuple[int, int]:
        size = int(np.prod(self.shape, dtype=np.int64)) * self.length * 4
        return size * (3 if gradients else 1), self.length * self.length * 4


@dataclass(frozen=True)
class Fft(_Transform):
    """The discrete Fourier transform: sum over j of x_j exp(-2 pi i j k / n), for k from 0 to n - 1."""

    name = "fft"
    complex: bool = param(boolean_field(False, "x has an imaginary part, too"))

    def inputs(self) -> tuple[TensorSpec, ...]:
        (x,) = super().inputs()
        return (x, replace(x, name="x_imag")) if self.complex else (x,)

    def outputs(self) -> tuple[TensorSpec, ...]:
        return self.both(self.length)

    def compute(self, x: Num, x_imag: Num | None = None) -> tuple[Num, ...]:  # type: ignore[override]
        parts = [fitted(part, self.length) for part in self.along(*(p for p in (x, x_imag) if p is not None))]
        made = spectrum(parts[0], parts[1] if x_imag is not None else None, self.length, self.scale, self.sign)
        return self.along(*made)

    @property
    def sign(self) -> int:
        """Of the exponent."""
        return 1 if self.inverse else -1

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        given = self.parameters() | {"norm": self.norm}
        yield "the exponent's sign turned round", _Turned(**given, turned=-self.sign, back=self.inverse)


@dataclass(frozen=True)
class Ifft(Fft):
    """The inverse of the discrete Fourier transform: 1/n sum over k of x_k exp(2 pi i j k / n)."""

    name = "ifft"


@dataclass(frozen=True)
class _Turned(Fft):
    """With the other sign, and its own scale."""

    turned: int = 1
    back: bool = False

    @property
    def sign(self) -> int:
        return self.turned

    @property
    def inverse(self) -> bool:
        return self.back


@dataclass(frozen=True)
class Rfft(_Transform):
    """The first n // 2 + 1 bins of the discrete Fourier transform of a real signal; the others mirror them."""

    name = "rfft"

    def outputs(self) -> tuple[TensorSpec, ...]:
        return self.both(self.length // 2 + 1)

    def compute(self, x: Num) -> tuple[Num, ...]:  # type: ignore[override]
        (x,) = self.along(x)
        return self.along(*spectrum(fitted(x, self.length), None, self.length // 2 + 1, self.scale, -1))


@dataclass(frozen=True)
class Irfft(_Transform):
    """The real signal of length n that has these n // 2 + 1 bins; without n, 2 (m - 1) of m bins, which is even.

    Of the imaginary parts of the first bin, and of the middle one of an even n, nothing is taken.
    """

    name = "irfft"
    shape: tuple[int, ...] = param(shape_field((3, 5), "the shape of x, whose bins are along the axis"))
    n: int | None = param(length_field("the length of the signal; null for the even one, 2 (m - 1) of m bins"))

    @property
    def length(self) -> int:
        return 2 * (self.shape[self.axis] - 1) if self.n is None else self.n

    def inputs(self) -> tuple[TensorSpec, ...]:
        (x,) = super().inputs()
        return x, replace(x, name="x_imag")

    def outputs(self) -> tuple[TensorSpec, ...]:
        return (self.sized("y", self.length),)

    def compute(self, x: Num, x_imag: Num) -> Num:  # type: ignore[override]
        real, imag = self.along(x, x_imag)
        return self.along(from_half(real, imag, self.length, self.scale))[0]

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        if self.n is None:
            odd = 2 * self.shape[self.axis] - 1
            yield f"the odd length {odd} of as many bins", replace(self, n=odd)
        elif self.n != (even := 2 * (self.shape[self.axis] - 1)) and even > 0:
            yield f"the length left out, which makes it {even}", replace(self, n=None)


@dataclass(frozen=True)
class Dct(_Transform):
    """The discrete cosine transform, type 2: 2 sum over j of x_j cos(pi k (2 j + 1) / 2 n).

    Type 3 is x_0 + 2 sum over j > 0 of x_j cos(pi j (2 k + 1) / 2 n). With norm ortho each is the other's inverse;
    without, one after the other multiplies by 2 n. (Ahmed, Natarajan and Rao, 1974; as SciPy scales it.)
    """

    name = "dct"
    norm: str = param(word_field("backward", NORMS[:2], "the sums as they are, or scaled to be orthogonal"))
    type: int = param(Field(an_integer(2, 3), 2, "type 2, or 3", {"enum": [2, 3]}))

    def outputs(self) -> tuple[TensorSpec, ...]:
        return (self.sized("y", self.length),)

    def compute(self, x: Num) -> Num:  # type: ignore[override]
        n = self.length
        at = np.outer(np.arange(n), 2 * np.arange(n) + 1) % (4 * n)  # frequency by place
        matrix = 2 * turns(4 * n)[0][at]
        if self.norm == "ortho":
            matrix = matrix * np.where(np.arange(n) == 0, sqrt(1 / (4 * n)), sqrt(1 / (2 * n)))[:, None]
        elif self.type == 3:
            matrix[0] /= 2
        size = sqrt(2 / n) if self.norm == "ortho" else 2.0
        # By a Fourier transform of length 2 n, and a turn by cos and sin.
        rounded = roundings(2 * n) + 8
        (x,) = self.along(x)
        made = transform(fitted(x, n), matrix.T if self.type == 2 else matrix, size, rounded)
        return self.along(made)[0]


KINDS = {"hann": (0.5, 0.5), "hamming": (0.54, 0.46), "blackman": (0.42, 0.5, 0.08), "ones": (1.0,)}
# As ONNX has it: the least side lobe to the last digit.
_EXACT = {"exact hamming": (25 / 46, 21 / 46)}


def window(kind: str, length: int, periodic: bool) -> Num:
    """A sum of cosines over `length` places: a_0 - a_1 cos(t) + a_2 cos(2 t)."""
    if length < 2 or kind == "ones":
        return Num(np.ones(length))
    turn = num(2 * pi) * np.arange(length, dtype=np.float64) / float(length if periodic else length - 1)
    a = (KINDS | _EXACT)[kind]
    made: Num = num(a[0]) - num(a[1]) * cosine(turn)
    return made if len(a) < 3 else made + num(a[2]) * cosine(2.0 * turn)


@dataclass(frozen=True)
class Windows(Op):
    """A window: hann 0.5 - 0.5 cos(t), hamming 0.54 - 0.46 cos(t), blackman 0.42 - 0.5 cos(t) + 0.08 cos(2 t).

    t goes from 0 to 2 pi: `periodic` windows leave the last place out, symmetric ones end with it. (Harris, 1978.)
    """

    name = "windows"
    kind: str = param(word_field("hann", ("hann", "hamming", "blackman"), "which window"))
    length: int = param(integer_field(8, 1, "how many places"))
    periodic: bool = param(boolean_field(True, "as one period of a longer one; false: symmetric"))

    def inputs(self) -> tuple[TensorSpec, ...]:
        return ()

    def outputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("y", "A", (self.length,), pulled=False),)

    def meaning(self) -> Mapping[str, Any]:
        # Of a symmetric window, whose first places are its own.
        return {"places": self.length + int(self.periodic and self.length > 1)}

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        if self.kind == "hamming":
            yield "25/46 and 21/46 for 0.54 and 0.46", replace(self, kind="exact hamming")

    def compute(self) -> Num:  # type: ignore[override]
        return window(self.kind, self.length, self.periodic)
