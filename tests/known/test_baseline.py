"""What a baseline says: what it covers, and what is gone from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.known.baseline import Baseline
from conformance.record import Reader
from conformance.verdict import Status
from tests.records import FILE, make_case, verdict, write

CASES = [make_case(stride) for stride in range(1, 8)]
LABELS = {1: "k3 same keras", **{n: f"k3 s{n} same keras" for n in range(2, 8)}}


@pytest.mark.parametrize(
    ("gone", "start", "named", "end"),
    [
        (1, "1 divergence of", [1], ""),
        (5, "5 divergences of", [2, 3, 4, 5, 1], ""),
        (6, "6 divergences of", [2, 3, 4, 5, 6], " and 1 more"),
        (7, "7 divergences of", [2, 3, 4, 5, 6], " and 2 more"),
    ],
)
def test_of_what_is_gone_the_first_five_are_named(
    tmp_path: Path, gone: int, start: str, named: list[int], end: str
) -> None:
    rows = [verdict(case, status=Status.VALUE) for case in CASES]
    with Reader(write(tmp_path / "old.db", *rows, cases=tuple(CASES))) as reader:
        baseline = Baseline(reader)
    for number, (case, row) in enumerate(zip(CASES, rows, strict=True)):
        known = baseline.match(case, verdict(case) if number < gone else row)
        assert (known is None) == (number < gone)
    names = ", ".join(f"{FILE}::conv_transpose2d[4x4 {LABELS[n]}] integers on jax" for n in named)
    _, notes = baseline.sift([])
    assert notes[-1] == f"{start} the baseline old.db no longer there: {names}{end}; take a new baseline"
