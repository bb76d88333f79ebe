"""`conformance init`: a starter suite and a CI workflow for somebody else's repository."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from conformance.environments.installed import missing
from conformance.session import declare
from conformance.target import parse_target
from conformance.text.files import write_whole
from conformance.usage import OK, UsageError, unwritable

# template -> where it goes
FILES = {
    "example.yaml": Path("cases/example.yaml"),
    "grid.yaml": Path("cases/grid.yaml"),
    "known.yaml": Path("cases/known/known.yaml"),
    "workflow.yml": Path(".github/workflows/conformance.yml"),
}
STARTER = Path(__file__).parent.parent / "starter"
# What the starter has plans for, in the order in which it is asked for.
FRAMEWORKS = ("torch", "jax", "tensorflow")


@dataclass(frozen=True, kw_only=True)
class Options:
    """What `init` is asked."""

    folder: Path = declare.positional(nargs="?", type=Path, default=Path(), metavar="FOLDER")
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
    for template, path in FILES.items():
        try:
            _write(folder / path, starter(template, frameworks))
        except OSError as error:
            raise unwritable(f"{folder / path} can't be written: {error}", error) from None
        print(f"wrote {folder / path}")
    change = "" if folder.resolve() == Path().resolve() else f"cd {shlex.quote(str(folder))} && "
    print(f"next: {change}conformance check && conformance run --gate")
    return OK


def starter(template: str, frameworks: list[str]) -> str:
    """A template's text for these frameworks."""
    text = (STARTER / template).read_text(encoding="utf-8")
    if template == "workflow.yml":
        text = text.replace("EXTRAS", ",".join(frameworks)).replace("REQUIRED", ",".join(frameworks))
    return text


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, text)
