"""Transforms by a fixed matrix of cosines and sines, as fast algorithms compute them.

A fast Fourier transform is no sum of products in some order: what it rounds is as large as its intermediate results,
also where the exact weights of an element are small. By Higham, "Accuracy and Stability of Numerical Algorithms", 2nd
ed., theorem 24.2, one stage of radix 2 makes a relative error of mu + gamma_4 (sqrt 2 + mu), which is below 7 unit
roundoffs where the twiddle factors are off by one, and stages add up. An intermediate result is at most the sum of the
absolute values of the inputs, since twiddle factors have the absolute value 1. So an element is off by at most

    roundings(n) * size * sum |a|,      roundings(n) = sum of p + 7 over the prime factors p of n,

where a stage of radix p is a sum of p products, and `size` is the scale that goes into every weight.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from conformance.exact.graph import Array, Channel, Edge, Range, spread_out
from conformance.exact.num import Num
from conformance.exact.precision import Precision

STAGE = 7


def roundings(n: int) -> int:
    """How many roundings of the inputs' size a fast Fourier transform of length n makes, at most."""
    found, p = 0, 2
    while n > 1:
        while n % p == 0:
            found, n = found + p + STAGE, n // p
        p += 1
    return found


@lru_cache(maxsize=256)
def turns(n: int) -> tuple[Array, Array]:
    """cos and sin of 2 pi k / n for k from 0 to n - 1, each to the last bit."""
    whole = 2 * np.arccos(np.longdouble(-1))
    angles = whole * np.arange(n, dtype=np.longdouble) / max(n, 1)
    found = tuple(np.where(np.abs(f(angles)) < 1e-17, 0.0, f(angles)).astype(np.float64) for f in (np.cos, np.sin))
    for values in found:
        values.flags.writeable = False
    return found[0], found[1]


def transform(a: Num, matrix: Array, size: float, rounded: int) -> Num:
    """a @ matrix along the last axis. `rounded`: how many roundings of size * sum |a| an element may be off by."""
    with np.errstate(all="ignore"):
        value = a.value @ matrix
    weights, rows = np.abs(matrix), matrix.shape[0]

    def over_all(x: Array, by: float) -> Array:
        return spread_out(by * x.sum(-1, keepdims=True), value.shape)

    def own(name: Channel) -> Array | None:
        if name == "err":
            return over_all(np.abs(a.value), rounded * size)
        if name == "energy":
            return over_all(np.square(a.value), size * size)
        return spread_out(float(rows), value.shape) if name == "tiny" else None

    def spread(c: Array, squared: bool) -> Array:
        return np.asarray(c @ (np.square(weights) if squared else weights))

    def reach(p: Precision, given: list[Range]) -> Range:
        ((low, high),) = given
        width = np.maximum(high - a.value, a.value - low) @ weights * (1 + 2 * rounded * p.u)
        return value - width, value + width

    edge = Edge(a, spread, lambda g, y: transform(g, matrix.T, size, rounded))
    return Num(value, (edge,), own, reach=reach, steps=max(rounded, 1))  # type: ignore[arg-type]
