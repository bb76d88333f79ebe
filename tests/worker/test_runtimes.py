"""The real workers of every framework that is installed, each in every mode, on a few plans.

All are started at once and asked the same, since starting them is what takes the time; each test looks at one aspect of
what came back. Expected values are computed here with integers, so they are exact.
"""

from __future__ import annotations

import os
import re
import time
from typing import Any

import numpy as np
import pytest

from conformance.dtypes import INTEGERS, encode
from conformance.environments.installed import missing
from conformance.executor import Answer, Failed, Ready, Request, Unavailable
from conformance.executor.local import LocalExecutor
from conformance.outcome import Outcome, Raised, Tensor, Unsupported, Value
from conformance.target import parse_target
from conformance.worker.processor import within
from tests.patience import LONG

TEXTS = (
    "numpy torch torch:compile torch:export torch:meta jax jax:jit jax+x64=0 tensorflow tensorflow:function "
    "tensorflow:xla tensorflow+onednn=1+threads=2 keras keras/torch keras/jax keras:jit keras/torch:jit keras/jax:jit"
).split()
NO_GPU = ("torch@gpu", "jax@gpu", "tensorflow@gpu")
TARGETS = [text for text in TEXTS if not missing(parse_target(text))]
DTYPES = ("float32", "float16", "bfloat16", "float64")

RNG = np.random.default_rng(7)
A = RNG.integers(-4, 5, (3, 4)).astype(np.float64)
B = RNG.integers(-4, 5, (4, 2)).astype(np.float64)
DY = RNG.integers(-4, 5, (3, 2)).astype(np.float64)

DZ = RNG.integers(-4, 5, (3, 4)).astype(np.float64)
COUNTS = np.array([1, -2, 2**30], np.int32)
KINDS = {
    **{name: np.array([[0, 1, np.iinfo(name).max, np.iinfo(name).min]], name) for name in INTEGERS},
    "bool": np.array([True, False]),
    "complex64": np.array([1 - 2j, 1e30 + 1j], np.complex64),
    "complex128": np.array([1 - 2j, 1e300 + 1j]),
}

# A transposed convolution, kernel 3, stride 2, valid; x NHWC, w as (kernel, kernel, out, in).
X = RNG.integers(-3, 4, (1, 4, 5, 2)).astype(np.float64)
W = RNG.integers(-3, 4, (3, 3, 3, 2)).astype(np.float64)
BIAS = RNG.integers(-3, 4, 3).astype(np.float64)
Y = np.zeros((1, 9, 11, 3)) + BIAS
for i, j, k, m in np.ndindex(4, 5, 3, 3):
    Y[0, 2 * i + k, 2 * j + m] += W[k, m] @ X[0, i, j]
DYS = RNG.integers(-3, 4, Y.shape).astype(np.float64)
DX, DW = np.zeros_like(X), np.zeros_like(W)
for i, j, k, m in np.ndindex(4, 5, 3, 3):
    DX[0, i, j] += DYS[0, 2 * i + k, 2 * j + m] @ W[k, m]
    DW[k, m] += np.outer(DYS[0, 2 * i + k, 2 * j + m], X[0, i, j])

KERAS = "layer = keras.layers.Conv2DTranspose(3, 3, strides=2)\nlayer.build((1, 4, 5, 2))\n"
CONVOLUTION = {
    "torch": "y = torch.nn.functional.conv_transpose2d(x.permute(0, 3, 1, 2), w.permute(3, 2, 0, 1), b, stride=(2, 2))"
    ".permute(0, 2, 3, 1)",
    "jax": "y = jax.lax.conv_transpose(x, w, (2, 2), 'VALID', dimension_numbers=('NHWC', 'HWIO', 'NHWC'), "
    "transpose_kernel=True) + b",
    "tensorflow": "y = tf.nn.conv2d_transpose(x, w, (1, 9, 11, 3), (2, 2), 'VALID') + b",
    "keras": KERAS + "y = layer.stateless_call([w, b], [], x)[0]",
}
REFUSED = {
    "numpy": "y = numpy.load('file')",
    "torch": "y = torch.load('file')",
    "jax": "y = jax.debug.callback(x)",
    "tensorflow": "y = tf.io.read_file('file')",
    "keras": "y = keras.saving.load_model('file')",
}
PARTS = {
    "numpy": "y = numpy.split(x, 1)",
    "torch": "y = torch.split(x, 1)",
    "jax": "y = jax.numpy.split(x, 1)",
    "tensorflow": "y = tf.split(x, 1)",
    "keras": "y = keras.ops.split(x, 1)",
}
XLA = {"jax", "jax:jit", "jax+x64=0", "tensorflow:xla", "keras/jax", "keras:jit", "keras/jax:jit"}


