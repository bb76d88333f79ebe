"""What a record says of where the run was started: the machine, and the commit that was checked out."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from conformance import __version__
from conformance.worker.processor import instruction_sets, model


def describe_environment(command: Sequence[str]) -> dict[str, Any]:
    """What is known of the coordinator's side of a run; what each worker says of itself goes into `targets`."""
    return {
        "conformance": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "host": platform.node(),
        **_commit(os.environ),
        "platform": platform.platform(),
        "cpu": model(),
        "instruction_sets": instruction_sets(),
        "command": list(command),
    }


def _commit(environ: Mapping[str, str]) -> dict[str, Any]:
    """The commit and branch of the folder that the run was started in, and where the CI says that its files are shown.

    CI checks out a commit without its branch, so what it says of itself goes before what git says.
    """
    found = {
        "commit": environ.get("GITHUB_SHA") or environ.get("CI_COMMIT_SHA") or _git("rev-parse", "HEAD"),
        "branch": environ.get("GITHUB_HEAD_REF")
        or environ.get("GITHUB_REF_NAME")
        or environ.get("CI_COMMIT_REF_NAME")
        or _git("symbolic-ref", "--short", "-q", "HEAD"),
        "forge": _forge(environ),
    }
    return {name: value for name, value in found.items() if value}


def _git(*words: str) -> str:
    """What git says here; "" where there is no git, no repository, or nothing to say in time.

    Only what reads a name: `git status` would run what a stranger's repository names in its settings.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", *words],
            env={**environment, "GIT_OPTIONAL_LOCKS": "0"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return "" if done.returncode else done.stdout.decode("utf-8", "replace").strip()


def _forge(environ: Mapping[str, str]) -> dict[str, str]:
    """Where this commit's files are shown, as the CI says it, and where they lie here; {} elsewhere."""
    github = [environ.get(name, "") for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_SHA")]
    gitlab = [environ.get(name, "") for name in ("CI_PROJECT_URL", "CI_COMMIT_SHA")]
    if all(github):
        files, checkout = f"{github[0]}/{github[1]}/blob/{github[2]}/", environ.get("GITHUB_WORKSPACE", "")
    elif all(gitlab):
        files, checkout = f"{gitlab[0]}/-/blob/{gitlab[1]}/", environ.get("CI_PROJECT_DIR", "")
    else:
        return {}
    if not checkout:
        return {}
    return {"files": files, "checkout": Path(os.path.realpath(checkout)).as_posix(), "folder": Path.cwd().as_posix()}
