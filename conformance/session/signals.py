"""Ctrl-C, SIGTERM and SIGHUP: one meaning, and never in the middle of a write."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_ALL = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
# Seconds after which a signal interrupts whatever is at work, where that has not looked in the meantime.
PATIENCE = 3.0
# Seconds after a signal in which others are taken for the same.
DEAF = 2.0

_Handler = Callable[[int, FrameType | None], Any] | signal.Handlers


@contextmanager
def interrupts(restore: bool = True) -> Iterator[None]:
    """Within this, each of them raises KeyboardInterrupt; what our caller ignores (`nohup`) stays ignored.

    More of them change nothing while the first is on its way. Without `restore` that stays so, too.
    """
    last = -DEAF

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        nonlocal last
        before, last = last, time.monotonic()
        if last - before >= DEAF:
            raise KeyboardInterrupt

    with _handled(interrupt, restore=restore):
        yield


@contextmanager
def ignored(restore: bool = True) -> Iterator[None]:
    """Within this, none of them does anything: for the last words. Without `restore`, for good."""
    # Not a function of ours: Python takes those away when it begins to end.
    with _handled(signal.SIG_IGN, restore=restore):
        yield


class Held:
    """What `held` gives: call it to see whether a signal has come, and to say that it has been seen."""

    def __init__(self) -> None:
        self._asked = False
        self._seen = False

    def __call__(self) -> bool:
        """Whether a signal has come."""
        if self._asked and not self._seen:
            self._seen = True
            signal.setitimer(signal.ITIMER_REAL, 0)
        return self._asked

    def came(self, number: int, _frame: FrameType | None) -> None:
        """A signal has come. The first one counts; more of them change nothing."""
        if number == signal.SIGALRM:
            if not self._seen:
                self._seen = True
                raise KeyboardInterrupt
        elif not self._asked:
            self._asked = True
            signal.setitimer(signal.ITIMER_REAL, PATIENCE)

    def end(self) -> None:
        """Raise KeyboardInterrupt for a signal that nobody has seen."""
        signal.setitimer(signal.ITIMER_REAL, 0)
        if self._asked and not self._seen:
            raise KeyboardInterrupt


@contextmanager
def held() -> Iterator[Held]:
    """Within this, a signal is only remembered, so that what is being written is written to its end.

    One that is not looked for within `PATIENCE` seconds raises KeyboardInterrupt after all; so does the end of this,
    where it was never looked for.
    """
    state = Held()
    if threading.current_thread() is not threading.main_thread():
        yield state  # signals are the main thread's
        return
    with _handled(state.came, signal.SIGALRM):
        try:
            yield state
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    state.end()


@contextmanager
def _handled(handler: _Handler, *more: signal.Signals, restore: bool = True) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (*_ALL, *more)}
    # None: a handler that was not set from Python, which can't be set again from here.
    mine = [
        number for number, old in before.items() if old is not None and (old is not signal.SIG_IGN or number in more)
    ]
    try:
        for number in mine:
            signal.signal(number, handler)
        yield
    finally:
        for number in mine if restore else ():
            signal.signal(number, before[number])
