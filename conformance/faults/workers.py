"""A worker with one fault, which shows on its way between requests: run as `python workers.py FAULT CONFIG`.

But for its fault it is the real worker on NumPy, whatever target it is started as. The fault happens at every second
request, so that the answers around it are right.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from conformance.target import Target

FAULTS = {
    "answer dropped": "an answer never leaves the worker",
    "answers swapped": "two answers leave in each other's place, each under the other's number",
    "answer sent twice": "an answer leaves the worker twice",
    "answer under another number": "an answer carries the number of the request that follows",
    "answer repeated": "the answer of the request before leaves once more, under the right number",
    "inputs of the request before": "the buffers still hold the previous inputs where their shapes agree",
    "plan of the request before": "a cache of compiled plans that looks at shapes alone",
    "worker dies": "the process is killed at a request",
    "worker hangs": "the process sleeps at a request",
}


def command(fault: str) -> Callable[[Target], list[str]]:
    """What `LocalExecutor(command=...)` takes to have this fault on every target."""
    return lambda _: [sys.executable, str(Path(__file__).resolve()), fault]


class Sink:
    """Where frames go; what is written while it is muted is lost."""

    def __init__(self, raw: Any) -> None:
        self.raw = raw
        self.muted = False

    def write(self, data: bytes) -> int:
        """The number of bytes taken."""
        return len(data) if self.muted else int(self.raw.write(data))


def main(fault: str, config: str) -> None:
    """Serve until the input ends."""
    from conformance.worker import serve, wire
    from conformance.worker.__main__ import prepare_process, private_descriptors
    from conformance.worker.environment import Config

    incoming, outgoing = private_descriptors()
    prepare_process()
    source, sink = os.fdopen(incoming, "rb"), Sink(os.fdopen(outgoing, "wb", buffering=0))

    class Faulty(serve.Server):
        count = 0
        last: tuple[Any, Any] | None = None  # the header and the arrays of the answer before
        inputs: Any = None
        plans: dict[Any, str] | None = None

        def answer(self, request: Any, inputs: Any, cotangents: Any) -> Any:
            self.count += 1
            now = self.count % 2 == 0
            if fault == "plan of the request before":
                request = {**request, "plan": self._cached(request["plan"], inputs)}
            elif fault == "inputs of the request before":
                inputs, self.inputs = self._stale(inputs), inputs
            elif fault == "worker dies" and now:
                os.kill(os.getpid(), signal.SIGKILL)
            elif fault == "worker hangs" and now:
                time.sleep(600)
            header, arrays = super().answer(request, inputs, cotangents)
            before, self.last = self.last, (header, arrays)
            if fault == "answer dropped":
                sink.muted = now
            elif fault == "answer sent twice" and now:
                wire.write(sink, wire.frame(dict(header), arrays))  # type: ignore[arg-type]
            elif fault == "answer under another number" and now:
                header = {**header, "id": header["id"] + 1}
            elif fault == "answer repeated" and now and before is not None:
                header, arrays = {**before[0], "id": header["id"]}, before[1]
            elif fault == "answers swapped":
                # The first of two waits for the second, and each leaves under the other's number.
                sink.muted = not now
                if now and before is not None:
                    wire.write(sink, wire.frame({**header, "id": before[0]["id"]}, arrays))  # type: ignore[arg-type]
                    header, arrays = {**before[0], "id": header["id"]}, before[1]
            return header, arrays

        def _stale(self, inputs: Any) -> Any:
            old = self.inputs
            if old is None or [a.shape for a in _arrays(old)] != [a.shape for a in _arrays(inputs)]:
                return inputs
            return old

        def _cached(self, plan: str, inputs: Any) -> str:
            key = tuple(a.shape for a in _arrays(inputs))
            self.plans = self.plans or {}
            return self.plans.setdefault(key, plan)

    serve.serve(Config({**json.loads(config), "framework": "numpy", "version": ""}), source, sink, Faulty)  # type: ignore[arg-type]


def _arrays(inputs: Any) -> list[Any]:
    return list(inputs.values() if isinstance(inputs, dict) else inputs)


if __name__ == "__main__":
    # Started by its path, so that only its own directory is on Python's path.
    sys.path[0] = str(Path(__file__).resolve().parents[2])
    main(sys.argv[1], sys.argv[2])
