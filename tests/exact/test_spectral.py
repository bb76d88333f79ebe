"""Transforms by cosines and sines: twiddle factors, and how far fast algorithms may be off."""

from __future__ import annotations

import numpy as np
import pytest

from conformance.exact import Num, Precision, allowance, transform, vjp
from conformance.exact.spectral import roundings, turns


def test_turns_hit_the_axes() -> None:
    cos, sin = turns(8)
    assert cos[[0, 2, 4, 6]].tolist() == [1.0, 0.0, -1.0, 0.0]
    assert sin[[0, 2, 4, 6]].tolist() == [0.0, 1.0, 0.0, -1.0]
    assert cos[1] == sin[1] == np.sqrt(0.5)


@pytest.mark.parametrize(("n", "found"), [(1, 0), (2, 9), (8, 27), (12, 9 + 9 + 10), (17, 24)])
def test_roundings_are_those_of_the_stages(n: int, found: int) -> None:
    assert roundings(n) == found


@pytest.mark.parametrize("n", [8, 97, 510])
def test_a_transform_in_single_precision_is_within_its_allowance(n: int) -> None:
    fft = pytest.importorskip("scipy.fft")
    x = np.random.RandomState(n).standard_normal((20, n)).astype(np.float32)
    at = np.outer(np.arange(n), np.arange(n)) % n
    made = transform(Num(x.astype(np.float64)), turns(n)[0][at], 1.0, roundings(n))
    off, allowed = np.abs(fft.fft(x).real - made.value), allowance(made, Precision.of("float32"))
    assert (off <= allowed).all()
    assert (off / allowed).max() > 0.001


def test_the_gradient_is_the_transposed_transform() -> None:
    matrix = np.array([[1.0, 2.0, 3.0], [-1.0, 0.5, 0.0]])
    x = Num(np.array([[1.0, 4.0]]))
    (dx,) = vjp([transform(x, matrix, 3.0, 5)], [Num(np.array([[1.0, 10.0, 100.0]]))], [x])
    assert dx.value.tolist() == [[321.0, 4.0]]
