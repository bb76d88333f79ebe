"""How a run ends: its exit code and what is said of it, without a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from conformance.ask.run import Findings
from conformance.session.execute import nowhere, summary
from conformance.session.selection import refuse_duplicates, select_cases
from conformance.suite.case import Source
from conformance.target import parse_target
from conformance.usage import HARNESS, USAGE, UsageError
from tests.records import make_case

NUMPY, TORCH = parse_target("numpy"), parse_target("torch")


def test_a_target_that_was_named_and_ran_nothing_is_a_problem() -> None:
    found = summary(Findings(executed={"numpy": 3}), None, [NUMPY, TORCH])
    assert found.exit_code == HARNESS
    assert [(problem.name, problem.message) for problem in found.problems] == [
        ("torch", "it ran nothing, so nothing was tested on it; see its reasons above")
    ]
    assert found.reason == "the harness could not do its job on every target"


def test_one_that_nobody_named_may_run_nothing() -> None:
    found = summary(Findings(executed={"numpy": 3}), None, [])
    assert (found.exit_code, found.problems) == (None, ())
    assert summary(Findings(executed={"numpy": 3}), None, [NUMPY]).exit_code is None


def test_a_run_that_asked_nothing_of_anybody_did_not_do_its_job() -> None:
    assert summary(Findings(), None, []).exit_code == HARNESS


def test_cases_that_can_not_be_judged_come_after_the_harness_and_before_divergences() -> None:
    case = make_case()
    found = summary(Findings(case_errors=[(case, "compares nothing")], executed={"numpy": 3}), None, [NUMPY])
    assert found.exit_code == USAGE
    assert [(p.name, p.message, p.where) for p in found.problems] == [
        (case.label, "compares nothing", str(case.source))
    ]
    both = Findings(case_errors=[(case, "compares nothing")], executed={"numpy": 3})
    assert summary(both, None, [TORCH]).exit_code == HARNESS


def test_a_case_that_nobody_answered_is_said_by_name() -> None:
    first, second, third, fourth = (make_case(i) for i in range(4))
    asked = [(first, [NUMPY]), (second, [NUMPY, TORCH]), (third, []), (fourth, [NUMPY])]
    findings = Findings(case_errors=[(fourth, "compares nothing")])  # which is said already
    found = nowhere(asked, {first.id}, findings)
    assert [(p.name, p.where) for p in found] == [(c.label, str(c.source)) for c in (second, third)]
    assert "it ran nowhere, so nothing was tested by it (unsupported on numpy, torch)" in found[0].message
    assert "not installed: its targets, default" in found[1].message
    many = [(make_case(i), [NUMPY]) for i in range(25)]
    assert [p.name for p in nowhere(many, (), Findings())][20:] == ["5 other cases"]


def test_one_id_in_two_files_is_refused() -> None:
    first = make_case()
    second = replace(first, source=Source("other.yaml", 3))
    with pytest.raises(UsageError, match=r"other.yaml:3:1: the id .* is already at cases/conv_transpose/strides.yaml"):
        refuse_duplicates([first, make_case(1), second])
    refuse_duplicates([first, make_case(1)])


def test_two_files_that_give_one_id_are_refused(tmp_path: Path) -> None:
    text = "op: conv\ncases: [{name: a, params: {convention: torch, size: [3, 3], kernel: 2}}]\n"
    paths = [tmp_path / "one.yaml", tmp_path / "one.yml"]  # an id has no ending
    for path in paths:
        path.write_text(text)
    assert len(select_cases(paths[:1], "", (), ())) == 2  # integers and normal
    with pytest.raises(UsageError, match="is already at"):
        select_cases(paths, "", (), ())
