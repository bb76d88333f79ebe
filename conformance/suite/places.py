"""Which files a folder stands for: none that a link leads to from outside, and nothing but files."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection
from pathlib import Path

from conformance.text.plain import one_line


def files_below(folder: Path, suffixes: Collection[str], root: Path, without: str = "") -> list[Path]:
    """The files below a folder that end in one of the suffixes, in order; folders named `without` are left out.

    A link is followed where it stays in `root`. Whatever else has such a name and is not read is said on stderr: a link
    that leads out of the root (whoever wrote the cases would choose what is read), a pipe, a device.
    """
    found: list[Path] = []
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        try:
            entries = list(os.scandir(here))
        except OSError as error:
            left_out(here, f"can't be read ({error.strerror})")
            continue
        for entry in entries:
            path = here / entry.name
            if entry.name == without and path.is_dir():
                continue
            if entry.is_dir(follow_symlinks=False):
                waiting.append(path)
            elif entry.is_symlink() and path.is_dir():
                if not stays(path, root):
                    left_out(path, f"is a link to a folder outside {root}")
                # One inside is read where it really is.
            elif path.suffix in suffixes:
                if not stays(path, root):
                    left_out(path, f"is a link that leads out of {root}")
                elif not path.is_file():
                    left_out(path, "is no file")
                else:
                    found.append(path)
    return sorted(found)


def stays(path: Path, root: Path) -> bool:
    """Whether what a path leads to is below the root."""
    try:
        return path.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError):  # links in a circle
        return False


def own_folder(folder: Path) -> bool:
    """Whether a folder beside its cases is theirs; said where it is a link that leads elsewhere."""
    if stays(folder, folder.parent):
        return True
    left_out(folder, f"is a link to a folder outside {folder.parent}")
    return False


def left_out(path: Path, why: str) -> None:
    """Say that something in a folder is not read."""
    print(one_line(f"conformance: left out: {path} {why}"), file=sys.stderr)
