"""Environments of versioned targets: real installations, interrupted ones, and what can't be installed."""

from __future__ import annotations

import json
import os
import platform
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from importlib.metadata import version as installed
from pathlib import Path

import pytest
from packaging.version import Version

from conformance.environments.build import MARKER, _yanked, cache_folder, neighbours, requirements
from conformance.environments.installer import index_arguments, same_release
from conformance.environments.interpreters import _split, interpreters
from conformance.target import parse_target
from conformance.usage import UsageError
from tests.patience import LONG
from tests.versions import FFT, NEW, OLD, argv, command, settings, shared_cache

INTERRUPTED = "1.26.3"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shared_cache(tmp_path_factory)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "fft.yaml").write_text(FFT)
    return tmp_path


def test_two_versions_in_one_record(folder: Path, cache: Path) -> None:
    done = command("run", "fft.yaml", "--on", f"numpy=={OLD},numpy=={NEW}", "--record", "r.db", cwd=folder, cache=cache)
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"on numpy=={OLD}\n  dtype: got dtype float64, expected float32" in done.stdout
    assert f"on numpy=={NEW}" not in done.stdout
    with sqlite3.connect(folder / "r.db") as record:
        infos = {name: json.loads(info) for name, info in record.execute("SELECT name, info FROM targets")}
    assert {name: info["version"] for name, info in infos.items()} == {f"numpy=={OLD}": OLD, f"numpy=={NEW}": NEW}
    assert len({info["executable"] for info in infos.values()}) == 2
    # The second time nothing is installed.
    again = command("run", "fft.yaml", "--on", f"numpy=={OLD},numpy=={NEW}", cwd=folder, cache=cache)
    assert again.returncode == 1
    assert "installing" not in again.stderr


def test_a_known_entry_holds_for_the_versions_that_it_names(folder: Path, cache: Path) -> None:
    (folder / "known").mkdir()
    (folder / "known" / "fft.yaml").write_text(
        "- name: fft-in-double\n  kind: bug\n  reason: The FFT answered in double precision.\n  status: dtype\n"
        f"  where: {{op: call, targets: [numpy], versions: 'numpy<{NEW}'}}\n"
    )
    done = command("run", "fft.yaml", "--on", f"numpy=={OLD},numpy=={NEW}", cwd=folder, cache=cache)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "fft-in-double" in done.stdout


def test_an_interpreter_that_exists_already(folder: Path, cache: Path) -> None:
    done = command("run", "fft.yaml", "--on", f"numpy=={OLD}", cwd=folder, cache=cache)
    assert done.returncode == 1, done.stderr
    python = next(cache.glob(f"numpy-{OLD}-*/bin/python"))
    named = command("run", "fft.yaml", "--on", "numpy", "--python", f"numpy={python}", cwd=folder, cache=cache)
    assert named.returncode == 1, named.stderr
    assert "got dtype float64" in named.stdout
    for target, word, said in (
        (f"numpy=={NEW}", str(python), f"has numpy {OLD}, and {NEW} was asked for"),
        ("jax", str(python), "No module named 'jax'"),
        ("numpy", "nowhere/python", "there is no such file"),
        ("numpy", str(folder / "fft.yaml"), "it can't be executed"),
        ("numpy", f"torch={python}", "no target of this run is torch"),
    ):
        with pytest.raises(UsageError) as refused:
            interpreters([parse_target(target)], [word])
        assert said in str(refused.value)
        assert "Traceback" not in str(refused.value)
    done = command("run", "fft.yaml", "--python", str(python), cwd=folder, cache=cache)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "as --python TARGET=PATH" in done.stderr


