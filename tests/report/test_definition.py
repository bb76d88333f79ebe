"""What a case asks, in sentences."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from conformance.record import Reader, Summary
from conformance.report.definition import sentences
from conformance.suite.case import Claim, Expect, Place, Values
from tests.records import make_case, write


def test_a_case_is_told_in_sentences_and_no_structure_is_dumped(tmp_path: Path) -> None:
    plain = make_case(2)
    values = Values("specials", "normal", (Place("x", (0, 1), "inf"), Place("w", "last", "nan")))
    full = replace(
        make_case(3), values=values, seed=7, nonfinite="superset", permits=frozenset({"empty"}), tags=frozenset("ab"),
        expect=Expect(shape=(1, 2), layout="NC", refused=False, rtol=1e-3), claim=Claim("003", "it is so", False),
    )  # fmt: skip
    with Reader(write(tmp_path / "r.db", cases=(plain, full), summary=Summary())) as reader:
        first, second = (sentences(case) for case in reader.cases())
    assert first == [
        "It asks conv_transpose in float32",
        "Its inputs are small integers, so that every partial sum is exact, from seed 0",
        "What is checked: shape, dtype and value",
    ]
    assert second == [
        "It asks conv_transpose in float32",
        "Its inputs are drawn from a normal distribution, from seed 7, but inf at (0, 1) of x and nan at the last "
        "element of w",
        "What is checked: shape, dtype and value",
        "A NaN or an infinity has to stand wherever the definition has one, and may stand elsewhere",
        "It is meant although it compares nothing: an empty output",
        "No target may refuse it",
        "It states the shape (1, 2) in layout NC",
        "A person allows rtol 0.001",
        "Document 003 says: it is so (which does not hold: the case states what does)",
        "Its tags: a, b",
    ]
