"""How an answer that should have been a refusal is told apart, by its shape."""

from typing import Any

from conformance.judge.acceptance import explain_acceptance
from conformance.ops import OPS

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
