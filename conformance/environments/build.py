"""An isolated, cached environment for a target that carries a version, such as `jax==0.9.2`.

An environment is built where it stays. Its marker is written last, in one step: a folder without its marker is what a
build left that did not end, and the next call that wants it clears it away. Whoever builds holds a lock that dies with
its process, and the installer holds it, too, so that nobody clears a folder that is still written to.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import platform
import re
import shlex
import shutil
import sys
import time
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from packaging.version import InvalidVersion, Version

from conformance.environments.installer import Installer, InstallError, find_installer, imports, releases
from conformance.frameworks.base import Framework
from conformance.target import FRAMEWORKS, Target
from conformance.usage import HarnessError, UsageError

MARKER = "conformance.json"
Say = Callable[[str], None]

# What releases from before NumPy 2 need, where the newest of what they allow turns out not to work with them.
OLDER = ("numpy<2", "scipy<1.13", "ml-dtypes<0.5", "setuptools<81")


@dataclass(frozen=True)
class Environment:
    """An environment that is complete: its interpreter, what was asked for, and every package that it has."""

    python: str
    requirements: tuple[str, ...]
    resolved: dict[str, str]  # distribution -> version
    yanked: str = ""  # the index's reason where the release was withdrawn by its makers
    installer: str = ""


def environment(target: Target, pip_args: str = "", say: Say = lambda _: None) -> Environment:
    """The environment of a target with a version: the cached one, else it is built.

    `pip_args` goes to the installer as it is. UsageError where there is no such release, HarnessError where it can't be
    installed or imported; neither leaves anything behind.
    """
    wanted = requirements(target)
    folder = cache_folder() / _key(target, wanted, pip_args)
    found = _complete(folder)
    if found is not None:
        return found
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _lock(folder, say) as lock:
            # Another run may have built it while we waited.
            return _complete(folder) or _build(target, folder, wanted, pip_args, say, lock)
    except OSError as error:
        raise HarnessError(
            f"the environment of {target} can't be kept in {folder.parent}: {error.strerror or error}; "
            "set CONFORMANCE_CACHE to a folder that can be written"
        ) from None


def cache_folder() -> Path:
    """Where environments are kept: $CONFORMANCE_CACHE, else conformance/environments in the user's cache."""
    if os.environ.get("CONFORMANCE_CACHE"):
        return Path(os.environ["CONFORMANCE_CACHE"]).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "conformance" / "environments"


def package(target: Target) -> str:
    """The distribution whose version a target's `==version` is.

    The framework's, or that of its backend: what runs a model of ONNX is onnxruntime.
    """
    spec = target.spec
    below = spec.below.get(spec.versioned(target.backend))
    return below.package if below is not None else distribution(spec, target.device)


def requirements(target: Target) -> tuple[str, ...]:
    """What is installed for a target. A backend is pinned to the version that is installed here, so that two versions
    of Keras are compared on one backend.
    """
    name = package(target)
    try:
        asked = str(Version(target.version))
    except InvalidVersion:
        raise UsageError(f"{target}: {target.version!r} is no version; expected one such as 0.9.2 (PEP 440)") from None
    spec = target.spec
    extra = spec.extras.get(target.device, "") if name == spec.package else ""
    wanted = [f"{name}{extra}=={asked}"]
    if target.backend in FRAMEWORKS:
        wanted.append(pinned(distribution(FRAMEWORKS[target.backend], target.device)))
    elif spec.versioned(target.backend):
        wanted.append(pinned(spec.package))
    if name != "numpy":
        wanted.append("numpy")  # the worker's own need; PyTorch does without
    return tuple(wanted)


def distribution(framework: Framework, device: str) -> str:
    """A framework's distribution; without CUDA where it is published so as a package of its own."""
    light = device == "cpu" and sys.platform == "linux" and platform.machine() in ("x86_64", "AMD64")
    return framework.light if light and framework.light else framework.package


def pinned(name: str) -> str:
    """A distribution at the version that is installed here; without one where it is not."""
    for installed in (name, name.removesuffix("-cpu")):
        with contextlib.suppress(PackageNotFoundError):
            # Without what a build adds to it (+cpu): no index need have exactly that build.
            return f"{name}=={Version(version(installed)).public}"
    return name


def _key(target: Target, wanted: tuple[str, ...], pip_args: str) -> str:
    """The folder's name: something to read, and a hash of all that decides what will be in it."""
    interpreter = [sys.implementation.cache_tag, platform.python_version(), os.path.realpath(sys.base_prefix)]
    content = json.dumps([list(wanted), interpreter, shlex.split(pip_args)])
    name = f"{target.framework}-{target.backend}" if target.backend else target.framework
    return f"{name}-{target.version}-{sys.implementation.cache_tag}-{hashlib.sha256(content.encode()).hexdigest()[:10]}"


