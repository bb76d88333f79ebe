"""What is kept of an answer: its verdict, why it is wrong, and of a wrong one everything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conformance.ask import keep
from conformance.ask.keep import answered, digest
from conformance.ask.prepare import prepare
from conformance.outcome import Raised, Tensor, Value
from conformance.record import Reader
from conformance.target import parse_target
from conformance.verdict import Status
from tests.memory import CONV, GRADED, Told, answer, right, wrong
from tests.suite.files import cases as cases_of

NUMPY, TORCH = parse_target("numpy"), parse_target("torch")


def test_of_a_wrong_answer_everything_is_kept_and_of_a_right_one_nothing(
    ask: Callable[..., Told], tmp_path: Path
) -> None:
    made = cases_of(tmp_path, CONV)
    told = ask(made, lambda t, p, plan: (wrong if p.case.label.startswith("a") else right)(t, p, plan))
    prepared = prepare(made[0])
    right_one = prepared.expectation.outputs["y"].value
    assert told.status()["a", "torch"] is Status.VALUE
    shared = told.arrays(made[0])
    assert np.array_equal(shared["reference"], right_one)
    assert np.array_equal(shared["x"], prepared.arrays["x"])
    assert np.array_equal(shared["w"], prepared.arrays["w"])
    assert np.array_equal(told.arrays(made[0], "torch")["y"], -right_one)
    assert told.arrays(made[1]) == told.arrays(made[1], "torch") == {}


def test_a_wrong_answer_is_explained_once_and_to_everybody_who_gave_it(
    ask: Callable[..., Told], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[object] = []
    explained = keep.explain

    def counted(*words: Any, **more: Any) -> Any:
        calls.append(words)
        return explained(*words, **more)

    monkeypatch.setattr(keep, "explain", counted)
    told = ask(cases_of(tmp_path, CONV)[:1], lambda _, p, plan: answer(p, plan, lambda y: 2 * y))
    said = [verdict.explanation for verdict in told.verdicts().values()]
    assert len(said) == 2
    assert said[0] == said[1] != ""
    assert len(calls) == 1


def test_two_wrong_answers_of_one_shape_have_two_explanations(ask: Callable[..., Told], tmp_path: Path) -> None:
    factor = {NUMPY: 2, TORCH: 0.5}
    told = ask(cases_of(tmp_path, CONV)[:1], lambda t, p, plan: answer(p, plan, lambda y: factor[t] * y))
    said = {target: verdict.explanation.partition("\n")[0] for (_, target), verdict in told.verdicts().items()}
    assert said == {
        "numpy": "equals the reference with twice the answer",
        "torch": "equals the reference with half the answer",
    }


def test_passed_outputs_are_kept_where_they_are_asked_for(ask: Callable[..., Told], tmp_path: Path) -> None:
    told = ask(cases_of(tmp_path, GRADED)[:1], targets=(TORCH,), keep_outputs=True)
    with Reader(told.path) as reader:
        outputs = reader.outputs(told.verdicts()["a", "torch"].digest)
    assert set(outputs) == {"y", "gradient of x", "gradient of w"}


def test_a_digest_is_of_the_output_and_of_the_gradients() -> None:
    ones, twos = np.ones(2, np.float32), np.full(2, 2, np.float32)

    def value(y: np.ndarray, **gradients: np.ndarray) -> Value:
        pulled = {n: Tensor("float32", g.shape, g) for n, g in gradients.items()}
        return Value({"y": Tensor("float32", y.shape, y)}, pulled, seconds=1)

    found = [value(ones), value(twos), value(ones, w=ones), value(ones, w=twos)]
    assert len({digest(answered(outcome)) for outcome in found}) == 4
    assert digest(answered(value(ones))) == digest(answered(replace(value(ones), seconds=2.0)))
    assert digest(answered(value(ones))) != digest(answered(value(ones.reshape(1, 2))))
    assert digest(answered(Raised("E", ""))) == ""
