"""uv, or venv and pip: making an environment, installing into it, asking the index what releases there are."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from packaging.version import InvalidVersion, Version

from conformance.executor.process import without_ours
from conformance.target import Target

INSTALL_SECONDS = 3600.0
IMPORT_SECONDS = 300.0
INDEX_SECONDS = 120.0
TAIL_LINES = 12

# They take long to compile, and old ones do not compile at all any more: a wheel, or nothing.
WHEELS = ("numpy", "scipy", "ml-dtypes", "onnx")

# The arguments of an installer that say where it looks; each takes a value but the last two.
_INDEX_ARGUMENTS = ("-i", "--index-url", "--extra-index-url", "-f", "--find-links", "--trusted-host", "--cert")
_INDEX_FLAGS = ("--no-index", "--pre")

# Run before a program: it dies when we do, even by a signal that nobody can catch.
_TIED = """
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGKILL)
if os.getppid() != int(sys.argv[1]):
    os._exit(1)
os.execv(sys.argv[2], sys.argv[2:])
"""

# Run by an interpreter: imports a target's modules, and says what is installed.
_IMPORT = """
import importlib, importlib.metadata, json, sys
versions = {}
for name in sys.argv[1:]:
    try:
        versions[name] = str(getattr(importlib.import_module(name), "__version__", ""))
    except BaseException as error:
        sys.exit(f"import {name}: {type(error).__name__}: {error}")
resolved = {d.metadata["Name"]: d.version for d in importlib.metadata.distributions() if d.metadata["Name"]}
print("\\n" + json.dumps({"versions": versions, "resolved": dict(sorted(resolved.items()))}))
"""

# pip trusts what the system trusts; uv only where it is told so, under one name or the other.
SYSTEM_CERTIFICATES = {"UV_SYSTEM_CERTS": "true", "UV_NATIVE_TLS": "true"}


class InstallError(Exception):
    """A program that did not do what it was asked for; `tail` is the end of what it printed."""

    def __init__(self, what: str, output: str) -> None:
        self.what = what  # installed, imported, ...
        lines = [line.rstrip() for line in output.splitlines() if line.strip()]
        # That an index has no folder for a package, and which releases are for other Pythons, is no cause.
        lines = [line for line in lines if not re.match(r"WARNING: Location|ERROR: Ignored the following", line)]
        self.tail = "\n".join(f"  {line[:500]}" for line in lines[-TAIL_LINES:]) or "  (it printed nothing)"
        self.gist = lines[-1][:200] if lines else "no message"
        super().__init__(f"can't be {what}: {self.gist}")


@dataclass(frozen=True)
class Installer:
    """How one environment is made and filled. `folder` is the environment's own."""

    name: str
    folder: Path
    creation: tuple[str, ...]
    installation: tuple[str, ...]
    arguments: tuple[str, ...]
    lock: int  # a descriptor that the programs hold open, too

    @property
    def python(self) -> str:
        """The environment's interpreter."""
        return str(self.folder / "bin" / "python")

    def create(self) -> None:
        """Make the environment, without packages; InstallError."""
        self._run(self.creation, "made")

    def install(self, wanted: Sequence[str], constraints: Path | None = None) -> str:
        """Install requirements; what the installer printed. InstallError."""
        limits = ["-c", str(constraints)] if constraints else []
        wheels = [word for name in WHEELS for word in ("--only-binary", name)]
        return self._run((*self.installation, *wheels, *limits, *wanted, *self.arguments), "installed")

    def _run(self, argv: Sequence[str], what: str) -> str:
        return run(argv, what, INSTALL_SECONDS, keep=(self.lock,))


def find_installer(folder: Path, pip_args: str, lock: int) -> Installer:
    """uv if it is on the path, else this interpreter's venv and pip."""
    arguments = tuple(shlex.split(pip_args))
    python = str(folder / "bin" / "python")
    uv = shutil.which("uv")
    if uv:
        made: tuple[str, ...] = (uv, "venv", "--quiet", "--no-project", "--python", sys.executable, str(folder))
        return Installer("uv", folder, made, (uv, "pip", "install", "--python", python), arguments, lock)
    runner = _pip_runner()
    made = (sys.executable, "-m", "venv", *(["--without-pip"] if runner else []), str(folder))
    quiet = (
        "--disable-pip-version-check",
        "--no-input",
        "--progress-bar",
        "off",
        "--no-warn-script-location",
        "--no-compile",
    )
    install = (python, *([str(runner)] if runner else ["-m", "pip"]), "install", *quiet, "--prefer-binary")
    return Installer("pip", folder, made, install, arguments, lock)


