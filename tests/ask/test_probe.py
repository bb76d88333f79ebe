"""A probe: a few targets asked again and again, with workers that stay alive."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from conformance.ask.probe import Probe, ProbeError
from conformance.executor import Request
from conformance.outcome import Value
from conformance.target import parse_target
from conformance.verdict import Status
from tests import fakes
from tests.suite.files import cases

NUMPY = parse_target("numpy")
CONV = """
op: conv
values: [integers]
cases:
  - name: a
    params: {convention: torch, size: [4, 4], kernel: 2}
  - name: vacuous
    params: {convention: torch, size: [1, 2], kernel: [1, 2]}
    values: {kind: literal, arrays: {x: [[0, 0]], w: [[1, 1]]}}
"""


def request(number: int) -> Request:
    return Request("y = x * 2", (("x", np.full((1,), number, np.float32), "float32"),))


def test_more_requests_than_a_worker_takes_at_once_are_answered_in_their_order(tmp_path: Path) -> None:
    with Probe([NUMPY]) as probe:
        found = probe.ask(NUMPY, [request(number) for number in range(70)])
        values = [outcome.first.values for outcome in found if isinstance(outcome, Value)]
        assert [float(value[0]) for value in values if value is not None] == [2.0 * n for n in range(70)]
        # The same workers judge cases in between.
        right, mistaken = probe.judge(cases(tmp_path, CONV))
        assert right.verdicts[NUMPY].status is Status.PASS
        assert right.verdicts[NUMPY].case == "file::a integers"
        assert right.error == ""
        assert mistaken.verdicts == {}
        assert mistaken.error.startswith("its reference is zero everywhere")
        assert len(probe.ask(NUMPY, [request(1)])) == 1
        assert probe.ask(NUMPY, []) == []


def test_a_target_that_can_not_run_is_an_error(tmp_path: Path) -> None:
    with Probe([NUMPY], command=fakes.command("unavailable")) as probe:
        with pytest.raises(ProbeError, match=r"^numpy can't run here: no such device$"):
            probe.judge(cases(tmp_path, CONV)[:1])
        with pytest.raises(ProbeError, match=r"^numpy can't run here: no such device$"):
            probe.ask(NUMPY, [request(1)])
