"""Which files a folder stands for."""

import os
from pathlib import Path

import pytest

from conformance.known.file import load_entries
from conformance.suite.loader import CaseFileError, find_files

CASE = "op: conv\ncases: [{name: one}]\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A suite, and files of somebody else beside it."""
    (tmp_path / "cases" / "sub").mkdir(parents=True)
    (tmp_path / "cases" / "a.yaml").write_text(CASE)
    (tmp_path / "cases" / "sub" / "b.yaml").write_text(CASE)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "secret.yaml").write_text("password: hunter2\n")
    return tmp_path / "cases"


def names(*paths: Path) -> list[str]:
    return [file.name for file in find_files(paths)[1]]


@pytest.mark.parametrize("target", ["../other/secret.yaml", "/etc/passwd", "a-link.yaml/../../other/secret.yaml"])
def test_a_link_that_leads_out_is_not_read_and_named(
    folder: Path, target: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "leak.yaml").symlink_to(target)
    assert names(folder) == ["a.yaml", "b.yaml"]
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert "leak.yaml is a link that leads out of" in said[0]


def test_a_link_to_a_folder_outside_is_not_entered_and_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "sub" / "more").symlink_to(folder.parent / "other")
    assert names(folder) == ["a.yaml", "b.yaml"]
    assert "more is a link to a folder outside" in capsys.readouterr().err


def test_links_that_stay_inside_are_followed_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "again.yaml").symlink_to("a.yaml")
    (folder / "sub" / "up").symlink_to(folder)
    assert names(folder) == ["a.yaml", "b.yaml"]
    # A part of a suite may link to another part of it.
    (folder / "sub" / "c.yaml").symlink_to("../a.yaml")
    assert names(folder / "sub") == ["b.yaml", "c.yaml"]
    assert capsys.readouterr().err == ""


def test_what_is_no_file_is_named_and_not_waited_for(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(folder / "pipe.yaml")
    (folder / "round.yaml").symlink_to("round.yaml")
    (folder / "nothing.yaml").symlink_to("gone.yaml")
    (folder / "folder.yaml").mkdir()
    assert names(folder) == ["a.yaml", "b.yaml"]
    said = capsys.readouterr().err
    assert [name in said for name in ("pipe.yaml", "round.yaml", "nothing.yaml")] == [True] * 3


def test_a_link_that_the_user_names_is_read(folder: Path) -> None:
    link = folder.parent / "mine.yaml"
    link.symlink_to(folder / "a.yaml")
    assert names(link) == ["mine.yaml"]
    (folder.parent / "linked").symlink_to(folder)
    assert names(folder.parent / "linked") == ["a.yaml", "b.yaml"]


def test_a_name_that_no_system_takes_is_a_finding(folder: Path) -> None:
    with pytest.raises(CaseFileError, match="no such file or folder"):
        find_files([folder / ("x" * 5000)])


def test_declared_divergences_are_held_to_the_same(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "known").mkdir()
    (folder / "known" / "leak.yaml").symlink_to(folder.parent / "other" / "secret.yaml")
    assert load_entries(folder / "known") == []
    assert "leak.yaml is a link that leads out of" in capsys.readouterr().err
