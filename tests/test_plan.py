"""A plan is data: what is shown is what runs."""

from __future__ import annotations

import ast

import pytest

from conformance.layout import LayoutError
from conformance.plan import Plan


def test_the_rendering_is_python_and_holds_the_text() -> None:
    plan = Plan.of("y = torch.relu(x)", {"x": "NCHW", "w": "IOHW flipped", "y": "NCHW"}, "a note")
    assert plan.render() == "y = torch.relu(x)\n# x: NCHW, w: IOHW flipped, y: NCHW\n# a note"
    assert ast.dump(ast.parse(plan.render())) == ast.dump(ast.parse(plan.text))
    assert Plan.of("y = x", {"x": "N", "y": "N"}).render() == "y = x\n# x: N, y: N"


def test_inputs_are_all_but_the_output_in_order() -> None:
    plan = Plan.of("y = x", {"x": "NC", "w": "IO", "b": "C", "y": "NC"})
    assert plan.inputs == ("x", "w", "b")
    assert str(plan.layout("w")) == "IO"
    with pytest.raises(KeyError):
        plan.layout("z")
    with pytest.raises(LayoutError, match="'nc' can't be read"):
        Plan.of("y = x", {"x": "nc"}).layout("x")


def test_plans_are_values() -> None:
    layouts = {"x": "NC", "y": "NC"}
    plan = Plan.of("y = x", layouts)
    layouts["x"] = "CN"
    assert plan == Plan("y = x", (("x", "NC"), ("y", "NC")))
    assert hash(plan) == hash(Plan("y = x", (("x", "NC"), ("y", "NC"))))
