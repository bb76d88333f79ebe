"""An executor in memory: a test says what each target answers and in which order; and what came of a run with it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.ask.prepare import Prepared
from conformance.ask.run import Findings, Run
from conformance.dtypes import encode
from conformance.executor import Answer, Event, Ready, Request
from conformance.layout import to_layout
from conformance.outcome import Outcome, Tensor, Value
from conformance.plan import Plan
from conformance.record import Reader
from conformance.suite.case import Case
from conformance.target import Target
from conformance.verdict import Status, Verdict

CONV = """
op: conv
values: [integers]
cases:
  - name: a
    params: {convention: torch, size: [4, 4], kernel: 2, in_channels: 2}
  - name: b
    params: {convention: torch, size: [5, 4], kernel: [2, 3]}
  - name: c
    params: {convention: torch, size: [3, 6], kernel: 2, stride: 2}
"""
GRADED = CONV.replace("values: [integers]", "values: [integers]\ncheck: [shape, dtype, value, gradient]")

# What a target says to a case: the target, the case as it is prepared, its plan.
Says = Callable[[Target, Prepared, Plan], Outcome]


def answer(prepared: Prepared, plan: Plan, change: Callable[[NDArray[np.generic]], NDArray[np.generic]]) -> Value:
    """A changed answer, with the right gradients where the case has any."""
    [output] = prepared.outputs
    made = change(encode(prepared.expectation.outputs[output.name].value, prepared.case.dtype))
    specs = {spec.name: spec for spec in prepared.specs}
    gradients = {
        name: tensor(
            to_layout(encode(right.value, prepared.case.dtype), specs[name].axes, plan.layout(name), name), prepared
        )
        for name, right in prepared.expectation.gradients.items()
    }
    given = to_layout(made, output.axes, plan.layout(output.name))
    return Value({output.name: tensor(given, prepared)}, gradients)


def tensor(array: NDArray[np.generic], prepared: Prepared) -> Tensor:
    return Tensor(prepared.case.dtype, array.shape, array)


def right(_: Target, prepared: Prepared, plan: Plan) -> Outcome:
    return answer(prepared, plan, lambda array: array)


def wrong(_: Target, prepared: Prepared, plan: Plan) -> Outcome:
    return answer(prepared, plan, lambda array: -array)


class Memory:
    """What `Run` needs of an executor. `order`: of those that have an answer to give, which one gives it next.

    `events`: what a target says in place of hello. `window`: how many requests it takes at once.
    """

    def __init__(
        self,
        says: Says = right,
        order: Callable[[Sequence[Target]], Target] = lambda waiting: waiting[0],
        instead: Mapping[Target, Event] | None = None,
        window: int = 4,
    ) -> None:
        self.says = says
        self.order = order
        self.instead = dict(instead or {})
        self.window = window
        self.run: Run | None = None
        self.waiting: dict[Target, deque[tuple[int, Outcome]]] = {}
        self.asked: list[tuple[str, str]] = []  # (target, case) of every request, in order
        self.requests: list[Request] = []
        self.retired: list[Target] = []
        self.waited: list[float] = []  # how long each poll may have waited
        self.greeted = False

    def room(self, target: Target) -> bool:
        return len(self.waiting[target]) < self.window

    def submit(self, target: Target, key: int, request: Request) -> None:
        assert self.run is not None
        assert target not in self.retired
        pending = self.run.pending[target, key]
        prepared = self.run.prepared[pending.index]
        assert prepared is not None
        self.asked.append((str(target), prepared.case.label.partition(" ")[0]))
        self.requests.append(request)
        self.waiting[target].append((key, self.says(target, prepared, pending.plan)))

    def retire(self, target: Target) -> None:
        assert not self.waiting[target], f"{target} is retired with requests in flight"
        self.retired.append(target)

    def poll(self, timeout: float) -> list[Event]:
        self.waited.append(timeout)
        if not self.greeted:
            self.greeted = True
            return [self.instead.get(target, Ready(target, {"version": "1.0"})) for target in self.waiting]
        ready = [target for target, queue in self.waiting.items() if queue]
        if not ready:
            return []
        target = self.order(ready)
        return [Answer(target, *self.waiting[target].popleft())]


@dataclass
class Told:
    """What came of a run."""

    path: Path
    memory: Memory
    findings: Findings
    heard: list[tuple[Target, Verdict]] = field(default_factory=list)

    def status(self) -> dict[tuple[str, str], Status]:
        """(case, target) -> status, from the record."""
        return {key: verdict.status for key, verdict in self.verdicts().items()}

    def verdicts(self) -> dict[tuple[str, str], Verdict]:
        with Reader(self.path, complete=False) as reader:
            rows = list(reader.verdicts())
        return {(row.case.label.partition(" ")[0], row.verdict.target): row.verdict for row in rows}

    def arrays(self, case: Case, target: str = "") -> dict[str, Any]:
        with Reader(self.path, complete=False) as reader:
            return {name: array.values for name, array in reader.arrays(case.id, target).items()}
