"""Which suite a command is about where no file is named: the one that is here, or the shipped one asked for by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.commands.cli import main
from conformance.session.selection import known_table, roots
from conformance.suite.choose import shipped_root
from conformance.usage import UsageError


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("words", [["run"], ["run", "--gate"], ["run", "--tag", "smoke", "--on", "numpy"]])
def test_without_cases_nothing_is_judged_that_was_not_asked_for(
    empty: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    told = capsys.readouterr()
    assert "there is no folder cases/ here" in told.err
    assert str(shipped_root()) in told.err
    assert "--shipped" in told.err
    assert not list(empty.iterdir())  # nothing has run


@pytest.mark.parametrize("more", [[], ["--gate"]])
def test_the_shipped_suite_runs_where_it_is_asked_for(
    empty: Path, more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["run", "--shipped", "-k", "name=no-input-channels and values=integers", "--on", "numpy", *more]
    assert main([*words, "--record", "r.db"]) == 0, capsys.readouterr().err
    assert "nothing unexpected in 1 verdict" in capsys.readouterr().out


def test_it_is_the_shipped_suite_beside_an_own_one(empty: Path) -> None:
    (empty / "cases").mkdir()
    assert roots((), judges=True) == [Path("cases")]
    assert roots((), shipped=True) == [shipped_root()]
    assert known_table((), True, shipped=True).entries
    assert not known_table((), True).entries
    with pytest.raises(UsageError, match=r"--shipped is .*, and mine\.yaml is named too; name one"):
        roots((Path("mine.yaml"),), shipped=True)


def test_whoever_only_looks_is_shown_the_shipped_suite(empty: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--first", "1"]) == 0
    told = capsys.readouterr()
    assert "::" in told.out
    assert "this is the shipped suite" in told.err
