"""Takes a worker's folder away, whatever the worker has left in it."""

from __future__ import annotations

import contextlib
import os
import stat

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def remove_folder(path: str) -> None:
    """Remove a folder and all that is in it, as far as that is possible; never raises.

    Folders may lie in each other deeper than any recursion goes or any path is long, and be closed to their owner.
    So each one that lies in another is first moved up, beside that one. No link is followed.
    """
    with contextlib.suppress(OSError):
        top = os.open(path, _FOLDER)
        try:
            _empty(top)
        finally:
            os.close(top)
        os.rmdir(path)


def _empty(top: int) -> None:
    """Remove what is in the folder that `top` is open on."""
    moved = 0
    pending = _emptied_of_files(top)
    while pending:
        name = pending.pop()
        try:
            inner = _opened(name, top)
        except OSError:
            continue
        try:
            for below in _emptied_of_files(inner):
                with contextlib.suppress(OSError):
                    # A folder that is closed to its owner can't be moved either.
                    os.close(_opened(below, inner))
                    aside, moved = _unused(top, moved)
                    os.rename(below, aside, src_dir_fd=inner, dst_dir_fd=top)
                    pending.append(aside)
        finally:
            os.close(inner)
        with contextlib.suppress(OSError):
            os.rmdir(name, dir_fd=top)


def _opened(name: str, parent: int) -> int:
    """A folder's descriptor; one that its owner may not read is opened up first."""
    try:
        found = os.stat(name, dir_fd=parent, follow_symlinks=False)
        if stat.S_IMODE(found.st_mode) & stat.S_IRWXU != stat.S_IRWXU and hasattr(os, "O_PATH"):
            itself = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
            try:
                os.chmod(f"/proc/self/fd/{itself}", stat.S_IRWXU)
            finally:
                os.close(itself)
    except OSError:
        pass  # then it can't be opened, which says why
    return os.open(name, _FOLDER, dir_fd=parent)


def _emptied_of_files(folder: int) -> list[str]:
    """Remove everything in a folder but the folders; their names."""
    folders = []
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    for name in names:
        try:
            os.unlink(name, dir_fd=folder)
        except OSError:
            folders.append(name)
    return folders


def _unused(top: int, number: int) -> tuple[str, int]:
    """A name that nothing in `top` has, and the number after the one in it."""
    while True:
        name = f"moved-{number}"
        number += 1
        try:
            os.stat(name, dir_fd=top, follow_symlinks=False)
        except FileNotFoundError:
            return name, number
