"""From a target's answer to the verdict that is written, with answers that are given: no worker, no framework."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from conformance.ask.run import Findings, Run
from conformance.executor import Answer, Event, Ready, Request
from conformance.outcome import Outcome, Tensor, Value
from conformance.record import Writer
from conformance.target import Target, parse_target
from conformance.verdict import Status, Verdict
from tests.suite.files import suite


class Given:
    """What `Run` needs of an executor: every target is there, and has one answer to everything."""

    def __init__(self, answers: Mapping[Target, Outcome]) -> None:
        self.answers = answers
        self.events: list[Event] = [Ready(target, {"version": "1.0"}) for target in answers]

    def room(self, target: Target) -> bool:
        return True

    def submit(self, target: Target, key: int, request: Request) -> None:
        self.events.append(Answer(target, key, self.answers[target]))

    def retire(self, target: Target) -> None:
        """Nothing has to be stopped."""

    def poll(self, timeout: float) -> list[Event]:
        events, self.events = self.events, []
        return events


def judged(tmp_path: Path, text: str, **answers: np.ndarray) -> tuple[dict[str, Verdict], Findings]:
    """The verdicts on the one case of a file, and what else the run found."""
    (case,) = suite(tmp_path, text, "file.yaml").cases()
    values = {parse_target(name): Value({"y": Tensor(a.dtype.name, a.shape, a)}) for name, a in answers.items()}
    found: dict[str, Verdict] = {}
    with Writer.create(tmp_path / "r.db", {}) as writer:
        run = Run(list(values), Given(values), writer, on_verdict=lambda t, v: found.update({str(t): v}))  # type: ignore[arg-type]
        run.add(case, list(values))
        return found, run.go()


HELD = """
op: call
values: integers
cases:
  - name: held
    params:
      inputs: {x: {shape: [2, 4], layout: NC}}
      output: LAYOUT
      against: torch
      plans: {torch: y = x, jax: y = x}
"""


def single(*values: object) -> np.ndarray:
    return np.array(values, dtype=np.float32)


@pytest.mark.parametrize("first", ["torch", "jax"])
def test_an_anchor_of_another_rank_than_its_layout_is_a_mistake_of_the_case(tmp_path: Path, first: str) -> None:
    answers = {first: np.ones((2, 4), np.float32)}
    answers |= {name: np.ones((2, 4), np.float32) for name in ("torch", "jax")}
    verdicts, findings = judged(tmp_path, HELD.replace("LAYOUT", "N"), **answers)
    assert not verdicts
    ((_, message),) = findings.case_errors
    assert "torch answers with shape (2, 4), but the layout of the output is N" in message


@pytest.mark.parametrize("first", ["torch", "jax"])
def test_what_is_finite_nowhere_is_no_divergence_as_well(tmp_path: Path, first: str) -> None:
    answers = {first: np.full((2, 4), np.nan, np.float32)}
    answers |= {"torch": np.full((2, 4), np.nan, np.float32), "jax": np.ones((2, 4), np.float32)}
    verdicts, findings = judged(tmp_path, HELD.replace("LAYOUT", "NC"), **answers)
    assert not verdicts
    ((_, message),) = findings.case_errors
    assert "finite nowhere" in message


SQUARE = """
op: call
cases:
  - name: square
    values: {kind: literal, arrays: {x: [[1, 2], [3, 4]]}}
    expect: {values: [[1, 2], [3, 4]]}
    CHECK
    params:
      inputs: {x: {shape: [2, 2], layout: NC}}
      output: NC
      plans: {torch: {text: y = x, layouts: {y: LAYOUT}}}
"""


def test_a_permuted_layout_that_fits_is_named(tmp_path: Path) -> None:
    text = SQUARE.replace("CHECK", "about: nothing").replace("LAYOUT", "CN")
    verdicts, _ = judged(tmp_path, text, torch=single([1, 2], [3, 4]))
    assert verdicts["torch"].status is Status.VALUE
    assert "the output in layout NC, not CN as written" in verdicts["torch"].explanation


def test_only_what_a_case_asks_for_is_judged(tmp_path: Path) -> None:
    for check, status in (("[shape]", Status.PASS), ("[shape, dtype]", Status.DTYPE), ("[value]", Status.VALUE)):
        text = SQUARE.replace("CHECK", f"check: {check}").replace("LAYOUT", "NC")
        folder = tmp_path / check
        folder.mkdir()
        verdicts, _ = judged(folder, text, torch=np.array([[9, 9], [9, 9]]))
        assert verdicts["torch"].status is status, check


DROPPED = """
op: call
values: normal
dtype: float16
cases:
  - name: dropped
    params:
      reference: {op: conv, params: {convention: torch, size: [4, 4], kernel: 1, in_channels: 600, out_channels: 4}}
      plans: {torch: {text: "y = torch.nn.functional.conv2d(x, w)", layouts: {w: OIHW}}}
"""


def test_a_cause_that_fits_wins_over_precision(tmp_path: Path) -> None:
    """In half precision the bound for sums in the dtype covers a channel that is left out."""
    from conformance.ask.prepare import prepare
    from conformance.dtypes import rounded
    from conformance.judge.compare import judge

    (case,) = suite(tmp_path, DROPPED, "file.yaml").cases()
    prepared = prepare(case)
    short = {**prepared.arrays, "x": prepared.arrays["x"].copy()}
    short["x"][:, -1] = 0.0
    y = rounded(prepared.case.op.evaluate(short)["y"].value, "float16").astype(np.float16)
    assert judge(prepared.expectation, Value({"y": Tensor("float16", y.shape, y)})).status is Status.PRECISION
    verdicts, _ = judged(tmp_path / "", DROPPED, torch=y)
    assert verdicts["torch"].status is Status.VALUE
    assert "the last input channel" in verdicts["torch"].explanation
    assert "elements differ" in verdicts["torch"].message
