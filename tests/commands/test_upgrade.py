"""`conformance upgrade`: two real versions, one run, what changed."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest

from conformance.commands.cli import main
from conformance.commands.upgrade import targets_of
from conformance.target import parse_target
from tests.patience import LONG
from tests.records import make_case
from tests.versions import FFT, NEW, OLD, argv, command, settings, shared_cache

MANY = """
op: conv_transpose
about: Enough for a signal to come in between.
values: [integers, normal]
grids:
  - grid: {size: [[9, 9]], kernel: [2, 3, 4, 5], stride: [1, 2, 3], padding: [same, valid], batch: [1, 2, 3, 4]}
defaults: {convention: keras, in_channels: 16, out_channels: 16}
"""


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shared_cache(tmp_path_factory)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "fft.yaml").write_text(FFT)
    return tmp_path


def test_what_was_mended_between_two_releases(folder: Path, cache: Path) -> None:
    words = ("upgrade", "numpy", OLD, NEW, "fft.yaml", "--record", "r.db")
    done = command(*words, "--markdown", "u.md", "--json", "u.json", cwd=folder, cache=cache)
    assert done.returncode == 0, done.stdout + done.stderr
    for report in (done.stdout, (folder / "u.md").read_text()):
        assert "got dtype float64, expected float32" in report
        assert "also: other dtype" in report
    found = json.loads((folder / "u.json").read_text())
    assert "fail-to-pass" in json.dumps(found)
    # The record is complete: nothing runs, nothing is installed, and the exit code is as asked.
    asked = command(*words[:-2], "--resume", "r.db", "--fail-on", "fail-to-pass", cwd=folder, cache=cache)
    assert asked.returncode == 1, asked.stdout + asked.stderr
    other = command(*words[:-2], "--resume", "r.db", "--fail-on", "pass-to-fail", cwd=folder, cache=cache)
    assert other.returncode == 0, other.stdout + other.stderr


def test_an_interrupted_upgrade_goes_on(folder: Path, cache: Path) -> None:
    (folder / "many.yaml").write_text(MANY)
    words = ("upgrade", "numpy", OLD, NEW, "many.yaml")
    # Have both environments, so that the signal meets the run.
    first = command("run", "fft.yaml", "--on", f"numpy=={OLD},numpy=={NEW}", cwd=folder, cache=cache)
    assert first.returncode == 1, first.stderr
    full = argv(*words, "--record", "r.db")
    with subprocess.Popen(full, cwd=folder, env=settings(cache), stderr=subprocess.PIPE, text=True) as process:
        while not (folder / "r.db").exists():
            assert process.poll() is None
            time.sleep(0.01)
        time.sleep(0.2)  # the workers are starting
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=LONG)
    assert process.returncode == 130, said
    assert f"go on with: conformance upgrade --resume r.db numpy {OLD} {NEW} many.yaml" in said
    done = command("upgrade", "--resume", "r.db", *words[1:], cwd=folder, cache=cache)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "192" in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("numpy", OLD, OLD, "fft.yaml"), "are the same version"),
        (("numpy", OLD, "newest", "fft.yaml"), "'newest' is no version"),
        (("nunpy", OLD, NEW, "fft.yaml"), "did you mean 'numpy'?"),
        (("numpy==1.26.4", OLD, NEW, "fft.yaml"), "expected a target without a version"),
        (("onnx", "1.17.0", "1.18.0", "fft.yaml"), "none of the 1 cases of the selection runs on onnx"),
        (("numpy", OLD, NEW, "fft.yaml", "--fail-on", "pas-to-fail"), "did you mean 'pass-to-fail'?"),
        (("numpy", OLD, NEW, "fft.yaml", "--resume", "fft.yaml"), "fft.yaml"),
    ],
)
def test_what_can_t_be_meant_is_one_message(
    folder: Path,
    words: tuple[str, ...],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("CONFORMANCE_CACHE", str(folder / "cache"))
    assert main(["upgrade", *words]) == 2
    assert said in capsys.readouterr().err
    assert not (folder / "cache").exists()


@pytest.mark.parametrize(
    ("asked", "own", "found"),
    [
        ("jax", ("default",), ["jax"]),
        ("jax", ("default", "jax:jit", "torch"), ["jax", "jax:jit"]),
        ("jax:jit", ("default",), ["jax:jit"]),
        ("jax:jit", ("torch",), []),
        ("keras/jax", ("default",), ["keras/jax:jit"]),
        ("keras/torch", ("default", "keras/jax"), ["keras/torch"]),
        ("tensorflow", ("tensorflow:xla", "tensorflow+onednn=0"), ["tensorflow:xla", "tensorflow+onednn=0"]),
    ],
)
def test_the_targets_are_those_of_the_case(asked: str, own: tuple[str, ...], found: list[str]) -> None:
    case = make_case(targets=own)
    assert [str(target) for target in targets_of(case, parse_target(asked))] == found
