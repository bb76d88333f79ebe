"""What is wrong with a file, and where: the errors that the author of a case file sees."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from conformance.text.nearest import did_you_mean
from conformance.text.plain import one_line
from conformance.usage import UsageError
from conformance.worker.whitelist import unsafe

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
        # One line, whatever a file is called: each of these is a line of its own, for people and for CI systems.
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return one_line(f"{place}: {self.message}")


class CaseFileError(UsageError):
    """A file that can't be used. `findings` holds everything that is wrong with it, sorted by line."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = sorted(set(findings))
        super().__init__("\n".join(str(finding) for finding in self.findings))


def quoted(text: str) -> str:
    """A text in quotes, cut where it is long."""
    return repr(text) if len(text) <= SHOWN else repr(text[: SHOWN - 3] + "...")


def unprintable(text: str) -> str:
    """Names the first character of a text that can't be seen, or that ends a line for some readers; "" for none."""
    return next((f"the character U+{ord(character):04X}" for character in text if unsafe(character)), "")


def unknown(kind: str, found: str, allowed: Iterable[str]) -> str:
    """The message for a word that is not in a closed list."""
    words = list(allowed)
    return f"unknown {kind} {quoted(found)}, expected one of: {', '.join(words)}{did_you_mean(found, words)}"
