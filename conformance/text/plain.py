"""Text is data: what a file, a framework or a record said is printed, never obeyed.

A terminal obeys escape sequences, a CI system lines that look like its commands. Everything that goes to stdout or
stderr passes through a `Quiet` stream, so that no place that prints can forget it; what must steer the terminal
(colours, a line that is replaced, annotations of our own making) is written to the stream behind it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, cast

# C0 and C1 controls, what no file may hold, and the marks that reorder, hide or break text.
_CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\uffff\ud800-\udfff\U000e0000-\U000e0fff]"
)
# What a CI system takes for a command: `::error` at the beginning of a line for GitHub, the others anywhere.
_COMMAND = re.compile(r"(?m)(^[^\S\n]*):(?=:)|#(?=#(?:\[|vso\[|teamcity\[))")
_COMMAND_INSIDE = re.compile(r"(?m)((?<=\n)[^\S\n]*):(?=:)|#(?=#(?:\[|vso\[|teamcity\[))")


def clean(text: str) -> str:
    """Text that is safe to print: control characters are spelled out; newlines and tabs stay."""
    return _CONTROLS.sub(lambda match: match[0].encode("unicode_escape", "surrogatepass").decode(), text)


def one_line(text: str) -> str:
    """Text on one line, safe to print."""
    return " ".join(clean(text).split())


def quiet(text: str, at_start: bool = True) -> str:
    """Text that steers neither a terminal nor a CI system. `at_start`: whether it begins a line."""
    text = clean(text.replace("\r\n", "\n"))
    if "::" not in text and "##" not in text:
        return text
    # Spelled out as Python and JSON spell it: printed scripts and data stay what they are.
    pattern = _COMMAND if at_start else _COMMAND_INSIDE
    return pattern.sub(lambda m: f"{m[1]}\\u003a" if m[1] is not None else "\\u0023", text)


class Quiet:
    """A text stream on which nothing that is written steers what shows it."""

    def __init__(self, behind: IO[str]) -> None:
        self.behind = behind
        self._fresh = True  # whether what comes next begins a line

    def write(self, text: str) -> int:
        """Write the text, spelled out where it would steer."""
        if text:
            self.behind.write(quiet(text, self._fresh))
            self._fresh = text.endswith("\n") or (self._fresh and not text.strip())
        return len(text)

    def writelines(self, lines: Any) -> None:
        """Each of them."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.behind, name)


def behind(stream: IO[str]) -> IO[str]:
    """The stream itself, for what is meant to steer it and has been made `quiet` word by word."""
    return stream.behind if isinstance(stream, Quiet) else stream


@contextmanager
def quiet_output() -> Iterator[None]:
    """stdout and stderr, as long as this lasts, with nothing on them that steers a terminal or a CI system."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (cast("IO[str]", Quiet(behind(stream))) for stream in before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
