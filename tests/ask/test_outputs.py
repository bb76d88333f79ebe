"""An op of two outputs of different kinds, the whole way: asked, answered by real workers, judged, recorded, told,
compared with another run, and reproduced by a script of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conformance.ask import keep as keeping
from conformance.ask import prepare as preparing
from conformance.ask.prepare import canonical, prepare, request_for
from conformance.ask.run import Run
from conformance.diff import Kind, diff_records
from conformance.diff.data import as_data
from conformance.environments.installed import missing
from conformance.exact import Index, Num, topk
from conformance.executor.local import LocalExecutor
from conformance.frameworks import Ask
from conformance.judge.compare import judge
from conformance.judge.explain import Explanation, explain
from conformance.ops import OPS
from conformance.ops.base import Op, TensorSpec
from conformance.outcome import Tensor, Value
from conformance.plan import Plan
from conformance.record import Reader, Summary, Writer
from conformance.report import jsonlines, junit
from conformance.report.show import render
from conformance.repro.finding import finding
from conformance.repro.script import script
from conformance.suite.case import Case, Source, Values
from conformance.target import Target, parse_target
from conformance.verdict import Status, Verdict

NUMPY, TORCH = parse_target("numpy"), parse_target("torch")
X = ((5.0, 1.0, 5.0, 3.0, 5.0), (2.0, 2.0, 0.0, 2.0, 9.0))
ROWS, K = 2, 3


@dataclass(frozen=True)
class Largest(Op):
    """The K largest of each row, largest first, and where they stand."""

    name = "largest"

    def inputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("x", "NK", (ROWS, 5)),)

    def outputs(self) -> tuple[TensorSpec, ...]:
        return (
            TensorSpec("values", "NK", (ROWS, K)),
            TensorSpec("indices", "NK", (ROWS, K), "index", into="x.K"),
        )

    def compute(self, x: Num) -> tuple[Num, Index]:  # type: ignore[override]
        return topk(x, K, axis=1)


SORTED = "indices = numpy.argsort(-x, 0)[0:3]\nvalues = numpy.take_along_axis(x, indices, 0)"
NAMES = ("values", "indices")
CALL = "values, indices = torch.topk(x, 3)"
COLUMNS, ALONG = dict.fromkeys(("x", *NAMES), "KN"), dict.fromkeys(("x", *NAMES), "NK")
RIGHT = {"numpy": Plan.of(SORTED, COLUMNS, outputs=NAMES), "torch": Plan.of(CALL, ALONG, outputs=NAMES)}
# The values are right, the indices are those of the row read backwards.
WRONG = {"numpy": Plan.of(f"{SORTED}\nindices = 4 - indices", COLUMNS, outputs=NAMES)}


@pytest.fixture(autouse=True)
def an_op(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(OPS, "largest", Largest)
    asked_by(monkeypatch, RIGHT)


def asked_by(monkeypatch: pytest.MonkeyPatch, plans: Mapping[str, Plan]) -> None:
    def lower(ask: Ask) -> Plan:
        return plans[ask.target.framework]

    monkeypatch.setattr(preparing, "lower", lower)


def case(*checks: str) -> Case:
    return Case(
        id="cases/largest.yaml::largest[2x5 k3] literal",
        op=Largest(),
        given=(),
        dtype="float32",
        values=Values("literal", arrays=(("x", X),)),
        seed=0,
        checks=("shape", "dtype", "value", *checks),
        source=Source("cases/largest.yaml", 3),
    )


def recorded(folder: Path, name: str, asked: Case, *targets: Target) -> Path:
    path = folder / name
    with Writer.create(path, {}) as writer, LocalExecutor(list(targets), log_dir=folder) as executor:
        run = Run(targets, executor, writer, keep_outputs=True)
        writer.plan([asked.id], [str(target) for target in targets])
        writer.add_case(asked)
        run.add(asked, targets)
        executor.start()
        findings = run.go()
        assert not findings.case_errors
        assert not findings.failed
        writer.finish(Summary())
    return path


def verdict_of(path: Path, target: Target) -> Verdict:
    with Reader(path) as reader:
        [row] = reader.verdicts(target=str(target))
        return row.verdict


def test_a_request_names_every_output_and_counts_them_all() -> None:
    prepared = prepare(case("gradient"))
    request = request_for(prepared, RIGHT["torch"], TORCH)
    assert request.outputs == ("values", "indices")
    assert request.expected == 2 * ROWS * K + ROWS * 5
    # Indices have no gradient, so nothing is pulled back from them.
    assert [(name, dtype) for name, _, dtype in request.cotangents] == [("values", "float32")]
    assert request_for(prepared, RIGHT["numpy"], NUMPY).cotangents == ()


def test_an_answer_comes_back_out_of_each_outputs_layout() -> None:
    prepared = prepare(case())
    values = np.array([[5, 9], [5, 2], [5, 2]], np.float32)
    places = np.array([[4, 4], [2, 3], [0, 0]])
    outputs = {"values": Tensor("float32", (3, 2), values), "indices": Tensor("int64", (3, 2), places)}
    found = canonical(prepared, RIGHT["numpy"], Value(outputs))
    assert isinstance(found, Value)
    assert found.outputs["values"].values is not None
    assert found.outputs["values"].values.tolist() == [[5, 5, 5], [9, 2, 2]]
    assert judge(prepared.expectation, found).status is Status.PASS
    # In the wrong layout it is another shape, of the output that it is about.
    judged = judge(prepared.expectation, canonical(prepared, RIGHT["torch"], Value(outputs)))
    assert (judged.status, judged.subject) == (Status.SHAPE, "values")


def test_both_outputs_are_recorded_and_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = recorded(tmp_path, "before.db", case("determinism"), NUMPY)
    asked_by(monkeypatch, WRONG)
    after = recorded(tmp_path, "after.db", case("determinism"), NUMPY)
    right, wrong = verdict_of(before, NUMPY), verdict_of(after, NUMPY)
    assert right.status is Status.PASS
    assert [(t.name, t.dtype, t.shape) for t in right.tensors] == [
        ("values", "float32", (ROWS, K)),
        ("indices", "int64", (ROWS, K)),
    ]
    assert (wrong.status, wrong.subject, wrong.about) == (Status.VALUE, "indices", "indices")
    assert "x has" in wrong.message
    # Only the second output has other bits.
    assert right.tensors[0] == wrong.tensors[0]
    assert right.tensors[1] != wrong.tensors[1]
    assert right.digest != wrong.digest
    with Reader(before) as one, Reader(after) as other:
        assert list(one.outputs(right.digest)) == ["indices", "values"]
        arrays, shared = other.arrays(wrong.case, "numpy"), other.arrays(wrong.case)
        assert list(arrays) == ["values", "indices"]
        assert {"reference of values", "reference of indices", "x"} <= set(shared)
        assert "value (indices): " in render(other, wrong.case)
        junit.write(other, tmp_path / "junit.xml")
        lines = StringIO()
        jsonlines.write(other, lines)
        found = diff_records(one, other)
    assert 'message="value (indices): ' in (tmp_path / "junit.xml").read_text()
    told = [line for line in map(json.loads, lines.getvalue().splitlines()) if line.get("target") == "numpy"]
    assert [tensor["name"] for tensor in told[-1]["tensors"]] == ["values", "indices"]
    [group] = found.groups
    assert group.kind is Kind.PASS_TO_FAIL
    [change] = group.changes
    assert change.ulps is not None
    assert change.ulps.tensor == "indices"
    assert as_data(found)["groups"][0]["changes"][0]["before"]["tensors"][1]["name"] == "indices"


@pytest.mark.parametrize(
    ("plans", "output", "dtype"),
    [
        (WRONG, "indices", "float64"),
        ({"numpy": Plan.of(f"{SORTED}\nvalues = values * 2", COLUMNS, outputs=NAMES)}, "values", "float32"),
    ],
)
def test_places_are_explained_as_exact_and_values_in_their_dtype(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plans: Mapping[str, Plan], output: str, dtype: str
) -> None:
    asked: list[tuple[str, str]] = []

    def explained(*given: Any, **more: Any) -> Explanation:
        asked.append((more["output"], more["dtype"]))
        return explain(*given, **more)

    monkeypatch.setattr(keeping, "explain", explained)
    asked_by(monkeypatch, plans)
    verdict = verdict_of(recorded(tmp_path, "wrong.db", case(), NUMPY), NUMPY)
    assert (verdict.status, verdict.subject) == (Status.VALUE, output)
    assert asked == [(output, dtype)]


def test_the_script_holds_every_output_against_its_own_reference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for plans, status, code in ((RIGHT, Status.PASS, 0), (WRONG, Status.VALUE, 1)):
        asked_by(monkeypatch, plans)
        verdict = Verdict(case().id, "numpy", status, "indices", "as recorded")
        path = tmp_path / f"{status}.py"
        path.write_text(script(finding(case(), NUMPY, verdict, {})))
        done = subprocess.run([sys.executable, "-I", str(path)], capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        assert "values: 0 of 6 elements differ" in done.stdout
        assert ("indices: 0 of 6" in done.stdout) == (code == 0)


@pytest.mark.skipif(bool(missing(TORCH)), reason="PyTorch is not installed")
def test_two_outputs_and_a_gradient_of_a_framework(tmp_path: Path) -> None:
    distinct = tuple(tuple(float(3 * i + j) for i in (2, 0, 4, 1, 3)) for j in (0, 1))
    values = Values("literal", arrays=(("x", distinct),))
    asked = replace(case("gradient", "determinism"), values=values)
    verdict = verdict_of(recorded(tmp_path, "torch.db", asked, TORCH), TORCH)
    assert verdict.status is Status.PASS, verdict.message
    assert [(t.name, t.dtype) for t in verdict.tensors] == [
        ("values", "float32"),
        ("indices", "int64"),
        ("gradient of x", "float32"),
    ]
    verdict = replace(verdict, status=Status.GRADIENT, subject="gradient of x")
    path = tmp_path / "gradient.py"
    path.write_text(script(finding(asked, TORCH, verdict, {})))
    done = subprocess.run([sys.executable, "-I", str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
