"""What follows for every op from the declarations of its parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from conformance.ops.base import (
    Field,
    Op,
    TensorSpec,
    axis_field,
    boolean_field,
    integer_field,
    param,
    real_field,
    shape_field,
    word_field,
)


@dataclass(frozen=True)
class Probe(Op):
    """A question of every kind of parameter."""

    name: ClassVar[str] = "probe"
    count: int = param(integer_field(3, 1, "how many"))
    window: tuple[int, ...] = param(axis_field(2, 1, "window"), (2, 2))
    shape: tuple[int, ...] = param(shape_field((4, 5), "shape of x"))
    formula: str = param(word_field("exact", ("exact", "tanh"), "the formula"))
    ceil: bool = param(boolean_field(False, "round up"))
    epsilon: float = param(real_field(1e-5, "added to the variance", near=(1e-3, 1e-5)))
    cut: tuple[tuple[int, int], ...] | None = param(Field(tuple, None, "cut off at the ends", {}, least=0))

    def inputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("x", "NC", self.shape),)

    def output(self) -> TensorSpec:
        return self.inputs()[0]

    def refusal(self) -> str | None:
        return "more than there is" if self.count > 4 else None


Probe.__abstractmethods__ = frozenset()  # its definition is of no use here


def test_a_label_says_what_is_not_the_default() -> None:
    assert Probe().label() == "probe[]"
    assert Probe(count=4, window=(3, 2), ceil=True, epsilon=0.001).label() == (
        "probe[count=4 window=3x2 ceil=yes epsilon=0.001]"
    )


def test_readings_change_one_parameter_within_its_declaration() -> None:
    said = dict(Probe(count=1, window=(1, 2)).readings())
    assert said["count 2 for 1"] == Probe(count=2, window=(1, 2))
    assert said["window 2x1 for 1x2"].window == (2, 1)
    assert said["window 2x3 for 1x2"].window == (2, 3)
    assert said["formula tanh for exact"].formula == "tanh"
    assert said["ceil yes for no"].ceil is True
    assert said["epsilon 0.001 for 1e-05"].epsilon == 1e-3
    # Neither a count of 0 nor a window of 0 can be meant.
    assert not any(op.count < 1 or min(op.window) < 1 for op in said.values())


def test_what_the_definition_refuses_is_no_reading() -> None:
    assert "count 5 for 4" not in dict(Probe(count=4).readings())
    assert "count 3 for 4" in dict(Probe(count=4).readings())


def steps(op: Op) -> dict[str, list[Op]]:
    return {name: list(step(op)) for name, step in op.smaller()}


def test_a_step_a_parameter_goes_to_the_default_then_to_the_least() -> None:
    found = steps(Probe(count=9, window=(9, 2), formula="tanh", ceil=True, epsilon=1e-3))
    assert list(found) == ["count", "window", "shape", "formula", "ceil", "epsilon", "cut"]
    assert [op.count for op in found["count"]] == [3, 1, 5, 8]
    # All axes at once, then each by itself.
    assert [op.window for op in found["window"]] == [
        (2, 2), (1, 1), (5, 1), (1, 2), (5, 2), (8, 2), (9, 1),
    ]  # fmt: skip
    assert [op.formula for op in found["formula"]] == ["exact"]
    assert [op.ceil for op in found["ceil"]] == [False]
    assert [op.epsilon for op in found["epsilon"]] == [1e-5]
    assert all(op.formula == "tanh" for op in found["window"])


def test_nothing_is_smaller_than_the_least_and_no_default_that_is_larger_is_tried() -> None:
    least = Probe(count=1, window=(1, 1), shape=(1, 1))
    assert not any(steps(least).values())
    assert [op.window for op in steps(Probe(window=(1, 3)))["window"]] == [(1, 1), (1, 2)]


def test_what_may_be_left_out_is_left_out_first() -> None:
    found = [op.cut for op in steps(Probe(cut=((0, 2), (1, 0))))["cut"]]
    assert found == [None, ((0, 0), (0, 0)), ((0, 1), (0, 0)), ((0, 0), (1, 0)), ((0, 1), (1, 0)), ((0, 2), (0, 0))]


def test_a_case_file_gives_what_is_no_default() -> None:
    assert Probe().given() == {}
    assert Probe(count=4, window=(3, 2)).given() == {"count": 4, "window": (3, 2)}
    read = Probe.bind({**Probe().parameters(), **Probe(count=4, window=(3, 2)).given()})
    assert read == Probe(count=4, window=(3, 2))
