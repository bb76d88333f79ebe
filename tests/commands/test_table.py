"""The parser: whole options, a hint where a word is near, paths wherever they stand, an example in each help."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from conformance.commands.cli import main
from conformance.commands.table import COMMANDS, build_parser, chosen


def said(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(words) == 2
    return capsys.readouterr().err


@pytest.mark.parametrize("name", COMMANDS)
def test_no_command_takes_a_shortened_option(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    command = build_parser([name]).commands[name]
    flags = [flag for flag in command._option_string_actions if flag.startswith("--") and len(flag) > 5]
    for flag in flags:
        with pytest.raises(SystemExit) as ended:
            command.parse_args([flag[:-1]])
        assert ended.value.code == 2
        assert "usage:" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["rn"], "no command 'rn', expected one of: run, list"),
        (["rn"], "did you mean 'run'?"),
        (["run", "--htm", "x.html"], "for --htm, did you mean --html?"),
        (["run", "--htm=x.html"], "for --htm, did you mean --html?"),
        (["list", "--tags", "smoke"], "for --tags, did you mean --"),
        (["bisect", "a", "--framework", "jax", "--good", "1", "--bad", "2"], "for --framework, did you mean --on?"),
        (["repro", "a", "--cases", "b.yaml", "--on", "numpy"], "for --cases, did you mean a path alone"),
        (["--vers"], "unrecognized arguments: --vers"),
    ],
)
def test_a_word_that_is_none_is_answered_with_the_nearest(
    words: list[str], hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert hint in said(words, capsys)


@pytest.mark.parametrize(
    "words",
    ["repro a b.yaml c.yaml --on numpy", "repro a --on numpy b.yaml c.yaml", "repro --on numpy a b.yaml c.yaml"],
)
def test_paths_stand_before_and_behind_options(words: str) -> None:
    found = build_parser().parse_args(words.split())
    assert (found.case, found.paths, found.on) == ("a", [Path("b.yaml"), Path("c.yaml")], "numpy")


@pytest.mark.parametrize("name", COMMANDS)
def test_each_help_describes_and_has_an_example_that_is_one(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    text = capsys.readouterr().out
    about, example = COMMANDS[name]
    assert " ".join(about.split()[1:4]) in text
    assert text.rstrip().endswith(example)
    words = shlex.split(example.partition(" > ")[0])
    assert words[:2] == ["conformance", name]
    assert chosen(build_parser().parse_args(words[1:]))


def test_one_option_names_targets_in_every_command() -> None:
    commands = build_parser().commands
    flags = {name: set(command._option_string_actions) for name, command in commands.items()}
    assert {name for name, own in flags.items() if "--on" in own} >= {
        "run", "show", "repro", "minimize", "bisect", "selftest"
    }  # fmt: skip
    assert not [name for name, own in flags.items() if own & {"--framework", "--cases", "--to"}]
