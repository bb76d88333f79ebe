"""No process that has run a file's own plans is asked another file's cases."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.executor import Request
from conformance.executor.local import LocalExecutor
from conformance.executor.origins import Origins
from conformance.outcome import Value
from conformance.target import parse_target
from tests.executor.drive import double, drive
from tests.fakes import MARK, command

NUMPY = parse_target("numpy")
FILES = ("", "a.yaml", "b.yaml")


def request(origin: str, authored: bool = False) -> Request:
    return replace(double(MARK), origin=origin, authored=authored and bool(origin))


def processes(tmp_path: Path, requests: Sequence[Request]) -> list[float]:
    """The process that answered each."""
    with LocalExecutor([NUMPY], log_dir=tmp_path, command=command("says_pid")) as executor:
        executor.start()
        driven = drive(executor, NUMPY, requests)
    assert not driven.failed
    assert len(driven.ready) == 1
    found = []
    for key in range(len(requests)):
        outcome = driven.outcomes[key]
        assert isinstance(outcome, Value)
        found.append(outcome.seconds)
    return found


def test_a_file_that_follows_an_author_has_a_process_of_its_own(tmp_path: Path) -> None:
    ours, a, b = request(""), request("a.yaml", True), request("b.yaml", True)
    found = processes(tmp_path, [ours, a, a, b, b, ours, a])
    assert len({*found}) == 3
    # What adapters wrote may come before; nothing comes after but the same file.
    assert found[0] == found[1] == found[2]
    assert found[3] == found[4]
    assert len({found[2], found[3], found[5]}) == 3
    assert found[5] == found[6]


def test_the_same_file_may_go_on_after_its_author(tmp_path: Path) -> None:
    found = processes(tmp_path, [request("a.yaml", True), request("a.yaml"), request("b.yaml")])
    assert found[0] == found[1] != found[2]


def test_files_without_plans_share_a_process(tmp_path: Path) -> None:
    assert len({*processes(tmp_path, [request("a.yaml"), request("b.yaml"), request("")] * 10)}) == 1


@pytest.mark.parametrize("seed", range(5))
def test_in_any_order_no_process_serves_a_file_after_another_author(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    requests = [request(rng.choice(FILES), rng.random() < 0.3) for _ in range(12)]
    authors: dict[float, str] = {}
    for asked, process in zip(requests, processes(tmp_path, requests), strict=True):
        assert authors.get(process, "") in ("", asked.origin)
        if asked.authored:
            authors[process] = asked.origin


def test_a_process_is_spent_when_all_that_waits_is_somebody_elses() -> None:
    origins = Origins()
    origins.add(0, request("a.yaml", True))
    assert [number for number, _ in origins.sendable()] == [0]
    origins.add(1, request("b.yaml"))
    assert origins.sendable() == []
    assert not origins.spent(2)  # the first is not answered yet
    assert origins.spent(1)
    origins.renew([(1, request("b.yaml"))])
    assert [number for number, _ in origins.sendable()] == [1]
    assert not origins.spent(1)
