"""Linear algebra against exact rationals, and its bounds against NumPy in float32."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations
from typing import Any

import numpy as np
import pytest

from conformance.dtypes import DTYPES
from conformance.exact import Num
from conformance.exact.solving import determinant, eliminated, factored, inverse, least_squares, solved
from conformance.judge.relations import held
from conformance.ops.base import Op, ParamError
from conformance.ops.reference import Reference
from conformance.suite.values import make_inputs
from conformance.verdict import Status
from tests.strategies import a_case, parameters

Array = np.ndarray[Any, Any]
STREAM = np.random.RandomState(7)


def rational(a: Array) -> list[list[Fraction]]:
    return [[Fraction(float(x)) for x in row] for row in a]


def by_cramer(a: Array, b: Array) -> Array:
    """The solution, exactly, as floats."""
    n = len(a)
    whole = by_leibniz(a)
    x = [
        [by_leibniz(np.column_stack([a[:, :j], b[:, k], a[:, j + 1 :]])) / whole for k in range(b.shape[1])]
        for j in range(n)
    ]
    return np.array(x, dtype=float)


def by_leibniz(a: Array) -> Fraction:
    """The determinant, by its definition."""
    rows, total = rational(a), Fraction(0)
    for order in permutations(range(len(a))):
        sign = (-1) ** sum(order[i] > order[j] for i in range(len(a)) for j in range(i + 1, len(a)))
        term = Fraction(sign)
        for i, j in enumerate(order):
            term *= rows[i][j]
        total += term
    return total


def drawn(op: Op) -> dict[str, Array]:
    case = a_case(op.name, "float64", "normal", **op.given())
    return make_inputs(case)


def test_solutions_are_exact() -> None:
    given = drawn(parameters("solve", shape=[4, 4], columns=2))
    right = by_cramer(given["a"], given["b"])
    np.testing.assert_allclose(parameters("solve", shape=[4, 4]).evaluate(given)["x"].value, right, rtol=1e-13)
    np.testing.assert_allclose(inverse(Num(given["a"])).value, by_cramer(given["a"], np.eye(4)), rtol=1e-12)
    np.testing.assert_allclose(determinant(Num(given["a"])).value, float(by_leibniz(given["a"])), rtol=1e-13)


@pytest.mark.parametrize("n", [1, 2, 5, 16])
@pytest.mark.parametrize("spread", [1.0, 1e3])
def test_bounds_hold_for_float32_and_are_not_empty(n: int, spread: float) -> None:
    """Of matrices that are ill conditioned, too: rows of very different sizes."""
    for _ in range(20):
        a = (STREAM.standard_normal((n, n)) * np.geomspace(1, spread, n)[:, None]).astype(np.float32)
        b = STREAM.standard_normal((n, 2)).astype(np.float32)
        square = (a @ a.T + np.eye(n) * spread).astype(np.float32)
        exactly = {name: m.astype(np.float64) for name, m in (("a", a), ("b", b), ("square", square))}
        for made, got in (
            (solved(Num(exactly["a"]), Num(exactly["b"])), np.linalg.solve(a, b)),
            (inverse(Num(exactly["a"])), np.linalg.inv(a)),
            (determinant(Num(exactly["a"])), np.linalg.det(a)),
            (factored(exactly["square"]), np.linalg.cholesky(square)),
        ):
            allowed = Reference.of(made).allowance("float32")
            off = np.abs(made.value - got)
            assert (off <= allowed).all()
            assert (allowed > 0).any()


def test_a_bound_is_as_tight_as_the_matrix_is_well_conditioned() -> None:
    given = drawn(parameters("solve", shape=[8, 8], columns=1))
    made = Reference.of(solved(Num(given["a"]), Num(given["b"])))
    assert (made.allowance("float32") < 3e-5 * np.abs(made.value).max()).all()


@pytest.mark.parametrize("shape", [(6, 3), (3, 6), (4, 4), (5, 1)])
def test_least_squares(shape: tuple[int, int]) -> None:
    a, b = STREAM.standard_normal(shape).astype(np.float32), STREAM.standard_normal((shape[0], 2)).astype(np.float32)
    for right, got in (
        (least_squares(a.astype(float), b.astype(float)), np.linalg.lstsq(a, b)[0]),
        (least_squares(a.astype(float), None), np.linalg.pinv(a)),
    ):
        allowed = Reference.of(right).allowance("float32")
        assert (np.abs(right.value - got) <= allowed).all()
        assert (allowed < 1e-2 * np.abs(right.value).max()).all()
    # By its normal equations, in rational numbers.
    if shape[0] >= shape[1]:
        normal = np.array(
            [[float(sum(x * y for x, y in zip(p, q, strict=True))) for q in rational(a.T)] for p in rational(a.T)]
        )
        np.testing.assert_allclose(
            least_squares(a.astype(float), b.astype(float)).value,
            np.linalg.solve(normal, a.T.astype(float) @ b),
            rtol=1e-9,
        )


def test_what_elimination_works_with() -> None:
    # Rows are exchanged: 4 is the first pivot, then 1; |L||U| is [[2.5, 2], [4, 2]] by hand: l = 1/2, u = 2 - 1 = 1.
    assert eliminated(np.array([[2.0, 2.0], [4.0, 2.0]])).tolist() == [[4.0]]
    assert eliminated(np.array([[1e-3, 1.0], [1.0, 1.0]])).item() == pytest.approx(1.0, rel=1e-2)
    assert eliminated(np.zeros((2, 0, 0))).tolist() == [[[0.0]], [[0.0]]]


def judged(op: Op, given: dict[str, Array], **answer: Array) -> set[str]:
    """The relations that do not hold of an answer."""
    return {r.text for r in op.relations() if held(r, given, answer, DTYPES["float32"])[0] is not Status.PASS}


def test_singular_vectors() -> None:
    op = parameters("svd", shape=[4, 3])
    x = STREAM.standard_normal((4, 3)).astype(np.float32)
    u, s, vh = np.linalg.svd(x)
    given = {"x": x.astype(np.float64)}
    assert judged(op, given, u=u, s=s, vh=vh) == set()
    signs = np.array([1.0, -1.0, -1.0], np.float32)
    assert judged(op, given, u=np.c_[u[:, :3] * signs, -u[:, 3:]], s=s, vh=vh * signs[:, None]) == set()
    assert judged(op, given, u=u, s=s, vh=vh.T) == {"u s vh = x"}
    assert judged(op, given, u=u * 2, s=s, vh=vh / 2) == {"u^T u = 1", "vh vh^T = 1"}


def test_factors() -> None:
    op = parameters("qr", shape=[4, 3])
    x = STREAM.standard_normal((4, 3)).astype(np.float32)
    q, r = np.linalg.qr(x)
    given = {"x": x.astype(np.float64)}
    assert judged(op, given, q=q, r=r) == judged(op, given, q=-q, r=-r) == set()
    assert judged(op, given, q=q, r=-r) == {"q r = x"}
    full = np.linalg.qr(x.T, "complete")[1].T
    assert "r is 0 below its diagonal" in judged(op, given, q=x @ np.linalg.inv(full[:3]), r=full[:3] + 1e-3)


def test_eigenvectors() -> None:
    x = STREAM.standard_normal((4, 4)).astype(np.float32)
    w, v = np.linalg.eigh(x)
    given = {"x": x.astype(np.float64)}
    lower, upper = parameters("eigh", shape=[4, 4]), parameters("eigh", shape=[4, 4], upper=True)
    assert judged(lower, given, w=w, v=v) == judged(lower, given, w=w, v=-v) == set()
    assert judged(upper, given, w=w, v=v) == {"x v = v w"}
    assert judged(lower, given, w=w[::-1], v=v) == {"x v = v w"}
    made = lower.evaluate(given)["w"]
    assert (np.abs(made.value - w) <= made.allowance("float32")).all()


def test_triangles() -> None:
    x = np.array([[4.0, 4.0], [2.0, 5.0]])
    assert parameters("cholesky", shape=[2, 2]).evaluate({"x": x})["y"].value.tolist() == [[2, 0], [1, 2]]
    assert parameters("cholesky", shape=[2, 2], upper=True).evaluate({"x": x})["y"].value.tolist() == [[2, 2], [0, 1]]
    told = {
        text: other.evaluate({"x": x})["y"].value for text, other in parameters("cholesky", shape=[2, 2]).neighbours()
    }
    np.testing.assert_allclose(told["the matrix made symmetric first: (x + x^T) / 2"], [[2, 0], [1.5, 2.75**0.5]])
    assert told["the other triangle read"].tolist() == [[2, 0], [2, 1]]
    assert parameters("eigh", shape=[2, 2]).evaluate({"x": np.array([[2.0, 9], [1, 3]])})["w"].value == pytest.approx(
        [(5 - 5**0.5) / 2, (5 + 5**0.5) / 2]
    )


def test_the_gradient_of_a_singular_determinant_is_its_cofactors() -> None:
    op = parameters("det", shape=[2, 2])
    made = op.gradients({"x": np.array([[1.0, 2.0], [2.0, 4.0]])}, {"y": np.array(1.0)})["x"].value
    np.testing.assert_allclose(made, [[4, -2], [-2, 1]], atol=1e-14)


def test_drawn_matrices_are_well_conditioned_and_need_pivots() -> None:
    for kind in ("normal", "integers"):
        a = make_inputs(a_case("solve", "float32", kind, shape=[12, 12]))["a"]
        assert np.linalg.cond(a) < 20
        assert np.abs(a[:, 0]).argmax() == 11
        x = make_inputs(a_case("cholesky", "float32", kind, shape=[12, 12]))["x"]
        for read in (np.tril(x) + np.tril(x, -1).T, np.triu(x) + np.triu(x, 1).T, (x + x.T) / 2):
            assert np.linalg.eigvalsh(read).min() > 0
        assert not np.array_equal(x, x.T)


def test_what_has_no_answer() -> None:
    for name in ("solve", "inv", "det", "cholesky", "eigh"):
        assert "as many of both" in str(parameters(name, shape=[3, 2]).refusal())
    with pytest.raises(ParamError, match="expected at least two lengths"):
        parameters("svd", shape=[3])
    # A singular matrix has none either: nothing raises, since explanations try many.
    assert np.isnan(inverse(Num(np.ones((2, 2)))).value).all()
    assert np.isnan(solved(Num(np.ones((2, 2))), Num(np.ones((2, 1)))).value).all()
    assert np.isnan(factored(-np.eye(2)).value).all()