def _complete(folder: Path) -> Environment | None:
    """The environment in a folder, or None where it is not complete or its interpreter has gone."""
    try:
        found = json.loads((folder / MARKER).read_text(encoding="utf-8"))
        built = Environment(**{**found, "requirements": tuple(found["requirements"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return built if os.access(built.python, os.X_OK) else None


@contextlib.contextmanager
def _lock(folder: Path, say: Say) -> Iterator[int]:
    """Hold the lock of a folder; the descriptor is for the installer. The file stays: it is empty."""
    with open(folder.with_name(folder.name + ".lock"), "a", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another run, which builds {folder}")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


def _clear(folder: Path) -> None:
    # Whatever interrupts this, a folder without its marker counts for nothing.
    (folder / MARKER).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        shutil.rmtree(folder)


def _build(target: Target, folder: Path, wanted: tuple[str, ...], pip_args: str, say: Say, lock: int) -> Environment:
    _clear(folder)
    started = time.monotonic()
    installer = find_installer(folder, pip_args, lock)
    say(f"installing {', '.join(wanted)} into an environment of its own, with {installer.name}")
    try:
        installer.create()
        log = installer.install(wanted)
        resolved = _verified(target, installer, wanted, say)
    except InstallError as error:
        _clear(folder)
        raise _refusal(target, wanted, pip_args, error) from None
    except BaseException:
        _clear(folder)
        raise
    built = Environment(installer.python, wanted, resolved, _yanked(log, package(target)), installer.name)
    _mark(folder, built)
    say(f"{target} is ready after {time.monotonic() - started:.0f} s, kept in {folder}")
    if built.yanked:
        say(f"{package(target)} {target.version} was withdrawn by its makers: {built.yanked}")
    return built


def _mark(folder: Path, built: Environment) -> None:
    """Write the marker: either all of it is there, or nothing."""
    partial = folder / (MARKER + ".partial")
    with open(partial, "w", encoding="utf-8") as file:
        json.dump(asdict(built), file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(folder / MARKER)


def _verified(target: Target, installer: Installer, wanted: tuple[str, ...], say: Say) -> dict[str, str]:
    """What is installed, once it has been imported; with older companions where the newest don't work."""
    try:
        return imports(installer.python, target)
    except InstallError as error:
        say(f"{target} can't be imported with the newest of what it allows ({error.gist}); trying older companions")
        constraints = installer.folder / "older.txt"
        constraints.write_text("\n".join(OLDER) + "\n", encoding="utf-8")
        try:
            installer.install((*wanted, "setuptools"), constraints)
            return imports(installer.python, target)
        except InstallError:
            raise error from None


def _yanked(log: str, name: str) -> str:
    """The reason for which the index withdrew a release, in pip's words or uv's."""
    told = re.search(rf"yanked version: '{re.escape(name)}' .*?\n\s*Reason for being yanked: *(.*)", log)
    told = told or re.search(rf"`{re.escape(name)}==\S+` is yanked(?: \(reason: (.*)\))?", log)
    return (told[1] or "no reason given").strip("\"' ") if told else ""


def _refusal(target: Target, wanted: tuple[str, ...], pip_args: str, error: InstallError) -> UsageError | HarnessError:
    """Why a release can't be had, and what to do."""
    name, asked = package(target), Version(target.version)
    with contextlib.suppress(InstallError):
        existing = releases(name, pip_args, prereleases=True)
        if asked not in existing:
            python = platform.python_version()
            return UsageError(
                f"{target}: there is no {name} {asked} for Python {python}; the nearest are "
                f"{', '.join(str(release) for release in neighbours(existing, asked))}"
            )
    return HarnessError(
        f"{target} can't be {error.what}. Asked for: {' '.join(wanted)} {pip_args}".rstrip()
        + f". It ended with:\n{error.tail}\n"
        "Nothing of it was kept. Look at the network and the index, give the installer more arguments with --pip-args, "
        f"or an interpreter that has it with --python '{target}=PATH'."
    )


def neighbours(existing: Collection[Version], asked: Version, count: int = 4) -> list[Version]:
    """The releases before and after one that does not exist, in their order."""
    ordered = sorted(existing)
    place = bisect_left(ordered, asked)
    return ordered[max(0, min(place - count // 2, len(ordered) - count)) :][:count]
