"""Where results may be written: over an older result, never over a record, a case file or another result."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from conformance.text.files import write_whole
from conformance.usage import UsageError, unwritable

_RECORD = b"SQLite format 3\x00"
_CASES = (".yaml", ".yml")


def output(word: str) -> Path:
    """The type of an option that names a file to write."""
    path = Path(word)
    if reason := kept(path):
        raise argparse.ArgumentTypeError(f"{path} {reason}; name another file")
    return path


def kept(path: Path, cases: bool = True) -> str:
    """Why a file must not be replaced by a report; empty where it may be."""
    # What can't be read here can't be judged: whoever writes it will say so.
    with suppress(OSError, ValueError):
        if not path.is_file():
            return ""
        with open(path, "rb") as file:
            first = file.read(len(_RECORD))
        if first == _RECORD:
            return "is a record, which a report would replace"
        if cases and first and path.suffix.lower() in _CASES:
            return "is a case file, which a report would replace"
    return ""


def refuse_same(named: Iterable[tuple[str, Path | None]]) -> None:
    """UsageError where two options name one file, of which one result would be lost."""
    seen: dict[str, str] = {}
    for option, path in named:
        if path is None or (path.exists() and not path.is_file()):  # such as /dev/null
            continue
        real = os.path.realpath(path)
        if real in seen:
            raise UsageError(f"{option} and {seen[real]} name the same file, {path}; name two")
        seen[real] = option


def put(path: Path | None, text: str) -> None:
    """Write a page whole, in a folder that is made for it; to stdout where no file is named."""
    if path is None:
        sys.stdout.write(text)
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text)
    except OSError as error:
        raise unwritable(f"{path} can't be written: {error}", error) from None
