"""Options as data: what a command declares is what it is given, typed, and what `--help` says."""

from __future__ import annotations

import argparse
from dataclasses import FrozenInstanceError, dataclass, fields, is_dataclass
from importlib import import_module
from pathlib import Path

import pytest

from conformance.commands.table import COMMANDS, build_parser, chosen
from conformance.session import declare


@dataclass(frozen=True, kw_only=True)
class Options:
    case: str = declare.case()
    more: tuple[Path, ...] = declare.paths()
    tag: tuple[str, ...] = declare.tag()
    on: str = declare.option("--on", required=True)
    depth: int = declare.option("--depth", type=int, default=3, group="how")
    quiet: bool = declare.switch("-q")
    json: Path | None = declare.json()  # noqa: RUF009


def given(*words: str) -> Options:
    parser = argparse.ArgumentParser()
    declare.add_to(parser, Options)
    return declare.read(Options, parser.parse_args(words))


def test_what_is_left_out_has_its_default() -> None:
    assert given("c", "--on", "numpy") == Options(case="c", on="numpy")
    assert Options(case="c", on="numpy").depth == 3
    assert Options(case="c", on="numpy").more == Options(case="c", on="numpy").tag == ()


def test_what_is_given_is_typed_and_can_not_be_changed() -> None:
    found = given("c", "a.yaml", "b", "--tag", "x", "--tag", "y", "--on", "t", "--depth", "5", "-q", "--json", "o.json")
    assert found == Options(
        case="c",
        more=(Path("a.yaml"), Path("b")),
        tag=("x", "y"),
        on="t",
        depth=5,
        quiet=True,
        json=Path("o.json"),
    )
    with pytest.raises(FrozenInstanceError):
        found.depth = 6  # type: ignore[misc]


@pytest.mark.parametrize("words", [("c",), ("--on", "t"), ("c", "--on", "t", "--depth", "deep")])
def test_what_lacks_or_is_of_another_kind_is_bad_usage(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        given(*words)
    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_two_readings_share_nothing() -> None:
    assert given("c", "--on", "t", "--tag", "x").tag == ("x",)
    assert given("c", "--on", "t").tag == ()


def test_every_command_declares_its_options_as_data() -> None:
    """Every command has `Options`, a frozen dataclass, and `main`; each field says how it is written."""
    for name in COMMANDS:
        module = import_module(f"conformance.commands.{name}")
        assert is_dataclass(module.Options)
        assert callable(module.main)
        assert all({"flags", "words"} <= field.metadata.keys() for field in fields(module.Options)), name


def test_only_the_options_of_the_command_that_is_called_are_read() -> None:
    assert "--keep-outputs" not in build_parser([])._actions[-1].choices["run"].format_help()  # type: ignore[index]
    assert chosen(build_parser(["run"]).parse_args(["run", "--keep-outputs"])) is not None
    assert chosen(build_parser([]).parse_args([])) is None
