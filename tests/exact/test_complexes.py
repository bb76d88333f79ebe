"""Complex numbers against NumPy's, in double for the value and in single for the bound."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from conformance.exact import Num, Precision, allowance, beyond, vjp
from conformance.exact.complexes import Complex

pytestmark = pytest.mark.filterwarnings("error")

PROGRAMS: list[Callable[[Any, Any], Any]] = [
    lambda z, w: z + w,
    lambda z, w: z - w,
    lambda z, w: -z * w,
    lambda z, w: (z * w.conjugate()) * z,
]


def drawn() -> tuple[np.ndarray, np.ndarray]:
    stream = np.random.RandomState(0)
    z, w = (stream.standard_normal(500) + 1j * stream.standard_normal(500) for _ in range(2))
    return z.astype(np.complex64), w.astype(np.complex64)


@pytest.mark.parametrize("program", PROGRAMS)
def test_values_and_bounds(program: Callable[[Any, Any], Any]) -> None:
    z, w = drawn()
    ours = program(Complex.of(z), Complex.of(w))
    np.testing.assert_allclose(ours.value, program(z.astype(complex), w.astype(complex)), rtol=1e-13, atol=1e-13)
    single, p = program(z, w), Precision.of("float32")
    assert single.dtype == np.complex64
    for part, got in ((ours.real, single.real), (ours.imag, single.imag)):
        off, allowed = beyond(part, p, got.astype(np.float64)), allowance(part, p)
        assert (off <= allowed).all()
        assert (off / allowed).max() > 0.01


def test_the_absolute_value_and_its_gradient() -> None:
    z = Complex.of([3 - 4j, 1j])
    size = abs(z)
    assert np.array_equal(size.value, [5.0, 1.0])
    real, imag = vjp([size], [Num([1.0, 2.0])], [z.real, z.imag])
    np.testing.assert_allclose(real.value, [0.6, 0.0])
    np.testing.assert_allclose(imag.value, [-0.8, 2.0])


def test_an_infinity_stays_in_its_part() -> None:
    z = Complex.of([complex(np.inf, -0.0)])
    assert z.value[0].real == np.inf
    assert np.signbit(z.value[0].imag)
    assert not np.signbit(z.conjugate().value[0].imag)
