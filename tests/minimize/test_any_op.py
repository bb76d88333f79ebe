"""An op that minimize has never heard of, of two outputs: it is made smaller by what its parameters declare."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import prod
from typing import Any, ClassVar

import pytest

from conformance.ask import prepare as preparing
from conformance.exact import order
from conformance.exact.num import Num, total
from conformance.frameworks import Ask
from conformance.minimize import minimize
from conformance.minimize.parameters import steps
from conformance.minimize.search import Asker, _fitted, read_again
from conformance.ops import OPS
from conformance.ops.base import Op, TensorSpec, boolean_field, integer_field, param, shape_field
from conformance.ops.defined import DEFINED
from conformance.plan import Plan
from conformance.suite.case import Case, Values
from conformance.suite.write import case_text, read_case
from conformance.target import parse_target
from conformance.verdict import Status

NUMPY = parse_target("numpy")


@dataclass(frozen=True)
class Largest(Op):
    """The k largest (or smallest) of each row, and where they stand."""

    name: ClassVar[str] = "largest"

    size: tuple[int, ...] = param(shape_field((1, 1), "rows, and the length of each"))
    k: int = param(integer_field(1, 1, "how many"))
    smallest: bool = param(boolean_field(False, "the smallest ones"))

    def refusal(self) -> str | None:
        return f"k is {self.k}, expected at most {self.size[1]}" if self.k > self.size[1] else None

    def inputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("x", "NK", self.size),)

    def outputs(self) -> tuple[TensorSpec, ...]:
        found = (self.size[0], self.k)
        return TensorSpec("values", "NK", found), TensorSpec("indices", "NK", found, "index", into="x.K")

    def compute(self, x: Num) -> Any:  # type: ignore[override]
        return order.topk(x, self.k, 1, self.smallest)


@dataclass(frozen=True)
class Total(Op):
    """The sum of each row, some times over."""

    name: ClassVar[str] = "total"
    unsaid: ClassVar[tuple[str, ...]] = ("size",)

    size: tuple[int, ...] = param(shape_field((1, 1), "rows, and the length of each"))
    times: int = param(integer_field(1, 1, "how often"))

    def inputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("x", "NK", self.size),)

    def outputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("y", "N", self.size[:1]),)

    def compute(self, x: Num) -> Any:  # type: ignore[override]
        return total(x, 1) * float(self.times)


RIGHT = "indices = numpy.argsort({sign}x, 1)[:, 0:{k}]\nvalues = numpy.take_along_axis(x, indices, 1)"
# The values are right, the indices are those of the row read backwards.
WRONG = RIGHT + "\nindices = {last} - indices"


def lowered(ask: Ask[Largest]) -> Plan:
    op = ask.op
    text = WRONG.format(sign="" if op.smallest else "-", k=op.k, last=op.size[1] - 1)
    names = ("values", "indices")
    return Plan.of(text, dict.fromkeys(("x", *names), "NK"), outputs=names)


@pytest.fixture(autouse=True)
def ops(monkeypatch: pytest.MonkeyPatch) -> None:
    for op in (Largest, Total):
        monkeypatch.setitem(OPS, op.name, op)
        monkeypatch.setitem(DEFINED, op.name, op)
    monkeypatch.setattr(preparing, "lower", lowered)


@pytest.fixture(scope="module")
def on_numpy() -> Iterator[Asker]:
    with Asker(NUMPY) as asker:
        yield asker


CASE = """
op: largest
cases:
  - name: backwards
    params: {size: [3, 8], k: 3, smallest: true}
    values: normal
    dtype: float64
    check: [shape, dtype, value, determinism]
"""


def test_it_shrinks_through_its_own_parameters_and_keeps_what_is_wrong(on_numpy: Asker) -> None:
    original = read_case(CASE)
    found = minimize(original, on_numpy)
    op = found.case.op
    assert isinstance(op, Largest)
    assert (found.verdict.status, found.verdict.subject) == (Status.VALUE, "indices")
    assert (found.failure.status, found.failure.subject) == (Status.VALUE, "indices")
    assert (found.case.dtype, set(found.case.checks)) == ("float32", {"shape", "dtype", "value"})
    # Of one element backwards is as it was; of two it might as well be the other end that was meant.
    assert (op.size, op.k, op.smallest) == ((1, 3), 1, False)
    assert found.case.given == (("size", (1, 3)),)
    assert found.case.values == Values("literal", arrays=(("x", (1.0, 0.0, 0.0)),))
    assert found.failure.causes == {"axis reversed"}
    assert read_case(case_text([found.case])).fingerprint == found.case.fingerprint


LITERAL = """
op: largest
cases:
  - name: spelled
    params: {size: [2, 5], k: 2}
    values: {kind: literal, arrays: {x: [[9, 0.5, 7, 3, 1], [2, 4, 6, 8, 0]]}}
"""


def test_numbers_that_are_spelled_out_are_cut_down_with_the_tensor(on_numpy: Asker) -> None:
    original = read_case(LITERAL)
    (cut,) = [c for c in step("size", original) if dict(c.given).get("size") == (1, 5)]
    case = _fitted(original, cut)
    assert case is not None
    assert case.values.arrays == (("x", (9.0, 0.5, 7.0, 3.0, 1.0)),)
    found = minimize(original, on_numpy)
    assert found.verdict.subject == "indices"
    assert prod(found.case.op.inputs()[0].shape) < 6


def step(name: str, case: Case) -> list[Case]:
    return list(dict(steps(case))[name](case))


def test_every_parameter_is_a_step_and_what_is_said_of_any_case_stands_around_them() -> None:
    case = read_case(CASE)
    assert [name for name, _ in steps(case)] == ["statement", "inputs", "size", "k", "smallest", "dtype", "checks"]
    assert [dict(c.given).get("k", 1) for c in step("k", case)] == [1, 2]
    # What is written is read again, so that what does not go together is no case.
    wide = read_again(replace(case, given=(("size", (3, 8)), ("k", 0))))
    assert wide is None


CALL = """
op: call
cases:
  - name: added
    params:
      reference: {op: total, params: {size: [4, 6], times: 3}}
      plans: {numpy: "y = 3 * numpy.sum(x, axis=1)"}
    values: integers
"""


def test_of_a_call_only_the_sizes_that_its_plan_learns_from_its_tensors() -> None:
    case = read_case(CALL)
    found = [(name, c) for name, every in steps(case) for c in every(case)]
    assert {name for name, _ in found} == {"size"}
    read = [read_again(c) for _, c in found]
    sizes = {c.op.definition().parameters()["size"] for c in read if c is not None}  # type: ignore[union-attr]
    assert {(1, 1), (2, 3), (1, 6), (4, 5)} <= sizes
    assert all(c is None or c.op.definition().parameters()["times"] == 3 for c in read)  # type: ignore[union-attr]
    spelled = CALL.replace("numpy.sum(x, axis=1)", "numpy.sum(x[:, 0:6], axis=1)")
    assert [c for _, every in steps(read_case(spelled)) for c in every(read_case(spelled))] == []
