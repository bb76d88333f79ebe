"""Every primitive: its gradient against a central difference, its bound against float32 in adversarial orders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from conformance import exact as e
from conformance.exact import Num, Precision, allowance, beyond, vjp

pytestmark = pytest.mark.filterwarnings("error")

FLOAT32 = Precision.of("float32")
Program = Callable[..., Num]


@dataclass(frozen=True)
class Primitive:
    """A program over Num, the shapes of its inputs, and how they are drawn."""

    program: Program
    shapes: Sequence[tuple[int, ...]]
    draw: str = "normal"  # or "positive", "unit"


def windows(x: Num) -> Num:
    return e.windows(x, (2, 3), (1, 2), (2, 1), ((1, 0), (1, 1)), fill=0.0)


MASK = np.arange(12).reshape(3, 4) % 3 == 0
AT = np.array([[0, 2, 2], [1, 1, 0], [3, 0, 3]])

PRIMITIVES: dict[str, Primitive] = {
    "add": Primitive(lambda a, b: a + b, [(3, 4), (4,)]),
    "subtract": Primitive(lambda a, b: a - b, [(3, 1), (3, 4)]),
    "subtract from a constant": Primitive(lambda a: 1.1 - a, [(3, 4)]),
    "multiply": Primitive(lambda a, b: a * b, [(2, 1, 4), (3, 1)]),
    "multiply by itself": Primitive(lambda a: a * a, [(3, 4)]),
    "divide": Primitive(lambda a, b: a / b, [(3, 4), (4,)], "positive"),
    "divide a constant": Primitive(lambda a: 2.3 / a, [(3, 4)], "positive"),
    "negative": Primitive(lambda a: -a, [(3, 4)]),
    "slice": Primitive(lambda a: a[1:, ::-2], [(3, 4)]),
    "element": Primitive(lambda a: a[1, None, ..., 1], [(3, 4, 2)]),
    "gather": Primitive(lambda a: a[np.array([0, 2, 2, 1, 2])], [(3, 4)]),
    "mask": Primitive(lambda a: a[MASK], [(3, 4)]),
    "reshape": Primitive(lambda a: a.reshape(6, 2), [(3, 4)]),
    "transpose": Primitive(lambda a: a.transpose(2, 0, 1), [(3, 4, 2)]),
    "swapaxes": Primitive(lambda a: a.swapaxes(0, 2), [(3, 4, 2)]),
    "broadcast": Primitive(lambda a: e.broadcast(a, (2, 3, 4)), [(3, 1)]),
    "total": Primitive(lambda a: e.total(a, (0, 2)), [(3, 4, 2)]),
    "total, axes kept": Primitive(lambda a: e.total(a, 1, keepdims=True), [(3, 4, 2)]),
    "add up": Primitive(lambda a, b, c: e.add_up(e.total(a, 0), b, c), [(5, 3), (3,), (2, 3)]),
    "stored": Primitive(lambda a: e.stored(a * a), [(3, 4)]),
    "concatenate": Primitive(lambda a, b: e.concatenate([a, b, a], 1), [(3, 4), (3, 2)]),
    "stack": Primitive(lambda a, b: e.stack([a, b], -1), [(3, 4), (3, 4)]),
    "split": Primitive(lambda a: e.split(a, 2, 1)[1] * e.split(a, [1, 1, 2], 1)[2], [(3, 4)]),
    "pad": Primitive(lambda a: e.pad(a, [(1, -1), (-1, 2)], 3.0), [(3, 4)]),
    "pad by reflection": Primitive(lambda a: e.pad_like(a, [(2, 1), (0, 3)], "reflect"), [(3, 4)]),
    "flip": Primitive(lambda a: e.flip(a, (0, 1)), [(3, 4)]),
    "roll": Primitive(lambda a: e.roll(a, 3, 1), [(3, 4)]),
    "repeat": Primitive(lambda a: e.repeat(a, 3, 0), [(3, 4)]),
    "take": Primitive(lambda a: e.take(a, AT, 1), [(3, 4)]),
    "take along": Primitive(lambda a: e.take_along(a, AT, 1), [(3, 4)]),
    "scattered": Primitive(lambda a: e.scattered(a, AT, (5,)), [(3, 3)]),
    "where, by a mask": Primitive(lambda a, b: e.where(MASK, a, b), [(3, 4), (4,)]),
    "where": Primitive(lambda a, b: e.where(e.greater(a, 0.1), a * b, b), [(3, 4), (3, 1)]),
    "windows": Primitive(windows, [(2, 1, 3, 4)]),
    "maximum": Primitive(e.maximum, [(3, 4), (4,)]),
    "minimum": Primitive(e.minimum, [(3, 1), (3, 4)]),
    "clip": Primitive(lambda a: e.clip(a, -0.5, 0.7), [(3, 4)]),
    "absolute": Primitive(e.absolute, [(3, 4)]),
    "floor": Primitive(lambda a: e.floor(a) * a, [(3, 4)]),
    "sign": Primitive(lambda a: e.sign(a) * a, [(3, 4)]),
    "largest": Primitive(lambda a: e.largest(a, 1), [(3, 4, 2)]),
    "smallest": Primitive(lambda a: e.smallest(a, 0, keepdims=True), [(3, 4)]),
    "sort": Primitive(lambda a: e.sort(a, 1)[0], [(3, 4)]),
    "sort, descending": Primitive(lambda a: e.sort(a, 0, descending=True)[0], [(4, 3)]),
    "top k": Primitive(lambda a: e.topk(a, 2, 1)[0], [(3, 4)]),
    "mean": Primitive(lambda a: e.mean(a, (0, 1)), [(3, 5, 2)]),
    "variance": Primitive(lambda a: e.variance(a, 1), [(3, 5)]),
    "variance of a sample": Primitive(lambda a: e.variance(a, 0, keepdims=True, ddof=1), [(5, 3)]),
    "product": Primitive(lambda a: e.product(a, 1), [(3, 5)]),
    "cumulative sum": Primitive(lambda a: e.cumulative_sum(a, 1), [(3, 5)]),
    "softmax": Primitive(e.softmax, [(3, 5)]),
    "log softmax": Primitive(lambda a: e.log_softmax(a, 0), [(3, 5)]),
    "logsumexp": Primitive(lambda a: e.logsumexp(a, 1), [(3, 5)]),
    "einsum": Primitive(lambda a, b: e.einsum("bij,bkj->bki", a, b), [(2, 3, 4), (2, 5, 4)]),
    "einsum that sums alone": Primitive(lambda a, b: e.einsum("ij,k->ki", a, b), [(3, 4), (2,)]),
    "matmul": Primitive(e.matmul, [(2, 3, 4), (4, 5)]),
    "exp": Primitive(e.exp, [(3, 4)]),
    "expm1": Primitive(e.expm1, [(3, 4)]),
    "log": Primitive(e.log, [(3, 4)], "positive"),
    "log1p": Primitive(e.log1p, [(3, 4)], "positive"),
    "tanh": Primitive(e.tanh, [(3, 4)]),
    "sinh": Primitive(e.sinh, [(3, 4)]),
    "cosh": Primitive(e.cosh, [(3, 4)]),
    "sin": Primitive(e.sin, [(3, 4)]),
    "cos": Primitive(e.cos, [(3, 4)]),
    "erf": Primitive(e.erf, [(3, 4)]),
    "one plus erf": Primitive(e.one_plus_erf, [(3, 4)]),
    "erfc": Primitive(e.erfc, [(3, 4)]),
    "sqrt": Primitive(e.sqrt, [(3, 4)], "positive"),
    "rsqrt": Primitive(e.rsqrt, [(3, 4)], "positive"),
    "sigmoid": Primitive(e.sigmoid, [(3, 4)]),
    "softplus": Primitive(e.softplus, [(3, 4)]),
    "reciprocal": Primitive(e.reciprocal, [(3, 4)], "positive"),
    "square": Primitive(e.square, [(3, 4)]),
    "lgamma": Primitive(e.lgamma, [(3, 4)], "positive"),
    "power": Primitive(e.power, [(3, 4), (4,)], "positive"),
    "power with an integer": Primitive(lambda a: e.power(a, 3.0), [(3, 4)]),
}


def drawn(p: Primitive, seed: int = 0) -> list[np.ndarray]:
    """Inputs that float32 holds."""
    stream = np.random.RandomState(seed)
    found = [stream.standard_normal(s) for s in p.shapes]
    if p.draw == "positive":
        found = [abs(x) + 0.25 for x in found]
    return [x.astype(np.float32).astype(np.float64) for x in found]


@pytest.mark.parametrize("name", PRIMITIVES)
def test_gradient_is_the_slope(name: str) -> None:
    p = PRIMITIVES[name]
    arrays = drawn(p)
    stream = np.random.RandomState(1)
    inputs = [Num(x) for x in arrays]
    y = p.program(*inputs)
    cotangent = stream.standard_normal(y.shape)
    gradients = vjp([y], [Num(cotangent)], inputs)
    directions = [stream.standard_normal(x.shape) for x in arrays]

    def along(step: float) -> float:
        moved = [Num(x + step * d) for x, d in zip(arrays, directions, strict=True)]
        return float((p.program(*moved).value * cotangent).sum())

    numeric = (8 * (along(1e-4) - along(-1e-4)) - (along(2e-4) - along(-2e-4))) / 12e-4
    taped = sum(float((g.value * d).sum()) for g, d in zip(gradients, directions, strict=True))
    assert all(g.shape == x.shape for g, x in zip(gradients, arrays, strict=True))
    assert taped == pytest.approx(numeric, rel=1e-8, abs=1e-9)


# Programs that NumPy can run in float32 as they stand: what a framework may do.
def _softmax32(a: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        x = np.exp(a - a.max(-1, keepdims=True))
        return x / x.sum(-1, keepdims=True, dtype=np.float32)


def _backwards(a: np.ndarray, axis: int) -> np.ndarray:
    return np.cumsum(np.flip(a, axis), axis=axis, dtype=np.float32).take(-1, axis)


IN_FLOAT32: dict[str, tuple[Program, Callable[..., Any], int]] = {
    "add": (lambda a, b: a + b, lambda a, b: a + b, 2),
    "subtract": (lambda a, b: a - b, lambda a, b: a - b, 2),
    "multiply": (lambda a, b: a * b, lambda a, b: a * b, 2),
    "divide": (lambda a, b: a / b, lambda a, b: a / b, 2),
    "three in a row": (lambda a, b: (a + b) * a - b, lambda a, b: (a + b) * a - b, 2),
    "difference of squares": (lambda a, b: a * a - b * b, lambda a, b: a * a - b * b, 2),
    "constant": (lambda a: a * 0.1 + 0.7, lambda a: a * np.float32(0.1) + np.float32(0.7), 1),
    "sum": (lambda a: e.total(a, 1), lambda a: _backwards(a, 1), 1),
    "mean": (lambda a: e.mean(a, 1), lambda a: _backwards(a, 1) * np.float32(1 / 300), 1),
    "variance": (
        lambda a: e.variance(a, 1),
        lambda a: _backwards((a - (_backwards(a, 1) / np.float32(300))[:, None]) ** 2, 1) / np.float32(300),
        1,
    ),
    "cumulative sum": (lambda a: e.cumulative_sum(a, 1), lambda a: np.cumsum(a, 1, dtype=np.float32), 1),
    "product": (lambda a: e.product(a[:, :9], 1), lambda a: np.multiply.accumulate(a[:, :9], 1)[:, -1], 1),
    "softmax": (e.softmax, _softmax32, 1),
    "scatter": (
        lambda a: e.scattered(a[:, :3], np.arange(120).reshape(40, 3) % 2, (2,)),
        lambda a: np.array([_backwards(a[:, :3].reshape(-1)[k::2], 0) for k in range(2)]),
        1,
    ),
    "tanh of a product": (lambda a, b: e.tanh(a * b), lambda a, b: np.tanh(a * b), 2),
    "log of a sum": (lambda a, b: e.log(a * a + b * b), lambda a, b: np.log(a * a + b * b), 2),
    "root of a sum": (lambda a, b: e.sqrt(a * a + b * b), lambda a, b: np.sqrt(a * a + b * b), 2),
    "power": (lambda a, b: e.power(e.absolute(a), b), lambda a, b: np.power(abs(a), b), 2),
}


@pytest.mark.parametrize("one_sign", [False, True])
@pytest.mark.parametrize("name", IN_FLOAT32)
def test_the_error_is_bounded_and_the_bound_is_not_empty(name: str, one_sign: bool) -> None:
    program, single, count = IN_FLOAT32[name]
    worst = 0.0
    for seed in range(4):
        stream = np.random.RandomState(seed)
        arrays = [stream.standard_normal((40, 300)).astype(np.float32) for _ in range(count)]
        if one_sign:
            arrays = [abs(a) for a in arrays]
        y = program(*(Num(a) for a in arrays))
        got = single(*arrays)
        assert got.dtype == np.float32
        off, allowed = beyond(y, FLOAT32, got.astype(np.float64)), allowance(y, FLOAT32)
        assert (off <= allowed).all()
        worst = max(worst, float((off / allowed).max()))
    assert worst > 1e-3


@pytest.mark.parametrize("name", [n for n, (_, _, count) in IN_FLOAT32.items() if n != "scatter"])
def test_gradients_have_a_bound(name: str) -> None:
    """The chain rule in float32, by the same program on float32 values: each Num rounded is a possible computation."""
    program, _, count = IN_FLOAT32[name]
    stream = np.random.RandomState(9)
    arrays = [abs(stream.standard_normal((4, 300))).astype(np.float32).astype(np.float64) for _ in range(count)]
    inputs = [Num(a) for a in arrays]
    y = program(*inputs)
    for g in vjp([y], [Num(np.ones(y.shape))], inputs):
        allowed = allowance(g, FLOAT32)
        assert np.isfinite(allowed).all()
        assert (allowed >= FLOAT32.out_u * abs(g.value)).all() or g.exact


def test_an_input_that_nothing_depends_on_has_no_gradient() -> None:
    a, b = Num(np.ones((2, 3))), Num(np.ones(4))
    da, db = vjp([a * 2], [Num(np.ones((2, 3)))], [a, b])
    assert np.array_equal(da.value, np.full((2, 3), 2.0))
    assert np.array_equal(db.value, np.zeros(4))


def test_an_output_that_is_an_input_and_two_outputs() -> None:
    a = Num([1.0, 2.0])
    (da,) = vjp([a, a * a], [Num([10.0, 20.0]), Num([1.0, 1.0])], [a])
    assert np.array_equal(da.value, [12.0, 24.0])


def test_a_cotangent_has_the_shape_of_its_output() -> None:
    a = Num([1.0, 2.0])
    with pytest.raises(ValueError, match="cotangent of shape"):
        vjp([a], [Num(1.0)], [a])


def test_a_long_recurrence() -> None:
    """2,000 steps: no recursion anywhere, forward, backward, channels and ranges."""
    w, h = Num(np.array([[0.5, 0.1], [0.2, 0.3]])), Num(np.ones((1, 2)))
    y = h
    for _ in range(2000):
        y = e.tanh(e.einsum("ij,jk->ik", y, w))
    dw, dh = vjp([y], [Num(np.ones((1, 2)))], [w, h])
    for n in (y, dw, dh):
        assert np.isfinite(allowance(n, FLOAT32)).all()
        assert e.reach(n, FLOAT32) is None
        assert np.isfinite(n.energy).all()


def test_nothing_but_the_value_is_computed_unasked() -> None:
    a = Num(np.ones((50, 50)))
    y = e.softmax(e.matmul(a, a) + 1.0)
    todo, seen = [y], 0
    while todo:
        node = todo.pop()
        seen += 1
        assert not node._channels
        assert not node._ranges
        todo.extend(edge.parent for edge in node.edges)
    assert seen > 5


def test_moves_are_exact_and_arithmetic_is_not() -> None:
    a = Num(np.arange(12.0).reshape(3, 4))
    for name in ("slice", "gather", "transpose", "concatenate", "stack", "pad", "flip", "roll", "repeat", "take along"):
        p = PRIMITIVES[name]
        y = p.program(*(Num(x) for x in drawn(p)))
        assert y.exact, name
        assert not allowance(y, FLOAT32).any()
    assert e.largest(a, 1).exact
    assert e.where(e.greater(a, 3), a, 0.0).exact
    assert not (a + 1).exact
    assert not (a * 2).exact
    assert (a * 2).err.max() == 0


def test_constants_are_rounded_where_float32_does_not_hold_them() -> None:
    a = Num([1.0])
    assert (a * 0.1).err[0] == pytest.approx(0.2)
    assert (a * 0.75).err[0] == pytest.approx(0.75)
    assert (a * 0.5).err[0] == 0
    assert (a + np.array([0.1, 3.0])).err == pytest.approx([1.2, 4.0])


def test_stored_counts_in_the_dtype_of_the_case() -> None:
    a, b = Num(np.full(3, 1.5)), Num(np.full(3, 2.0))
    y = e.stored(a * b) * b
    assert np.array_equal(y.stored, np.full(3, 6.0))
    narrow, wide = Precision.of("bfloat16"), Precision.of("float32")
    assert np.allclose(allowance(y, narrow), 2.0**-8 * (6 + 6), rtol=1e-3)
    assert np.allclose(allowance(y, wide), 2.0**-24 * (6 + 6 + y.err), rtol=1e-3)
    twice = Precision.of("float64")
    assert np.allclose(allowance(y, twice), 2 * 2.0**-53 * (6 + 6 + y.err), rtol=1e-9)


def test_too_many_roundings_for_a_bound() -> None:
    y = e.total(Num(np.ones(2**9)))
    with pytest.raises(ValueError, match="511 roundings"):
        allowance(y, Precision(2.0**-8, 2.0**-8, 0.0, 0.0))


def test_channels_stay_finite_where_the_value_is() -> None:
    """Infinite slopes and infinite values beside finite ones, without a warning from NumPy."""
    a = Num(np.array([0.0, 1.0, np.inf, np.nan, -1.0, 1e200]))
    programs: list[Program] = [
        e.sqrt,
        e.log,
        e.rsqrt,
        e.reciprocal,
        lambda x: e.exp(-x),
        lambda x: 1 / (x * x),
        lambda x: x / x,
        lambda x: x - x,
        lambda x: e.sqrt(x * x),
        lambda x: e.power(x, 0.5),
        lambda x: e.maximum(x, 0.5) + e.minimum(x, 0.5),
        lambda x: e.softmax(x.reshape(2, 3)),
        lambda x: e.total(x) * x,
        lambda x: e.where(e.greater(x * 1.5, 0.0), x, e.log(x)),
        lambda x: e.floor(x * 1.5) + e.sign(x) + e.absolute(x),
        lambda x: e.sort(x * 3.0)[0],
        lambda x: e.matmul(x.reshape(2, 3), x.reshape(3, 2)),
        lambda x: e.cumulative_sum(x, 0),
        lambda x: e.sinh(x) + e.sin(x) + e.lgamma(x) + e.erf(x) + e.softplus(x),
    ]
    for program in programs:
        y = program(a)
        (g,) = vjp([y], [Num(np.ones(y.shape))], [a])
        for n in (y, g):
            assert np.isfinite(allowance(n, FLOAT32)).all()
            assert np.isfinite(n.energy[np.isfinite(n.value)]).all()
            found = e.reach(n, FLOAT32)
            assert found is None or not np.isnan(found[0][np.isfinite(n.value)]).any()


def test_signed_zeros_are_ieee() -> None:
    z = Num([0.0, -0.0])
    for y, negative in (
        (-z, [True, False]),
        (z * -1.0, [True, False]),
        (z + 0.0, [False, False]),
        (e.flip(z, 0), [True, False]),
        (e.sqrt(z), [False, True]),
        (e.floor(z), [False, True]),
        (e.sign(z), [False, True]),
        (e.round_half_even(Num([0.3, -0.3])), [False, True]),
        (e.tanh(z), [False, True]),
        (e.absolute(z), [False, False]),
    ):
        assert list(np.signbit(y.value)) == negative


def test_energy_of_a_sum_of_products() -> None:
    stream = np.random.RandomState(3)
    x, w, b = stream.standard_normal((5, 6)), stream.standard_normal((6,)), stream.standard_normal(5)
    right = (x**2) @ (w**2)
    np.testing.assert_allclose(e.matmul(Num(x), Num(w)).energy, right)
    np.testing.assert_allclose(e.total(Num(x) * Num(w), 1).energy, right)
    np.testing.assert_allclose((e.total(Num(x) * Num(w), 1) + Num(b)).energy, right + b**2)
    np.testing.assert_allclose(e.total(Num(x), 1).energy, (x**2).sum(1))
    np.testing.assert_allclose(e.add_up(e.stored(e.matmul(Num(x), Num(w))), Num(b)).energy, right + b**2)


@pytest.mark.parametrize("one", [3.3, 0.1, 1e4, 0.0])
def test_errors_of_equal_values(one: float) -> None:
    """Distances from the mean that are nothing but error: squares, roots and products of them have a tight bound."""
    x = np.full((3, 100), one, np.float32)
    a = Num(x)
    off32 = x - (_backwards(x, 1) / np.float32(100))[:, None]
    variance32 = _backwards(off32 * off32, 1) / np.float32(100)
    off = a - e.mean(a, 1, keepdims=True)
    variance = e.variance(a, 1)
    for y, got in (
        (variance, variance32),
        (e.sqrt(variance), np.sqrt(variance32)),
        (e.matmul(off, off.transpose()), off32 @ off32.T),
        (e.square(off), off32 * off32),
    ):
        assert (beyond(y, FLOAT32, got.astype(np.float64)) <= allowance(y, FLOAT32)).all()
    assert (allowance(variance, FLOAT32) <= (1e-4 * one) ** 2 + 1e-40).all()
    found = e.reach(e.sqrt(variance), FLOAT32)
    assert found is not None
    assert (found[1] <= 1e-4 * one + 1e-18).all()
    assert (allowance(e.sqrt(variance), FLOAT32) <= 1e-4 * one + 1e-18).all()
