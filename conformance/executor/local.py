"""Workers as processes of this machine, one a target, driven by one event loop without threads.

A worker answers in the order in which it was asked, so when it dies or hangs, the oldest request without an answer is
the one that did it: that one is charged, the worker is started again, and the others are sent again. That goes on for
as long as each process gets somewhere. One that dies and nothing was charged with it (before it said hello, or with
nothing to do) is tried again after a pause that grows, and the target is given up after a few of them in a row.
"""

from __future__ import annotations

import errno
import selectors
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from conformance.executor import Answer, Event, Failed, Ready, Request, Unavailable
from conformance.executor.answers import checked_info, checked_text, outcome_of
from conformance.executor.origins import Origins
from conformance.executor.process import Process, left_of
from conformance.outcome import Crashed, Outcome, TimedOut
from conformance.target import FRAMEWORKS, Target
from conformance.worker.wire import Header, ProtocolError, entry, frame, shown

PAUSES = (0.5, 1.0, 2.0, 4.0)  # seconds before each try after one that came to nothing; then it is given up
LATE_TRIES = 2  # that said no hello in time: each has cost minutes
CALM = 3  # deaths in a row, each charged to a case, after which there is a pause as well
MAX_SLEEP = 0.25  # seconds between two looks at whether processes live
# What won't be otherwise the next time; any other reason why a process can't be started (no memory, ...) may pass.
LASTING = (errno.ENOENT, errno.EACCES, errno.EPERM, errno.ENOEXEC, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG)

# Target -> the program and its arguments; the configuration is added as the last one.
Command = Callable[[Target], Sequence[str]]


