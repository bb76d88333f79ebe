"""Where a run was made: what is written down at its start, and what the reports make of it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from conformance.record import Reader, Summary, Writer, describe_environment, merge
from conformance.record.facts import on_forge, origin
from conformance.report import html, markdown
from tests.records import make_case, mixed_record, verdict, write

CI = (
    "GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_SHA", "GITHUB_WORKSPACE", "GITHUB_HEAD_REF", "GITHUB_REF_NAME",
    "CI_PROJECT_URL", "CI_COMMIT_SHA", "CI_PROJECT_DIR", "CI_COMMIT_REF_NAME",
)  # fmt: skip


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that is no repository, and no CI."""
    for name in CI:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.chdir(tmp_path)


def git(*words: str) -> str:
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_the_commit_and_branch_are_those_of_the_folder() -> None:
    outside = describe_environment([])
    assert outside["host"]
    assert not {"commit", "branch", "forge"} & outside.keys()
    git("init", "-q", "-b", "feature/x")
    git("commit", "-q", "--allow-empty", "-m", "first")
    found = describe_environment([])
    assert (found["commit"], found["branch"]) == (git("rev-parse", "HEAD"), "feature/x")
    git("checkout", "-q", "--detach")
    assert "branch" not in describe_environment([])


def test_a_repository_can_have_no_program_run(tmp_path: Path) -> None:
    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "first")
    Path("hook.sh").write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    Path("hook.sh").chmod(0o755)
    git("config", "core.fsmonitor", str(tmp_path / "hook.sh"))
    assert describe_environment([])["commit"]
    assert not Path("ran").exists()


def test_github_says_where_its_files_are_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")
    given = {
        "GITHUB_SERVER_URL": "https://github.example", "GITHUB_REPOSITORY": "o/r", "GITHUB_SHA": "abc",
        "GITHUB_HEAD_REF": "topic", "GITHUB_REF_NAME": "7/merge",
    }  # fmt: skip
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert "forge" not in describe_environment([]), "without the checkout nobody knows where a file lies in it"
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    found = describe_environment([])
    assert (found["commit"], found["branch"]) == ("abc", "topic")
    files = "https://github.example/o/r/blob/abc"
    assert on_forge(found, "cases/a b.yaml", 14) == f"{files}/sub/cases/a%20b.yaml#L14"
    assert on_forge(found, str(tmp_path / "cases/a.yaml")) == f"{files}/cases/a.yaml"
    assert on_forge(found, "../../elsewhere.yaml", 1) == ""
    assert on_forge(found, ".venv/lib/python3.11/site-packages/conformance/shipped_cases/a.yaml", 1) == ""


def test_gitlab_says_where_its_files_are_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI_PROJECT_URL", "https://gitlab.example/group/r")
    monkeypatch.setenv("CI_COMMIT_SHA", "abc")
    monkeypatch.setenv("CI_COMMIT_REF_NAME", "main")
    monkeypatch.setenv("CI_PROJECT_DIR", str(tmp_path))
    found = describe_environment([])
    assert found["branch"] == "main"
    assert on_forge(found, "cases/a.yaml", 3) == "https://gitlab.example/group/r/-/blob/abc/cases/a.yaml#L3"


@pytest.mark.parametrize(
    "forge",
    [
        None,
        "https://x/",
        {"files": "javascript:alert(1)//", "checkout": "/c", "folder": "/c"},
        {"files": "https://x/", "checkout": "", "folder": "/c"},
        {"files": ["https://x/"], "checkout": {}, "folder": 3},
    ],
)
def test_a_strangers_record_gives_no_link_but_to_a_page(forge: Any) -> None:
    assert on_forge({"forge": forge}, "cases/a.yaml", 1) == ""


def test_the_reports_say_it_first(tmp_path: Path) -> None:
    mixed, _ = mixed_record(tmp_path / "mixed.db")
    environment = {
        "host": "<b>box</b>", "cpu": "A processor", "commit": "0123456789abcdef", "branch": "main",
        "forge": {"files": "https://forge.example/blob/0/", "checkout": "/c", "folder": "/c"},
    }  # fmt: skip
    with Reader(mixed) as reader, Writer.create(tmp_path / "r.db", environment) as writer:
        for case in reader.cases():
            writer.add_case(case)
        for row in reader.verdicts():
            writer.add_verdict(row.verdict)
        writer.finish(Summary())
    with Reader(tmp_path / "r.db") as reader:
        said = dict(origin(reader.environment))
        html.write(reader, tmp_path / "r.html")
        text = markdown.render(reader)
    assert list(said) == ["date", "duration", "commit", "branch", "host", "processor"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", said["date"])
    assert re.fullmatch(r"under 1 s|\d s", said["duration"])
    assert said["commit"] == "0123456789ab"
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "<dt>host</dt><dd>&lt;b&gt;box&lt;/b&gt;</dd>" in page[: page.index("<main")]
    assert "branch main, host &lt;b&gt;box&lt;/b&gt;, processor A processor" in text
    assert "(https://forge.example/blob/0/cases/conv_transpose/strides.yaml#L14)" in text


def test_a_record_from_before_says_what_it_has(tmp_path: Path) -> None:
    with Writer.create(tmp_path / "r.db", {"cpu": "A processor"}) as writer:
        writer.finish(Summary())
    with Reader(tmp_path / "r.db") as reader:
        assert [name for name, _ in origin(reader.environment)] == ["date", "duration", "processor"]


def test_a_merged_record_has_no_machine_of_its_own(tmp_path: Path) -> None:
    shards = [write(tmp_path / f"{name}.db", verdict(case), cases=(case,)) for name in "ab" if (case := make_case())]
    merge(shards, tmp_path / "all.db")
    with Reader(tmp_path / "all.db") as reader:
        said = dict(origin(reader.environment))
    assert list(said) == ["merged", "from"]
    assert said["from"] == "2 records"
