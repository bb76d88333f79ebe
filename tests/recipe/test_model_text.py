"""A plan of ONNX as it is printed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.frameworks import Ask, lower
from conformance.frameworks.check import check_plan
from conformance.ops.conv.convolution import Convolution
from conformance.ops.defined import DEFINED
from conformance.plan import Plan
from conformance.recipe.model_text import spread_out
from conformance.recipe.read import read_call
from conformance.target import parse_target

ONNX = parse_target("onnx")


def plans() -> list[Plan]:
    """The plan of every op as it is by default, and of a convolution whose model has many nodes."""
    call = read_call("keras.layers.Conv2DTranspose(4, 2, strides=3, padding='same')", (1, 5, 6, 3))
    ops = [
        kind.bind({n: f.default for n, f in kind.fields().items()})
        for kind in DEFINED.values()
        if not issubclass(kind, Convolution)
    ]
    found = [lower(Ask(op, op.meaning(), "float32", ONNX)) for op in (*ops, replace(call.op, data_format=None))]
    return [plan for plan in found if isinstance(plan, Plan)]


def test_there_are_some() -> None:
    assert len(plans()) >= 4


@pytest.mark.parametrize("plan", plans(), ids=lambda plan: plan.text[60:90])
def test_it_says_the_same_a_node_a_line_and_may_run(plan: Plan) -> None:
    lines = spread_out(plan.text)
    text = "\n".join(lines)
    assert check_plan(text, "onnx", plan.inputs, plan.outputs) == []
    model = lines[0].partition('("""\n')[2].partition('\n""")')[0]
    assert " ".join(model.split()) == " ".join(plan.text.split("'")[1].split())
    nodes = [line for line in lines[0].splitlines() if line.startswith("    ")]
    assert nodes
    assert all(line.endswith(")") and line.count("(") == 1 for line in nodes)
    assert lines[1].startswith("session = onnxruntime.InferenceSession(")
    assert lines[2].startswith(", ".join(plan.outputs) + " = session.run(None, {")
