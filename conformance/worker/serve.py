"""The worker's loop: a request in, exactly one answer out, in the order in which they came."""

from __future__ import annotations

import ctypes
import gc
import os
import platform
import sys
import time
from typing import Any, BinaryIO, Callable, Dict, List, Optional, Tuple

import numpy as np

from . import processor, wire
from .confine import limit_processor_time
from .environment import Config
from .rooms import allowed
from .runtime import (
    Answered,
    Function,
    GradientFailed,
    NDArray,
    Refused,
    Runtime,
    Unavailable,
    build,
    load,
    numpy_words,
)
from .whitelist import check_plan

# What an error's text may have at most; some frameworks put whole graphs into theirs.
MAX_MESSAGE = 4_000
# Plans that are kept compiled to byte code. They are small.
MAX_PLANS = 4_096
# By how much a worker's memory may grow before it asks to be replaced. TensorFlow never frees what XLA has compiled,
# about 0.5 MB a plan.
MAX_GROWTH = 3 << 29

Answer = Tuple[wire.Header, Tuple[NDArray, ...]]
# The two lists of a result, and one tensor's place in it: which list, and its name there.
OUTPUTS, GRADIENTS = "outputs", "gradients"
Place = Tuple[str, str]


def hello(config: Config, runtime: Runtime, confined: Optional[Dict[str, str]] = None) -> wire.Header:
    """What the worker says first: what it is, and everything that decides how it computes."""
    info = runtime.info()
    said: Dict[str, Any] = {
        "protocol": wire.PROTOCOL,
        "framework": config.framework,
        "backend": config.backend,
        "mode": config.mode,
        "device": config.device,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "platform": platform.platform(),
        "executable": sys.executable,
        "pid": os.getpid(),
        "processor": processor.describe(config.isa),
        "confined": confined or {},
    }
    said["processor"]["libraries"].update(info.pop("libraries", {}))
    said.update(info)
    return {"hello": said}


class Server:
    """Answers requests with one runtime."""

    def __init__(self, config: Config, runtime: Runtime) -> None:
        self.config = config
        self.runtime = runtime
        self.allowed = allowed(config)
        self._functions: Dict[Any, Function] = {}
        self._memory = resident_memory()
        # Whether the process has grown too much, and should end after the answer that it is at.
        self.tired = False
        self._checked: Dict[Any, str] = {}

    def answer(self, request: wire.Header, inputs: List[NDArray], cotangents: List[NDArray]) -> Answer:
        """The one answer to a request: a result, an error of the framework, or why it can't be asked."""
        number = request["id"]
        try:
            return self._result(request, inputs, cotangents)
        except Refused as error:
            return {"id": number, "unsupported": str(error)[:MAX_MESSAGE]}, ()
        except GradientFailed as error:
            return {"id": number, "raised": _said(error.__cause__ or error, "gradient")}, ()
        except BaseException as error:  # a plan may raise anything, and must not end the worker
            return {"id": number, "raised": _said(error, "forward")}, ()

    def _result(self, request: wire.Header, inputs: List[NDArray], cotangents: List[NDArray]) -> Answer:
        self.runtime.begin([described["dtype"] for described in request["inputs"]])
        function = self._function(request)
        seconds, found = self._once(function, request, inputs, cotangents)
        unstable: Dict[str, Dict[str, int]] = {}
        if request["repeat"]:
            first = dict(found)
            differs = {place: np.zeros(array.shape, dtype=bool) for place, (_, _, array) in found if array is not None}
            for _ in range(request["repeat"]):
                for place, (dtype, shape, array) in self._once(function, request, inputs, cotangents)[1]:
                    if array is None:
                        continue
                    if place not in differs or (dtype, shape) != first[place][:2]:
                        differs[place] = np.ones(shape, dtype=bool)
                    else:
                        differs[place] |= _bits_differ(array, first[place][2])
            unstable = {OUTPUTS: {}, GRADIENTS: {}}
            for (group, name), where in differs.items():
                unstable[group][name] = int(np.count_nonzero(where))
        result: Dict[str, Any] = {OUTPUTS: [], GRADIENTS: [], "unstable": unstable, "seconds": seconds}
        arrays: List[NDArray] = []
        # The values that are too many are not sent: their shape is wrong, and says all.
        left = request.get("limit", wire.MAX_PAYLOAD)
        for (group, name), (dtype, shape, array) in found:
            if dtype not in wire.ITEMSIZE:
                raise Refused("%s has dtype %s, which has no form that travels" % (name, dtype))
            if array is None or array.nbytes > left:
                entry = {"name": name, "dtype": dtype, "shape": list(shape), "bytes": 0, "values": False}
            else:
                words = numpy_words(array, dtype)
                entry = wire.entry(name, dtype, words)
                arrays.append(words)
                left -= array.nbytes
            result[group].append(entry)
        return {"id": request["id"], "result": result}, tuple(arrays)

    def _once(
        self, function: Function, request: wire.Header, inputs: List[NDArray], cotangents: List[NDArray]
    ) -> Tuple[float, List[Tuple[Place, Answered]]]:
        """One run on fresh tensors: how long it took, and the outputs, then the gradients, each in the order asked."""
        runtime = self.runtime
        tensors = [runtime.from_numpy(a, d["dtype"]) for a, d in zip(inputs, request["inputs"])]
        wanted: List[str] = request["gradient"]
        gradients: List[Any] = []
        if not wanted or not cotangents:
            started = time.perf_counter()
            outputs = runtime.run(function, tensors)
        else:
            names = [described["name"] for described in request["inputs"]]
            pulled = {d["name"]: runtime.from_numpy(a, d["dtype"]) for a, d in zip(cotangents, request["cotangents"])}
            indices = [names.index(name) for name in wanted]
            started = time.perf_counter()
            outputs, gradients = runtime.run_with_gradient(function, tensors, indices, pulled)
        found = [((OUTPUTS, name), runtime.to_numpy(outputs[name])) for name in request["outputs"]]
        found += [((GRADIENTS, name), runtime.to_numpy(gradient)) for name, gradient in zip(wanted, gradients)]
        return time.perf_counter() - started, found

    def _function(self, request: wire.Header) -> Function:
        text, outputs = request["plan"], tuple(request["outputs"])
        names = tuple(described["name"] for described in request["inputs"])
        # A file can't say so itself: it is the coordinator that was told, by the user.
        plan = (text, outputs, names, request.get("trusted") is True)
        key: Any = plan
        if self.runtime.specialised:
            key = (plan, tuple((d["dtype"], tuple(d["shape"])) for d in request["inputs"]), tuple(request["gradient"]))
        function = self._functions.get(key)
        if function is None:
            self._check(plan)
            limit = self.runtime.keep if self.runtime.specialised else MAX_PLANS
            if len(self._functions) >= limit:
                self._functions.clear()
                self._checked.clear()
                self.runtime.forget()
                give_memory_back()
                self.tired = resident_memory() > self._memory + MAX_GROWTH
            function = build(text, names, outputs, self.runtime)
            function = self._functions[key] = self.runtime.prepare(function)
        return function

    def _check(self, plan: Tuple[str, Tuple[str, ...], Tuple[str, ...], bool]) -> None:
        """Refuse a plan that may not run. The coordinator has checked it too, but it is here that it runs."""
        reason = self._checked.get(plan)
        if reason is None:
            text, outputs, names, trusted = plan
            findings = check_plan(text, self.allowed, names, outputs, trusted)
            reason = "; ".join("%d:%d: %s" % (f.line, f.column, f.message) for f in findings[:5])
            self._checked[plan] = reason
        if reason:
            raise Refused("the plan may not run: " + reason)


