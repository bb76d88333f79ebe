"""What mkdocs does besides: pages from outside docs/, a page of every command, and links that lead out of the site."""

from __future__ import annotations

import os
import posixpath
import re
import sys
from itertools import combinations
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[2]
# page of the site -> where it is in the repository
ELSEWHERE = {
    "contributing.md": "CONTRIBUTING.md",
    "changelog.md": "CHANGELOG.md",
    "benchmarks.md": "benchmarks/README.md",
    "own-framework.md": "examples/framework/README.md",
}
PAGES = {"examples/framework": "own-framework.md"} | {v: k for k, v in ELSEWHERE.items()}
_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
_ITEM = re.compile(r" *([-*]|\d+\.) ")


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that don't lie in docs/, and those that the code writes."""
    made = {name: (ROOT / source).read_text(encoding="utf-8") for name, source in ELSEWHERE.items()}
    for name, text in {**made, "commands.md": commands(), **pairs()}.items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, page: Any, files: Files, **_: Any) -> str:
    """Links as the site has them, and lists as it reads them: they want an empty line before."""
    name = page.file.src_uri
    here = posixpath.dirname(ELSEWHERE.get(name, f"docs/{name}"))

    def link(match: re.Match[str]) -> str:
        mark, text, target = match.groups()
        if "://" in target or target.startswith("#"):
            return match[0]
        path, hash_, anchor = target.partition("#")
        real = posixpath.normpath(posixpath.join(here, path))
        found = PAGES.get(real, real.removeprefix("docs/") if real.startswith("docs/") else "")
        if files.get_file_from_path(found) is None:
            # A file of the repository, which the site has not; what leads nowhere is left for mkdocs to say.
            return text if (ROOT / real).exists() else match[0]
        return f"{mark}[{text}]({posixpath.relpath(found, posixpath.dirname(name) or '.')}{hash_}{anchor})"

    lines: list[str] = []
    fenced = False
    for line in markdown.splitlines():
        fenced ^= line.startswith("```")
        code = fenced or line.startswith("    ")
        before = lines[-1] if lines else ""
        if not code and _ITEM.match(line) and before and not _ITEM.match(before) and not before.startswith(" "):
            lines.append("")
        lines.append(line if code else _LINK.sub(link, line))
    return "\n".join(lines)


def commands() -> str:
    """Every command as its `--help` has it."""
    os.environ["COLUMNS"] = "100"
    sys.path.insert(0, str(ROOT))  # mkdocs takes away what is put there while this file is read
    from conformance.commands.table import COMMANDS, build_parser

    parser = build_parser(COMMANDS)
    (chosen,) = [action for action in parser._actions if action.choices and not action.option_strings]
    parts = [
        "# Commands",
        "",
        "What `conformance COMMAND --help` prints.",
        "",
    ]
    for name, command in chosen.choices.items():  # type: ignore[union-attr]
        parts += [f"## {name}", "", "```text", command.format_help().rstrip(), "```", ""]
    return "\n".join(parts)


def pairs() -> dict[str, str]:
    """A page of what differs for each pair of frameworks that people port between."""
    sys.path.insert(0, str(ROOT))
    from conformance.commands.ops import shipped
    from conformance.report.porting import porting
    from conformance.target import FRAMEWORKS

    suite = shipped()
    # NumPy is asked what people write with it by hand: nobody ports a model there.
    named = combinations([name for name in FRAMEWORKS if name != "numpy"], 2)
    return {f"pairs/{one}-{other}.md": porting(one, other, suite.entries, suite.cases) for one, other in named}
