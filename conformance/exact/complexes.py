"""Complex numbers as pairs of Num: the real and the imaginary part have bounds and gradients of their own.

A product is two sums of two products, in any order and with or without fused multiply-add. The gradient of a real
output with respect to z is kept as the pair (d/d real, d/d imag); frameworks that return its conjugate say so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.exact.functions import sqrt
from conformance.exact.num import Num


@dataclass(frozen=True, eq=False)
class Complex:
    """real + i imag."""

    real: Num
    imag: Num

    @classmethod
    def of(cls, values: Any) -> Complex:
        """An exact input."""
        z = np.asarray(values, dtype=np.complex128)
        return cls(Num(z.real.copy()), Num(z.imag.copy()))

    @property
    def value(self) -> NDArray[np.complex128]:
        """As one array; built from its parts, so that infinities and signed zeros stay where they are."""
        z = np.empty(self.real.shape, np.complex128)
        z.real, z.imag = self.real.value, self.imag.value
        return z

    def __add__(self, other: Complex) -> Complex:
        return Complex(self.real + other.real, self.imag + other.imag)

    def __sub__(self, other: Complex) -> Complex:
        return Complex(self.real - other.real, self.imag - other.imag)

    def __neg__(self) -> Complex:
        return Complex(-self.real, -self.imag)

    def __mul__(self, other: Complex) -> Complex:
        a, b, c, d = self.real, self.imag, other.real, other.imag
        return Complex(a * c - b * d, a * d + b * c)

    def conjugate(self) -> Complex:
        """real - i imag."""
        return Complex(self.real, -self.imag)

    def __abs__(self) -> Num:
        return sqrt(self.real * self.real + self.imag * self.imag)
