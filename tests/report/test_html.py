"""The file that a page is: its data, its markup, and the pictures it is made of."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conformance.record import Reader, Summary, Writer, describe_environment
from conformance.report.html import write
from conformance.report.html.page import fill
from conformance.report.picture import chessboard, overlap
from conformance.verdict import Figures, Status
from tests.records import make_case, verdict


def data_of(page: Path) -> Any:
    found = re.search(r'<script id="data"[^>]*>([^<]*)</script>', page.read_text(encoding="utf-8"))
    assert found is not None
    return json.loads(gzip.decompress(base64.b64decode(found[1])))


def test_the_page_is_one_file_that_names_no_other(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert re.search(r"<link\b|<script[^>]*\bsrc=|@import|url\((?!data:)", text) is None
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    assert policy[1].startswith("default-src 'none';")
    scripts = re.findall(r"<script>(.*?)</script>", text, re.S)
    assert len(scripts) == 1, "a second script, or one that ends too early"
    digest = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy[1]


def test_the_conclusion_is_there_without_a_script(page: Path) -> None:
    lead = re.search(r'id="lead".*?<span>([^<]*)</span>', page.read_text(encoding="utf-8"))
    assert lead is not None
    assert lead[1] == "exit 1: 6 unexpected divergences and 1 other unexpected result in 18 verdicts"


def test_words_of_a_framework_are_nowhere_in_the_markup(page: Path) -> None:
    assert "onerror" not in re.sub(r"<script.*?</script>", "", page.read_text(encoding="utf-8"), flags=re.S)


def test_a_template_is_filled_once() -> None:
    assert fill("{{a}} {{b}}", {"a": "{{b}}", "b": "2"}) == "{{b}} 2"


def test_every_verdict_and_string_is_in_the_data(page: Path) -> None:
    data = data_of(page)
    assert len(data["verdicts"]["case"]) == 18
    assert len(data["strings"]) == len(set(data["strings"]))
    rows = [i for i, status in enumerate(data["verdicts"]["status"]) if data["statuses"][status] == "value"]
    row = next(row for row in rows if str(row) in data["verdicts"]["figures"])
    differing, worst, got, reference, needed, bits = data["verdicts"]["figures"][str(row)]
    assert (differing, worst, got, reference, needed, bits) == (49, [0, 3, 4, 0], 1.0, 9.0, 0.875, 21.5)
    assert data["verdicts"]["fraction"][row] == "inf"


def test_an_error_is_a_fraction_of_the_allowance(folder: Path) -> None:
    case = make_case(2)
    with Writer.create(folder / "allowed.db", describe_environment(["run"])) as writer:
        writer.add_case(case)
        writer.add_array(case.id, "", "reference", np.array([[[[1.0, 2.0], [3.0, np.nan]]]]))
        writer.add_array(case.id, "", "allowance", np.array([[[[0.5, 0.0], [1.0, 1.0]]]]))
        writer.add_array(case.id, "jax", "y", np.array([[[[2.0, 2.5], [3.0, np.nan]]]], dtype=np.float32))
        writer.add_verdict(verdict(case, "jax", Status.VALUE, figures=Figures(4, 2)))
        writer.finish(Summary())
    with Reader(folder / "allowed.db") as reader:
        write(reader, folder / "allowed.html")
    entry = data_of(folder / "allowed.html")["arrays"]["0 0"][0]
    assert entry["unit"] == 0.0
    assert np.frombuffer(base64.b64decode(entry["error"]), "<f4").tolist() == [2.0, np.inf, 0.0, 0.0]


def test_arrays_have_a_budget(page: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from conformance.report.html import data

    monkeypatch.setattr(data, "ARRAY_BYTES_A_PAGE", 2000)
    with Reader(folder / "page.db") as r:
        found = data.record(r)["arrays"]
    kept = [entry for entries in found.values() for entry in entries if "data" in entry]
    assert 0 < sum(len(entry["data"]) for entry in kept) <= 2000
    assert len(kept) < sum(map(len, found.values())), "the others keep their name, dtype and shape"


def test_a_page_appears_whole_or_not_at_all(page: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = folder / "kept.html"
    target.write_text("what was there")
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with Reader(folder / "page.db") as reader, pytest.raises(KeyboardInterrupt):
        write(reader, target)
    assert target.read_text() == "what was there"
    assert not list(folder.glob("kept.html.*"))


def test_overlap_is_the_count_of_taps() -> None:
    """k3 s2 on 4 elements, by hand: every second element is reached by two taps an axis."""
    from conformance.record.schema import RecordedCase

    def recorded(**params: Any) -> RecordedCase:
        case = make_case(**params)
        return RecordedCase(
            case.id, "", case.op.name, case.source, "float32", "", json.loads(json.dumps(case.params)), (),
            frozenset(), "", None, {},
        )  # fmt: skip

    assert overlap(recorded(stride=2, kernel=3)) == ((1, 1, 2, 1, 2, 1, 2, 1),) * 2
    assert overlap(recorded(stride=2, kernel=4)) == ((1, 2, 2, 2, 2, 2, 2, 1),) * 2
    assert overlap(recorded(stride=1, kernel=3)) is None
    text = chessboard(recorded(stride=2, kernel=3))
    assert text[0] == "  overlap: 1, 2, 4 kernel taps reach each output element: uneven"
    assert text[3] == "    2 2 4 2 4 2 4 2"


def test_the_command_writes_it(page: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from conformance.commands.cli import main

    out = folder / "new folder" / "report.html"
    assert main(["report", str(folder / "page.db"), "--html", str(out)]) == 0
    assert data_of(out) == data_of(page)
    capsys.readouterr()
    assert main(["report", str(folder / "page.db")]) == 0  # where no file is named, it is printed
    assert "6 unexpected divergences" in capsys.readouterr().out
    (folder / "file").write_text("in the way")
    assert main(["report", str(folder / "page.db"), "--html", str(folder / "file" / "x.html")]) == 2