def tensor(name: str, array: np.ndarray, dtype: str = "float32") -> tuple[str, Any, str]:
    return name, encode(array, dtype), dtype


def requests(framework: str) -> dict[str, Request]:
    x, w = tensor("x", A), tensor("w", B)
    pulled = (("y", encode(DY, "float32"), "float32"),)
    asked = {
        "refused": Request(REFUSED[framework], (x,)),
        "raised": Request("y = x @ x", (x,)),
        "no tensor": Request(PARTS[framework], (x,)),
        # 64-bit types are for the whole plan, whatever the order of its inputs.
        "mixed": Request("y = x + x", (tensor("x", A, "float64"), tensor("w", B))),
        "empty": Request("y = x + x", (tensor("x", np.zeros((0, 3))),)),
        # Tensors of every kind and dtype, each an output of its own.
        "kinds": Request(
            "\n".join(f"{name}_out = {name}" for name in KINDS),
            tuple((name, array, array.dtype.name) for name, array in KINDS.items()),
            outputs=tuple(f"{name}_out" for name in KINDS),
            repeat=1,
        ),
        **{f"double {dtype}": Request("y = x + x", (tensor("x", A, dtype),), repeat=1) for dtype in DTYPES},
    }
    if framework != "numpy":
        asked |= {
            "product": Request("y = x @ w", (x, w), ("w", "x"), pulled, repeat=2),
            # The gradient is of both outputs that have a cotangent; counts have none.
            "several": Request(
                "y = x @ w\nz = x + v\nk = i + i",
                (x, w, tensor("v", A), ("i", COUNTS, "int32")),
                ("x", "w"),
                (*pulled, ("z", encode(DZ, "float32"), "float32")),
                repeat=1,
                outputs=("y", "z", "k"),
            ),
            "one of two": Request(
                "y = x @ w\nz = v + v",
                (x, w, tensor("v", A)),
                ("x",),
                (*pulled, ("z", encode(DZ, "float32"), "float32")),
                outputs=("y", "z"),
            ),
            "wrong second shape": Request(
                "y = x @ w\nz = w + w",
                (x, w),
                ("x",),
                (*pulled, ("z", encode(DZ, "float32"), "float32")),
                outputs=("y", "z"),
            ),
            "unused": Request("y = x @ w", (x, w, tensor("v", A)), ("x", "v"), pulled),
            "wrong shape": Request("y = x + x", (x, w), ("x",), pulled),
            "convolution": Request(
                CONVOLUTION[framework],
                (tensor("x", X), tensor("w", W), tensor("b", BIAS)),
                ("x", "w", "b"),
                (("y", encode(DYS, "float32"), "float32"),),
            ),
        }
    return asked


class Everything:
    """What every target said."""

    def __init__(self) -> None:
        self.info: dict[str, dict[str, Any]] = {}
        self.unavailable: dict[str, str] = {}
        self.failed: dict[str, str] = {}
        self.outcomes: dict[tuple[str, str], Outcome] = {}


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Everything:
    everything = Everything()
    texts = {parse_target(text): text for text in (*TARGETS, *(t for t in NO_GPU if not missing(parse_target(t))))}
    names = {target: list(requests(target.framework)) for target in texts}
    waiting = set(texts)
    end = time.monotonic() + LONG
    logs = tmp_path_factory.mktemp("logs")
    with LocalExecutor(list(texts), log_dir=logs, timeout=LONG, start_timeout=LONG) as executor:
        executor.start()
        left = {target: len(names[target]) for target in texts}
        while waiting and time.monotonic() < end:
            for event in executor.poll(1.0):
                text = texts[event.target]
                match event:
                    case Ready(target, info):
                        everything.info[text] = dict(info)
                        for key, request in enumerate(requests(target.framework).values()):
                            executor.submit(target, key, request)
                    case Answer(target, key, outcome):
                        everything.outcomes[text, names[target][key]] = outcome
                        left[target] -= 1
                        if not left[target]:
                            waiting.discard(target)
                    case Unavailable(target, reason):
                        everything.unavailable[text] = reason
                        waiting.discard(target)
                    case Failed(target, message):
                        everything.failed[text] = message
                        waiting.discard(target)
    return everything


