"""`call`: plans in YAML, checked when the file is read, held against an op, stated values or one of the frameworks."""

from pathlib import Path

import numpy as np
import pytest

from conformance.ops.call import Call, NoReference
from conformance.suite.case import Case
from tests.suite.files import cases, findings

GROWN = """
op: call
about: The same lines as in the report.
cases:
  - name: grown
    values: integers
    params:
      reference: {op: conv_transpose, params: {convention: torch, size: [4, 3], kernel: 2, stride: 2, in_channels: 2}}
      plans:
        torch:
          text: y = torch.nn.functional.conv_transpose2d(x, w, stride=2)
          layouts: {w: IOHW}
        jax: |
          k = jax.numpy.reshape(w, (2, 1, 2, 2))
          y = jax.lax.conv_transpose(x, k, (2, 2), "VALID", dimension_numbers=("NCHW", "IOHW", "NCHW"))
"""

RELU = """
op: call
cases:
  - name: relu
    values: integers
    params:
      inputs: {x: {shape: [2, 3], layout: NC}}
      output: NC
      against: torch
      allowance: {ulp: 2}
      plans:
        torch: y = torch.nn.functional.relu(x)
        jax: {text: y = jax.nn.relu(x), layouts: {x: CN, y: CN}}
"""

STATED = """
op: call
cases:
  - name: average
    values: {kind: literal, arrays: {x: [10, 20]}}
    expect: {values: [[[15, 15]]], layout: NCW}
    params:
      inputs: {x: {shape: [1, 2, 1], layout: NWC}}
      output: NWC
      plans: {keras: "y = keras.ops.average_pool(x, 3, strides=1, padding='same')"}
"""


def only(folder: Path, text: str) -> Case:
    (case,) = cases(folder, text)
    return case


def test_a_reference_op_gives_inputs_output_answer_and_gradients(tmp_path: Path) -> None:
    case = only(tmp_path, GROWN)
    bound, params = case.op, case.op.definition()
    assert params.name == "conv_transpose"
    assert bound.inputs() == params.inputs()
    assert bound.outputs()[0] == params.outputs()[0]
    assert bound.refusal() is None
    assert bound.products() == params.products()
    random = np.random.default_rng(0)
    arrays = {spec.name: random.standard_normal(spec.shape) for spec in bound.inputs()}
    np.testing.assert_array_equal(bound.evaluate(arrays)["y"].value, params.evaluate(arrays)["y"].value)
    cotangent = random.standard_normal(bound.outputs()[0].shape)
    found, expected = (op.gradients(arrays, {"y": cotangent}) for op in (bound, params))
    assert found.keys() == expected.keys() == {"x", "w"}
    np.testing.assert_array_equal(found["w"].value, expected["w"].value)


def test_layouts_that_are_not_named_are_canonical(tmp_path: Path) -> None:
    bound = only(tmp_path, GROWN).op
    assert bound.plan("torch").layouts == (("x", "NCHW"), ("w", "IOHW"), ("y", "NCHW"))
    assert bound.plan("jax").layouts == (("x", "NCHW"), ("w", "GIOHW"), ("y", "NCHW"))
    assert bound.plan("jax").text.count("\n") == 1
    assert bound.plan("tensorflow") is None


def test_against_a_framework_there_is_no_answer_of_our_own(tmp_path: Path) -> None:
    bound = only(tmp_path, RELU).op
    assert (bound.against, bound.ulp) == ("torch", 2)
    assert bound.inputs()[0].sizes == {"N": 2, "C": 3}
    assert bound.products() == 6
    for ask in (
        bound.outputs,
        lambda: bound.evaluate({}),
        lambda: bound.gradients({}, {}),
    ):
        with pytest.raises(NoReference):
            ask()


def test_stated_values_are_the_answer_in_canonical_order(tmp_path: Path) -> None:
    bound = only(tmp_path, STATED).op
    assert bound.outputs()[0].shape == (1, 2, 1)
    reference = bound.evaluate({})["y"]
    np.testing.assert_array_equal(reference.value, [[[15.0], [15.0]]])
    assert reference.products == 0


def test_the_label_tells_calls_apart(tmp_path: Path) -> None:
    texts = [GROWN, GROWN.replace("stride=2)", "stride=3)"), GROWN.replace("IOHW}", "IOHW flipped}"), RELU, STATED]
    texts.append(RELU.replace("ulp: 2", "ulp: 3"))
    found = [only(tmp_path, text).op.label() for text in texts]
    assert len(set(found)) == len(texts)
    assert found[0].startswith("call[torch jax 1x2x4x3 1x2x1x2x2 ")


def test_calls_may_share_what_the_file_says_for_all(tmp_path: Path) -> None:
    text = """
    op: call
    values: integers
    defaults:
      output: N
      against: torch
      plans: {torch: y = x * 2, jax: y = x + x}
    grids:
      - grid:
          inputs:
            - {x: {shape: [3], layout: N}}
            - {x: {shape: [4], layout: N}}
    """
    found = cases(tmp_path, text)
    assert [case.op.specs[0].shape for case in found] == [(3,), (4,)]
    assert all(isinstance(case.op, Call) for case in found)


