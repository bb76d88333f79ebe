"""Where rounding may flip a branch: either answer is right, near the border only, and through what follows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from conformance import exact as e
from conformance.exact import Num, Precision, Truth, allowance, beyond, reach, vjp
from conformance.exact.integers import from_float, from_truth

pytestmark = pytest.mark.filterwarnings("error")

P = Precision.of("float32")
NEAR = 2.0**-25


def right(y: Num, got: list[float] | np.ndarray) -> list[bool]:
    answer = np.asarray(got, dtype=np.float64)
    return [bool(b) for b in (beyond(y, P, answer) <= allowance(y, P)).ravel()]


def test_a_branch_on_inputs_is_certain() -> None:
    a = Num([1.0, 1.0 + NEAR, 2.0])
    assert not e.greater(a, 1.0).either(P).any()
    for y in (e.where(e.greater(a, 1.0), 5.0, 7.0), e.floor(a), e.sign(a), e.largest(a, 0), e.maximum(a, 1.0)):
        assert reach(y, P) is None
        assert not y.branches
    assert right(e.floor(a), [1, 1, 1]) == [True, True, False]


def test_a_comparison_of_computed_values() -> None:
    a = Num([1.0, 1.0 + NEAR, 1.1, -5.0]) * 3.0
    over = e.greater(a, 3.0)
    assert list(over.value) == [False, True, True, False]
    assert list(over.either(P)) == [True, True, False, False]
    assert list(from_truth(over, P).admits(np.array([True, False, False, True]))) == [True, True, False, False]
    y = e.where(over, a * 10, Num([1.0, 2.0, 3.0, 4.0]))
    assert right(y, [1, 2, 3, 4]) == [True, True, False, True]
    assert right(y, [30, 30, 33, -150]) == [True, True, True, False]


def test_through_what_follows() -> None:
    a = Num([1.0, 1.1]) * 3.0
    y = e.where(e.greater(a, 3.0), 100.0, 2.0)
    for program, low, high in (
        (lambda v: v * -2.0 + 1.0, -199, -3),
        (e.log, np.log(2), np.log(100)),
        (lambda v: 1 / v, 0.01, 0.5),
        (lambda v: 1.0 / (v - 50.0), -np.inf, np.inf),
        (lambda v: e.matmul(v.reshape(1, 2), Num([[2.0], [0.0]])), 4, 200),
        (lambda v: e.total(e.stack([v, v], 0), 0), 4, 200),
        (lambda v: v[::-1], 2, 100),
        (lambda v: e.power(v - 50.0, 2.0), 0, 2500),
        (lambda v: e.cosh((v - 50.0) / 100.0), 1, np.cosh(0.5)),
        (lambda v: e.absolute(v - 50.0), 0, 50),
        (lambda v: e.sort(e.concatenate([v, Num([50.0])]))[0], 2, 50),
        (lambda v: e.softmax(v * 0.01), 0.273, 0.499),
    ):
        found = reach(program(y), P)
        assert found is not None
        assert found[0].min() <= (low + 1e-6 * abs(low) if np.isfinite(low) else low)
        assert found[1].max() >= high * (1 - 1e-6)
    # The other element is as certain as before.
    low, high = reach(y * 3.0, P) or (y.value, y.value)
    assert (low[1], high[1]) == (300.0, 300.0)
    wave = reach(e.sin(y), P)
    assert wave is not None
    assert (wave[0][0], wave[1][0]) == (-1, 1)


@pytest.mark.parametrize(("extreme", "low", "high"), [(e.maximum, 2.0, 100.0), (e.minimum, 1.0, 50.0)])
def test_the_extreme_of_two_that_branch_is_between_their_extremes(extreme: Any, low: float, high: float) -> None:
    for start in (1.0, 1.0 + NEAR):
        over = e.greater(Num([start]) * 3.0, 3.0)
        one, other = e.where(over, 100.0, 2.0), e.where(over, 50.0, 1.0)
        assert reach(extreme(one, other), P) == reach(extreme(other, one), P) == (low, high)


def test_every_flip_lies_within_the_range() -> None:
    """Interval arithmetic against all answers that come out when single decisions are flipped."""
    stream = np.random.RandomState(0)
    for _ in range(50):
        x = np.array([1.0, 1.0, 2.0, 0.5])
        w, other = stream.standard_normal((4, 3)), stream.standard_normal(4)

        def program(condition: Truth, x: np.ndarray = x, w: np.ndarray = w, other: np.ndarray = other) -> Num:
            y = e.where(condition, Num(x) * 2.0, other)
            z = e.tanh(e.matmul(y.reshape(1, 4), Num(w)))
            return e.softmax(z) * e.cumulative_sum(z, 1) - e.largest(z, 1, keepdims=True)

        condition = e.greater(Num(x) * 3.0, 3.0)
        assert list(condition.either(P)) == [True, True, False, False]
        found = reach(program(condition), P)
        assert found is not None
        for flips in np.ndindex(2, 2):
            mask = condition.value.copy()
            mask[:2] = flips
            answer = program(Truth(mask)).value
            assert (answer >= found[0] - 1e-9).all()
            assert (answer <= found[1] + 1e-9).all()


@pytest.mark.parametrize(
    ("step", "values", "others"),
    [
        (e.floor, [3.0, 3.5], [2.0, 3.0]),
        (e.ceil, [3.0, 3.5], [4.0, 4.0]),
        (e.trunc, [-3.0, -3.5], [-2.0, -3.0]),
        (e.round_half_even, [2.5, 2.7], [3.0, 3.0]),
        (e.sign, [0.0, 0.1], [1.0, 1.0]),
    ],
)
def test_steps(step: object, values: list[float], others: list[float]) -> None:
    a = Num(np.array(values) - 1.0) + 1.0
    y = step(a)  # type: ignore[operator]
    assert right(y, others) == [True, others[1] == y.value[1]]
    assert right(y, y.value) == [True, True]
    assert right(y, y.value + 2) == [False, False]
    (g,) = vjp([y], [Num(np.ones(2))], [a])
    assert not g.value.any()


def test_the_largest_of_computed_values() -> None:
    """Near ties: the bound of the other one counts, too, and the index may name either."""
    a = Num([[1.0, 1.0 + 2 * NEAR, 0.5], [1.0, 2.0, 3.0]]) * 3.0
    index = e.argmax(a, 1)
    assert list(index.value.ravel()) == [1, 2]
    assert list(index.admits(np.array([[0], [1]]), P).ravel()) == [True, False]
    assert list(index.admits(np.array([[2], [2]]), P).ravel()) == [False, True]
    assert list(index.admits(np.array([[-1], [3]]), P).ravel()) == [False, False]
    rough = e.concatenate([Num([[7.0]]), Num([[1e6]]) + 7.0 - Num([[1e6]])], 1)  # exact, and off by much
    y = e.largest(rough, 1)
    assert right(y, [7.05]) == [True]
    assert right(y, [6.99]) == [False]  # 7 itself is there
    assert right(y, [8.0]) == [False]


def test_sorted_computed_values() -> None:
    a = Num(np.array([1e6, 0.0, 3.0])) + Num(np.array([-1e6 + 2.0, 2.03, 0.0]))
    a = e.concatenate([Num([1e6]) + 2.0 - Num([1e6]), Num([2.03, 3.0])])
    values, index = e.sort(a)
    assert right(values, [2.03, 2.04, 3.0]) == [True, True, True]
    assert right(values, [2.03, 2.2, 3.0]) == [True, False, True]
    assert list(index.admits(np.array([1, 0, 2]), P)) == [True, True, True]
    assert list(index.admits(np.array([2, 1, 0]), P)) == [False, True, False]


def test_a_tie_in_a_maximum_may_give_its_gradient_to_any() -> None:
    a = Num([[1.0, 3.0, 3.0, 2.0]])
    (g,) = vjp([e.largest(a, 1)], [Num([6.0])], [a])
    for answer in ([0, 6, 0, 0], [0, 0, 6, 0], [0, 3, 3, 0]):
        assert all(right(g, [answer]))
    assert right(g, [[1.0, 5.0, 0.0, 0.0]]) == [False, True, True, True]
    assert right(g, [[0.0, 7.0, -1.0, 0.0]]) == [True, False, False, True]
    (g,) = vjp([e.largest(a[:, :2], 1)], [Num([6.0])], [a])
    assert reach(g, P) is None
    x, y = Num([1.0, 2.0]), Num([1.0, 3.0])
    gx, gy = vjp([e.maximum(x, y)], [Num([4.0, 4.0])], [x, y])
    assert right(gx, [0, 0]) == right(gx, [4, 0]) == right(gx, [2, 0]) == [True, True]
    assert right(gy, [4, 4]) == right(gy, [0, 4]) == [True, True]
    assert right(gx, [5, 4]) == [False, False]


def test_a_tie_in_a_sort_may_swap_its_gradients() -> None:
    a = Num([[2.0, 1.0, 2.0, 3.0], [1.0, 2.0, 3.0, 4.0]])
    (g,) = vjp([e.sort(a, 1)[0]], [Num([[1.0, 2.0, 3.0, 4.0]] * 2)], [a])
    assert all(right(g, [[2, 1, 3, 4], [1, 2, 3, 4]]))
    assert all(right(g, [[3, 1, 2, 4], [1, 2, 3, 4]]))
    assert right(g, [[1, 1, 3, 4], [1, 2, 3, 3]]) == [False, True, True, True, True, True, True, False]
    # Of two equal ones one is taken: either may be left out.
    (g,) = vjp([e.topk(a[0], 2)[0]], [Num([10.0, 20.0])], [a])
    assert all(right(g, [[0, 0, 20, 10], [0, 0, 0, 0]]))
    assert all(right(g, [[20, 0, 0, 10], [0, 0, 0, 0]]))
    assert not all(right(g, [[0, 20, 0, 10], [0, 0, 0, 0]]))


def test_the_gradient_through_an_open_branch() -> None:
    a = Num([1.0, 1.5])
    y = e.where(e.greater(a * 3.0, 3.0), a * 2, a * 5)
    (g,) = vjp([y], [Num([1.0, 1.0])], [a])
    assert right(g, [2, 2]) == right(g, [5, 2]) == [True, True]
    assert right(g, [5, 5]) == [True, False]
    (g,) = vjp([e.absolute(a * 3.0 - 3.0)], [Num([1.0, 1.0])], [a])
    assert right(g, [3, 3]) == right(g, [-3, 3]) == right(g, [0, 3]) == [True, True]


def test_logic() -> None:
    near = e.greater(Num([1.0, 1.0, 5.0, 5.0]) * 3.0, 3.0)  # open, open, true, true
    sure = e.greater(Num([1.0, 2.0, 1.0, 2.0]), 1.5)  # false, true, false, true
    assert list((near & sure).either(P)) == [False, True, False, False]
    assert list((near | sure).either(P)) == [True, False, False, False]
    assert list((near ^ sure).either(P)) == [True, True, False, False]
    assert list((~near).either(P)) == [True, True, False, False]
    assert list((near | sure).value) == [False, True, True, True]
    for test, values in (
        (e.less, [False, True, False]),
        (e.less_equal, [True, True, False]),
        (e.greater_equal, [True, False, True]),
        (e.equal, [True, False, False]),
        (e.not_equal, [False, True, True]),
    ):
        assert list(test(Num([1.0, 0.0, 3.0]), 1.0).value) == values
        assert list(test(Num([1.0, 0.0, 3.0]) * 3.0, 3.0).either(P)) == [True, False, False]


def test_a_cast_near_an_integer() -> None:
    a = Num([1.0, 1.5, 1e10, np.nan]) * 3.0
    found = from_float(a, "int32", P)
    assert list(found.value[:2]) == [3, 4]
    assert list(found.admits(np.array([2, 4, 77, 5], np.int32))) == [True, True, True, True]
    assert list(found.admits(np.array([1, 3, 0, 0], np.int32))) == [False, False, True, True]
