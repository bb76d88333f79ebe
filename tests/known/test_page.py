"""The page of divergences: fresh, and whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.commands.cli import main
from conformance.known.file import load_entries, parse_entries
from conformance.known.page import render_page

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_of_the_shipped_suite_is_fresh(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    assert main(["known", "--markdown"]) == 0
    page = capsys.readouterr().out
    stale = "stale, run: conformance known --markdown -o docs/divergences.md"
    assert (ROOT / "docs" / "divergences.md").read_text(encoding="utf-8") == page, stale
    for entry in load_entries(ROOT / "cases" / "known"):
        assert page.count(f"| `{entry.known.name}`<br>") == 1


def test_an_entry_is_a_row_that_nothing_in_it_breaks() -> None:
    text = """
- name: a
  kind: bug
  where: {op: conv, case: "f::*[a|b]*", params: stride > 1, targets: ["torch*"], versions: "torch >=2,<3"}
  status: [value, shape]
  signature: {message: "a `b` | c", fraction: [2, .inf]}
  reason: One | two <b> *three*.
  link: https://example.org/1
  expires: 2027-01-01
"""
    row = render_page(parse_entries(text, "known/f.yaml")).splitlines()[-1]
    assert row.replace("\\|", "").count(" | ") == 3
    for part in (
        "torch >=2,<3",
        "`stride > 1`",
        "shape or value",
        "2 to inf of the allowance",
        "&lt;b&gt;",
        "Expires 2027",
    ):
        assert part.replace("<", "&lt;").replace(">", "&gt;") in row or part in row, (part, row)
    assert "([upstream](https://example.org/1))" in row


def test_no_entry() -> None:
    assert "No divergence is declared." in render_page([])
