"""Where a case is asked where nobody says: the defaults, and what else it names by a plan."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.ask.where import expand
from conformance.suite.choose import load_suites
from conformance.target import parse_target

CASES = """op: call
values: [integers]
cases:
  - name: one
    TARGETS
    params:
      inputs: {x: {shape: [3], layout: N}}
      output: N
      against: numpy
      plans:
        numpy: y = numpy.maximum(x, 0)
        onnx: |
          model = onnx.parser.parse_model(
            '<ir_version: 10, opset_import: ["" : 22]> g (float[3] x) => (float[N] y) { y = Relu (x) }')
          y = onnx.reference.ReferenceEvaluator(model).run(None, {'x': x})[0]
"""
NUMPY = parse_target("numpy")


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        ("", ["numpy", "onnx/onnxruntime", "onnx/reference"]),
        ("targets: [default]", ["numpy", "onnx/onnxruntime", "onnx/reference"]),
        ("targets: [numpy]", ["numpy"]),
        ("targets: [onnx/reference]", ["onnx/reference"]),
        ("targets: [default, numpy+threads=2]", ["numpy", "onnx/onnxruntime", "onnx/reference", "numpy+threads=2"]),
    ],
)
def test_a_plan_names_its_targets(tmp_path: Path, targets: str, expected: list[str]) -> None:
    pytest.importorskip("onnxruntime")
    (tmp_path / "a.yaml").write_text(CASES.replace("TARGETS", targets or "about: none said"))
    (case,) = load_suites([tmp_path / "a.yaml"])[0].cases()
    assert [str(target) for target in expand(case, [NUMPY])] == expected