def value(outcome: Outcome) -> Value:
    assert isinstance(outcome, Value), outcome
    return outcome


def same(found: Tensor, expected: np.ndarray, dtype: str, target: str) -> None:
    assert found.shape == expected.shape
    assert found.dtype == dtype
    if target == "torch:meta":
        assert found.values is None
    else:
        assert found.values is not None
        assert np.array_equal(found.values, expected)


def with_gradient() -> list[str]:
    return [text for text in TARGETS if text != "numpy"]


def test_none_failed(said: Everything) -> None:
    assert not said.failed
    assert set(said.info) - set(NO_GPU) == set(TARGETS)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_dtypes_come_and_go_unchanged(said: Everything, target: str, dtype: str) -> None:
    outcome = said.outcomes[target, f"double {dtype}"]
    if target == "numpy" and dtype == "bfloat16":
        assert outcome == Unsupported("NumPy has no bfloat16")
        return
    uses = within(parse_target(target).capped().option("isa", ""))
    if dtype == "float16" and target in XLA and "sse41" in uses and "avx" not in uses:
        assert isinstance(outcome, Raised)  # declared: xla-has-no-float16-without-f16c
        assert "Failed to materialize symbols" in outcome.message
        return
    # Without 64-bit types JAX gives what it has; that it is another dtype is for the comparison to say.
    expected = "float32" if (target, dtype) == ("jax+x64=0", "float64") else dtype
    same(value(outcome).first, A + A, expected, target)
    assert value(outcome).unstable == ({} if target == "torch:meta" else {"y": 0})


@pytest.mark.parametrize("target", TARGETS)
def test_every_kind_comes_and_goes_unchanged(said: Everything, target: str) -> None:
    if target == "jax+x64=0":
        return  # it has no 64-bit types
    found = value(said.outcomes[target, "kinds"])
    assert list(found.outputs) == [f"{name}_out" for name in KINDS]
    for name, array in KINDS.items():
        same(found.outputs[f"{name}_out"], array, name, target)
    assert not any(found.unstable.values())


@pytest.mark.parametrize("target", with_gradient())
def test_gradients_of_several_outputs(said: Everything, target: str) -> None:
    found = value(said.outcomes[target, "several"])
    assert list(found.outputs) == ["y", "z", "k"]
    same(found.outputs["y"], A @ B, "float32", target)
    same(found.outputs["z"], A + A, "float32", target)
    same(found.outputs["k"], COUNTS + COUNTS, "int32", target)
    same(found.gradients["x"], DY @ B.T + DZ, "float32", target)
    same(found.gradients["w"], A.T @ DY, "float32", target)
    assert set(found.unstable) in ({"y", "z", "k", "gradient of x", "gradient of w"}, set())


@pytest.mark.parametrize("target", with_gradient())
def test_an_output_that_depends_on_no_input_that_is_asked_for(said: Everything, target: str) -> None:
    found = value(said.outcomes[target, "one of two"])
    same(found.outputs["z"], A + A, "float32", target)
    same(found.gradients["x"], DY @ B.T, "float32", target)


@pytest.mark.parametrize("target", with_gradient())
def test_no_gradient_where_one_of_two_shapes_is_wrong(said: Everything, target: str) -> None:
    found = value(said.outcomes[target, "wrong second shape"])
    same(found.outputs["z"], B + B, "float32", target)
    assert found.gradients == {}


