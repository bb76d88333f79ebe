"""Held cases whose answers are not equal: both sides are asked in float64, whichever answers first."""

from __future__ import annotations

import random
from collections import Counter, deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conformance.ask.run import Run
from conformance.executor import Answer, Event, Ready, Request
from conformance.judge.ladder import MOVES, NUDGES
from conformance.outcome import Crashed, Outcome, Raised, Tensor, Value
from conformance.record import Reader, Summary, Writer
from conformance.target import Target, parse_target
from conformance.verdict import Status, Verdict
from tests.suite.files import suite

A, B = parse_target("torch"), parse_target("jax")

CASE = """
op: call
values: VALUES
cases:
  - name: held
    EXPECT
    params:
      inputs: {x: {shape: [3, 8], layout: HW}}
      output: HW
      against: torch
      ALLOWANCE
      plans: {torch: y = x + 0, jax: y = x + 1}
"""

Function = Callable[[Any], Any]


class Computing:
    """An executor in memory: each target is a function of x, whatever its plan says."""

    def __init__(self, functions: dict[Target, Function], seed: int) -> None:
        self.functions = functions
        self.random = random.Random(seed)
        self.queues: dict[Target, deque[tuple[int, Request]]] = {target: deque() for target in functions}
        self.coming = list(functions)
        self.asked: dict[Target, int] = dict.fromkeys(functions, 0)
        self.repeats: list[int] = []
        self.retired: set[Target] = set()

    def room(self, target: Target) -> bool:
        return len(self.queues[target]) < 2

    def submit(self, target: Target, key: int, request: Request) -> None:
        assert target not in self.retired
        self.asked[target] += 1
        self.repeats.append(request.repeat)
        self.queues[target].append((key, request))

    def retire(self, target: Target) -> None:
        self.retired.add(target)

    def poll(self, _: float) -> list[Event]:
        choices = [*self.coming, *(t for t, queue in self.queues.items() if queue)]
        target = self.random.choice(choices)
        if target in self.coming:
            self.coming.remove(target)
            return [Ready(target, {})]
        key, request = self.queues[target].popleft()
        return [Answer(target, key, self.outcome(target, request))]

    def outcome(self, target: Target, request: Request) -> Outcome:
        with np.errstate(all="ignore"):
            found = self.functions[target](request.inputs[0][1])
        if not isinstance(found, np.ndarray):
            return found  # type: ignore[no-any-return]
        return Value({"y": Tensor(found.dtype.name, found.shape, found)}, {}, {"y": 1} if self.unstable else {})

    unstable = False


def told(
    folder: Path,
    a: Function,
    b: Function,
    *,
    seed: int = 0,
    values: str = "normal",
    expect: str = "",
    allowance: str = "",
    unstable: bool = False,
) -> tuple[Verdict, Computing]:
    """What a run says of b, held against a."""
    text = CASE.replace("VALUES", values).replace("EXPECT", expect).replace("ALLOWANCE", allowance)
    cases = list(suite(folder, "\n".join(line for line in text.splitlines() if line.strip())).cases())
    executor = Computing({A: a, B: b}, seed)
    executor.unstable = unstable
    path = folder / "r.db"
    path.unlink(missing_ok=True)
    with Writer.create(path, {}) as writer:
        run = Run([A, B], executor, writer)  # type: ignore[arg-type]
        writer.plan([case.id for case in cases], [str(A), str(B)])
        for case in cases:
            run.add(case, [A, B])
        findings = run.go()
        writer.finish(Summary(()))
    assert not findings.case_errors
    assert findings.verdicts == 2
    with Reader(path) as reader:
        found = {row.verdict.target: row.verdict for row in reader.verdicts()}
    assert executor.retired == {A, B}
    return found["jax"], executor


def tripled(x: Any) -> Any:
    return x * 3


def in_pieces(x: Any) -> Any:
    return x / x.dtype.type(3) * 9


def wrong(x: Any) -> Any:
    return x * x.dtype.type(3.001)


