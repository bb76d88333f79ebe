"""Elementary functions: accurate in float64, with the error that libraries make of them in a narrow dtype."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from conformance.exact.graph import Array, Channel, Edge, Range, Reach, allowance
from conformance.exact.num import Num, Operand, corners, fit, num, rounding, scaled
from conformance.exact.precision import Precision
from conformance.exact.truth import greater, where

# By how many unit roundoffs of itself a result may be off: at least twice the worst that was measured (by
# benchmarks/ulps.py; the table is in docs/allowance.md).
ULPS = {
    "exp": 4,
    "expm1": 14,
    "log": 7,
    "log1p": 9,
    "tanh": 11,
    "sinh": 52,
    "cosh": 52,
    "sin": 6,
    "cos": 6,
    "erf": 12,
    "erfc": 134,
    "one_plus_erf": 20,
    "sqrt": 3,
    "rsqrt": 7,
    "sigmoid": 17,
    "softplus": 16,
    "power": 8,
    "reciprocal": 7,
    "lgamma": 82,
    "digamma": 76,
}
# What those are roundoffs of, where it is more than the result: near their zeros, and where 1 is added to a function.
AT_LEAST = {"one_plus_erf": 1.0, "lgamma": 1.0, "digamma": 1.0}
# Compositions whose parts are rounded to float16 or bfloat16 by some kernels: how many such roundings more.
STORED = {"expm1": 4, "rsqrt": 1, "sigmoid": 3, "softplus": 2}
# A result below the least normal number of float32 may be flushed to zero: so many smallest subnormals.
FLUSHED = 2.0**23

Slope = Callable[[Num, Num], Num]
Function = Callable[[Operand], Num]


def _each(f: Callable[[float], float]) -> Callable[[Array], Array]:
    """A function of the standard library on every element."""

    def apply(x: Array) -> Array:
        return np.fromiter(map(f, x.reshape(-1).tolist()), np.float64, x.size).reshape(x.shape)

    return apply


def _function(name: str, f: Callable[[Array], Any], slope: Slope, reach: Reach | None = None) -> Function:
    ulps, least, between = ULPS.get(name, 1), AT_LEAST.get(name, 0.0), STORED.get(name, 0)

    def apply(a: Operand) -> Num:
        x = num(a)
        with np.errstate(all="ignore"):
            value = np.asarray(f(x.value))

        def at() -> Array:
            return slope(Num(x.value), Num(value)).value

        rounded = rounding(value, ulps, FLUSHED if name in ULPS else 1.0)

        def own(channel: Channel) -> Array | None:
            if channel == "err" and least:
                return np.asarray(ulps * np.maximum(np.abs(value), least))
            return np.asarray(between * np.abs(value)) if channel == "stored" else rounded(channel)

        edge = Edge(x, scaled(at), lambda g, y: g * slope(x, y))
        by_ends = reach or corners(f, ulps)
        return Num(value, (edge,), own, reach=by_ends, stores=between > 0, steps=ulps)

    apply.__name__ = name
    return apply


def sqrt(a: Operand) -> Num:
    """The square root. Next to 0, where the slope says nothing, its range says what a computed argument may give."""
    x = num(a)
    y = _root(x)
    if x.exact:
        return y
    by_ends = corners(np.sqrt, ULPS["sqrt"])

    def reach(p: Precision, given: Sequence[Range]) -> Range:
        low, high = given[0]
        off = allowance(x, p)
        near = off > np.abs(x.value) / 4
        low, high = np.where(near, np.maximum(low - off, 0.0), low), np.where(near, high + off, high)
        return by_ends(p, [(low, high)])

    def spread(c: Array, squared: bool) -> Array:
        return np.where(x.value == 0, 0.0, y.edges[0].spread(c, squared))

    edge = Edge(x, spread, y.edges[0].pull)
    return Num(y.value, (edge,), y.own, reach=reach, decides=True, steps=ULPS["sqrt"])


def _wave(f: Callable[[Array], Array]) -> Reach:
    def reach(p: Precision, given: Sequence[Range]) -> Range:
        low, high = given[0]
        middle, half = f((low + high) / 2), (high - low) / 2
        return np.maximum(middle - half, -1.0), np.minimum(middle + half, 1.0)

    return reach


def _valley(f: Callable[[Array], Array], least: float) -> Reach:
    """Falling below 0, rising above."""
    ends = corners(f, 1)

    def reach(p: Precision, given: Sequence[Range]) -> Range:
        low, high = ends(p, given)
        return np.where((given[0][0] < 0) & (given[0][1] > 0), least, low), high

    return reach


def _sigmoid(x: Array) -> Array:
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e))


def _lgamma(x: float) -> float:
    try:
        return math.lgamma(x)
    except (ValueError, OverflowError):  # a pole, or beyond the range
        return math.inf


def _digamma(x: Array) -> Array:
    """By the recurrence to beyond 10, and the asymptotic series there (Abramowitz & Stegun 6.3.5, 6.3.7, 6.3.18)."""
    mirrored = x < 0.5
    z = np.where(mirrored, 1 - x, x)
    shift = np.zeros(np.shape(z))
    for _ in range(10):
        small = z < 10
        shift = np.where(small, shift - 1 / z, shift)
        z = np.where(small, z + 1, z)
    w = 1 / (z * z)
    tail = w * (1 / 12 - w * (1 / 120 - w * (1 / 252 - w * (1 / 240 - w * (1 / 132 - w * (691 / 32760 - w / 12))))))
    right = shift + np.log(z) - 0.5 / z - tail
    # tan has the period pi, so only the distance to the nearest integer counts.
    turned = right - np.pi / np.tan(np.pi * (x - np.rint(x)))
    return np.where(mirrored, np.where(x == np.rint(x), np.nan, turned), right)


def _no_slope(a: Num, y: Num) -> Num:
    raise NotImplementedError("the derivative of digamma is not here")


exp: Function = _function("exp", np.exp, lambda a, y: y)
expm1: Function = _function("expm1", np.expm1, lambda a, y: exp(a))
log: Function = _function("log", np.log, lambda a, y: 1 / a)
log1p: Function = _function("log1p", np.log1p, lambda a, y: 1 / (1 + a))
tanh: Function = _function("tanh", np.tanh, lambda a, y: 1 - y * y)
sinh: Function = _function("sinh", np.sinh, lambda a, y: cosh(a))
cosh: Function = _function("cosh", np.cosh, lambda a, y: sinh(a), _valley(np.cosh, 1.0))
sin: Function = _function("sin", np.sin, lambda a, y: cos(a), _wave(np.sin))
cos: Function = _function("cos", np.cos, lambda a, y: -sin(a), _wave(np.cos))
erf: Function = _function("erf", _each(math.erf), lambda a, y: 2 / math.sqrt(math.pi) * exp(-(a * a)))
erfc: Function = _function("erfc", _each(math.erfc), lambda a, y: -2 / math.sqrt(math.pi) * exp(-(a * a)))
# Fused kernels, of gelu above all, add the 1 to an erf that is only as good as that: 10.0 roundoffs of 1 were seen.
one_plus_erf: Function = _function(
    "one_plus_erf", lambda x: _each(math.erfc)(-x), lambda a, y: 2 / math.sqrt(math.pi) * exp(-(a * a))
)
_root: Function = _function("sqrt", np.sqrt, lambda a, y: 0.5 / y)
rsqrt: Function = _function("rsqrt", lambda x: 1 / np.sqrt(x), lambda a, y: -0.5 * y / a)
sigmoid: Function = _function("sigmoid", _sigmoid, lambda a, y: y * (1 - y))
softplus: Function = _function("softplus", lambda x: np.logaddexp(0.0, x), lambda a, y: sigmoid(a))
reciprocal: Function = _function("reciprocal", lambda x: 1 / x, lambda a, y: -(y * y))
digamma: Function = _function("digamma", _digamma, _no_slope)
lgamma: Function = _function("lgamma", _each(_lgamma), lambda a, y: digamma(a))


def square(a: Operand) -> Num:
    """a * a."""
    x = num(a)
    return x * x


def power(a: Operand, b: Operand) -> Num:
    """a to the power b, as IEEE 754's pow; the exponent gets a gradient where the base is positive."""
    x, n = num(a), num(b)
    with np.errstate(all="ignore"):
        value = np.power(x.value, n.value)

    def by_base() -> Array:
        return np.where(n.value == 0, 0.0, n.value * np.power(x.value, n.value - 1))

    def by_exponent() -> Array:
        return np.where(x.value > 0, value * np.log(x.value), 0.0)

    def to_base(g: Num, y: Num) -> Num:
        return fit(where(n.value == 0, 0.0, g * (n * power(x, n - 1))), x.shape)

    def to_exponent(g: Num, y: Num) -> Num:
        positive = greater(x, 0.0)
        return fit(where(positive, g * (y * log(where(x.value > 0, x, 1.0))), 0.0), n.shape)

    ulps = ULPS["power"]
    return Num(
        value,
        (Edge(x, scaled(by_base), to_base), Edge(n, scaled(by_exponent), to_exponent)),
        rounding(value, ulps, FLUSHED),
        reach=_powers,
        steps=ulps,
    )


def _powers(p: Precision, given: Sequence[Range]) -> Range:
    (low, high), (n_low, n_high) = given
    ends_low, ends_high = corners(np.power, ULPS["power"])(p, given)
    through_zero = (low <= 0) & (high >= 0) & (low < high)
    even = (n_low == n_high) & (n_low % 2 == 0) & (n_low > 0)
    ends_low = np.where(through_zero & even, 0.0, ends_low)
    unsure = through_zero & (n_low < 0) | (low < 0) & (n_low < n_high)
    return np.where(unsure, -np.inf, ends_low), np.where(unsure, np.inf, ends_high)
