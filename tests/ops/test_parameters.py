"""What follows for every op from the declarations of its parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from conformance.ops.base import (
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


def test_smaller_questions_go_to_the_default_and_to_the_least() -> None:
    found = list(Probe(count=4, window=(9, 2), formula="tanh").smaller())
    assert {op.count for op in found} >= {1, 2, 3}
    assert {op.window for op in found} >= {(1, 1), (5, 1), (8, 1), (2, 2)}
    assert Probe(count=4, window=(9, 2)) in found
    assert all(op != Probe(count=4, window=(9, 2), formula="tanh") for op in found)


def test_nothing_is_smaller_than_the_least() -> None:
    least = Probe(count=1, window=(1, 1), shape=(1, 1))
    assert all(op.count in (1, 3) and op.window in ((1, 1), (2, 2)) for op in least.smaller())
