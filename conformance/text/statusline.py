"""One line that says what is at hand, for commands that take a while and print their result at the end."""

from __future__ import annotations

import sys

from conformance.text.plain import behind, one_line

LONGEST = 110  # characters; a line that wraps can't be replaced


class StatusLine:
    """A line on stderr that is replaced, where stderr is a terminal; nothing elsewhere."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()

    def show(self, text: str) -> None:
        """Replace the line."""
        if self._live:
            print(f"\r\x1b[K{one_line(text)[:LONGEST]}", end="", file=behind(sys.stderr), flush=True)

    def end(self) -> None:
        """Take the line away."""
        self.show("")
