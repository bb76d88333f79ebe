"""Workers that are always wrong, each in one way, to prove that each way is caught or survived.

Run as a program: `python tests/fakes.py KIND CONFIG`. But for its fault, a fake is the real worker on NumPy, whatever target it is
started as; a plan for it is written in NumPy. Faults that happen at single requests happen where the plan holds the word FAULT (in a name
that it assigns), so that a test can put them anywhere in a stream; lies are told at every request.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from conformance.target import Target  # noqa: E402

LIES = ("ulp", "swap", "shift", "nan", "dtype")
AT_START = ("dies_at_start", "silent", "garbage_at_start", "unavailable", "exits_at_once")
AT_FAULT = (
    "segfault",
    "sigkill",
    "exit1",
    "hang",
    "slow",
    "last",
    "print",
    "garbage",
    "twice",
    "wrong_id",
    "old_id",
    "two_kinds",
    "no_kind",
    "short_payload",
    "bad_entry",
    "bad_dtype",
    "other_name",
    "huge_header",
    "closes_output",
    "dies_after_answer",
    "forks_and_dies",
)
MARK = "FAULT"


def command(kind: str) -> Any:
    """What `LocalExecutor(command=...)` takes to use a fake for every target."""
    if kind not in LIES + AT_START + AT_FAULT:
        raise ValueError(f"no fake {kind!r}")

    def argv(_: Target) -> list[str]:
        return [sys.executable, str(Path(__file__).resolve()), kind]

    return argv


def main(kind: str, config: str) -> None:
    from conformance.worker.__main__ import prepare_process, private_descriptors

    incoming, outgoing = private_descriptors()
    prepare_process()
    import json

    import numpy as np

    from conformance.worker import serve, wire
    from conformance.worker.environment import Config

    source, sink = os.fdopen(incoming, "rb"), os.fdopen(outgoing, "wb", buffering=0)
    if kind == "dies_at_start":
        print("the library libfake.so can't be loaded", file=sys.stderr, flush=True)
        os.kill(os.getpid(), signal.SIGABRT)
    if kind == "exits_at_once":
        sys.exit(3)
    if kind == "silent":
        time.sleep(600)
    if kind == "garbage_at_start":
        sink.write(b"Welcome to fakeframework 1.0\n")
        time.sleep(600)
    if kind == "unavailable":
        wire.write(sink, wire.frame({"unavailable": "no such device"}))
        return

    class Lying(serve.Server):
        def answer(self, request: wire.Header, inputs: list[Any], cotangent: Any) -> Any:
            header, arrays = super().answer(request, inputs, cotangent)
            if kind in LIES:
                return lie(header, arrays) if "result" in header else (header, arrays)
            if MARK not in request["plan"]:
                return header, arrays
            return fault(header, arrays)

    def lie(header: wire.Header, arrays: tuple[Any, ...]) -> Any:
        right = arrays[0]
        if kind == "ulp":
            wrong = right.copy()
            wrong.reshape(-1)[-1] = np.nextafter(wrong.reshape(-1)[-1], np.array(np.inf, wrong.dtype))
        elif kind == "swap":
            wrong = np.ascontiguousarray(right.swapaxes(-1, -2))
        elif kind == "shift":
            wrong = np.roll(right, 1, axis=-1)
        elif kind == "nan":
            wrong = np.full_like(right, np.nan)
        else:
            wrong = right.astype(np.float64)
        header["result"]["output"] = wire.entry(header["result"]["output"]["name"], wrong.dtype.name, wrong)
        return header, (wrong, *arrays[1:])

    def fault(header: wire.Header, arrays: tuple[Any, ...]) -> Any:
        if kind == "segfault":
            print("about to dereference", file=sys.stderr, flush=True)
            import ctypes

            ctypes.string_at(0)
        elif kind == "sigkill":
            os.kill(os.getpid(), signal.SIGKILL)
        elif kind == "exit1":
            os._exit(1)
        elif kind == "hang":
            time.sleep(600)
        elif kind == "slow":
            time.sleep(0.1)
        elif kind == "last":
            header["last"] = True
        elif kind == "print":
            print("a framework that prints", '{"id": 0}')
            os.write(1, b'{"id":0,"result":{},"payload":0}\n' * 100)
        elif kind == "garbage":
            sink.write(b"W tensorflow/core: this is no JSON\n")
        elif kind == "twice":
            wire.write(sink, wire.frame(dict(header), arrays))
        elif kind == "wrong_id":
            header["id"] += 1
        elif kind == "old_id":
            header["id"] -= 1
        elif kind == "two_kinds":
            header["unsupported"] = "and yet it has a result"
        elif kind == "no_kind":
            header, arrays = {"id": header["id"]}, ()
        elif kind == "short_payload":
            header["result"]["output"]["shape"] = [s + 1 for s in header["result"]["output"]["shape"]]
            header["result"]["output"]["bytes"] = int(np.prod(header["result"]["output"]["shape"])) * 4
        elif kind == "bad_entry":
            header["result"]["output"]["bytes"] += 1
        elif kind == "bad_dtype":
            header["result"]["output"]["dtype"] = "object"
        elif kind == "other_name":
            header["result"]["output"]["name"] = "z"
        elif kind == "huge_header":
            sink.write(b"{" + b" " * (2 * wire.MAX_HEADER))
            time.sleep(600)
        elif kind == "closes_output":
            sink.close()
            time.sleep(600)
        elif kind == "dies_after_answer":
            wire.write(sink, wire.frame(header, arrays))
            os._exit(7)
        elif kind == "forks_and_dies":
            # A child that holds the pipe open: the executor must not wait for it, and must not leave it behind.
            if os.fork() == 0:
                time.sleep(600)
                os._exit(0)
            os._exit(1)
        return header, arrays

    serve.serve(Config({**json.loads(config), "framework": "numpy", "version": ""}), source, sink, Lying)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
