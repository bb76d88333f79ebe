"""Answers of which several are right: relations hold of every one of them, and of no other; open orders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from conformance.dtypes import DTYPES
from conformance.exact import Num, matmul
from conformance.judge.compare import Expectation, Judgement, judge
from conformance.judge.relations import held, transposed
from conformance.ops.base import Relation, TensorSpec
from conformance.ops.reference import Reference
from conformance.outcome import Tensor, Value
from conformance.verdict import Status

N = 6
X = np.random.RandomState(0).standard_normal((N, N)).astype(np.float32).astype(np.float64)


def product(given: Mapping[str, Num], got: Mapping[str, Num]) -> tuple[Num, Num]:
    return matmul(got["u"] * got["s"], got["v"]), given["x"]


def orthogonal(given: Mapping[str, Num], got: Mapping[str, Num]) -> tuple[Num, Any]:
    return matmul(got["u"].transpose(), got["u"]), np.eye(N)


RELATIONS = (
    Relation("u s v = x", ("u", "v"), product, 8.0 * N),
    Relation("u^T u = 1", ("u",), orthogonal, 8.0 * N),
)


def judged(u: Any, s: Any, v: Any, **more: Any) -> Judgement:
    right = np.linalg.svd(X)
    outputs = {name: Reference.stated(array) for name, array in zip("usv", right, strict=True)}
    expected = Expectation("float32", outputs, False, inputs={"x": X}, relations=RELATIONS, **more)
    answer = {name: np.asarray(a, np.float32) for name, a in zip("usv", (u, s, v), strict=True)}
    return judge(expected, Value({name: Tensor("float32", a.shape, a) for name, a in answer.items()}))


def svd() -> tuple[Any, Any, Any]:
    return np.linalg.svd(X.astype(np.float32))


@pytest.mark.parametrize("seed", range(4))
def test_any_signs_are_right(seed: int) -> None:
    u, s, v = svd()
    signs = np.random.RandomState(seed).choice([-1.0, 1.0], N)
    found = judged(u * signs, s, v * signs[:, None])
    assert found.status is Status.PASS, found
    assert found.figures is not None
    assert found.figures.fraction < 1


def test_what_does_not_hold_is_named() -> None:
    u, s, v = svd()
    signs = np.array([-1.0] + [1.0] * (N - 1))
    found = judged(u * signs, s, v)
    assert found.status is Status.VALUE
    assert found.message.startswith("u s v = x does not hold")
    # The product stays what it is.
    found = judged(u * 2, s, v / 2)
    assert found.status is Status.VALUE
    assert found.message.startswith("u^T u = 1 does not hold")
    # An error of 1e-4 in one element.
    moved = u.copy()
    moved[0, 0] += 1e-4
    assert judged(moved, s, v).status is Status.VALUE


def test_a_transposed_factor_is_named() -> None:
    u, s, v = svd()
    got = {"u": u, "s": s, "v": v.T}
    assert transposed(RELATIONS, {"x": X}, got, DTYPES["float32"]) == "v"
    assert transposed(RELATIONS, {"x": X}, {**got, "v": v.T * 2}, DTYPES["float32"]) == ""


def test_an_answer_may_be_off_by_the_roundings_that_its_relation_states() -> None:
    same = Relation("y = x", ("y",), lambda given, got: (got["y"], given["x"]), 2.0)
    x, y = np.array([1.0, 0.5]), np.array([1.0, 0.5 + 2.0**-23])
    # Two roundings of the largest element, u = 2^-24 each and of second order 1 / (1 - u), and one of what is stored.
    u = 2.0**-24
    status, words, figures = held(same, {"x": x}, {"y": y}, DTYPES["float32"])
    assert (status, words) == (Status.PASS, "y = x: largest error 0.8 of the allowance")
    assert figures.fraction == pytest.approx(2 / (2 / (1 - u) + y[1]), rel=1e-9)
    assert held(same, {"x": x}, {"y": y + 2.0**-24}, DTYPES["float32"])[0] is Status.VALUE


def test_shape_dtype_and_other_outputs_are_judged_as_ever() -> None:
    u, s, v = svd()
    assert judged(u[:, :-1], s, v).status is Status.SHAPE
    assert judged(u, s * (1 + 1e-3), v).subject == "s"
    wrong = u.copy()
    wrong[0, 0] = np.nan
    assert judged(wrong, s, v).status is Status.NONFINITE
    assert judged(wrong, s, v, checks=("shape", "dtype")).status is Status.PASS


def test_an_open_order() -> None:
    spec = TensorSpec("y", "K", (4,), unordered="K")
    right = Reference.of(Num(np.array([3.0, 1.0, 2.0, 1.0])))
    expected = Expectation("float32", {"y": right}, True, specs={"y": spec})

    def status(*values: float) -> Status:
        array = np.array(values, np.float32)
        return judge(expected, Value({"y": Tensor("float32", array.shape, array)})).status

    assert status(1, 1, 2, 3) is Status.PASS
    assert status(3, 2, 1, 1) is Status.PASS
    assert status(3, 2, 2, 1) is Status.VALUE
    assert status(3, 3, 2, 1) is Status.VALUE
