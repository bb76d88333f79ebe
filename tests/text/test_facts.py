"""What the reports share: claims, grouping, and text that is safe to print."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from conformance.record import Reader
from conformance.record.facts import Claims, claims, conclusion, version
from conformance.suite.case import Claim
from conformance.text.plain import clean, one_line
from conformance.text.words import alike, plural
from conformance.verdict import Status
from tests.records import FILE, FLIP, make_case, verdict, write


def test_claims_are_settled_by_what_ran(tmp_path: Path) -> None:
    says = ["true", "false, seen", "contradicted", "known to differ", "never ran", "in two cases"]
    holds = [True, False, True, True, True, True]
    base = make_case()
    cases = [
        replace(base, id=f"{FILE}::{i}", seed=i, claim=Claim("003", text, held))
        for i, (text, held) in enumerate(zip([*says, says[-1]], [*holds, True], strict=True))
    ]
    other = replace(base, id=f"{FILE}::other", seed=99, claim=Claim("004", "true", True))
    verdicts = [verdict(case, "torch") for case in [*cases[:2], *cases[5:], other]]
    verdicts += [verdict(case, "jax") for case in cases[:4]]
    verdicts += [
        verdict(cases[2], "torch", Status.VALUE),
        verdict(cases[3], "torch", Status.VALUE, known=FLIP),
        verdict(cases[4], "torch", Status.UNSUPPORTED),
        verdict(cases[6], "jax", Status.VALUE),
        verdict(make_case(3), "jax"),
    ]
    path = write(tmp_path / "r.db", *verdicts, cases=(*cases, other, make_case(3)))
    assert claims(Reader(path)) == [
        Claims("003", hold=2, refuted=1, open=["contradicted", "in two cases", "never ran"]),
        Claims("004", hold=1),
    ]


def test_divergences_are_alike_whatever_their_numbers() -> None:
    case = make_case()
    one = verdict(case, message="49 of 64 elements differ; worst at (0, 3, 4, 0): got -1.5e-07, reference 9")
    assert alike(one) == alike(
        replace(one, message="1 of 4,096 elements differ; worst at (0, 0, 12, 1): got nan, reference 7.25")
    )
    assert alike(one) != alike(
        replace(one, message="49 of 64 zeros differ; worst at (0, 3, 4, 0): got -1.5e-07, reference 9")
    )
    assert alike(one) != alike(replace(one, subject="gradient of w"))
    assert alike(replace(one, explanation="flipped")) == alike(replace(one, message="no", explanation="flipped"))


def test_text_is_made_safe() -> None:
    assert clean("a\x1b[2J\x9b\u202eb\tc\nd") == "a\\x1b[2J\\x9b\\u202eb\tc\nd"
    assert one_line("  a\r\n\tb \n") == "a\\r b"
    assert clean("caf\u00e9 \U0001f600") == "caf\u00e9 \U0001f600"
    assert (plural(1, "verdict"), plural(0, "verdict"), plural(1234, "verdict")) == (
        "1 verdict",
        "0 verdicts",
        "1,234 verdicts",
    )


def test_versions() -> None:
    assert version({"version": "2.13.0"}) == "2.13.0"
    assert version({"versions": {"keras": "3.15.1", "jax": "0.10.2"}}) == "keras 3.15.1, jax 0.10.2"
    assert version({"version": "3.15.1", "backend": "jax", "backend_version": "0.10.2"}) == "3.15.1, jax 0.10.2"
    assert version({}) == ""


def test_the_conclusion_of_a_run(tmp_path: Path) -> None:
    case = make_case()
    end = conclusion(Reader(write(tmp_path / "r.db", verdict(case, known=FLIP, status=Status.VALUE), cases=(case,))))
    assert (end.code, end.reason) == (0, "nothing unexpected in 1 verdict")
