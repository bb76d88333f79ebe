"""Finding one case: a name that is exactly one comes before every id that only has it in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.suite.choose import load_suites, selected, selector
from conformance.suite.lookup import find_case
from conformance.usage import UsageError

CASES = """
op: conv_transpose
defaults: {convention: keras}
values: [integers]
cases:
  - {name: tiny, params: {size: 3, kernel: 2}}
  - {name: tiny-too, params: {size: 4, kernel: 2}}
  - {name: not-tiny, params: {size: 5, kernel: 2}}
  - {name: both, params: {size: 5, kernel: 2}, values: [integers, normal]}
grids:
  - grid: {size: [[3, 4]], kernel: [2], stride: [1, 2]}
"""
GRID = "mine::conv_transpose2d[3x4 k2 s2 valid keras] integers"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "mine.yaml").write_text(CASES)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ids(select: str) -> list[str]:
    suites = load_suites([Path("mine.yaml")])
    return [case.id for case in selected(suites, selector(select, (), suites))]


NAMES = ["tiny", "tiny integers", "mine::tiny", "mine::tiny integers"]


@pytest.mark.parametrize("text", NAMES)
def test_an_exact_name_is_the_case(folder: Path, text: str) -> None:
    assert find_case(text, [Path("mine.yaml")]).id == "mine::tiny integers"


@pytest.mark.parametrize("text", NAMES)
def test_an_exact_name_is_the_selection(folder: Path, text: str) -> None:
    assert ids(text) == ["mine::tiny integers"]


def test_what_names_nothing_is_looked_for_in_the_ids(folder: Path) -> None:
    assert ids("TINY") == [f"mine::{name} integers" for name in ("tiny", "tiny-too", "not-tiny")]
    assert ids("tiny or tiny-too") == ["mine::tiny integers", "mine::tiny-too integers"]
    assert ids("'tiny' and not tiny-too") == ["mine::tiny integers"]
    assert find_case("too", [Path("mine.yaml")]).id == "mine::tiny-too integers"


def test_a_grids_id_is_taken_as_it_is_printed(folder: Path) -> None:
    assert GRID in ids("s2")
    for text in (GRID, GRID.removeprefix("mine::")):
        assert ids(text) == [GRID]
        assert find_case(text, [Path("mine.yaml")]).id == GRID


def test_a_name_of_two_cases_names_both(folder: Path) -> None:
    assert ids("both") == ["mine::both integers", "mine::both normal"]
    with pytest.raises(UsageError, match="'both' stands for 2 cases"):
        find_case("both", [Path("mine.yaml")])