def coarse(x: Any) -> Any:
    return (x * 3).astype("f2").astype(x.dtype) if x.dtype == np.float32 else x * 3


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("b", "status"), [(in_pieces, Status.PASS), (wrong, Status.VALUE), (coarse, Status.PRECISION)])
def test_whichever_answers_first(tmp_path: Path, b: Function, status: Status, seed: int) -> None:
    verdict, executor = told(tmp_path, tripled, b, seed=seed)
    assert verdict.status is status, verdict
    # Once as the case has it, once in float64, and on inputs moved a little.
    assert executor.asked == {A: 2 + MOVES + NUDGES, B: 2 + MOVES + NUDGES}


def test_equal_answers_ask_nothing_more(tmp_path: Path) -> None:
    verdict, executor = told(tmp_path, tripled, tripled)
    assert (verdict.status, verdict.message) == (Status.PASS, "equal")
    assert executor.asked == {A: 1, B: 1}


def test_what_is_asked_only_to_measure_need_not_repeat(tmp_path: Path) -> None:
    checked = "normal\ncheck: [shape, dtype, value, determinism]"
    verdict, executor = told(tmp_path, tripled, in_pieces, values=checked)
    assert verdict.status is Status.PASS
    assert Counter(executor.repeats) == {2: 2, 0: 2 * (1 + MOVES + NUDGES)}


def test_whole_numbers_must_be_equal(tmp_path: Path) -> None:
    verdict, executor = told(tmp_path, tripled, lambda x: x * 3 + x.dtype.type(2.0**-20), values="integers")
    assert verdict.status is Status.VALUE
    assert executor.asked == {A: 1, B: 1}


def test_whole_inputs_with_answers_that_are_not(tmp_path: Path) -> None:
    divided, verdict = (lambda x: x / x.dtype.type(3)), None
    verdict, _ = told(tmp_path, divided, lambda x: x * x.dtype.type(1 / 3), values="integers")
    assert verdict.status is Status.PASS


@pytest.mark.parametrize(
    ("expect", "allowance", "status", "words"),
    [
        ("expect: {rtol: 0.01}", "", Status.PASS, "rtol 0.01 and atol 0, which a person stated"),
        ("expect: {rtol: 0.0001}", "", Status.VALUE, "rtol 0.0001 and atol 0, which a person stated"),
        ("", "allowance: {ulp: 1024}", Status.VALUE, "1024 ULP, which a person stated"),
        ("", "allowance: {ulp: 0}", Status.VALUE, "24 of 24 elements differ"),
    ],
)
def test_what_a_person_states_decides(tmp_path: Path, expect: str, allowance: str, status: Status, words: str) -> None:
    verdict, executor = told(tmp_path, tripled, wrong, expect=expect, allowance=allowance)
    assert verdict.status is status
    assert words in verdict.message
    assert executor.asked == {A: 1, B: 1}


def narrow_only(how: Outcome) -> Callable[[Function], Function]:
    return lambda function: lambda x: function(x) if x.dtype == np.float32 else how


@pytest.mark.parametrize("how", [Raised("TypeError", "no kernel for float64"), Crashed("SIGSEGV", "")])
@pytest.mark.parametrize(("b", "status"), [(in_pieces, Status.PASS), (wrong, Status.VALUE)])
def test_a_side_that_can_not_run_in_float64(tmp_path: Path, how: Outcome, b: Function, status: Status) -> None:
    verdict, executor = told(tmp_path, tripled, narrow_only(how)(b))
    assert verdict.status is status
    assert "jax can't run in float64" in verdict.message
    assert executor.asked[B] == 2 + MOVES
    verdict, _ = told(tmp_path, narrow_only(how)(tripled), b)
    assert verdict.status is status
    assert "torch can't run in float64" in verdict.message


def test_an_answer_that_stays_float32_is_none_in_float64(tmp_path: Path) -> None:
    verdict, _ = told(tmp_path, tripled, lambda x: in_pieces(x).astype("f4"))
    assert verdict.status is Status.PASS
    assert "its answer is float32" in verdict.message


def test_a_right_answer_that_does_not_repeat(tmp_path: Path) -> None:
    assert told(tmp_path, tripled, in_pieces, unstable=True)[0].status is Status.NONDETERMINISTIC
