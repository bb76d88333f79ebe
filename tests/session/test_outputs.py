"""A result replaces an older result, and never a record, a case file or another result."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from conformance.commands.cli import main
from conformance.text.files import write_whole
from tests.records import mixed_record

CASES = "op: conv\ncases:\n  - {name: a, params: {size: [4, 4], kernel: 2}}\n"
ENTRY = "- {name: a, kind: bug, where: {op: conv, targets: [jax]}, status: value, reason: it is so}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cases" / "known").mkdir(parents=True)
    (tmp_path / "cases" / "a.yaml").write_text(CASES)
    (tmp_path / "cases" / "known" / "known.yaml").write_text(ENTRY)
    mixed_record(tmp_path / "good.db")
    shutil.copy("good.db", "other.db")
    return tmp_path


RUN = ("run", "cases", "--on", "numpy", "-q")
REPRO = ("repro", "a integers", "cases", "--on", "numpy")
WRITERS: list[tuple[tuple[str, ...], tuple[str, ...]]] = [
    (RUN, ("--json", "--junit", "--markdown", "--html", "--badge")),
    (("report", "good.db"), ("--json", "--junit", "--markdown", "--html")),
    (("diff", "good.db", "other.db"), ("--json", "--markdown", "--html")),
    (("history", "good.db", "other.db"), ("--json", "--markdown", "--html")),
    (("selftest", "cases", "--on", "numpy"), ("--json", "--markdown")),
    (REPRO, ("-o",)),
    (("recipe", "torch.nn.Conv2d(1, 1, 1)", "--on", "jax"), ("-o",)),
    (("known", "cases/known", "--markdown"), ("-o",)),
    (("known", "cases/known"), ("-o",)),
    (("minimize", "a integers", "cases/a.yaml", "--on", "numpy"), ("-o",)),
]


@pytest.mark.parametrize("place", ["good.db", "cases/a.yaml", "link"])
@pytest.mark.parametrize(("words", "options"), WRITERS, ids=lambda words: words[0])
def test_no_report_replaces_a_record_or_a_case_file(
    words: tuple[str, ...], options: tuple[str, ...], place: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "link").symlink_to("good.db")
    before = (folder / place).read_bytes()
    for option in options:
        assert main([*words, option, place]) == 2
        assert "which a report would replace; name another file" in capsys.readouterr().err
        assert (folder / place).read_bytes() == before


def test_a_record_is_no_place_for_proposals(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (folder / "other.db").read_bytes()
    (folder / "latin.txt").write_bytes(b"caf\xe9")
    for place, words in (("other.db", "is a record"), ("latin.txt", "can't be read as text")):
        assert main(["known", "cases/known", "--update", "good.db", "-o", place]) == 2
        assert words in capsys.readouterr().err
    assert (folder / "other.db").read_bytes() == before
    assert (folder / "latin.txt").read_bytes() == b"caf\xe9"


@pytest.mark.parametrize(
    "words",
    [
        (*RUN, "--record", "r.db", "--json", "r.db"),
        (*RUN, "--record", "r.db", "--html", "cases/../r.db"),
        (*RUN, "--json", "a", "--markdown", "a"),
        (*RUN, "--badge", "a", "--junit", "./a"),
        ("report", "good.db", "--json", "a", "--markdown", "a"),
    ],
)
def test_two_results_have_two_places(words: tuple[str, ...], folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(list(words)) == 2
    assert "name the same file" in capsys.readouterr().err
    assert not (folder / "r.db").exists()
    assert not (folder / "a").exists()


def test_what_is_no_file_may_be_named_twice(folder: Path) -> None:
    assert main(["report", "good.db", "--json", "/dev/null", "--markdown", "/dev/null"]) == 0


def test_a_result_replaces_an_older_one(folder: Path) -> None:
    for _ in range(2):
        assert main(["report", "good.db", "--json", "a", "--markdown", "b", "--html", "c", "--junit", "d"]) == 0
        assert main(["known", "cases/known", "--markdown", "-o", "page.md"]) == 0


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, link = tmp_path / "known.yaml", tmp_path / "link.yaml"
    path.write_text("old")
    link.symlink_to(path)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        with pytest.raises(OSError, match="No space"):
            write_whole(path, "new")
    assert [path.read_text(), sorted(os.listdir(tmp_path))] == ["old", ["known.yaml", "link.yaml"]]
    write_whole(link, "new")
    assert path.read_text() == "new"
    assert link.is_symlink()


# --- places that lead nowhere -----------------------------------------------------------------------------------------


def test_links_in_a_circle(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "x.yaml").symlink_to("x.yaml")
    (folder / "x.db").symlink_to("x.db")
    for words in (
        ("check", "x.yaml"),
        ("check", "--trust", "x.yaml", "cases"),
        ("list", "x.yaml"),
        ("history", "good.db", "x.db"),
        ("diff", "good.db", "x.db"),
        ("diff", "x.db", "x.db"),
        ("show", "a", "--record", "x.db"),
    ):
        assert main(list(words)) == 2, words
        assert "internal" not in capsys.readouterr().err


def test_the_newest_record_is_a_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "reports").mkdir()
    shutil.copy("good.db", "reports/a.db")
    (folder / "reports" / "circle.db").symlink_to("circle.db")
    (folder / "reports" / "nowhere.db").symlink_to("nothing.db")
    (folder / "reports" / "folder.db").mkdir()
    os.mkfifo(folder / "reports" / "pipe.db")
    assert main(["report", "--markdown", "m.md"]) == 0
    assert main([*REPRO]) == 0
    (folder / "reports" / "a.db").unlink()
    capsys.readouterr()
    assert main(["report", "--markdown", "m.md"]) == 2
    assert "there is no record in reports/" in capsys.readouterr().err


def test_weights_from_a_pipe_are_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(folder / "w.npz")
    for place in ("w.npz", "cases", "/dev/zero"):
        assert main(["recipe", "torch.nn.Conv2d(1, 1, 1)", "--on", "jax", "--weights", place]) == 2
        assert f"{place} is no file" in capsys.readouterr().err