def resident_memory() -> int:
    """Bytes of memory that this process occupies now; 0 where the system does not say (other than Linux)."""
    try:
        with open("/proc/self/statm", "rb") as stream:
            return int(stream.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def give_memory_back() -> None:
    """Collect what is unreachable, and have the allocator return what is free to the system (glibc)."""
    gc.collect()
    if sys.platform.startswith("linux"):
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)


def _bits_differ(a: NDArray, b: Optional[NDArray]) -> NDArray:
    """Where two arrays of one shape and dtype differ in any bit: NaN equals the same NaN, and -0.0 is not 0.0."""
    assert b is not None
    if not a.size:
        return np.zeros(a.shape, dtype=bool)
    one, two = (np.ascontiguousarray(c).reshape(-1).view(np.uint8).reshape(a.size, -1) for c in (a, b))
    different: NDArray = (one != two).any(axis=1).reshape(a.shape)
    return different


def _said(error: BaseException, phase: str) -> Dict[str, str]:
    error = innermost(error)
    return {"type": type(error).__name__, "message": _text(error)[:MAX_MESSAGE], "phase": phase}


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # an error that can't say what it is
        return ""


def innermost(error: BaseException) -> BaseException:
    """The error that came first, where those above it only say where it passed, and repeat it.

    Keras puts "Exception encountered when calling Pad.call()." and the arguments around an error's text, AutoGraph "in
    user code:" and a stack, Dynamo "got RuntimeError(...)" and hints; each over several lines, and each keeps what it
    wraps as its cause or its context. An error that says something of its own in one line stays.
    """
    said, current = error, error
    seen = {id(error)}
    while True:
        inner = current.__cause__ or current.__context__
        if inner is None or id(inner) in seen:
            return said
        seen.add(id(inner))
        outside, inside = _text(said), _text(inner).strip()
        if not _repeats(outside, inside):
            return said
        if len(inside) < len(outside.strip()):
            said = inner
        current = inner


def _repeats(outside: str, inside: str) -> bool:
    """Whether a text of several lines has another in it, as it is or as Python writes a string."""
    if " " not in inside or "\n" not in outside.strip():
        return False
    return inside in outside or repr(inside)[1:-1] in outside or inside.replace("\n", "\n    ") in outside


def serve(
    config: Config,
    source: BinaryIO,
    sink: BinaryIO,
    server: Callable[[Config, Runtime], Server] = Server,
    confined: Optional[Dict[str, str]] = None,
) -> None:
    """Say hello, or why not, then answer until the input ends."""
    try:
        runtime = load(config)
        first = hello(config, runtime, confined)
    except Unavailable as error:
        wire.write(sink, wire.frame({"unavailable": str(error)[:MAX_MESSAGE]}))
        return
    wire.write(sink, wire.frame(first))
    answering = server(config, runtime)
    while True:
        request = wire.read_header(source)
        if request is None:
            return
        inputs = [wire.read_array(source, described) for described in request["inputs"]]
        cotangents = [wire.read_array(source, described) for described in request["cotangents"]]
        if "seconds" in request:
            limit_processor_time(request["seconds"])
        header, arrays = answering.answer(request, inputs, cotangents)
        if answering.tired:
            header["last"] = True
        wire.write(sink, wire.frame(header, arrays))
        if answering.tired:
            return