@pytest.mark.parametrize("target", TARGETS)
def test_a_float64_among_others_stays_one(said: Everything, target: str) -> None:
    expected = "float32" if target == "jax+x64=0" else "float64"
    same(value(said.outcomes[target, "mixed"]).first, A + A, expected, target)


@pytest.mark.parametrize("target", TARGETS)
def test_empty_tensors(said: Everything, target: str) -> None:
    same(value(said.outcomes[target, "empty"]).first, np.zeros((0, 3)), "float32", target)


@pytest.mark.parametrize("target", TARGETS)
def test_errors_are_the_frameworks_own(said: Everything, target: str) -> None:
    outcome = said.outcomes[target, "raised"]
    assert isinstance(outcome, Raised)
    assert outcome.phase == "forward"
    assert outcome.type not in ("", "AttributeError", "NameError", "KeyError")
    assert len(outcome.message) > 10


@pytest.mark.parametrize("target", TARGETS)
def test_what_may_not_run_does_not(said: Everything, target: str) -> None:
    outcome = said.outcomes[target, "refused"]
    assert isinstance(outcome, Unsupported)
    assert "the plan may not run: 1:5" in outcome.reason


@pytest.mark.parametrize("target", TARGETS)
def test_an_output_that_is_no_tensor(said: Everything, target: str) -> None:
    outcome = said.outcomes[target, "no tensor"]
    assert isinstance(outcome, Unsupported)
    assert re.search("the plan's output is a (tuple|list), expected", outcome.reason)


@pytest.mark.parametrize("target", with_gradient())
def test_gradients_of_a_product(said: Everything, target: str) -> None:
    found = value(said.outcomes[target, "product"])
    same(found.first, A @ B, "float32", target)
    assert list(found.gradients) == ["w", "x"]
    same(found.gradients["w"], A.T @ DY, "float32", target)
    same(found.gradients["x"], DY @ B.T, "float32", target)
    assert found.unstable == ({} if target == "torch:meta" else {"y": 0, "gradient of w": 0, "gradient of x": 0})
    assert found.seconds > 0


@pytest.mark.parametrize("target", with_gradient())
def test_an_unused_input_has_a_gradient_of_zeros(said: Everything, target: str) -> None:
    found = value(said.outcomes[target, "unused"])
    same(found.gradients["v"], np.zeros_like(A), "float32", target)


@pytest.mark.parametrize("target", with_gradient())
def test_no_gradient_where_the_shape_is_wrong(said: Everything, target: str) -> None:
    found = value(said.outcomes[target, "wrong shape"])
    same(found.first, A + A, "float32", target)
    assert found.gradients == {}


@pytest.mark.parametrize("target", with_gradient())
def test_a_transposed_convolution(said: Everything, target: str) -> None:
    found = value(said.outcomes[target, "convolution"])
    same(found.first, Y, "float32", target)
    same(found.gradients["x"], DX, "float32", target)
    same(found.gradients["w"], DW, "float32", target)
    same(found.gradients["b"], DYS.sum((0, 1, 2)), "float32", target)


@pytest.mark.parametrize("target", TARGETS)
def test_hello_says_what_decides(said: Everything, target: str) -> None:
    info = said.info[target]
    parsed = parse_target(target)
    assert (info["framework"], info["mode"], info["device"]) == (parsed.framework, parsed.mode, "cpu")
    assert info["flags"]["threads"] == (2 if "threads=2" in target else 1)
    assert info["version"][0].isdigit()
    assert info["devices"]
    assert ("backend_version" in info) == (parsed.framework == "keras")
    if "onednn=1" in target and os.uname().machine == "x86_64":
        assert info["flags"]["onednn"] is True
    if parsed.framework == "jax":
        assert info["flags"]["x64"] == (False if "x64=0" in target else "for 64-bit inputs")


@pytest.mark.parametrize("target", NO_GPU)
def test_a_gpu_that_is_not_there_is_a_reason(said: Everything, target: str) -> None:
    if target in said.info:
        assert said.info[target]["device"] == "gpu"
    else:
        assert "GPU" in said.unavailable.get(target, "GPU") or missing(parse_target(target))
