"""A plan is data: what is shown is what runs."""

from __future__ import annotations

import ast

import pytest

from conformance.layout import LayoutError
from conformance.ops.base import TensorSpec
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


def test_a_plan_of_two_outputs() -> None:
    layouts = {"x": "NK", "values": "NK", "indices": "KN"}
    plan = Plan.of("values, indices = torch.topk(x, 3)", layouts, outputs=("values", "indices"))
    assert plan.inputs == ("x",)
    assert plan.outputs == ("values", "indices")
    assert str(plan.layout("indices")) == "KN"
    assert plan.render() == "values, indices = torch.topk(x, 3)\n# x: NK, values: NK, indices: KN"
    assert plan != Plan.of("values, indices = torch.topk(x, 3)", layouts)


def test_what_is_as_usual_is_no_part_of_what_labels_are_made_of() -> None:
    assert repr(Plan.of("y = x", {"x": "N", "y": "N"})) == (
        "Plan(text='y = x', layouts=(('x', 'N'), ('y', 'N')), note='')"
    )
    assert repr(TensorSpec("x", "N", (3,))) == "TensorSpec(name='x', axes='N', shape=(3,))"
    index = TensorSpec("i", "N", (3,), "index", into="x.K")
    assert repr(index) == "TensorSpec(name='i', axes='N', shape=(3,), kind='index', into='x.K')"