class LocalExecutor:
    """Runs requests on local worker processes; use it as a context manager, from one thread.

    timeout: seconds that a request may take, counted from when it became the oldest without an answer; the time for
    which its worker had no processor does not count. start_timeout: the same, until a worker must have said hello.
    window, window_bytes: what may be in flight a target. pythons: the interpreter of targets that have their own.
    log_dir: where each worker's output goes, one file a target. command: another program as worker (any that speaks
    `docs/wire.md`). pauses: seconds before each try after one that came to nothing.
    """

    def __init__(
        self,
        targets: Sequence[Target],
        *,
        timeout: float = 60.0,
        start_timeout: float = 180.0,
        window: int = 32,
        window_bytes: int = 64 * 2**20,
        pythons: Mapping[Target, str] | None = None,
        log_dir: Path,
        command: Command | None = None,
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        self.timeout = timeout
        self.start_timeout = start_timeout
        self.window = window
        self.window_bytes = window_bytes
        self.pauses = pauses
        self._selector = selectors.DefaultSelector()
        self._events: deque[Event] = deque()
        pythons = pythons or {}
        self._workers: dict[Target, _Worker] = {}
        for target in targets:
            argv = list(command(target)) if command else worker_command(pythons.get(target, sys.executable))
            log = log_dir / f"{log_name(target)}.log"
            self._workers[target] = _Worker(self, target, [*argv, configuration(target)], log)

    def __enter__(self) -> LocalExecutor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Start every worker, and return at once; `poll` says when each is ready."""
        for worker in self._workers.values():
            worker.start()

    def room(self, target: Target) -> bool:
        """Whether the target can take another request now."""
        worker = self._workers[target]
        if not worker.greeted or worker.over:
            return False
        return not worker.flight or (len(worker.flight) < self.window and worker.flight_bytes < self.window_bytes)

    def submit(self, target: Target, key: int, request: Request) -> None:
        """Send a request; `key` comes back in its Answer. Never blocks. A target that has failed answers nothing."""
        self._workers[target].submit(key, request)

    def poll(self, timeout: float) -> list[Event]:
        """Everything that has happened; waits up to `timeout` seconds for something."""
        end = time.monotonic() + timeout
        while True:
            now = time.monotonic()
            for worker in self._workers.values():
                worker.check(now)
            # A process may die while a child of its keeps its output open: then nothing wakes us.
            wait = 0.0 if self._events else max(0.0, min(end, self._next_deadline(), now + MAX_SLEEP) - now)
            for key, mask in self._selector.select(wait):
                worker, process = key.data
                # What a handler did may have ended a process that a later event of the same round belongs to.
                if mask & selectors.EVENT_WRITE and worker.process is process:
                    worker.flush()
                if mask & selectors.EVENT_READ and worker.process is process:
                    worker.receive()
            if self._events or time.monotonic() >= end:
                events = list(self._events)
                self._events.clear()
                return events

    def _next_deadline(self) -> float:
        return min((worker.deadline for worker in self._workers.values()), default=float("inf"))

    def retire(self, target: Target) -> None:
        """Stop a worker that is not needed any more; its memory goes back now and not when the run ends."""
        self._workers[target].stop()

    def close(self) -> None:
        """Kill every worker and whatever it started."""
        for worker in self._workers.values():
            worker.stop()
        self._selector.close()

    def emit(self, event: Event) -> None:
        """Queue an event for the next `poll`."""
        self._events.append(event)

    @property
    def selector(self) -> selectors.BaseSelector:
        """Where workers register their descriptors."""
        return self._selector


class _InFlight:
    """A request without an answer. `written`: its last byte has left, so that the worker may be at it."""

    def __init__(self, key: int, request: Request) -> None:
        self.key = key
        self.request = request
        self.written = False


class _Worker:
    """One target's worker, across the processes that it takes."""

    def __init__(self, executor: LocalExecutor, target: Target, argv: list[str], log: Path) -> None:
        self.executor = executor
        self.target = target
        self.argv = argv
        self.log = log
        self.process: Process | None = None
        self.greeted = False  # it has said hello once
        self.over = False  # unavailable, failed or stopped
        self.flight: dict[int, _InFlight] = {}  # number on the wire -> request, oldest first
        self.flight_bytes = 0
        self.deadline = float("inf")
        self._limit, self._armed, self._starved = float("inf"), 0.0, 0.0
        self.deaths = 0  # in a row, each charged to a case
        self.futile = 0  # processes in a row that came to nothing
        self.late = 0  # of those, the ones that said no hello in time
        self._next_number = 0
        self._up = False  # this process has said hello
        self._origins = Origins()

    def start(self) -> None:
        self._up = False
        try:
            self.process = Process(self.argv, self.log)
        except OSError as error:
            message = f"can't start {self.argv[0]!r}: {error.strerror or error}"
            if error.errno in LASTING:
                self._fail(message)
            else:
                self._futile(message)
            return
        self._arm(self.executor.start_timeout)
        self.executor.selector.register(self.process.output, selectors.EVENT_READ, (self, self.process))

    def submit(self, key: int, request: Request) -> None:
        if self.over:
            return
        number = self._next_number
        self._next_number += 1
        first = not self.flight
        self.flight[number] = _InFlight(key, request)
        self.flight_bytes += request.nbytes
        self._origins.add(number, request)
        if self._up:
            if first:
                self._rearm()
            self._send()

    def _send(self) -> None:
        """Send what the process may have; replace it, where it has answered all that it may have."""
        assert self.process is not None
        for number, request in self._origins.sendable():
            self.process.queue(number, encode_request(number, request, self.executor.timeout))
        self.flush()
        if self._origins.spent(len(self.flight)):
            self._close_process()
            self.start()

    def flush(self) -> None:
        """Write what can be written without waiting, and ask to be told when more can be."""
        process = self.process
        if process is None:
            return
        for number in process.write():
            if number in self.flight:
                self.flight[number].written = True
        wanted = process.pending and not process.broken
        if wanted != process.watched:
            if wanted:
                self.executor.selector.register(process.input, selectors.EVENT_WRITE, (self, process))
            else:
                self.executor.selector.unregister(process.input)
            process.watched = wanted

    def receive(self) -> None:
        """Read what is there, and act on every frame that it completes."""
        process = self.process
        assert process is not None
        try:
            for header, payload in process.read():
                self._frame(header, payload)
                if self.process is not process:
                    return
        except ProtocolError as error:
            self._violated(str(error))
            return
        if process.ended:
            self._died()

    def _frame(self, header: Header, payload: bytes) -> None:
        if not self._up:
            self._greeting(header)
            return
        oldest = next(iter(self.flight), None)
        number = header.get("id")
        if oldest is None or type(number) is not int or number != oldest:
            due = "none was due" if oldest is None else f"expected that to {oldest}"
            raise ProtocolError(f"an answer to request {shown(number)}, {due}")
        flight = self.flight[oldest]
        outcome = outcome_of(header, payload, flight.request)
        self.deaths = self.futile = self.late = 0
        self._settle(outcome)
        if header.get("last") is True:
            # It has grown too large, says so, and ends: that is nobody's fault.
            self._close_process()
            self.start()
        else:
            self._send()

    def _greeting(self, header: Header) -> None:
        reason = header.get("unavailable")
        if isinstance(reason, str):
            reason = checked_text(reason)
            if self.greeted:
                self._close_process()
                self._futile(f"was ready, and after a restart says: {reason}")
            else:
                self._end()
                self.executor.emit(Unavailable(self.target, reason))
            return
        if "hello" not in header:
            raise ProtocolError(f"expected hello or unavailable, found a header with {shown(list(header))}")
        info = checked_info(header["hello"])
        self._up = True
        if not self.greeted:
            self.greeted = True
            self.executor.emit(Ready(self.target, info))
        for flight in self.flight.values():
            flight.written = False
        self._origins.renew((number, flight.request) for number, flight in self.flight.items())
        self._rearm()
        self._send()

    def _settle(self, outcome: Outcome) -> None:
        """The oldest request has ended."""
        number = next(iter(self.flight))
        flight = self.flight.pop(number)
        self.flight_bytes -= flight.request.nbytes
        self.executor.emit(Answer(self.target, flight.key, outcome))
        self._rearm()

    def _rearm(self) -> None:
        oldest = next(iter(self.flight.values()), None)
        self._arm(self.executor.timeout if oldest else float("inf"))
        if self.process is not None:
            self.process.expect(oldest.request.limit if oldest else 0)

    def _arm(self, seconds: float) -> None:
        self._limit, self._armed = seconds, time.monotonic()
        self._starved = self.process.starved() if self.process is not None else 0.0
        self.deadline = self._armed + seconds

    def check(self, now: float) -> None:
        """Notice a process that has died without closing its output, and one that is late; start the next one when
        its time has come.
        """
        if self.process is None:
            if not self.over and now >= self.deadline:
                self.start()
            return
        self.process.bound_log()
        if now >= self.deadline:
            # An answer may be in the pipe already, if it was we who were slow.
            process = self.process
            self.receive()
            if self.process is not process or now < self.deadline:
                return
            left = left_of(self._limit, now - self._armed, process.starved() - self._starved)
            if left:
                self.deadline = now + left
            else:
                self._late()
        elif self.process.dead():
            process = self.process
            self.receive()
            if self.process is process:
                self._died()

    def _late(self) -> None:
        assert self.process is not None
        self.process.ask_where_it_is()
        log = self._close_process()
        if not self._up:
            self.late += 1
            self._futile(f"did not say hello within {self.executor.start_timeout:g} s{last_words(log)}")
            return
        self._charge(TimedOut(self.executor.timeout, log))

    def _died(self) -> None:
        assert self.process is not None
        log = self._close_process()
        how = self.process_end
        oldest = next(iter(self.flight.values()), None)
        if not self._up:
            self._futile(f"died before it said hello ({how}){last_words(log)}")
        elif oldest is not None and oldest.written:
            self._charge(Crashed(how, log))
        else:
            # A request that has not left us completely can't be what the worker died of.
            self._futile(f"died ({how}) with nothing to do{last_words(log)}")

    def _violated(self, what: str) -> None:
        assert self.process is not None
        log = self._close_process()
        if self._up and self.flight:
            self._charge(Crashed("protocol", f"{what}\n{log}".rstrip()))
        else:
            when = "with nothing to do" if self._up else "before it said hello"
            self._futile(f"broke the protocol {when}: {what}{last_words(log)}")

    def _charge(self, outcome: Outcome) -> None:
        """A process has ended at its oldest request: that one has its answer, and the next process takes the rest."""
        self.deaths += 1
        self.futile = self.late = 0
        self._settle(outcome)
        # Many in a row may be the machine (no memory left): it gets a moment.
        self._start_after(max(self.executor.pauses[:1], default=0.0) if self.deaths > CALM else 0.0)

    def _futile(self, message: str) -> None:
        """A process has ended and nothing came of it."""
        self.futile += 1
        if self.futile > len(self.executor.pauses) or self.late >= LATE_TRIES:
            again = f"; it was started {self.futile} times in a row" if self.futile > 1 else ""
            self._fail(message + again)
        else:
            self._start_after(self.executor.pauses[self.futile - 1])

    def _start_after(self, pause: float) -> None:
        self._up = False
        self.deadline = time.monotonic() + pause
        if not pause:
            self.start()

    def _close_process(self) -> str:
        """Kill the process and its group; the end of its log."""
        process = self.process
        assert process is not None
        # An interrupt may have come in the middle of this before, so that a part of it is done.
        registered = self.executor.selector.get_map()
        for descriptor in (process.output, process.input):
            if descriptor in registered:
                self.executor.selector.unregister(descriptor)
        self.process_end = process.close()
        self.last_log = process.log_tail()
        self.process = None
        return self.last_log

    def _end(self) -> None:
        self.over = True
        self.flight.clear()
        self.flight_bytes = 0
        self.deadline = float("inf")
        if self.process is not None:
            self._close_process()

    def _fail(self, message: str) -> None:
        self._end()
        self.executor.emit(Failed(self.target, message))

    def stop(self) -> None:
        self._end()


def worker_command(python: str) -> list[str]:
    """How the worker is started: by its path, so that the interpreter needs no package of ours."""
    from conformance import worker

    return [python, str(Path(worker.__path__[0]) / "__main__.py")]


def configuration(target: Target) -> str:
    """A target as the worker is told it."""
    import json

    spec, options = target.spec, dict(target.capped().options)
    rooms = [name for framework in target.frameworks for name in (framework.name, *framework.beside)]
    parts: dict[str, Any] = {
        "framework": target.framework,
        "backend": target.backend,
        "mode": target.mode,
        "device": target.device,
        "options": options,
        "version": target.version,
        "rooms": {name: str(FRAMEWORKS[name].folder) for name in rooms},
        "variables": target.environment(),
        "programs": spec.starts_programs(target.backend, target.mode),
    }
    return json.dumps(parts, separators=(",", ":"))


def log_name(target: Target) -> str:
    """A target as a file's name, such as keras-jax or torch:compile."""
    return str(target).replace("/", "-")


def encode_request(number: int, request: Request, seconds: float) -> list[memoryview]:
    """A request as a frame; `seconds` is how long its answer is waited for."""
    tensors = (*request.inputs, *request.cotangents)
    header: Header = {
        "id": number,
        "plan": request.plan,
        "outputs": list(request.outputs),
        "inputs": [entry(name, dtype, array) for name, array, dtype in request.inputs],
        "gradient": list(request.gradient),
        "cotangents": [entry(name, dtype, array) for name, array, dtype in request.cotangents],
        "repeat": request.repeat,
        "limit": request.limit,
        "seconds": seconds,
        "trusted": request.trusted,
    }
    return frame(header, tuple(array for _, array, _ in tensors))


def last_words(log: str) -> str:
    """The end of a log as the end of a message. A dump of the stack is left out: it is in the log, and long."""
    lines: list[str] = []
    for line in log.splitlines():
        if line.strip():
            lines.append(line.strip())
        if line.startswith("Fatal Python error"):
            break
    return ": " + " | ".join(lines[-3:]) if lines else "; it printed nothing"
