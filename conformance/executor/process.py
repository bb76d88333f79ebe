"""One worker process: non-blocking pipes, its log, and its end."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from conformance.worker.wire import Decoder, Header

LOG_LINES = 40
LOG_BYTES = 16_384
READ_BYTES = 1 << 20
PIPE_BYTES = 1 << 20
# For how long a worker that hangs is given to write its stack into its log.
LAST_WORDS_SECONDS = 0.1
# For how long a process that has closed its output is waited for.
END_SECONDS = 1.0


class Process:
    """A process with a group of its own, its standard input and output as pipes, and its standard error in a log.

    OSError where it can't be started.
    """

    def __init__(self, argv: Sequence[str], log: Path) -> None:
        self.log = log
        self.ended = False  # it has closed its output
        self.broken = False  # it has closed its input
        self.watched = False  # for being writable; kept by the owner
        self._decoder = Decoder()
        self._outgoing: deque[tuple[int, deque[memoryview]]] = deque()
        with _opened(log) as errors:
            self._log_start = errors.tell()
            self._process = subprocess.Popen(
                argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                bufsize=0,
                start_new_session=True,
                env=environment(argv[0]),
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self.input = self._process.stdin.fileno()
        self.output = self._process.stdout.fileno()
        for descriptor in (self.input, self.output):
            os.set_blocking(descriptor, False)
            if hasattr(fcntl, "F_SETPIPE_SZ"):
                # Fewer switches between the processes; a system may refuse it to those who hold many pipes.
                with contextlib.suppress(OSError):
                    fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, PIPE_BYTES)

    @property
    def pid(self) -> int:
        """The process's id, which is its group's id."""
        return self._process.pid

    @property
    def pending(self) -> bool:
        """Whether something is still to be written."""
        return bool(self._outgoing)

    def queue(self, number: int, pieces: Sequence[memoryview]) -> None:
        """Have a frame written when there is room."""
        self._outgoing.append((number, deque(pieces)))

    def write(self) -> list[int]:
        """Write what the pipe takes now; the numbers of the frames of which the last byte has left."""
        done: list[int] = []
        while self._outgoing and not self.broken:
            number, pieces = self._outgoing[0]
            while pieces:
                try:
                    count = os.write(self.input, pieces[0])
                except BlockingIOError:
                    return done
                except BrokenPipeError:
                    self.broken = True
                    return done
                if count == len(pieces[0]):
                    pieces.popleft()
                else:
                    pieces[0] = pieces[0][count:]
            self._outgoing.popleft()
            done.append(number)
        return done

    def read(self) -> Iterator[tuple[Header, bytes]]:
        """Every frame that can be read without waiting; ProtocolError from the decoder."""
        while not self.ended:
            try:
                data = os.read(self.output, READ_BYTES)
            except BlockingIOError:
                return
            if not data:
                self.ended = True
                return
            yield from self._decoder.feed(data)

    def dead(self) -> bool:
        """Whether the process has ended; it is left for `close` to reap, so that its group's id stays its own."""
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def ask_where_it_is(self) -> None:
        """Have a hanging worker write the stack of each thread into its log."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGUSR1)
        time.sleep(LAST_WORDS_SECONDS)

    def close(self) -> str:
        """Kill the group, and say how the process ended: a signal's name, or `exit N`."""
        # One that has closed its output is about to end in its own way, and that way is worth knowing.
        patience = time.monotonic() + END_SECONDS
        how = ""
        # It may have been reaped already, where an interrupt came in the middle of this before.
        reaped = self._process.returncode is not None
        while self.ended and not reaped and not self.dead():
            if time.monotonic() > patience:
                how = "closed its output and went on"
                break
            time.sleep(0.002)
        if not reaped:
            self._kill()
        code = self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
        if how or code >= 0:
            return how or f"exit {code}"
        try:
            return signal.Signals(-code).name
        except ValueError:
            return f"signal {-code}"

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def log_tail(self) -> str:
        """The last lines that this process, not an earlier one, wrote into its log."""
        try:
            with open(self.log, "rb") as stream:
                size = stream.seek(0, os.SEEK_END)
                stream.seek(max(self._log_start, size - LOG_BYTES))
                text = stream.read().decode("utf-8", "replace")
        except OSError:
            return ""  # somebody has cleaned up under our feet
        return "\n".join(text.splitlines()[-LOG_LINES:])


def _opened(log: Path) -> BinaryIO:
    """The log, to be appended to; nowhere, where there is no room for it: that must not cost a case."""
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        return open(log, "ab")
    except OSError:
        return open(os.devnull, "ab")


def environment(python: str) -> dict[str, str]:
    """What a worker run by `python` inherits. It sets what frameworks read itself, from its target.

    Another interpreter must not find this one's packages.
    """
    inherited = dict(os.environ)
    if python != sys.executable:
        for name in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__"):
            inherited.pop(name, None)
    return inherited
