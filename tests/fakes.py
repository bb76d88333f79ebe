"""Workers that are always wrong, each in one way, to prove that each way is caught or survived.

Run as a program: `python tests/fakes.py KIND CONFIG`. But for its fault, a fake is the real worker on NumPy, whatever
target it is started as; a plan for it is written in NumPy. Lies are told at every request; other faults happen at the
requests whose plan holds the word FAULT (in a name that it assigns), so that a test can put them anywhere in a stream.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from conformance.target import Target

ROOT = Path(__file__).resolve().parent.parent
MARK = "FAULT"

LIES = ("ulp", "swap", "shift", "nan", "dtype")
AT_START = ("dies_at_start", "silent", "garbage_at_start", "unavailable", "exits_at_once")
# What happens to the process.
OF_PROCESS = ("segfault", "sigkill", "exit1", "hang", "slow", "closes_output", "dies_after_answer", "forks_and_dies")
# What goes out beside the answer, or in its place.
OF_STREAM = ("print", "garbage", "twice", "huge_header", "huge_payload")
# What is wrong in the answer itself.
OF_ANSWER = (
    "wrong_id",
    "old_id",
    "two_kinds",
    "no_kind",
    "short_payload",
    "bad_entry",
    "bad_dtype",
    "other_name",
    "last",  # not wrong: the worker asks to be replaced
    "says_pid",  # not wrong: as the seconds that it took
)
AT_FAULT = OF_PROCESS + OF_STREAM + OF_ANSWER

Answer = tuple[dict[str, Any], tuple[Any, ...]]


def command(kind: str) -> Callable[[Target], list[str]]:
    """What `LocalExecutor(command=...)` takes to use a fake for every target."""
    if kind not in LIES + AT_START + AT_FAULT:
        raise ValueError(f"no fake {kind!r}")
    return lambda _: [sys.executable, str(Path(__file__).resolve()), kind]


def main(kind: str, config: str) -> None:
    from conformance.worker.__main__ import prepare_process, private_descriptors

    incoming, outgoing = private_descriptors()
    prepare_process()
    import json

    from conformance.worker import serve
    from conformance.worker.environment import Config

    source, sink = os.fdopen(incoming, "rb"), os.fdopen(outgoing, "wb", buffering=0)
    if kind in AT_START:
        at_start(kind, sink)
        return

    class Lying(serve.Server):
        def answer(self, request: Any, inputs: Any, cotangents: Any) -> Any:
            header, arrays = super().answer(request, inputs, cotangents)
            if kind in LIES:
                return lie(kind, header, arrays) if "result" in header else (header, arrays)
            if MARK not in request["plan"]:
                return header, arrays
            if kind in OF_PROCESS:
                of_process(kind, header, arrays, sink)
            elif kind in OF_STREAM:
                of_stream(kind, header, arrays, sink)
            else:
                header, arrays = of_answer(kind, header, arrays)
            return header, arrays

    serve.serve(Config({**json.loads(config), "framework": "numpy", "version": ""}), source, sink, Lying)


def at_start(kind: str, sink: BinaryIO) -> None:
    from conformance.worker import wire

    if kind == "dies_at_start":
        print("the library libfake.so can't be loaded", file=sys.stderr, flush=True)
        os.kill(os.getpid(), signal.SIGABRT)
    elif kind == "exits_at_once":
        sys.exit(3)
    elif kind == "silent":
        time.sleep(600)
    elif kind == "garbage_at_start":
        sink.write(b"Welcome to fakeframework 1.0\n")
        time.sleep(600)
    else:
        wire.write(sink, wire.frame({"unavailable": "no such device"}))


def lie(kind: str, header: dict[str, Any], arrays: tuple[Any, ...]) -> Answer:
    import numpy as np

    from conformance.worker import wire

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
    header["result"]["outputs"][0] = wire.entry(header["result"]["outputs"][0]["name"], wrong.dtype.name, wrong)
    return header, (wrong, *arrays[1:])


def of_process(kind: str, header: dict[str, Any], arrays: tuple[Any, ...], sink: BinaryIO) -> None:
    from conformance.worker import wire

    if kind == "segfault":
        print("about to dereference", file=sys.stderr, flush=True)
        ctypes.string_at(0)
    elif kind == "sigkill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif kind == "exit1":
        os._exit(1)
    elif kind == "hang":
        time.sleep(600)
    elif kind == "slow":
        time.sleep(0.1)
    elif kind == "closes_output":
        sink.close()
        time.sleep(600)
    elif kind == "dies_after_answer":
        wire.write(sink, wire.frame(header, arrays))
        os._exit(7)
    else:
        # A child that holds the pipe open: the executor must not wait for it, and must not leave it behind.
        if os.fork() == 0:
            time.sleep(600)
        os._exit(1)


def of_stream(kind: str, header: dict[str, Any], arrays: tuple[Any, ...], sink: BinaryIO) -> None:
    from conformance.worker import wire

    if kind == "print":
        print("a framework that prints", '{"id": 0}', flush=True)
        os.write(1, b'{"id":0,"result":{},"payload":0}\n' * 100)
    elif kind == "garbage":
        sink.write(b"W tensorflow/core: this is no JSON\n")
    elif kind == "twice":
        wire.write(sink, wire.frame(dict(header), arrays))
    elif kind == "huge_payload":
        sink.write(b'{"id":%d,"result":{},"payload":3000000000}\n' % header["id"])
        sink.write(bytes(1 << 20))
        time.sleep(600)
    else:
        sink.write(b"{" + b" " * (2 * wire.MAX_HEADER))
        time.sleep(600)


def of_answer(kind: str, header: dict[str, Any], arrays: tuple[Any, ...]) -> Answer:
    output = header["result"]["outputs"][0]
    if kind == "wrong_id":
        header["id"] += 1
    elif kind == "old_id":
        header["id"] -= 1
    elif kind == "two_kinds":
        header["unsupported"] = "and yet it has a result"
    elif kind == "no_kind":
        return {"id": header["id"]}, ()
    elif kind == "short_payload":
        output["shape"] = [2, *output["shape"]]
        output["bytes"] *= 2
    elif kind == "bad_entry":
        output["bytes"] += 1
    elif kind == "bad_dtype":
        output["dtype"] = "object"
    elif kind == "other_name":
        output["name"] = "z"
    elif kind == "says_pid":
        header["result"]["seconds"] = os.getpid()
    else:
        header["last"] = True
    return header, arrays


if __name__ == "__main__":
    # Started by its path, so that only its own directory is on Python's path.
    sys.path.insert(0, str(ROOT))
    main(sys.argv[1], sys.argv[2])