def test_what_can_t_be_installed_leaves_nothing(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    done = command("run", "fft.yaml", "--on", "numpy==1.26.99", cwd=folder, cache=cache)
    assert done.returncode == 2, done.stderr
    assert "there is no numpy 1.26.99" in done.stderr
    assert "1.26.4" in done.stderr.partition("the nearest are")[2]
    done = command("run", "fft.yaml", "--on", f"numpy=={OLD}", "--pip-args=--no-index", cwd=folder, cache=cache)
    assert done.returncode == 3, done.stderr
    assert f"numpy=={OLD} can't be installed" in done.stderr
    assert "--python" in done.stderr
    assert "Traceback" not in done.stderr
    assert [path for path in cache.iterdir() if path.is_dir()] == []
    assert not (folder / "reports").exists()


def test_a_killed_build_is_repaired_by_the_next_two_runs_at_once(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    words = argv("run", "fft.yaml", "--on", f"numpy=={INTERRUPTED}")
    with subprocess.Popen(words, cwd=folder, env=settings(cache), stderr=subprocess.DEVNULL) as process:
        half = _wait_for_half(cache)
        process.kill()
    assert not (half / MARKER).exists()
    runs = [
        subprocess.Popen(
            words, cwd=folder, env=settings(cache), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    said = [run.communicate(timeout=LONG)[1] for run in runs]
    assert [run.returncode for run in runs] == [1, 1], said
    assert sum("installing" in text for text in said) == 1, said
    assert json.loads((half / MARKER).read_text())["resolved"]["numpy"] == INTERRUPTED


def test_ctrl_c_leaves_no_half_environment(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    words = argv("run", "fft.yaml", "--on", f"numpy=={INTERRUPTED}")
    with subprocess.Popen(words, cwd=folder, env=settings(cache), stderr=subprocess.PIPE, text=True) as process:
        half = _wait_for_half(cache)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=LONG)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert not half.exists()
    assert not (folder / "reports").exists()


def _wait_for_half(cache: Path) -> Path:
    """The folder of an environment into which a package is being written."""
    end = time.monotonic() + LONG
    while time.monotonic() < end:
        for path in cache.glob("*/lib/python*/site-packages/numpy"):
            return path.parents[3]
        time.sleep(0.005)
    raise AssertionError("nothing was installed")


def test_an_environment_whose_interpreter_has_gone_is_built_again(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    # What a copy of the cache from elsewhere looks like: complete by its marker, and unusable.
    done = command("run", "fft.yaml", "--on", f"numpy=={OLD}", "--pip-args=--no-index", cwd=folder, cache=cache)
    assert done.returncode == 3
    (lock,) = cache.glob("*.lock")
    stale = lock.with_suffix("")
    stale.mkdir()
    marker = {"python": str(stale / "bin" / "python"), "requirements": [], "resolved": {}}
    (stale / MARKER).write_text(json.dumps(marker))
    done = command("run", "fft.yaml", "--on", f"numpy=={OLD}", "--pip-args=--no-index", cwd=folder, cache=cache)
    assert done.returncode == 3, done.stdout + done.stderr
    assert "installing" in done.stderr
    assert not stale.exists()


@pytest.fixture
def with_uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """uv on the path, for this test alone: the others show what happens without it."""
    if shutil.which("uv") is None:
        words = ["install", "--quiet", "--no-deps", "--target", str(tmp_path / "uv"), "uv"]
        subprocess.run([sys.executable, "-m", "pip", *words], check=True, timeout=LONG)
        monkeypatch.setenv("PATH", f"{tmp_path / 'uv' / 'bin'}{os.pathsep}{os.environ['PATH']}")


@pytest.mark.usefixtures("with_uv")
def test_uv_is_used_where_it_is(folder: Path, tmp_path: Path) -> None:
    done = command("run", "fft.yaml", "--on", f"numpy=={OLD}", cwd=folder, cache=tmp_path / "cache")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "with uv" in done.stderr
    missing = command("run", "fft.yaml", "--on", "numpy==1.26.99", cwd=folder, cache=tmp_path / "cache")
    assert missing.returncode == 2, missing.stderr


@pytest.mark.parametrize(
    ("target", "wanted"),
    [
        ("numpy==1.26.4", ("numpy==1.26.4",)),
        ("jax==0.9", ("jax[cpu]==0.9", "numpy")),
        ("jax:jit+x64=1==0.9.0.1", ("jax[cpu]==0.9.0.1", "numpy")),
        ("jax@gpu==0.9.2", ("jax[cuda12]==0.9.2", "numpy")),
        ("torch==2.13.0", ("torch==2.13.0", "numpy")),
        ("tensorflow@gpu==2.20.0", ("tensorflow[and-cuda]==2.20.0", "numpy")),
    ],
)
def test_what_is_installed(target: str, wanted: tuple[str, ...]) -> None:
    assert requirements(parse_target(target)) == wanted


def test_a_backend_is_pinned_to_what_is_installed_here() -> None:
    onnx = requirements(parse_target("onnx/onnxruntime==1.21.0"))
    assert onnx == ("onnxruntime==1.21.0", f"onnx=={installed('onnx')}", "numpy")
    assert requirements(parse_target("onnx/reference==1.17.0")) == ("onnx==1.17.0", "numpy")
    keras = requirements(parse_target("keras/torch==3.13.0"))
    # Without the build (+cpu), which not every index has.
    assert keras == ("keras==3.13.0", f"torch=={installed('torch').partition('+')[0]}", "numpy")


@pytest.mark.skipif(sys.platform != "linux" or platform.machine() != "x86_64", reason="published for Linux on x86-64")
def test_tensorflow_comes_without_cuda() -> None:
    assert requirements(parse_target("tensorflow==2.20.0")) == ("tensorflow-cpu==2.20.0", "numpy")


def test_a_version_that_is_none() -> None:
    with pytest.raises(UsageError, match=r"'0\.9\.x' is no version"):
        requirements(parse_target("jax==0.9.x"))


def test_where_environments_are_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CONFORMANCE_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "conformance" / "environments"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == Path.home() / ".cache" / "conformance" / "environments"
    monkeypatch.setenv("CONFORMANCE_CACHE", os.path.join(str(tmp_path), "mine"))
    assert cache_folder() == tmp_path / "mine"


@pytest.mark.parametrize(
    ("word", "target", "path"),
    [
        ("/opt/python", None, "/opt/python"),
        ("/opt/a=b/python", None, "/opt/a=b/python"),
        ("jax=/opt/python", "jax", "/opt/python"),
        ("jax==0.9.2=/opt/python", "jax==0.9.2", "/opt/python"),
        ("torch+threads=2=/opt/a=b/python", "torch+threads=2", "/opt/a=b/python"),
    ],
)
def test_a_target_and_a_path_may_both_have_equals_signs(word: str, target: str | None, path: str) -> None:
    assert _split(word) == (parse_target(target) if target else None, path)


def test_which_versions_are_the_same() -> None:
    assert same_release("2.13.0+cpu", "2.13")
    assert same_release("0.9.0", "0.9")
    assert not same_release("0.9.0.1", "0.9.0")
    assert not same_release("0.9.10", "0.9.1")


def test_the_nearest_releases_are_those_before_and_after() -> None:
    existing = [Version(v) for v in ("2.0.0", "1.9.99", "1.26.1", "2.26.99", "1.26.4", "1.10.0")]
    assert [str(v) for v in neighbours(existing, Version("1.26.99"))] == ["1.26.1", "1.26.4", "2.0.0", "2.26.99"]
    assert [str(v) for v in neighbours(existing, Version("99"))] == ["1.26.1", "1.26.4", "2.0.0", "2.26.99"]
    assert [str(v) for v in neighbours(existing, Version("0.1"))] == ["1.9.99", "1.10.0", "1.26.1", "1.26.4"]
    assert neighbours([Version("1.0")], Version("3.0")) == [Version("1.0")]


def test_a_release_that_was_withdrawn_is_told() -> None:
    pip = (
        "WARNING: The candidate selected for download or install is a yanked version: 'jax' candidate "
        "(version 0.4.32 at https://files.example/jax-0.4.32-py3-none-any.whl (from https://index.example/simple/jax/))\n"
        "Reason for being yanked: Crashes on CPU\nInstalling collected packages: jax\n"
    )
    assert _yanked(pip, "jax") == "Crashes on CPU"
    assert _yanked(pip, "jaxlib") == ""
    assert _yanked('warning: `jax==0.4.32` is yanked (reason: "Crashes on CPU")\n', "jax") == "Crashes on CPU"
    assert _yanked("warning: `jax==0.4.32` is yanked\n", "jax") == "no reason given"


def test_what_an_index_is_told_of_the_installers_arguments() -> None:
    given = "--no-deps --index-url https://a.example --find-links=wheels -U --pre"
    assert index_arguments(given) == ["--index-url", "https://a.example", "--find-links=wheels", "--pre"]
