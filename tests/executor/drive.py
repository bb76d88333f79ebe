"""Runs requests through an executor to the end, for tests."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from conformance.executor import Answer, Event, Failed, Ready, Request, Unavailable
from conformance.executor.local import LocalExecutor
from conformance.outcome import Outcome
from conformance.target import Target
from tests.patience import LONG

X = np.arange(12, dtype=np.float32).reshape(3, 4)
SUM = X + X


@dataclass
class Driven:
    """What came of it."""

    outcomes: dict[int, Outcome] = field(default_factory=dict)
    ready: list[Ready] = field(default_factory=list)
    unavailable: list[Unavailable] = field(default_factory=list)
    failed: list[Failed] = field(default_factory=list)


def double(mark: str = "", array: np.ndarray = X) -> Request:
    """y = x + x in NumPy; with a mark, a fake does there what it does."""
    text = f"{mark} = x + x\ny = {mark}" if mark else "y = x + x"
    return Request(text, (("x", array, array.dtype.name),))


def drive(executor: LocalExecutor, target: Target, requests: Sequence[Request], seconds: float = LONG) -> Driven:
    """Submit all requests as there is room, and collect what happens until all are answered or the target is over."""
    driven = Driven()
    sent = 0
    end = time.monotonic() + seconds
    while len(driven.outcomes) < len(requests):
        assert time.monotonic() < end, f"only {len(driven.outcomes)} of {len(requests)} answers in {seconds} s"
        while sent < len(requests) and executor.room(target):
            executor.submit(target, sent, requests[sent])
            sent += 1
        for event in executor.poll(0.5):
            collect(driven, event)
        if driven.failed or driven.unavailable:
            break
    return driven


def collect(driven: Driven, event: Event) -> None:
    """One event into what came of it; an answer that comes twice is an error."""
    match event:
        case Answer(_, key, outcome):
            assert key not in driven.outcomes, f"request {key} was answered twice"
            driven.outcomes[key] = outcome
        case Ready():
            driven.ready.append(event)
        case Unavailable():
            driven.unavailable.append(event)
        case Failed():
            driven.failed.append(event)
