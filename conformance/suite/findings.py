"""What is wrong with a file, and where: the errors that the author of a case file sees."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

MAX_FINDINGS = 100  # in one file; whoever has mended so many looks again
SHOWN = 80  # characters of a text that a message quotes


@dataclass(frozen=True, order=True)
class Finding:
    """Something that is wrong in a file. Lines and columns count from 1; line 0 stands for the file as a whole."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return printable(f"{place}: {self.message}")


class CaseFileError(Exception):
    """A file that can't be used. `findings` holds everything that is wrong with it, sorted by line."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = sorted(set(findings))
        super().__init__("\n".join(str(finding) for finding in self.findings))


def printable(text: str) -> str:
    """A text on one line: what is no visible character stands as its escape, so that no name can begin a line."""
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def quoted(text: str) -> str:
    """A text in quotes, cut where it is long."""
    return repr(text) if len(text) <= SHOWN else repr(text[: SHOWN - 3] + "...")


def suggestion(found: str, allowed: Iterable[str]) -> str:
    """`; did you mean 'stride'?`, or nothing where no allowed word is near."""
    words = list(allowed)
    if len(found) > SHOWN:
        return ""
    near = get_close_matches(found, words, n=1) or get_close_matches(found.lower(), words, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def unknown(kind: str, found: str, allowed: Iterable[str]) -> str:
    """The message for a word that is not in a closed list."""
    words = list(allowed)
    return f"unknown {kind} {quoted(found)}, expected one of: {', '.join(words)}{suggestion(found, words)}"
