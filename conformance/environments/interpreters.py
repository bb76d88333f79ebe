"""Which interpreter each target's worker runs in: this one, one that the user names, or a version's environment."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from conformance.environments.build import environment
from conformance.environments.installed import missing
from conformance.environments.installer import InstallError, imports
from conformance.target import Target, TargetError, parse_target
from conformance.usage import UsageError


def interpreters(targets: Sequence[Target], given: Sequence[str] = (), pip_args: str = "") -> dict[Target, str]:
    """The interpreter of each target that does not run in this one; environments that are lacking are built.

    `given` are the words of `--python`. UsageError where a target can't run, HarnessError where an environment can't be
    built.
    """
    found = named(given, targets)
    for target in targets:
        if target not in found and missing(target):
            raise UsageError(
                f"--on: {target} is not installed: there is no module {missing(target)!r}; pip install it first"
            )
    return versioned(targets, found, pip_args)


def consent(given: Sequence[str], everything: bool = False) -> Callable[[Target], bool]:
    """Which versions a case file may ask for: those that the words of `--python` name, or `everything`."""
    named = {_package(target) for word in given if (target := _split(word)[0]) is not None}
    return lambda target: everything or _package(target) in named


def versioned(
    targets: Sequence[Target], chosen: Mapping[Target, str] | None = None, pip_args: str = ""
) -> dict[Target, str]:
    """`chosen`, and the environment's interpreter of each target that has a version and is not in it."""
    found = dict(chosen or {})
    for target in targets:
        if target.version and target not in found:
            found[target] = environment(target, pip_args, _say).python
    return found


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def named(given: Sequence[str], targets: Sequence[Target]) -> dict[Target, str]:
    """Target -> interpreter, from the words of `--python`: `PATH` for every target, `TARGET=PATH` for those of that
    framework, backend and version. UsageError where it can't be started or does not import the framework.
    """
    found: dict[Target, str] = {}
    # What names a target comes before what is for all.
    for word in sorted(given, key=lambda word: _split(word)[0] is None):
        name, path = _split(word)
        meant = [t for t in targets if name is None or _package(t) == _package(name)]
        if not meant:
            asked = ", ".join(str(target) for target in targets)
            raise UsageError(f"--python {word}: no target of this run is {name}; its targets are {asked}")
        python = _executable(path)
        for target in meant:
            found.setdefault(target, python)
    checked: set[tuple[object, ...]] = set()
    for target, python in found.items():
        key = (python, *_package(target))
        if key not in checked:
            checked.add(key)
            _check(target, python)
    return found


def _package(target: Target) -> tuple[str, str, str]:
    return target.framework, target.backend, target.version


def _split(word: str) -> tuple[Target | None, str]:
    """`TARGET=PATH`, where both may have an equals sign in them, or `PATH`."""
    for position in range(len(word) - 1, 0, -1):
        left, right = word[:position], word[position + 1 :]
        if word[position] == "=" and not right.startswith("=") and not left.endswith("="):
            try:
                return parse_target(left), right
            except TargetError:
                continue
    return None, word


def _executable(path: str) -> str:
    python = shutil.which(os.path.expanduser(path))
    if python is None:
        why = "it can't be executed" if Path(path).expanduser().exists() else "there is no such file"
        raise UsageError(f"--python {path}: {why}; expected a Python interpreter, such as venv/bin/python")
    # Not resolved: an environment's interpreter is a link, and only by the link's name does it have its packages.
    return os.path.abspath(python)


def _check(target: Target, python: str) -> None:
    try:
        imports(python, target)
    except InstallError as error:
        raise UsageError(
            f"--python: {target} can't be {error.what} by {python}:\n{error.tail}\n"
            "Name an interpreter that has it, or give the target a version to have it installed."
        ) from None
