"""Where a case is asked where nobody says: the defaults, and what else it names by a plan."""

from __future__ import annotations

from pathlib import Path

import pytest

import conformance.ask.where
from conformance.ask.prepare import gradient_reason, plan_for
from conformance.ask.where import expand
from conformance.environments.installed import DEFAULTS
from conformance.plan import Plan
from conformance.suite.case import Case
from conformance.suite.choose import load_suites
from conformance.target import Target, parse_target
from tests.fakes import ROOT

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


def reaches(case: Case, targets: list[Target]) -> bool:
    """Whether some target of a case has a plan for it, and gradients where it asks for them."""
    asked = [t for t in targets if "gradient" not in case.checks or not gradient_reason(t)]
    return any(isinstance(plan_for(case, target), Plan) for target in asked)


def test_no_shipped_case_runs_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the shipped suite is red as a gate, wherever it runs. No framework is imported for it."""
    monkeypatch.setattr(conformance.ask.where, "missing", lambda _: "")
    defaults = [parse_target(name) for name in DEFAULTS]
    cases = [case for suite in load_suites([ROOT / "cases"]) for case in suite.cases()]
    assert len(cases) > 5000
    assert [case.id for case in cases if not reaches(case, expand(case, defaults))] == []


def test_a_case_that_no_target_has_a_plan_for_runs_nowhere(tmp_path: Path) -> None:
    text = "op: max_pool\nvalues: ones\ncases: [{name: a, params: {size: [4], padding: [[1, 0]], indices: true}}]\n"
    (tmp_path / "a.yaml").write_text(text)
    (case,) = load_suites([tmp_path / "a.yaml"])[0].cases()
    assert not reaches(case, [parse_target(name) for name in ("numpy", "torch", "jax", "keras/jax")])
    assert reaches(case, [parse_target("onnx")])
    (tmp_path / "a.yaml").write_text(text + "check: [gradient]\n")
    (case,) = load_suites([tmp_path / "a.yaml"])[0].cases()
    assert not reaches(case, [parse_target("onnx")])


@pytest.mark.parametrize(("target", "asked"), [("torch", True), ("jax", True), ("numpy", False)])
def test_what_the_definition_rejects_is_asked_of_calls_that_look_at_it(
    tmp_path: Path, target: str, asked: bool
) -> None:
    (tmp_path / "a.yaml").write_text("op: topk\ncases: [{name: more, params: {length: 3, k: 4}}]\nvalues: ones\n")
    (case,) = load_suites([tmp_path / "a.yaml"])[0].cases()
    assert reaches(case, [parse_target(target)]) is asked
