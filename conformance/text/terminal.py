"""What a terminal is told: styled lines, plain ones where it is none."""

from __future__ import annotations

import errno
import os
import shutil
from typing import IO

from rich.console import Console
from rich.text import Text

from conformance.text.plain import behind, quiet

STYLES = {"passed": "green", "unexpected": "bold red", "known": "yellow", "unsupported": "dim"}


class Printer(Console):
    """A console that leaves it to us what a closed output means."""

    def on_broken_pipe(self) -> None:
        """Rich would exit with 1, which is our word for a divergence."""
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


def columns(otherwise: int = 100) -> int:
    """The width to print in: always one that exists. Rich believes COLUMNS=0, and prints nothing."""
    return shutil.get_terminal_size((otherwise, 24)).columns


class Out:
    """Styled lines on a terminal, plain ones anywhere else; never a character that the file can't take."""

    def __init__(self, file: IO[str], width: int | None = None) -> None:
        self.width = width or columns()
        self.encoding = getattr(file, "encoding", None) or "utf-8"
        # Colours steer the terminal; the words do not.
        self.console = Printer(
            file=behind(file), width=self.width, highlight=False, markup=False, emoji=False, soft_wrap=True
        )

    def line(self, *parts: str | tuple[str, str]) -> None:
        """One line of texts or (text, style) pairs."""
        text = Text()
        for part in parts:
            words, style = part if isinstance(part, tuple) else (part, "")
            text.append(self._takes(quiet(words, not text.plain.strip())), style)
        self.console.print(text)

    def head(self, title: str) -> None:
        """An empty line and a heading."""
        self.line()
        self.line((title, "bold"))

    def _takes(self, text: str) -> str:
        return text.encode(self.encoding, "backslashreplace").decode(self.encoding)


def quoted(text: str) -> str:
    """A case id as a shell takes it."""
    return "'" + text.replace("'", "'\\''") + "'"
