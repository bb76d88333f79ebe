"""Elementary functions against mpmath, and their ULP counts against NumPy's and PyTorch's float32."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from conformance.exact import ULPS, Num, Precision, allowance, beyond, functions, vjp

mpmath = pytest.importorskip("mpmath")
pytestmark = pytest.mark.filterwarnings("error")

REAL = np.array([-30.0, -8.5, -3.5, -1.0, -0.3, -1e-5, 0.0, 1e-9, 0.2, 0.5, 1.0, 2.5, 3.5, 6.0, 27.0])
POSITIVE = np.array([1e-30, 1e-9, 0.01, 0.4, 1.0, 1.0001, 1.5, 2.0, 3.75, 40.0, 1e4])

FUNCTIONS: dict[str, tuple[Callable[[Any], Any], np.ndarray]] = {
    "exp": (mpmath.exp, REAL),
    "expm1": (mpmath.expm1, REAL),
    "log": (mpmath.log, POSITIVE),
    "log1p": (mpmath.log1p, POSITIVE - 0.5),
    "tanh": (mpmath.tanh, REAL),
    "sinh": (mpmath.sinh, REAL),
    "cosh": (mpmath.cosh, REAL),
    "sin": (mpmath.sin, REAL),
    "cos": (mpmath.cos, REAL),
    "erf": (mpmath.erf, REAL),
    "erfc": (mpmath.erfc, REAL[REAL < 20]),
    "one_plus_erf": (lambda x: mpmath.erfc(-x), REAL[REAL > -20]),
    "sqrt": (mpmath.sqrt, POSITIVE),
    "rsqrt": (lambda x: 1 / mpmath.sqrt(x), POSITIVE),
    "sigmoid": (lambda x: 1 / (1 + mpmath.exp(-x)), REAL),
    "softplus": (lambda x: mpmath.log1p(mpmath.exp(x)), REAL),
    "reciprocal": (lambda x: 1 / x, POSITIVE),
    "square": (lambda x: x * x, REAL),
    "lgamma": (lambda x: mpmath.log(abs(mpmath.gamma(x))), np.append(POSITIVE, [-0.5, -3.3, -20.25])),
    "digamma": (mpmath.digamma, np.append(POSITIVE, [-0.5, -3.3, -20.25])),
}


def in_mpmath(f: Callable[[Any], Any], x: np.ndarray) -> np.ndarray:
    with mpmath.workdps(50):
        return np.array([float(f(mpmath.mpf(float(v)))) for v in x])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_as_accurate_as_float64_allows(name: str) -> None:
    f, x = FUNCTIONS[name]
    y = getattr(functions, name)(Num(x))
    np.testing.assert_allclose(y.value, in_mpmath(f, x), rtol=4e-15, atol=1e-15 if "gamma" in name else 0.0)


@pytest.mark.parametrize("name", sorted(set(FUNCTIONS) - {"digamma"}))
def test_slopes(name: str) -> None:
    f, x = FUNCTIONS[name]
    x = x[(abs(x) > 1e-6) & (x > -20)]
    a = Num(x)
    y = getattr(functions, name)(a)
    (g,) = vjp([y], [Num(np.ones(x.shape))], [a])
    with mpmath.workdps(60):
        right = np.array([float(mpmath.diff(f, mpmath.mpf(float(v)), h=mpmath.mpf(10) ** -20)) for v in x])
    np.testing.assert_allclose(g.value, right, rtol=1e-8, atol=1e-15)


def test_power() -> None:
    base, exponent = np.array([0.3, 1.0, 2.5, -2.0, -2.0, 0.0, 0.0]), np.array([2.7, 9.0, -3.5, 3.0, 2.0, 0.0, 2.0])
    a, n = Num(base), Num(exponent)
    y = functions.power(a, n)
    with mpmath.workdps(50):
        right = [float(mpmath.power(mpmath.mpf(float(b)), mpmath.mpf(float(k)))) for b, k in zip(base, exponent)]  # noqa: B905
    np.testing.assert_allclose(y.value, right, rtol=1e-15)
    da, dn = vjp([y], [Num(np.ones(7))], [a, n])
    np.testing.assert_allclose(da.value, [2.7 * 0.3**1.7, 9, -3.5 * 2.5**-4.5, 12, -4, 0, 0], rtol=1e-14)
    np.testing.assert_allclose(dn.value[:3], np.array(right[:3]) * np.log(base[:3]), rtol=1e-14)
    assert np.array_equal(dn.value[3:], np.zeros(4))


IN_NUMPY = {"reciprocal": lambda x: np.float32(1) / x, "rsqrt": lambda x: np.float32(1) / np.sqrt(x)} | {
    name: getattr(np, name)
    for name in ("exp", "expm1", "log", "log1p", "tanh", "sinh", "cosh", "sin", "cos", "sqrt", "square")
}


@pytest.mark.parametrize("name", IN_NUMPY)
def test_float32_of_numpy_lies_within(name: str) -> None:
    x = FUNCTIONS[name][1]
    x = np.unique(np.concatenate([np.linspace(x[0], x[-1], 5000), np.geomspace(1e-6, x[-1], 5000)])).astype(np.float32)
    got = IN_NUMPY[name](x)
    assert got.dtype == np.float32
    y = getattr(functions, name)(Num(x))
    off, allowed = beyond(y, Precision.of("float32"), got.astype(np.float64)), allowance(y, Precision.of("float32"))
    assert (off <= allowed).all()
    assert (off / allowed).max() > 1e-3


def test_float32_of_torch_lies_within() -> None:
    torch = pytest.importorskip("torch")
    x = np.linspace(-6, 6, 20001).astype(np.float32)
    given, p = torch.tensor(x), Precision.of("float32")
    for name in ("erf", "erfc", "sigmoid", "tanh", "expm1", "exp"):
        y = getattr(functions, name)(Num(x))
        got = getattr(torch, name)(given).numpy().astype(np.float64)
        assert (beyond(y, p, got) <= allowance(y, p)).all(), name
    a = Num(x)
    gelu = a * 0.5 * functions.one_plus_erf(a * 0.7071067811865476)
    got = torch.nn.functional.gelu(given).numpy().astype(np.float64)
    assert (beyond(gelu, p, got) <= allowance(gelu, p)).all()


def test_every_function_has_a_count() -> None:
    assert set(FUNCTIONS) - {"square"} <= set(ULPS)
    assert all(count >= 2 for count in ULPS.values())


def test_a_computed_argument_counts_by_the_slope() -> None:
    a = Num([3.0]) * 1.1
    y = functions.exp(a)
    assert y.err == pytest.approx(y.value * (ULPS["exp"] + a.err))
