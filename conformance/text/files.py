"""Files written whole or not at all, and folders made for them."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def made(path: Path) -> Path:
    """A report's path, with its folder made where it is not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def write_whole(path: Path, text: str) -> None:
    """Write a file whole or not at all: what was there is still there where the disk is full, or we are killed."""
    if path.exists() and not path.is_file():
        path.write_text(text, encoding="utf-8")
        return
    real = Path(os.path.realpath(path))
    partial = real.with_name(f"{real.name}.partial")
    try:
        partial.write_text(text, encoding="utf-8")
        os.replace(partial, real)
    except BaseException as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename is not None:
            error.filename, error.filename2 = str(path), None  # nobody asked for the partial one
        raise
