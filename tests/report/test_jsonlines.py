"""JSON lines: strict, complete, one object a verdict."""

from __future__ import annotations

import io
import json
import math
from pathlib import Path
from typing import Any

from conformance.record import Reader
from conformance.report import jsonlines
from conformance.suite.case import Expect
from conformance.verdict import Figures, Status
from tests.records import FLIP, HOSTILE, make_case, mixed_record, verdict, write


def lines(path: Path) -> list[dict[str, Any]]:
    def refuse(word: str) -> Any:
        raise AssertionError(f"{word} is no JSON")

    file = io.StringIO()
    jsonlines.write(Reader(path), file)
    assert file.getvalue().isascii()
    return [json.loads(line, parse_constant=refuse) for line in file.getvalue().splitlines()]


def test_every_verdict_is_one_object_with_everything(tmp_path: Path) -> None:
    path, cases = mixed_record(tmp_path / "r.db")
    found = lines(path)
    assert len(found) == 16
    by_pair = {(line["case"]["id"], line["target"]): line for line in found}
    one = by_pair[cases[3].id, "jax:jit"]
    assert one["case"]["file"] == "cases/conv_transpose/other.yaml"
    assert (one["case"]["line"], one["case"]["column"], one["case"]["about"]) == (7, 5, "why it is there")
    assert one["case"]["fingerprint"] == cases[3].fingerprint
    assert one["case"]["given"] == {"stride": 4, "kernel": 3, "size": 4, "padding": "same"}
    assert one["case"]["params"]["stride"] == [4, 4]
    assert (one["status"], one["unexpected"], one["known"]) == ("value", True, None)
    assert one["figures"]["fraction"] == "inf"
    assert one["figures"]["worst"] == [0, 3, 4, 0]
    assert (one["version"], one["digest"], one["attempts"]) == ("0.10.2", "0123456789abcdef", 1)
    assert one["plan"].startswith("a = x\ny = jax.lax")
    known = by_pair[cases[0].id, "jax:jit"]
    assert known["unexpected"] is False
    assert known["known"] == {"name": FLIP.name, "kind": FLIP.kind, "reason": FLIP.reason, "link": FLIP.link}
    assert known["case"]["claim"] == {"document": "003", "says": "it is 9x9", "holds": True}
    assert by_pair[cases[0].id, "torch"]["message"] == HOSTILE


def test_what_json_has_no_word_for_is_text(tmp_path: Path) -> None:
    case = make_case(expect=Expect(values=((math.nan, -math.inf),)))
    figures = Figures(2, 1, math.nan, None, math.nan, -0.0, -math.inf, None)
    [line] = lines(write(tmp_path / "r.db", verdict(case, status=Status.NONFINITE, figures=figures), cases=(case,)))
    assert line["case"]["definition"]["expect"]["values"] == [["nan", "-inf"]]
    assert line["figures"]["got"] == line["figures"]["fraction"] == "nan"
    assert line["figures"]["needed"] == "-inf"
    assert math.copysign(1, line["figures"]["reference"]) == -1
    assert line["figures"]["bits"] is None
