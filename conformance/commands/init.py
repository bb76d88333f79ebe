"""`conformance init`: a starter suite and a CI workflow for somebody else's repository."""

from __future__ import annotations

import json
import shlex
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from conformance import DISTRIBUTION
from conformance.environments.build import pinned
from conformance.environments.installed import missing
from conformance.session import declare
from conformance.target import FRAMEWORKS as ALL
from conformance.target import parse_target
from conformance.text.files import write_whole
from conformance.usage import OK, UsageError, unwritable

# template -> where it goes
FILES = {
    "example.yaml": Path("cases/example.yaml"),
    "grid.yaml": Path("cases/grid.yaml"),
    "known.yaml": Path("cases/known/known.yaml"),
    "requirements.txt": Path(".github/conformance-requirements.txt"),
    "workflow.yml": Path(".github/workflows/conformance.yml"),
}
IGNORED = Path(".gitignore")  # lines are added to what is there
VARIABLE = "${{ vars.CONFORMANCE_SOURCE }}"
# Where there are wheels without CUDA of what else comes with it.
CPU_WHEELS = {"torch": "--extra-index-url https://download.pytorch.org/whl/cpu"}
STARTER = Path(__file__).parent.parent / "starter"
# What the starter has plans for, in the order in which it is asked for.
FRAMEWORKS = ("torch", "jax", "tensorflow")


@dataclass(frozen=True, kw_only=True)
class Options:
    """What `init` is asked."""

    folder: Path = declare.positional(nargs="?", type=Path, default=Path(), metavar="FOLDER")
    source: str = declare.option(
        "--source",
        default="",
        metavar="URL",
        help="where the workflow gets Conformance: git+https://.../conformance@COMMIT "
        "(default: where pip got it here from, else a variable of the repository)",
    )
    force: bool = declare.switch("--force", help="replace files that are there")


def main(options: Options) -> int:
    """Write the starter; UsageError, and nothing written, where a file is in the way."""
    folder = options.folder
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file, expected the folder of a repository")
    there = [folder / path for path in FILES.values() if (folder / path).exists()]
    if there and not options.force:
        raise UsageError(f"not overwritten: {', '.join(map(str, there))}; --force replaces what is there")
    frameworks = [name for name in FRAMEWORKS if not missing(parse_target(name))] or ["torch"]
    source = options.source or _source()
    lines = starter("gitignore", frameworks).splitlines()
    for template, path in FILES.items():
        _write(folder / path, starter(template, frameworks, source))
        print(f"wrote {folder / path}")
    if added := _ignore(folder / IGNORED, lines):
        print(f"{added} {folder / IGNORED}")
    if not source:
        print("CONFORMANCE_SOURCE in the workflow is yours to set: nothing is published yet, so pip needs a URL")
    change = "" if folder.resolve() == Path().resolve() else f"cd {shlex.quote(str(folder))} && "
    print(f"next: {change}conformance check && conformance run --gate")
    return OK


def starter(template: str, frameworks: list[str], source: str = "") -> str:
    """A template's text for these frameworks; `source` is where pip gets us."""
    text = (STARTER / template).read_text(encoding="utf-8")
    if template == "workflow.yml":
        text = text.replace(": SOURCE", f": {source or VARIABLE}").replace("DISTRIBUTION", DISTRIBUTION)
        text = text.replace("REQUIRED", ",".join(frameworks))
    if template == "requirements.txt":
        wheels = [CPU_WHEELS[name] for name in frameworks if name in CPU_WHEELS]
        pins = [pinned(ALL[name].light or ALL[name].package) for name in (*frameworks, "numpy")]
        text = text.replace("REQUIREMENTS", "\n".join([*wheels, *pins]))
    return text


def _source() -> str:
    """The repository and commit that pip installed us from, or "" where it was no repository (PEP 610)."""
    with suppress(PackageNotFoundError, ValueError, KeyError):
        found = json.loads(distribution(DISTRIBUTION).read_text("direct_url.json") or "")
        return f"{found['vcs_info']['vcs']}+{found['url']}@{found['vcs_info']['commit_id']}"
    return ""


def _ignore(path: Path, lines: list[str]) -> str:
    """Add to a .gitignore what it lacks; what was done, in a word."""
    there = path.read_text(encoding="utf-8") if path.exists() else ""
    lacking = [line for line in lines if line not in there.splitlines()]
    if not any(not line.startswith("#") for line in lacking):
        return ""
    between = "" if not there or there.endswith("\n") else "\n"
    _write(path, there + between + "\n".join([*lacking, ""]))
    return "added to" if there else "wrote"


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text)
    except OSError as error:
        raise unwritable(f"{path} can't be written: {error}", error) from None
