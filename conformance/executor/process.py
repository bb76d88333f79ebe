"""One worker process: non-blocking pipes, its log, and its end."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from conformance.executor.folder import remove_folder
from conformance.worker.wire import Decoder, Header

LOG_LINES = 40
LOG_BYTES = 16_384
READ_BYTES = 1 << 20
PIPE_BYTES = 1 << 20
# For how long a worker that hangs is given to write its stack into its log.
LAST_WORDS_SECONDS = 2.0
# What a log may grow to; beyond it, it begins anew. A worker may print as fast as a disk writes.
MAX_LOG = 32 * 2**20
# For how long a process that has closed its output is waited for.
END_SECONDS = 10.0
# How often a limit may be used up on the clock by a worker that waits for a processor.
MOST_PATIENCE = 20.0
# Less than this is not waited for once more.
INSTANT = 0.05


class Process:
    """A process with a group of its own, its standard input and output as pipes, and its standard error in a log.

    It has a folder of its own, empty at first, as current directory and for temporary files. OSError where it can't
    be started.
    """

    def __init__(self, argv: Sequence[str], log: Path) -> None:
        self.log = log
        self.ended = False  # it has closed its output
        self.broken = False  # it has closed its input
        self.watched = False  # for being writable; kept by the owner
        self._delays: dict[int, float] = {}  # process -> how long it had no processor, for `starved`
        self._decoder = Decoder(limit=0)  # nothing follows a hello
        self._outgoing: deque[tuple[int, deque[memoryview]]] = deque()
        self._folder = _own_folder(log)
        try:
            with _opened(log) as errors:
                self._log_start = errors.tell()
                self._process = subprocess.Popen(
                    argv,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    bufsize=0,
                    start_new_session=True,
                    cwd=self._folder,
                    env=environment(argv[0], self._folder),
                )
        except OSError:
            self._remove_folder()
            raise
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

    def expect(self, limit: int) -> None:
        """Say how many bytes the arrays of the next frame may have; one that announces more is a violation."""
        self._decoder.limit = limit

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

    def bound_log(self) -> None:
        """Have a log that has grown too long begin anew; it is written at its end, wherever that is."""
        with contextlib.suppress(OSError):
            if os.stat(self.log).st_size > MAX_LOG:
                os.truncate(self.log, 0)
                self._log_start = 0

    def ask_where_it_is(self) -> None:
        """Have a hanging worker write the stack of each thread into its log."""
        with contextlib.suppress(OSError):  # it has ended, or somebody has taken its log away
            before = os.path.getsize(self.log)
            os.kill(self.pid, signal.SIGUSR1)
            patience = time.monotonic() + LAST_WORDS_SECONDS
            while os.path.getsize(self.log) == before and time.monotonic() < patience:
                time.sleep(0.01)
            time.sleep(INSTANT)  # for the rest of them

    def starved(self) -> float:
        """Seconds for which the process could have run and no processor was free; 0 where the system doesn't say.

        One that waits for what it started (a compiler) has no processor while that has none. Of those that have ended
        meanwhile counts what was last seen.
        """
        for pid in _family(self.pid):
            with (
                contextlib.suppress(OSError, ValueError, IndexError),
                open(f"/proc/{pid}/schedstat", encoding="ascii") as file,
            ):
                self._delays[pid] = int(file.read().split()[1]) / 1e9
        return sum(self._delays.values()) if self.pid in self._delays and self._process.returncode is None else 0.0

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
        self._remove_folder()
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

    def _remove_folder(self) -> None:
        remove_folder(self._folder)

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


def _own_folder(log: Path) -> str:
    """A new folder beside the log; where its place has been taken away, in the system's."""
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        return tempfile.mkdtemp(prefix="worker-", dir=log.absolute().parent)
    except OSError:
        return tempfile.mkdtemp(prefix="conformance-worker-")


def _opened(log: Path) -> BinaryIO:
    """The log, to be appended to; nowhere, where there is no room for it: that must not cost a case."""
    try:
        return open(log, "ab")
    except OSError:
        return open(os.devnull, "ab")


def _family(pid: int) -> Iterator[int]:
    """A process and what it started, as far as these still run."""
    todo = [pid]
    while todo:
        one = todo.pop()
        yield one
        with contextlib.suppress(OSError), open(f"/proc/{one}/task/{one}/children", encoding="ascii") as file:
            todo += map(int, file.read().split())


def left_of(limit: float, waited: float, starved: float) -> float:
    """How much of a limit in seconds is left after `waited` on the clock; 0 where none is.

    The time for which the worker was ready and had no processor is the machine's, not its own: what a case gives may
    not depend on what else the machine does. A worker that waits for anything else, or computes for ever, is late.
    """
    left = min(limit - (waited - starved), MOST_PATIENCE * limit - waited)
    return left if left > INSTANT else 0.0


# What a worker inherits, as whole names or, with a `*`, beginnings of names: what finds programs, libraries and
# devices, and what decides how a framework computes. Whatever else the user's shell holds is none of its business.
_INHERITED = """
    PATH LANG LANGUAGE LC_* TZ LD_* DYLD_* SYSTEMROOT PYTHON* __PYVENV_LAUNCHER__ VIRTUAL_ENV CONDA_PREFIX
    CC CXX CPATH C_INCLUDE_PATH CPLUS_INCLUDE_PATH LIBRARY_PATH SDKROOT MACOSX_DEPLOYMENT_TARGET MALLOC_* GLIBC_TUNABLES
    OMP_* GOMP_* KMP_* MKL_* OPENBLAS_* BLIS_* VECLIB_* NUMEXPR_* NPY_* NUMBA_*
    ONEDNN_* DNNL_* ATEN_* TORCH* PYTORCH_* TRITON_* TF_* XLA_* JAX_* KERAS_* ORT_* ONNX_*
    CUDA_* CUDNN_* CUBLAS_* NCCL_* NVIDIA_* NVTE_* HIP_* HSA_* ROC* GPU_* TPU_* PJRT_* CONFORMANCE_READABLE
""".split()
_IS_INHERITED = re.compile("|".join(re.escape(name).replace(r"\*", ".*") for name in _INHERITED))
_IS_SECRET = re.compile("TOKEN|SECRET|KEY|PASSW|CREDENTIAL|AUTH", re.IGNORECASE)
# Lists of folders, which must mean the same from another current directory.
_FOLDERS = ("PYTHONPATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "CONFORMANCE_READABLE")


def environment(python: str, folder: str, given: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What a worker run by `python` in its own `folder` inherits; what frameworks read, it sets itself."""
    inherited = {
        name: value for name, value in given.items() if _IS_INHERITED.fullmatch(name) and not _IS_SECRET.search(name)
    }
    inherited = without_ours(python, inherited)
    for name in _FOLDERS:
        if name in inherited:
            parts = inherited[name].split(os.pathsep)
            inherited[name] = os.pathsep.join(os.path.abspath(part) for part in parts)
    # The rest of the user's home is nothing that it can read; packages that pip installed there are.
    if "HOME" in given:
        inherited["HOME"] = given["HOME"]
    inherited["TMPDIR"] = folder
    return inherited


def without_ours(python: str, given: Mapping[str, str] = os.environ) -> dict[str, str]:
    """An environment in which another interpreter does not find this one's packages."""
    ours = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__") if python != sys.executable else ()
    return {name: value for name, value in given.items() if name not in ours}
