"""Contractions: equal to the convolution's reference on random geometries; a bound for any order of summation."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest

from conformance.exact import Num, Precision, add_up, allowance, convolution, einsum, matmul, stored, vjp
from conformance.exact.contraction import to_kernel, to_large, to_small
from conformance.exact.trilinear import Axis, matrix
from conformance.ops import OPS

pytestmark = pytest.mark.filterwarnings("error")


def drawn(seed: int) -> tuple[Any, dict[str, np.ndarray]] | None:
    """A random convolution or transposed convolution with its inputs; None where the parameters are refused."""
    stream = np.random.RandomState(seed)
    kind = OPS[("conv", "conv_transpose")[seed % 2]]
    dims, groups = int(stream.randint(1, 4)), int(stream.randint(1, 3))

    def per_axis(low: int, high: int) -> tuple[int, ...]:
        return tuple(int(i) for i in stream.randint(low, high, dims))

    given = {name: field.default for name, field in kind.fields().items()} | {
        "dims": dims,
        "batch": int(stream.randint(1, 3)),
        "groups": groups,
        "in_channels": groups * int(stream.randint(1, 4)),
        "out_channels": groups * int(stream.randint(1, 4)),
        "size": per_axis(2, 6),
        "kernel": per_axis(1, 4),
        "stride": per_axis(1, 4),
        "dilation": per_axis(1, 3),
        "padding": tuple(zip(per_axis(0, 3), per_axis(0, 3), strict=True)),
        "bias": bool(seed // 2 % 2),
        "convention": "jax",
    }
    op = kind.bind(given)
    if op.refusal() is not None or 0 in op.outputs()[0].shape:
        return None
    return op, {t.name: stream.standard_normal(t.shape) for t in op.inputs()}


def same(ours: Num, value: np.ndarray, magnitude: np.ndarray, energy: np.ndarray, products: int) -> None:
    np.testing.assert_allclose(ours.value, value, atol=1e-12 * (1 + np.abs(magnitude).max(initial=0)))
    np.testing.assert_allclose(ours.energy, energy, rtol=1e-9)
    p = Precision.of("float32")
    gamma = products * p.u / (1 - products * p.u)
    most = gamma * magnitude + p.out_u * (np.abs(value) + magnitude) + products * p.eta + p.out_eta / 2
    assert (allowance(ours, p) <= most * (1 + 1e-9)).all()
    assert (allowance(ours, p) >= p.out_u * np.abs(value)).all()


@pytest.mark.parametrize("transposed", [False, True])
def test_equal_to_the_convolution(transposed: bool) -> None:
    """Held against the explicit incidence matrix, which shares no code with the contractions."""
    seen = 0
    for seed in range(transposed, 240, 2):
        case = drawn(seed)
        if case is None:
            continue
        op, arrays = case
        seen += 1
        x, w, *b = (Num(arrays[t.name]) for t in op.inputs())
        geometry, g = op.geometry(), op.groups
        joined = matrix(geometry)  # (taps, large, small)
        kernel = arrays["w"].reshape(g, *arrays["w"].shape[1:3], -1)  # GIOt
        flat = arrays["x"].reshape(op.batch, g, op.in_channels // g, -1)
        bias = arrays["b"].reshape(g, -1, 1) if b else np.zeros((g, 1, 1))
        way = "ngip,giot,tqp->ngoq" if transposed else "ngip,giot,tpq->ngoq"
        letters = way.partition("->")[0].split(",")
        cotangent = np.random.RandomState(seed).standard_normal(op.outputs()[0].shape)
        dy = cotangent.reshape(op.batch, g, op.out_channels // g, -1)
        back = {"x": (f"ngoq,giot,{letters[2]}->ngip", kernel), "w": (f"ngoq,ngip,{letters[2]}->giot", flat)}

        def through(f: Any, equation: str, one: np.ndarray, other: np.ndarray, joined: np.ndarray = joined) -> Any:
            return np.einsum(equation, f(one), f(other), joined)

        y = op.compute(x, w, *b)
        parts = [through(f, way, flat, kernel) + f(bias) for f in (np.asarray, np.abs, np.square)]
        taps = joined.shape[0]
        same(y, *(part.reshape(y.shape) for part in parts), op.in_channels // g * taps + 1)
        for name, made in zip("xw", vjp([y], [Num(cotangent)], [x, w]), strict=True):
            equation, other = back[name]
            parts = [through(f, equation, dy, other) for f in (np.asarray, np.abs, np.square)]
            same(made, *(part.reshape(made.shape) for part in parts), op.products())
    assert seen >= 60


def test_the_bound_is_that_of_a_sum_of_products() -> None:
    """Without padding every element has n products: then the bounds are the same ones."""
    stream = np.random.RandomState(1)
    x, w, b = (stream.standard_normal(s) for s in ((2, 3, 7, 7), (1, 3, 4, 3, 3), (4,)))
    axis = Axis(small=5, large=7, kernel=3, stride=1, dilation=1, lo=0)
    y = convolution(Num(x), Num(w), None, (axis, axis), transposed=False)
    n, p = 27, Precision.of("bfloat16")
    magnitude = convolution(Num(abs(x)), Num(abs(w)), None, (axis, axis), transposed=False).value
    gamma = n * p.u / (1 - n * p.u)
    right = gamma * magnitude + p.out_u * abs(y.value) + n * p.eta + p.out_eta / 2
    np.testing.assert_allclose(allowance(y, p), right, rtol=1e-12)
    with_bias = convolution(Num(x), Num(w), Num(b), (axis, axis), transposed=False)
    added = abs(b).reshape(4, 1, 1)
    gamma = (n + 1) * p.u / (1 - (n + 1) * p.u)
    most = gamma * (magnitude + added) + p.out_u * (abs(y.value) + abs(with_bias.value)) + n * p.eta + p.out_eta / 2
    least = most - (p.u + gamma / n) * added
    assert (allowance(with_bias, p) <= most).all()
    assert (allowance(with_bias, p) >= least).all()


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_products_are_what_an_element_sums(stride: int) -> None:
    axis = Axis(small=4, large=9, kernel=3, stride=stride, dilation=2, lo=1)
    joined = matrix((axis,))  # (taps, large, small)
    ones = {"s": Num(np.ones((2, 1, 3, 4))), "l": Num(np.ones((2, 1, 2, 9))), "k": Num(np.ones((1, 3, 2, 3)))}
    large, small = to_large(ones["s"], ones["k"], (axis,)), to_small(ones["l"], ones["k"], (axis,))
    kernel = to_kernel(ones["s"], ones["l"], (axis,))
    # All ones: the number of products is the sum itself, and the magnitude, too.
    for y, counts in ((large, joined.sum((0, 2)) * 3), (small, joined.sum((0, 1)) * 2)):
        assert np.array_equal(y.value, np.broadcast_to(counts, y.shape))
        assert np.array_equal(y.err, y.value**2)
        assert np.array_equal(y.tiny, y.value)
    assert np.array_equal(kernel.err, kernel.value**2)


def test_an_infinity_touches_what_the_definition_names() -> None:
    axis = Axis(small=4, large=4, kernel=3, stride=1, dilation=1, lo=1)
    x = np.arange(4.0).reshape(1, 1, 1, 4) + 1
    x[..., 3] = np.inf
    w = Num(np.array([1.0, 2.0, 3.0]).reshape(1, 1, 1, 3))
    y = to_small(Num(x), w, (axis,))
    assert np.array_equal(y.value.ravel(), [8.0, 14.0, np.inf, np.inf])
    assert np.array_equal(y.err.ravel(), [2 * 8.0, 3 * 14.0, 0.0, 0.0])
    assert np.isfinite(y.energy).all()
    assert np.isfinite(allowance(y, Precision.of("float32"))).all()


EQUATIONS = ["ik,kj->ij", "bik,bkj->bij", "bhqd,bhkd->bhqk", "i,j->ij", "i,i->", "nk,ghk->gnh", "abc,cb->a", "ij,kj->k"]


@pytest.mark.parametrize("equation", EQUATIONS)
def test_einsum(equation: str) -> None:
    stream = np.random.RandomState(2)
    sizes = dict(zip("abcdghijknq", (2, 3, 4, 5, 2, 3, 4, 2, 3, 5, 2), strict=True))
    left, right = equation.partition("->")[0].split(",")
    a, b = (stream.randint(-9, 9, [sizes[c] for c in letters]).astype(float) for letters in (left, right))
    x, w = Num(a), Num(b)
    y = einsum(equation, x, w)
    assert np.array_equal(y.value, np.einsum(equation, a, b))
    cotangent = stream.randint(-9, 9, y.shape).astype(float)
    dx, dw = vjp([y], [Num(cotangent)], [x, w])
    for moved in np.ndindex(a.shape):  # linear, and all in integers: a difference is the gradient
        step = np.zeros(a.shape)
        step[moved] = 1
        assert (np.einsum(equation, step, b) * cotangent).sum() == dx.value[moved]
    for moved in np.ndindex(b.shape):
        step = np.zeros(b.shape)
        step[moved] = 1
        assert (np.einsum(equation, a, step) * cotangent).sum() == dw.value[moved]


@pytest.mark.parametrize("equation", ["ii,ij->j", "ij,jk", "ij,jk->iq"])
def test_einsum_refuses_what_it_does_not_mean(equation: str) -> None:
    with pytest.raises(ValueError, match=r"einsum|what comes out"):
        einsum(equation, Num(np.ones((2, 2))), Num(np.ones((2, 2))))


@pytest.mark.parametrize(
    ("left", "right"), [((3,), (3,)), ((3,), (3, 2)), ((2, 3), (3,)), ((2, 1, 4, 3), (5, 3, 2)), ((2, 3), (4, 3, 5))]
)
def test_matmul(left: tuple[int, ...], right: tuple[int, ...]) -> None:
    stream = np.random.RandomState(3)
    a, b = stream.standard_normal(left), stream.standard_normal(right)
    y = matmul(Num(a), Num(b))
    np.testing.assert_allclose(y.value, np.matmul(a, b), rtol=1e-13)
    assert y.shape == np.matmul(a, b).shape


def orders(terms: np.ndarray, start: np.ndarray | None = None) -> list[np.ndarray]:
    """float32 sums over axis 0: forwards, backwards, the largest first, in pairs."""
    single = terms.astype(np.float32)
    by_size = np.take_along_axis(single, np.argsort(-abs(single), axis=0), 0)
    found = []
    for order in (single, single[::-1], by_size, by_size[::-1]):
        s = np.zeros(order.shape[1:], np.float32) if start is None else start.astype(np.float32)
        for term in order:
            s = s + term
        found.append(s)
    return found


@pytest.mark.parametrize("one_sign", [False, True])
@pytest.mark.parametrize("n", [3, 40, 700])
def test_a_bound_for_any_order(n: int, one_sign: bool) -> None:
    stream = np.random.RandomState(n)
    a, b = (stream.standard_normal((n, 200)).astype(np.float32) for _ in range(2))
    if one_sign:
        a, b = abs(a), abs(b)
    x, w = Num(a.T.astype(float)), Num(b.T.astype(float))
    y = einsum("in,in->i", x, w)
    allowed = allowance(y, Precision.of("float32"))
    worst = max(float((abs(s - y.value) / allowed).max()) for s in orders(a * b))
    assert worst <= 1
    assert worst > (1e-3 if n < 100 else 1e-4)


def test_a_bias_may_be_first_or_last() -> None:
    stream = np.random.RandomState(4)
    n = 30
    a, b = (stream.standard_normal((n, 400)).astype(np.float32) for _ in range(2))
    bias = (1000 * stream.standard_normal(400)).astype(np.float32)
    y = add_up(stored(einsum("in,in->i", Num(a.T.astype(float)), Num(b.T.astype(float)))), Num(bias.astype(float)))
    allowed = allowance(y, Precision.of("float32"))
    first = orders(a * b, bias)
    last = [s + bias for s in orders(a * b)]
    fractions = [float((abs(s - y.value) / allowed).max()) for s in (*first, *last)]
    assert max(fractions) <= 1
    # The bound for a bias that comes last would not cover one that comes first.
    products = einsum("in,in->i", Num(a.T.astype(float)), Num(b.T.astype(float)))
    plain = allowance(products + Num(bias.astype(float)), Precision.of("float32"))
    assert max(float((abs(s - y.value) / plain).max()) for s in first) > 1


def test_values_are_exact_rationals_rounded() -> None:
    stream = np.random.RandomState(5)
    a, b = stream.standard_normal((3, 6)), stream.standard_normal((6, 2))
    y = einsum("ik,kj->ij", Num(a), Num(b))
    for i, j in product(range(3), range(2)):
        right = sum(Fraction(a[i, k]) * Fraction(b[k, j]) for k in range(6))
        assert abs(Fraction(y.value[i, j]) - right) <= Fraction(y.err[i, j]) * Fraction(1, 2**53)
