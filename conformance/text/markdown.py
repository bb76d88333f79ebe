"""Words as Markdown: escaped, as code, in a table."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

from conformance.text.plain import one_line


def escaped(text: str) -> str:
    """Words of a person or a framework, as they are: no markup, no table cell, no line break."""
    return re.sub(r"([\\`*_{}\[\]#|~])", r"\\\1", html.escape(one_line(text), quote=False))


def code(text: str) -> str:
    """A code span that holds any text, in a table too."""
    text = one_line(text).replace("|", "\\|")
    ticks = "`" * (1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    pad = " " if "`" in text else ""
    return f"{ticks}{pad}{text}{pad}{ticks}" if text else ""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table of cells that are Markdown already, and an empty line."""
    lines = ["| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows)]
    return [*lines, ""]
