"""The run loop, one thing at a time, with an executor in memory that answers what a test says."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conformance.ask import run as loop
from conformance.ask.prepare import Prepared
from conformance.ask.run import Run
from conformance.executor import Event, Failed, Unavailable
from conformance.outcome import Crashed, Outcome, Raised, Tensor, TimedOut, Unsupported, Value
from conformance.plan import Plan
from conformance.record import Writer
from conformance.suite.case import Case
from conformance.target import Target, parse_target
from conformance.verdict import Known, Status, Verdict
from tests.memory import CONV, GRADED, Memory, Says, Told, right, wrong
from tests.suite.files import cases as cases_of

NUMPY, TORCH, JAX = TARGETS = tuple(map(parse_target, ("numpy", "torch", "jax")))

HELD = """
op: call
values: [integers]
cases:
  - name: held
    params:
      inputs: {x: {shape: [2, 3], layout: HW}}
      output: HW
      against: numpy
      plans: {torch: y = x + 0, numpy: y = x + 0, jax: y = x + 0}
"""


def at(case: str, target: Target, said: Outcome) -> Says:
    """One answer that is not right; all others are."""

    def says(asked: Target, prepared: Prepared, plan: Plan) -> Outcome:
        hit = asked == target and prepared.case.label.startswith(case)
        return said if hit else right(asked, prepared, plan)

    return says


# --- how it ends ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "status", "words"),
    [
        (Crashed("SIGSEGV", "last words"), Status.CRASHED, "SIGSEGV"),
        (TimedOut(60.0, ""), Status.TIMEOUT, "60"),
        (Raised("ValueError", "no such kernel"), Status.RAISED, "no such kernel"),
        (Unsupported("not on this device"), Status.UNSUPPORTED, "not on this device"),
        (Value({"y": Tensor("float32", (1, 1), np.ones((1, 1), np.float32))}), Status.SHAPE, ""),
    ],
)
@pytest.mark.parametrize("last_first", [False, True])
def test_an_ending_costs_the_case_that_had_it(
    ask: Callable[..., Told], tmp_path: Path, said: Outcome, status: Status, words: str, last_first: bool
) -> None:
    order = (lambda waiting: waiting[-1]) if last_first else (lambda waiting: waiting[0])
    told = ask(cases_of(tmp_path, CONV), at("b", TORCH, said), order=order)
    found = told.status()
    assert found.pop(("b", "torch")) is status
    assert words in told.verdicts()["b", "torch"].message
    assert set(found.values()) == {Status.PASS}
    assert len(found) == 5


def test_a_target_that_is_not_there_has_its_reason_at_every_case(ask: Callable[..., Told], tmp_path: Path) -> None:
    gone: dict[Target, Event] = {TORCH: Unavailable(TORCH, "no such device")}
    told = ask(cases_of(tmp_path, CONV), instead=gone)
    here = {key: v for key, v in told.verdicts().items() if key[1] == "torch"}
    assert {(v.status, v.message) for v in here.values()} == {(Status.UNSUPPORTED, "no such device")}
    assert len(here) == 3
    assert told.findings.executed == {"numpy": 3}


def test_a_worker_that_fails_gives_no_verdict_and_others_go_on(ask: Callable[..., Told], tmp_path: Path) -> None:
    failed: dict[Target, Event] = {TORCH: Failed(TORCH, "died at once")}
    told = ask(cases_of(tmp_path, CONV), instead=failed)
    assert told.findings.failed == {"torch": "died at once"}
    assert {target for _, target in told.status()} == {"numpy"}
    assert told.memory.retired == [NUMPY]


def test_a_run_that_is_told_to_stop_leaves_the_rest(ask: Callable[..., Told], tmp_path: Path) -> None:
    rounds = iter([False, False, False, True])
    told = ask(cases_of(tmp_path, CONV), targets=(NUMPY,), stop=lambda: next(rounds, True), complete=False)
    assert 0 < len(told.status()) < 3


def test_a_case_that_can_not_be_judged_is_an_error_of_its_file(ask: Callable[..., Told], tmp_path: Path) -> None:
    made = cases_of(tmp_path, CONV)
    empty = replace(made[1], expect=replace(made[1].expect, shape=(9, 9, 9, 9)))
    told = ask([made[0], empty, made[2]])
    assert [case.label for case, _ in told.findings.case_errors] == [empty.label]
    assert "expects shape (9, 9, 9, 9)" in told.findings.case_errors[0][1]
    assert {case for case, _ in told.status()} == {"a", "c"}


def test_however_little_may_be_held_the_run_ends(
    ask: Callable[..., Told], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "PREPARED_BYTES", 0)
    told = ask(cases_of(tmp_path, CONV), order=lambda waiting: waiting[-1], window=1)
    assert list(told.status().values()) == [Status.PASS] * 6


def test_the_declared_divergence_is_looked_up_with_what_the_worker_says(
    ask: Callable[..., Told], tmp_path: Path
) -> None:
    declared = Known("minus", "bug", "r", "https://example.org/1")
    seen = []

    def known(case: Case, target: Target, info: Any, verdict: Verdict) -> Known | None:
        seen.append((case.label.partition(" ")[0], str(target), info["version"], verdict.status))
        return declared if verdict.status is Status.VALUE else None

    told = ask(
        cases_of(tmp_path, CONV)[:1], lambda t, p, plan: (wrong if t == TORCH else right)(t, p, plan), known=known
    )
    assert sorted(seen) == [("a", "numpy", "1.0", Status.PASS), ("a", "torch", "1.0", Status.VALUE)]
    assert told.verdicts()["a", "torch"].known == declared
    assert told.verdicts()["a", "numpy"].known is None


def test_the_total_is_what_the_run_will_say(tmp_path: Path) -> None:
    with Writer.create(tmp_path / "r.db", {}) as writer:
        run = Run(TARGETS, Memory(), writer)
        a, b = cases_of(tmp_path, CONV)[:2]
        run.add(a, TARGETS)
        run.add(b, TARGETS, done={JAX})
        assert run.total == 5
        (held_case,) = cases_of(tmp_path, HELD)
        # NumPy is asked again, since JAX is held against it, and has its verdict.
        run.add(held_case, TARGETS, done={NUMPY, TORCH})
        assert run.total == 6


def test_it_waits_where_nothing_could_be_fed_and_only_there(ask: Callable[..., Told], tmp_path: Path) -> None:
    told = ask(cases_of(tmp_path, CONV), targets=(NUMPY,), window=2)
    # Nobody has said hello; two are fed; one answer, one fed; then there is nothing left to feed.
    assert told.memory.waited == [0.2, 0.0, 0.0, 0.2]


def test_what_needs_no_worker_is_said_at_once(tmp_path: Path) -> None:
    entries = HELD.partition("cases:\n")
    text = entries[0] + entries[1] + "".join(entries[2].replace("held", f"held-{n}", 1) for n in range(3))
    heard: list[str] = []
    memory = Memory()
    memory.waiting = {JAX: deque()}
    with Writer.create(tmp_path / "r.db", {}) as writer:
        run = memory.run = Run((JAX,), memory, writer, on_verdict=lambda _, v: heard.append(v.message))
        for case in cases_of(tmp_path, text.replace(", jax: y = x + 0", "")):
            run.add(case, (JAX,))
        run.step()
        assert heard == []
        run.step()
    assert heard == ["the case has no plan for jax"] * 3


def test_those_that_are_ahead_wait_where_too_much_is_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "PREPARED_BYTES", 0)
    held: list[int] = []

    def says(target: Target, prepared: Prepared, plan: Plan) -> Outcome:
        assert memory.run is not None
        held.append(len(memory.run.prepared))
        return right(target, prepared, plan)

    memory = Memory(says, lambda waiting: waiting[-1], window=1)
    memory.waiting = {NUMPY: deque(), TORCH: deque()}
    text = (
        "op: conv\nvalues: [integers]\ngrids:\n  - grid: {convention: [torch], size: [3, 4, 5, 6, 7], kernel: [1, 2]}\n"
    )
    with Writer.create(tmp_path / "r.db", {}) as writer:
        rounds = iter(range(200))  # so that it ends where everybody waits for everybody
        run = memory.run = Run((NUMPY, TORCH), memory, writer, stop=lambda: next(rounds, None) is None)
        for number, case in enumerate(cases_of(tmp_path, text)):
            run.add(case, (NUMPY, TORCH) if number % 2 else (TORCH,))
        run.go()
    assert len(held) == 15
    assert max(held) == 2


# --- gradients ------------------------------------------------------------------------------------------------------


def test_a_wrong_gradient_is_named_and_one_that_is_not_given_is_no_pass(
    ask: Callable[..., Told], tmp_path: Path
) -> None:
    def says(target: Target, prepared: Prepared, plan: Plan) -> Outcome:
        found = right(target, prepared, plan)
        assert isinstance(found, Value)
        w = found.gradients["w"]
        assert w.values is not None
        off = {**found.gradients, "w": replace(w, values=w.values + 1)}
        return replace(found, gradients={} if target == NUMPY else off)

    told = ask(cases_of(tmp_path, GRADED)[:1], says)
    torch, numpy = told.verdicts()["a", "torch"], told.verdicts()["a", "numpy"]
    assert (torch.status, torch.subject) == (Status.GRADIENT, "gradient of w")
    assert (numpy.status, numpy.message) == (Status.UNSUPPORTED, "NumPy has no gradients; its values are right")
    asked = {target: r for (target, _), r in zip(told.memory.asked, told.memory.requests, strict=True)}
    assert set(asked["torch"].gradient) == {"x", "w"}
    assert asked["numpy"].gradient == ()


def test_no_gradients_excuse_no_wrong_value(ask: Callable[..., Told], tmp_path: Path) -> None:
    told = ask(cases_of(tmp_path, GRADED)[:1], wrong, targets=(NUMPY,))
    assert told.status() == {("a", "numpy"): Status.VALUE}


# --- resume ---------------------------------------------------------------------------------------------------------


def test_what_is_recorded_is_not_asked_again(ask: Callable[..., Told], tmp_path: Path) -> None:
    made = cases_of(tmp_path, CONV)
    ask(made[:2], complete=False)
    told = ask(made)
    assert told.memory.asked == [("numpy", "c"), ("torch", "c")]
    assert len(told.status()) == 6


def test_a_changed_case_is_asked_again_and_nothing_old_is_left_of_it(ask: Callable[..., Told], tmp_path: Path) -> None:
    made = cases_of(tmp_path, CONV)[:1]
    before = ask(made, wrong, complete=False)
    assert before.arrays(made[0], "torch")
    changed = replace(made[0], seed=made[0].seed + 1)
    assert changed.fingerprint != made[0].fingerprint
    told = ask([changed])
    assert [target for target, _ in told.memory.asked] == ["numpy", "torch"]
    assert set(told.status().values()) == {Status.PASS}
    assert told.arrays(changed) == told.arrays(changed, "torch") == {}


# --- held against one target ------------------------------------------------------------------------------------------


def held(**said: Outcome) -> Says:
    """What each target answers to a case that has no definition, by name."""

    def says(target: Target, prepared: Prepared, _: Plan) -> Outcome:
        return said.get(str(target)) or plain(prepared.arrays["x"])

    return says


def plain(array: np.ndarray) -> Value:
    array = np.asarray(array, np.float32)
    return Value({"y": Tensor("float32", array.shape, array)})


@pytest.mark.parametrize("last_first", [False, True])
def test_the_others_are_held_against_the_anchor_whoever_answers_first(
    ask: Callable[..., Told], tmp_path: Path, last_first: bool
) -> None:
    order = (lambda waiting: waiting[-1]) if last_first else (lambda waiting: waiting[0])
    told = ask(cases_of(tmp_path, HELD), held(jax=plain(np.ones((2, 3)))), targets=TARGETS, order=order)
    assert told.status() == {
        ("held", "numpy"): Status.PASS,
        ("held", "torch"): Status.PASS,
        ("held", "jax"): Status.VALUE,
    }


@pytest.mark.parametrize("last_first", [False, True])
def test_where_the_anchor_refuses_the_others_should(ask: Callable[..., Told], tmp_path: Path, last_first: bool) -> None:
    order = (lambda waiting: waiting[-1]) if last_first else (lambda waiting: waiting[0])
    refusals = {"numpy": Raised("ValueError", "no"), "torch": Raised("RuntimeError", "nor I")}
    told = ask(cases_of(tmp_path, HELD), held(**refusals), targets=TARGETS, order=order)
    assert told.status() == {
        ("held", "numpy"): Status.RAISED,  # it does not agree with itself: it should have answered
        ("held", "torch"): Status.PASS,
        ("held", "jax"): Status.ACCEPTED,
    }


@pytest.mark.parametrize("said", [Crashed("SIGSEGV", ""), TimedOut(1.0, ""), Unsupported("not here")])
def test_where_the_anchor_gives_no_answer_nobody_is_judged(
    ask: Callable[..., Told], tmp_path: Path, said: Outcome
) -> None:
    told = ask(cases_of(tmp_path, HELD), held(numpy=said), targets=TARGETS)
    others = [v for (_, target), v in told.verdicts().items() if target != "numpy"]
    assert {(v.status, v.message) for v in others} == {(Status.UNSUPPORTED, "held against numpy, which gave no answer")}
    assert len(others) == 2


def test_an_anchor_of_an_interrupted_run_is_asked_again_and_has_one_verdict(
    ask: Callable[..., Told], tmp_path: Path
) -> None:
    made = cases_of(tmp_path, HELD)
    ask(made, held(), targets=(NUMPY,), complete=False)
    told = ask(made, held(), targets=TARGETS)
    assert ("numpy", "held") in told.memory.asked
    assert [str(target) for target, _ in told.heard] == ["torch", "jax"]
    assert set(told.status().values()) == {Status.PASS}
    assert len(told.status()) == 3
