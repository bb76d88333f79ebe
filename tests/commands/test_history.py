import json
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conformance.commands import history as command
from conformance.diff.history import moved, read
from conformance.record import Summary, Writer
from conformance.suite.case import Case
from conformance.usage import UsageError
from conformance.verdict import Status, Verdict
from tests.records import FLIP, make_case, verdict

CASES = tuple(make_case(stride) for stride in (1, 2, 3))


def record(path: Path, started: str, version: str, *verdicts: Verdict, cases: tuple[Case, ...] = CASES) -> Path:
    with Writer.create(path, {}) as writer:
        for case in cases:
            writer.add_case(case)
        for item in verdicts:
            writer.set_target_info(item.target, {"version": version})
            writer.add_verdict(item)
        writer.finish(Summary())
    with sqlite3.connect(path) as db:
        db.execute("UPDATE meta SET value = ? WHERE key = 'started'", (started,))
    return path


@pytest.fixture
def series(tmp_path: Path) -> list[Path]:
    one, two, three = CASES
    known = verdict(one, "jax", Status.VALUE, message="flipped", known=FLIP)
    wrong = verdict(two, "jax", Status.RAISED, message="ValueError: 3 is too much")
    return [
        record(tmp_path / "late.db", "2026-03-01T00:00:00", "0.3", verdict(one), verdict(two), verdict(three)),
        record(tmp_path / "early.db", "2026-01-01T00:00:00", "0.1", known, wrong),
        record(tmp_path / "partial.db", "2026-02-01T00:00:00", "0.2", wrong, verdict(three, "torch")),
    ]


def test_the_records_are_ordered_by_their_start(series: list[Path]) -> None:
    history = read(series)
    assert [Path(moment.path).name for moment in history.moments] == ["early.db", "partial.db", "late.db"]
    assert [moment.cells["jax"].text for moment in history.moments] == ["!1 ~1", "!1", "3"]
    assert history.targets == ("torch", "jax")


def test_divergences_vanish_only_where_they_were_looked_for(series: list[Path]) -> None:
    known, wrong = sorted(read(series).trends, key=lambda trend: not trend.known)
    assert (known.name, known.counts, known.events) == ("jax-flip", [1, None, 0], [(2, "vanished")])
    assert (wrong.counts, wrong.events, wrong.targets) == ([1, 1, 0], [(2, "vanished")], ("jax",))
    assert wrong.name == "conv_transpose raised: ValueError: 3 is too much"


def test_what_moved_is_told_against_the_last_run_of_the_target(series: list[Path]) -> None:
    history = read(series)
    assert dict(moved(history, 1)) == {"jax": "0.1 -> 0.2, known -1", "torch": "runs for the first time"}
    assert dict(moved(history, 2)) == {"jax": "0.2 -> 0.3, passed +3, unexpected -1"}


def test_the_same_words_are_one_divergence_whatever_the_numbers(tmp_path: Path) -> None:
    paths = [
        record(tmp_path / f"{n}.db", f"2026-01-0{n}", "1", verdict(CASES[n], status=Status.RAISED, message=f"{n} < 5"))
        for n in (1, 2)
    ]
    (trend,) = read(paths).trends
    assert trend.counts == [1, 1]


def options(records: list[Path], **changes: Any) -> command.Options:
    return command.Options(records=tuple(records), **changes)


def test_the_command_prints_and_writes(series: list[Path], capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    data, page = tmp_path / "out/h.json", tmp_path / "out/h.md"
    assert command.main(options(series, json=data, markdown=page)) == 0
    printed = capsys.readouterr().out
    assert "1 . 0  vanished in #3  [jax]" in printed
    assert [line.split() for line in printed.splitlines() if line.startswith("jax ")] == [
        ["jax", "!1", "~1", "!1", "3"]
    ]
    found = json.loads(data.read_text())
    assert found["divergences"][1]["events"] == [{"record": 2, "what": "vanished"}]
    assert "| `jax` | !1 \\~1 | !1 | 3 |" in page.read_text()


def test_bad_input_is_one_message(series: list[Path], tmp_path: Path) -> None:
    with Writer.create(tmp_path / "open.db", {}) as writer:
        writer.add_case(replace(CASES[0]))
    for records, words in (
        ([series[0], series[0]], "named twice"),
        ([series[0], tmp_path / "none.db"], "there is no such record"),
        ([series[0], tmp_path / "open.db"], "is not a complete run"),
    ):
        with pytest.raises(UsageError, match=words):
            command.main(options(records))
