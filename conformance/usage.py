"""Exit codes, the errors that a user can mend, and standard streams that may be closed, full or cut off."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any

OK, UNEXPECTED, USAGE, HARNESS, INTERRUPTED = 0, 1, 2, 3, 130


class UsageError(Exception):
    """Something the user gave can't be meant; the message says what was found, what was expected and what to do."""


class HarnessError(Exception):
    """The harness can't do its job, and the call is not to blame: an installation fails, a folder can't be written."""


def unwritable(said: str, error: OSError) -> UsageError | HarnessError:
    """The error for a file that can't be written: another name mends it, unless the disk is full or fails."""
    return HarnessError(said) if no_room(error) else UsageError(said)


def no_room(error: OSError) -> bool:
    """Whether the disk is full or fails (or files may be no longer): another name in its place mends nothing."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


def open_descriptors() -> None:
    """Give descriptors 0 to 2 that were closed by our caller to the null device.

    The next file that is opened would take their numbers, and what is printed would go into it: into a record.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            # The lowest free number is taken: this one, since those below it are open.
            os.open(os.devnull, os.O_RDWR)


class Tolerant:
    """Standard error, whatever becomes of it: a message that nobody can receive is no reason to stop."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write, if it can be written."""
        with suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush, if it can be flushed."""
        with suppress(OSError, ValueError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _Closed(io.RawIOBase):
    def writable(self) -> bool:
        return True

    def write(self, _data: object) -> int:
        raise OSError(errno.EBADF, "it is closed")


def closed() -> IO[str]:
    """A stream in the place of one that our caller closed: to print nothing is no error, to print something is."""
    return io.TextIOWrapper(io.BufferedWriter(_Closed()), encoding="utf-8")


def let_go(stream: IO[str] | None) -> None:
    """Point a stream that can't be written at the null device, so that what is left in it goes nowhere in peace.

    Python would try once more when it exits, and end with a code of its own.
    """
    if stream is None:
        return
    with suppress(OSError, ValueError):
        descriptor = stream.fileno()
        empty = os.open(os.devnull, os.O_WRONLY)
        os.dup2(empty, descriptor)
        os.close(empty)
        stream.flush()


@contextmanager
def printing(instead: str = "") -> Iterator[None]:
    """Around what prints a result that has an exit code of its own.

    Whoever reads only the head of it (`| head -1`) gets the same code. HarnessError where it can't be printed;
    `instead` says how to see it all the same.
    """
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        let_go(sys.stdout)
    except OSError as error:
        let_go(sys.stdout)
        hint = f"; {instead}" if instead else ""
        raise HarnessError(f"the result can't be printed: {error.strerror or error}{hint}") from None
