"""`conformance targets` and `conformance completion`: what there is to name on a command line."""

from __future__ import annotations

import pytest

from conformance.commands.cli import main
from conformance.commands.table import COMMANDS
from conformance.target import FRAMEWORKS


def test_every_framework_is_there_with_what_a_name_may_hold(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["targets"]) == 0
    text = capsys.readouterr().out
    for framework in FRAMEWORKS.values():
        (block,) = [part for part in text.split("\n\n") if part.startswith(f"{framework.name}  ")]
        for word in (*framework.modes, *framework.devices, *framework.options, *framework.backends):
            assert word in block
    assert "processor  " in text
    assert "default    numpy" in text


def test_one_framework_or_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["targets", "torch"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("torch  ")
    assert "jax" not in text
    assert main(["targets", "torhc"]) == 2
    assert "did you mean 'torch'?" in capsys.readouterr().err


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_a_shell_completes_commands_and_options(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("shtab")
    assert main(["completion", shell]) == 0
    text = capsys.readouterr().out
    assert all(name in text for name in COMMANDS)
    assert "--last-failed" in text or "last-failed" in text