def _pip_runner() -> Path | None:
    """What pip itself runs for `pip --python`: this interpreter's pip in another one, so that the environment needs
    none (putting one there takes 6 s). Not by `pip --python`, which starts a process that would outlive us.
    """
    spec = find_spec("pip")
    runner = Path(spec.origin).with_name("__pip-runner__.py") if spec and spec.origin else None
    return runner if runner and runner.is_file() else None


def run(
    argv: Sequence[str],
    what: str,
    seconds: float,
    *,
    keep: tuple[int, ...] = (),
    settings: Mapping[str, str] | None = None,
) -> str:
    """Run a program to its end; what it printed. InstallError where it fails or takes too long.

    It gets a session of its own, so that Ctrl-C reaches us alone, and is killed with its children when we leave.
    """
    tied = [sys.executable, "-I", "-c", _TIED, str(os.getpid())] if sys.platform == "linux" else []
    environment = {**SYSTEM_CERTIFICATES, **without_ours(argv[0]), "PYTHONSAFEPATH": "1", **(settings or {})}
    if argv[0] == sys.executable:
        environment.pop("PYTHONPATH", None)
    try:
        process = subprocess.Popen(
            [*tied, *argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=keep,
            env=environment,
            text=True,
            errors="replace",
        )
    except OSError as error:
        raise InstallError(what, f"can't start {argv[0]}: {error.strerror or error}") from None
    try:
        output, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        raise InstallError(what, f"{Path(argv[0]).name} was not done after {seconds:.0f} s") from None
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if process.returncode:
        raise InstallError(what, f"{output}\n(exit {process.returncode})" if not output.strip() else output)
    return output


def imports(python: str, target: Target) -> dict[str, str]:
    """Every package that an interpreter has, once it has imported a target's framework; InstallError.

    A target's version must be the one that it has.
    """
    spec = target.spec
    settings = {"TF_CPP_MIN_LOG_LEVEL": "3"}
    settings |= {name: value for name, value in target.environment().items() if value is not None}
    if target.device == "cpu":
        settings |= {"CUDA_VISIBLE_DEVICES": "-1", "JAX_PLATFORMS": "cpu"}
    output = run([python, "-c", _IMPORT, *target.modules], "imported", IMPORT_SECONDS, settings=settings)
    try:
        found = json.loads(output.strip().splitlines()[-1])
        versions, resolved = dict(found["versions"]), dict(found["resolved"])
    except (ValueError, IndexError, KeyError):
        raise InstallError("imported", output) from None
    named = spec.below[target.backend].module if spec.versioned(target.backend) else spec.module
    if target.version and not same_release(versions[named], target.version):
        raise InstallError("used", f"{python} has {named} {versions[named]}, and {target.version} was asked for")
    return resolved


def same_release(found: str, asked: str) -> bool:
    """Whether a version is the one asked for, whatever its build: 0.9.0+cpu is 0.9."""
    try:
        return Version(Version(found).public) == Version(Version(asked).public)
    except InvalidVersion:
        return found == asked


def releases(name: str, pip_args: str = "", prereleases: bool = False) -> list[Version]:
    """The releases of a package that this interpreter can install, oldest first; InstallError.

    pip is asked, since uv can't list them; where there is only uv, it runs pip.
    """
    if find_spec("pip"):
        pip = [sys.executable, "-m", "pip"]
    else:
        pip = [shutil.which("uv") or "uv", "run", "--no-project", "--with", "pip", "python", "-m", "pip"]
    pre = ["--pre"] if prereleases else []
    argv = [*pip, "index", "versions", "--disable-pip-version-check", *pre, *index_arguments(pip_args), name]
    output = run(argv, "looked up", INDEX_SECONDS)
    listed = re.search(r"^Available versions: (.*)$", output, re.MULTILINE)
    if listed is None:
        raise InstallError("looked up", output)
    found = []
    for word in listed[1].split(","):
        with contextlib.suppress(InvalidVersion):
            found.append(Version(word.strip()))
    return sorted(found)


def index_arguments(pip_args: str) -> list[str]:
    """Of an installer's arguments those that say where packages are looked for."""
    words = shlex.split(pip_args)
    kept: list[str] = []
    for position, word in enumerate(words):
        value = position > 0 and words[position - 1] in _INDEX_ARGUMENTS
        if value or word in _INDEX_FLAGS or word.partition("=")[0] in _INDEX_ARGUMENTS:
            kept.append(word)
    return kept
