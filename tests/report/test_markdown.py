"""The Markdown summary, read back by the rules that GitHub's tables and code spans follow."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.record import Reader
from conformance.report import markdown
from conformance.verdict import Status
from tests.records import FILE, MENDED, make_case, mixed_record, verdict, write


def tables(text: str) -> list[list[list[str]]]:
    """Tables as rows of cells; a cell ends at a bar that no backslash escapes."""
    found: list[list[list[str]]] = []
    previous = ""
    for line in text.splitlines():
        if line.startswith("|"):
            if not previous.startswith("|"):
                found.append([])
            found[-1].append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
        previous = line
    return found


def test_the_summary_has_everything(tmp_path: Path) -> None:
    path, _ = mixed_record(tmp_path / "r.db")
    text = markdown.render(Reader(path))
    assert "**exit 1**: 5 unexpected divergences and 1 other unexpected result in 16 verdicts" in text
    matrix, known, claims, versions = tables(text)
    for found in (matrix, known, claims, versions):
        assert len({len(row) for row in found}) == 1, "every row has as many cells as the head"
    assert matrix[0] == ["case file", "`numpy`", "`torch`", "`jax`", "`jax:jit`"]
    assert matrix[2] == ["`cases/conv_transpose/other.yaml`", "1", "1", "1", "!1"]
    assert matrix[3] == [f"`{FILE}`", "3", "!2 -1", "3", "!2 \\~1"]
    assert known[2][:4] == ["`jax-flip`", "convention", "1", "`jax:jit`"]
    assert known[2][4].startswith(
        "lax.conv\\_transpose \\| does &lt;not&gt; flip \\`w\\` ([link](https://example.org/1))"
    )
    assert claims[2] == ["003", "0", "0", "it is 9x9; it removes rows"]
    assert ["`torch`", "2.13.0"] in versions
    assert f"- `{FILE}:14` `conv_transpose2d[4x4 k3 s2 same keras] integers` on `jax:jit`" in text
    assert "ran: `a = x`; `y = jax.lax.conv_transpose(x, w, (2, 2), 'SAME')`" in text
    assert f"`{MENDED.where}` **{MENDED.name}**" in text
    assert "<b>" not in text
    assert "\x1b" not in text


def test_a_clean_run_is_short(tmp_path: Path) -> None:
    case = make_case()
    text = markdown.render(Reader(write(tmp_path / "r.db", verdict(case), cases=(case,))))
    assert "**exit 0**: nothing unexpected in 1 verdict" in text
    assert "nexpected d" not in text


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a", "`a`"), ("a `b` c", "`` a `b` c ``"), ("``", "``` `` ```"), ("a|b", "`a\\|b`"), ("", ""), ("a\nb", "`a b`")],
)
def test_code_spans_hold_any_text(text: str, expected: str) -> None:
    assert markdown.code(text) == expected


def test_many_groups_are_cut(tmp_path: Path) -> None:
    cases = [replace(make_case(), id=f"{FILE}::case {i}", seed=i) for i in range(70)]
    words = [chr(ord("a") + i % 26) * (1 + i // 26) for i in range(70)]
    verdicts = [verdict(c, "jax", Status.VALUE, message=w) for c, w in zip(cases, words, strict=True)]
    text = markdown.render(Reader(write(tmp_path / "r.db", *verdicts, cases=tuple(cases))))
    assert text.count(f"- `{FILE}:14`") == markdown.GROUPS_SHOWN
    assert "- and 20 divergences in 20 other groups, all in the record" in text


def test_a_divergence_has_its_picture_folded(tmp_path: Path) -> None:
    path, _ = mixed_record(tmp_path / "r.db")
    with Reader(path) as reader:
        text = markdown.render(reader)
        fold = r"<details><summary>the error</summary>\n\n  ```text\n(.*?)\n  ```\n  </details>"
        folded = re.findall(fold, text, re.DOTALL)
        assert folded
        kept = {(id, target) for id, target, _ in reader.raw_arrays() if target}
        shown = [row for row in reader.verdicts(unexpected=True) if (row.verdict.case, row.verdict.target) in kept]
    assert 1 <= len(folded) <= len(shown)
    assert all("y: " in drawing for drawing in folded)
