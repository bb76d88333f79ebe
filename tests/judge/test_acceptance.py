"""How an answer that should have been a refusal is told apart, by its shape."""

from dataclasses import dataclass
from typing import Any, ClassVar

from conformance.judge.acceptance import explain_acceptance
from conformance.ops import OPS
from conformance.ops.base import Op, TensorSpec, boolean_field, integer_field, param

OP = OPS["conv_transpose"]


def bound(**given: Any) -> Any:
    return OP.bind(
        {name: field.parse(given[name]) if name in given else field.default for name, field in OP.fields().items()}
    )


def test_a_clamp_is_told_from_computing_on_and_from_ignoring() -> None:
    params = bound(convention="torch", dims=1, size=3, kernel=3, stride=2, output_padding=5)
    assert params.refusal() is not None
    # (3-1)*2 + 3 = 7; clamped to 1: 8; ignored: 7; computed on: 12
    assert explain_acceptance(params, (1, 1, 8)).startswith("one clamps: output_padding taken as (1,)")
    assert explain_acceptance(params, (1, 1, 7)) == "one ignores output_padding"
    assert explain_acceptance(params, (1, 1, 12)).startswith("one computes on")
    assert explain_acceptance(params, (1, 1, 9)) == ""


def test_an_ignored_output_size() -> None:
    params = bound(convention="tensorflow", dims=1, size=3, kernel=3, stride=2, padding="valid", output_size=20)
    assert params.refusal() is not None
    assert explain_acceptance(params, (1, 1, 7)) == "one ignores output_size"


@dataclass(frozen=True)
class Largest(Op):
    """The k largest of a row."""

    name: ClassVar[str] = "largest"
    length: int = param(integer_field(7, 1, "how many there are"))
    k: int = param(integer_field(3, 1, "how many"))
    pairs: bool = param(boolean_field(False, "each of them twice"))

    def refusal(self) -> str | None:
        return "there are not so many" if self.k > self.length else None

    def inputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("x", "K", (self.length,)),)

    def outputs(self) -> tuple[TensorSpec, ...]:
        shape = (self.k * (1 + self.pairs),)
        return TensorSpec("values", "K", shape), TensorSpec("indices", "K", shape, "index", into="x.K")

    def compute(self, **_: object) -> object:
        raise AssertionError("the shape says it")


def test_of_any_op_a_parameter_may_have_been_clamped_ignored_or_read_otherwise() -> None:
    assert explain_acceptance(Largest(k=9), (7,)) == "one clamps k: taken as 7"
    assert explain_acceptance(Largest(k=9), (3,)) == "one ignores k: taken as 3"
    assert explain_acceptance(Largest(k=8), (7,)) == "one reads k 7 for 8"
    assert explain_acceptance(Largest(k=8), (9,)) == ""
    assert explain_acceptance(Largest(k=9, pairs=True), (14,)) == "one clamps k: taken as 7"


def test_what_the_definition_answers_needs_no_other_reading() -> None:
    """The case itself wants it refused."""
    assert explain_acceptance(Largest(k=3), (3,)) == ""
    assert explain_acceptance(None, (3,)) == ""