WRONG = [
    ("y = torch.nn.functional.relu(x)", "y = __import__('os').system('x')", "11:20: plans.torch: "),
    ("y = torch.nn.functional.relu(x)", "y = torch.load('x')", "plans.torch: 'torch.load' is not in the list"),
    ("y = torch.nn.functional.relu(x)", "y = x.__class__", "begin with an underscore"),
    ("y = torch.nn.functional.relu(x)", "z = x", "plans.torch: the plan never assigns its output 'y'"),
    ("y = torch.nn.functional.relu(x)", "y = torch.relu(", "plans.torch: not valid Python"),
    ("y = jax.nn.relu(x),", "y = jax.nn.relu(w),", "12:37: plans.jax.text: unknown name 'w'"),
    ("layouts: {x: CN", "layouts: {x: CW", "plans.jax.layouts.x: layout CW of 'x' has axis 'W', but the tensor is NC"),
    ("layouts: {x: CN", "layouts: {x: C", "layout C of 'x' leaves out axis 'N', which has length 2, not 1"),
    ("layouts: {x: CN", "layouts: {v: CN", "plans.jax.layouts.v: unknown tensor 'v', expected one of: x, y"),
    ("y: CN}", "y: (CN)}", "layout (CN) of 'y' merges axes"),
    ("layouts: {x", "layuots: {x", "unknown key 'layuots', expected one of: text, layouts; did you mean 'layouts'?"),
    ("torch: y =", "trch: y =", "11:15: plans.trch: unknown framework 'trch', expected one of: numpy, torch"),
    ("against: torch", "against: keras", "there is no plan for keras; expected a target of one of: torch, jax"),
    ("against: torch", "against: [1]", "against is [1], expected a target, such as torch, keras/jax"),
    ("against: torch", "against: torhc", "unknown framework 'torhc', expected one of: numpy, torch"),
    ("against: torch", "against: torch:xla", "unknown mode of torch 'xla', expected one of: eager, compile"),
    ("against: torch", "against: torch+tf32=2", "unknown value of option 'tf32' '2'"),
    ("against: torch", "against: default", "unknown framework 'default'"),
    ("against: torch", "output: null", "the key 'output' is given twice"),
    ("      against: torch\n", "", "nothing says what is right; expected `reference`, `against`"),
    ("{ulp: 2}", "{ulp: -1}", "allowance.ulp: found -1, expected an integer from 0 to 1024"),
    ("layout: NC}}", "layout: N}}", "inputs.x.shape: the shape [2, 3] has 2 axes, but the layout N has 1"),
    ("layout: NC}}", "layout: (NC)}}", "inputs.x.layout: found '(NC)', expected a layout with one letter an axis"),
    ("layout: NC}}", "layot: NC}}", "inputs.x.layot: unknown key 'layot'"),
    ("inputs: {x:", "inputs: {torch:", "inputs.torch: 'torch' can't name an input"),
    ("inputs: {x:", "inputs: {lambda:", "inputs.lambda: 'lambda' can't name an input"),
    ("inputs: {x:", "inputs: {y:", "inputs.y: 'y' can't name an input"),
    ("      output: NC\n", "", "no `output`; expected the layout of the result"),
    ("output: NC", "output: NN", "output: layout 'NN' names an axis twice"),
    ("values: integers", "check: [gradient]", "gradients are checked against a `reference` op only"),
    ("against: torch", "reference: {op: conv}", "with a reference op the allowance is derived"),
]


@pytest.mark.parametrize(("old", "new", "says"), WRONG, ids=[f"{new} - {says[:20]}" for _, new, says in WRONG])
def test_a_wrong_call_is_named_with_its_place(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in RELU
    found = findings(tmp_path, RELU.replace(old, new))
    assert any(says in line for line in found), found
    assert all(line.startswith("file.yaml:") for line in found)


def test_every_finding_of_a_plan_stands_at_its_own_line(tmp_path: Path) -> None:
    text = """\
op: call
cases:
  - name: evil
    params:
      inputs: {x: {shape: [4], layout: N}}
      output: N
      against: torch
      plans:
        torch: |
          y = torch.relu(x)

          z = torch.load("x")
          import os
        jax: y = jax.nn.relu(x).foo
"""
    found = findings(tmp_path, text)
    assert [line.split(": ")[0] for line in found] == ["file.yaml:12:15", "file.yaml:13:11", "file.yaml:14:18"]


def test_a_reference_is_read_as_the_op_reads_it(tmp_path: Path) -> None:
    for old, new, says in [
        ("op: conv_transpose", "op: conv_trnspose", "reference.op: unknown op 'conv_trnspose'"),
        ("kernel: 2", "kernl: 2", "reference.params.kernl: unknown key 'kernl'"),
        ("kernel: 2", "kernel: 0", "7:89: reference.params.kernel: kernel is 0, expected an integer of at least 1"),
        (
            "in_channels: 2",
            "groups: 2",
            "reference.params.in_channels: in_channels is 1, expected a multiple of groups",
        ),
        ("      plans:", "      output: NCHW\n      plans:", "the reference op has its own output"),
    ]:
        assert old in GROWN
        found = findings(tmp_path, GROWN.replace(old, new))
        assert any(says in line for line in found), found
