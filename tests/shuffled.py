"""An executor in memory whose answers come in an order that a seed draws: fast, and nothing depends on the machine.

What a target answers depends on the target and on the request alone. Each target answers in the order in which it was
asked, as a worker does; which target is next, how many requests it takes at once, and when it says hello is drawn.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Mapping, Sequence
from hashlib import blake2b

import numpy as np

from conformance.ask.run import Run
from conformance.dtypes import encode
from conformance.executor import Answer, Event, Failed, Ready, Request, Unavailable
from conformance.layout import to_layout
from conformance.outcome import Crashed, Outcome, Raised, Tensor, TimedOut, Unsupported, Value
from conformance.target import Target


class Interrupted(Exception):
    """The run ends here, as Ctrl-C would end it."""


class Shuffled:
    """What `Run` needs of an executor. `silent`: targets that never say hello, with what is said of them instead."""

    def __init__(
        self, targets: Sequence[Target], seed: int, silent: Mapping[Target, type] | None = None, stop_after: int = -1
    ) -> None:
        self.random = random.Random(seed)
        self.asked: dict[Target, deque[tuple[int, Outcome]]] = {target: deque() for target in targets}
        self.silent = dict(silent or {})
        self.coming: list[Target] = list(targets)  # not heard of yet
        self.stop_after = stop_after
        self.run: Run | None = None  # set once it is made: right answers are read off its expectations

    def start(self) -> None:
        """Nothing has to be started."""

    def room(self, target: Target) -> bool:
        return len(self.asked[target]) < self.random.randint(1, 6)

    def submit(self, target: Target, key: int, request: Request) -> None:
        self.asked[target].append((key, self._outcome(target, key, request)))

    def retire(self, target: Target) -> None:
        assert not self.asked[target], f"{target} is retired with requests in flight"

    def poll(self, timeout: float) -> list[Event]:
        self.stop_after -= 1
        if self.stop_after == 0:
            raise Interrupted
        # Those that never come are often heard of only when the others are far ahead.
        coming = [target for target in self.coming if target not in self.silent or self.random.random() < 0.03]
        choices = [*coming, *(target for target, queue in self.asked.items() if queue)]
        events: list[Event] = []
        for target in self.random.sample(choices, self.random.randint(0, len(choices))):
            if target in self.coming:
                self.coming.remove(target)
                events.append(self._hello(target))
            elif self.asked[target]:
                events.append(Answer(target, *self.asked[target].popleft()))
        return events

    def _hello(self, target: Target) -> Event:
        kind = self.silent.get(target)
        if kind is Unavailable:
            return Unavailable(target, "no such device")
        return Failed(target, "died at once") if kind is Failed else Ready(target, {"version": "1.0"})

    def _outcome(self, target: Target, key: int, request: Request) -> Outcome:
        """Right in half of all cases, else one of the ways to be wrong; with words that chance has a part in."""
        assert self.run is not None
        prepared = self.run.prepared[self.run.pending[target, key].index]
        assert prepared is not None
        drawn = blake2b(f"{target} {prepared.case.id}".encode(), digest_size=2).digest()
        way, noise = drawn[0] % 12, self.random.getrandbits(40)
        if way == 0:
            return Raised("ValueError", f"no kernel for <object at 0x{noise:012x}> in graph __inference_plan_{noise}")
        if way == 1:
            return Crashed(
                "SIGABRT", f"2026-01-01 10:00:{noise % 60:02}.5: F pid {noise} /tmp/x{noise}/core: check failed"
            )
        if way == 2:
            return TimedOut(60.0, f"{noise}")
        if way == 3:
            return Unsupported("not here")
        plan = self.run.pending[target, key].plan
        if prepared.outputs:
            [output] = prepared.outputs
            expected = prepared.expectation.outputs[output.name].value
            right = to_layout(encode(expected, prepared.case.dtype), output.axes, plan.layout(output.name))
        else:
            right = np.asarray(request.inputs[0][1])
        if way == 4:
            right = np.ascontiguousarray(np.roll(right, 1, axis=-1))
        elif way == 5:
            right = right[..., :-1]
        return Value({"y": Tensor(prepared.case.dtype, right.shape, right)}, seconds=noise / 2**40)
