"""What is printed is data: nothing in it steers a terminal or a CI system."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.commands.cli import main
from conformance.text.plain import Quiet, behind, clean, one_line, quiet

COMMANDS = [
    "::error::x",
    "::stop-commands::x",
    "  ::warning file=a::x",
    "##[error]x",
    "a ##vso[task.x]y",
    "##teamcity[x]",
]


@pytest.mark.parametrize("text", COMMANDS)
def test_no_line_is_a_command_of_a_ci_system(text: str) -> None:
    for shown in (quiet(text), quiet(f"first\n{text}\nlast"), quiet(f"first\r\n{text}")):
        for line in shown.split("\n"):
            assert not line.lstrip().startswith("::")
            assert "##[" not in line
            assert "##vso[" not in line
            assert "##teamcity[" not in line


def test_text_that_only_looks_like_one_stays() -> None:
    text = "cases/conv::a [x] on torch\n# a comment\n## a heading\n{'a': [::2]}"
    assert quiet(text) == text


def test_data_and_scripts_stay_what_they_are() -> None:
    data = json.dumps({"id": "##[group]"})
    assert json.loads(quiet(data)) == {"id": "##[group]"}


@pytest.mark.parametrize(
    "character", "\x00\x07\x08\x0b\x0c\r\x1b\x1c\x7f\x85\x9b\u00ad\u200b\u2028\u202e\u2066\ufeff\ud800"
)
def test_a_character_that_steers_or_hides_is_spelled_out(character: str) -> None:
    assert character not in clean(f"a{character}b")
    assert character not in one_line(f"a{character}b")
    assert clean(f"a{character}b").isprintable()


def test_a_stream_knows_where_a_line_begins() -> None:
    file = io.StringIO()
    stream = Quiet(file)
    print("case", "::error::not at the beginning", file=stream)
    stream.write("a")
    stream.write("::error::nor here\n")
    stream.write("  ")
    stream.write("::error::but here\n")
    assert file.getvalue() == "case ::error::not at the beginning\na::error::nor here\n  \\u003a:error::but here\n"
    assert behind(stream) is file  # type: ignore[arg-type, comparison-overlap]


HOSTILE = "a\n::error::forged\x1b[2J##[error]\u202eb.yaml"


def test_a_files_name_is_a_finding_and_forges_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / HOSTILE
    file.write_text("op: conv\ncases: [{name: a, params: {size: [4, 4], kernel: 2}}]\n", encoding="utf-8")
    for command in (["check"], ["list"], ["run", "--on", "numpy"]):
        assert main([*command, str(tmp_path)]) == 2
        out, err = capsys.readouterr()
        assert "the file's name holds the character U+000A; rename it" in err
        assert not any(line.lstrip().startswith("::") for line in (out + err).split("\n"))
        assert "\x1b" not in out + err
        assert "##[" not in out + err
        assert "\u202e" not in out + err


def test_annotations_of_our_own_are_still_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bad.yaml").write_text("op: conv\ncases: [{name: a, params: {sise: 3}}]\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "conformance", "run", "--gate", "bad.yaml"],
        cwd=tmp_path,
        env={**os.environ, "GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": "", "GITHUB_WORKSPACE": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert [line for line in done.stdout.split("\n") if line.startswith("::error ")]
