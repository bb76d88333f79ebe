"""The worker's loop, in this process and on NumPy: what doesn't need a process of its own."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest

from conformance.frameworks.check import check_plan
from conformance.frameworks.numpy.runtime import NumPy
from conformance.worker import wire
from conformance.worker.environment import Config
from conformance.worker.runtime import NDArray, Runtime, Unavailable, build, load
from conformance.worker.serve import MAX_MESSAGE, Server, serve

CONFIG = Config({"framework": "numpy"})
X = np.arange(6, dtype=np.float32).reshape(2, 3)


def ask(server: Server, plan: str, x: NDArray = X, **more: Any) -> tuple[wire.Header, tuple[NDArray, ...]]:
    request = {
        "id": 4,
        "plan": plan,
        "outputs": ["y"],
        "inputs": [wire.entry("x", x.dtype.name, x)],
        "gradient": [],
        "cotangents": [],
        "repeat": 0,
        **more,
    }
    return server.answer(request, [x], [])


class Unsteady(NumPy):
    """Gives other bits in every run: one more element differs each time, and one NaN stays the same NaN."""

    runs = 0

    def run(self, function: Any, tensors: list[Any]) -> Any:
        output = super().run(function, tensors)["y"].copy()
        output[1, 2] = np.nan
        output.reshape(-1)[: self.runs] += 1
        self.runs += 1
        return {"y": output}


def test_unstable_elements_are_counted_over_all_repeats() -> None:
    server = Server(CONFIG, Unsteady(CONFIG))
    header, _ = ask(server, "y = x + x", repeat=3)
    assert header["result"]["unstable"]["outputs"] == {"y": 3}


def test_stable_elements_are_not() -> None:
    header, _ = ask(Server(CONFIG, NumPy(CONFIG)), "y = x / x", repeat=3)  # 0 / 0 is the same NaN each time
    assert header["result"]["unstable"]["outputs"] == {"y": 0}
    assert ask(Server(CONFIG, NumPy(CONFIG)), "y = x + x")[0]["result"]["unstable"] == {}


def test_a_sign_of_zero_is_a_bit() -> None:
    class Signs(Unsteady):
        def run(self, function: Any, tensors: list[Any]) -> Any:
            self.runs += 1
            return {"y": np.full((2, 3), -0.0 if self.runs % 2 else 0.0)}

    assert ask(Server(CONFIG, Signs(CONFIG)), "y = x + x", repeat=1)[0]["result"]["unstable"]["outputs"] == {"y": 6}


def test_every_run_gets_fresh_tensors() -> None:
    class InPlace(NumPy):
        def run(self, function: Any, tensors: list[Any]) -> Any:
            tensors[0] += 1
            return super().run(function, tensors)

    header, arrays = ask(Server(CONFIG, InPlace(CONFIG)), "y = x + x", repeat=2)
    assert header["result"]["unstable"]["outputs"] == {"y": 0}
    assert np.array_equal(arrays[0], (X + 1) * 2)


def test_what_a_plan_may_not_do_is_refused_here_too() -> None:
    server = Server(CONFIG, NumPy(CONFIG))
    for plan in ("import os\ny = x", "y = x.__class__", "y = open('a')", "y = numpy.fromfile('a')", "z = x"):
        for _ in range(2):  # the second time the finding is remembered
            header, arrays = ask(server, plan)
            assert "the plan may not run: 1:" in header["unsupported"]
            assert arrays == ()


def test_what_the_list_does_not_name_runs_only_where_the_request_says_so() -> None:
    server = Server(CONFIG, NumPy(CONFIG))
    plan = "y = numpy.vectorize(numpy.abs)(x)"
    assert "is not in the list" in ask(server, plan)[0]["unsupported"]
    assert "result" in ask(server, plan, trusted=True)[0]
    assert "is not in the list" in ask(server, plan)[0]["unsupported"]
    assert "is not in the list" in ask(server, plan, trusted="yes")[0]["unsupported"]
    assert "unsupported" in ask(server, "import os\ny = x", trusted=True)[0]


def test_a_plan_has_no_builtins_but_what_c_code_looks_for() -> None:
    function = build("y = x", ["x"], ["y"], NumPy(CONFIG))
    # torch.tensor and others import modules from C, through the builtins of their caller; a plan can't name it.
    assert set(function.__globals__["__builtins__"]) == {"__import__"}
    assert check_plan("y = __import__", "numpy", ["x"])


def test_any_error_becomes_an_answer() -> None:
    class Raising(NumPy):
        error: BaseException = ValueError("v" * 10_000)

        def run(self, function: Any, tensors: list[Any]) -> Any:
            raise self.error

    server = Server(CONFIG, Raising(CONFIG))
    raised = ask(server, "y = x")[0]["raised"]
    assert raised == {"type": "ValueError", "message": "v" * MAX_MESSAGE, "phase": "forward"}
    for error in (SystemExit(3), KeyboardInterrupt(), MemoryError("all of it"), RecursionError()):
        server.runtime.error = error  # type: ignore[attr-defined]
        assert ask(server, "y = x")[0]["raised"]["type"] == type(error).__name__


def test_what_has_no_form_that_travels() -> None:
    assert "no form that travels" in ask(Server(CONFIG, NumPy(CONFIG)), "y = numpy.full(3, None)")[0]["unsupported"]


class Counting(NumPy):
    specialised = True
    keep = 3
    forgotten = 0
    prepared = 0

    def prepare(self, function: Any) -> Any:
        self.prepared += 1
        return function

    def forget(self) -> None:
        self.forgotten += 1


def test_functions_are_kept_by_shape_and_dropped_now_and_then() -> None:
    runtime = Counting(CONFIG)
    server = Server(CONFIG, runtime)
    for _ in range(5):
        ask(server, "y = x + x")
    assert (runtime.prepared, runtime.forgotten) == (1, 0)
    for size in range(1, 7):
        ask(server, "y = x + x", np.zeros(size, np.float32))
    assert runtime.prepared == 7
    assert runtime.forgotten == 2
    assert not server.tired


def test_a_worker_that_has_grown_says_that_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = iter([10**9] + [4 * 10**9] * 10)
    monkeypatch.setattr("conformance.worker.serve.resident_memory", lambda: next(sizes))
    monkeypatch.setattr("conformance.worker.serve.load", Counting)
    source = io.BytesIO(
        b"".join(
            piece
            for n in range(1, 9)
            for piece in wire.frame(
                {
                    "id": n,
                    "plan": "y = x + x",
                    "outputs": ["y"],
                    "inputs": [wire.entry("x", "float32", np.zeros(n, np.float32))],
                    "gradient": [],
                    "cotangents": [],
                    "repeat": 0,
                },
                (np.zeros(n, np.float32),),
            )
        )
    )
    sink = io.BytesIO()
    serve(CONFIG, source, sink)
    headers = [header for header, _ in wire.Decoder().feed(sink.getvalue())]
    assert "hello" in headers[0]
    assert [header["id"] for header in headers[1:]] == [1, 2, 3, 4]
    assert [header.get("last") for header in headers[1:]] == [None, None, None, True]


def test_hoisting_splits_before_the_first_use_of_an_input() -> None:
    class Compiling(Runtime):
        compiles = True
        roots = {"numpy": np}  # noqa: RUF012

    text = "k = numpy.ones((2, 3))\nj = k + k\nz = x + j\ny = z * k"
    function = build(text, ["x"], ["y"], Compiling(CONFIG))
    assert np.array_equal(function(X)["y"], X + 2)
    assert np.array_equal(function.__globals__["j"], np.full((2, 3), 2.0))
    assert "z" not in function.__globals__
    one, two = (build(text, ["x"], ["y"], Compiling(CONFIG)) for _ in range(2))
    assert one.__code__ is not two.__code__
    assert np.array_equal(build("y = numpy.ones(3)", ["x"], ["y"], Compiling(CONFIG))(X)["y"], np.ones(3))


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"framework": "theano"}, "no runtime for 'theano'"),
        ({"framework": "numpy", "device": "gpu"}, "CPU only"),
        ({"framework": "numpy", "version": "1.0.0"}, "numpy 1.0.0 was asked for, this interpreter has"),
    ],
)
def test_reasons_not_to_start(config: dict[str, str], reason: str) -> None:
    with pytest.raises(Unavailable, match=reason):
        load(Config(config))
    assert load(Config({"framework": "numpy", "version": np.__version__})).info()["version"] == np.__version__
