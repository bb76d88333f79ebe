"""Run an adapter's plans in the real framework, on random parameters, and compare with the op's own reference.

    python -m tests.frameworks.exercise TARGET COUNT [SEED] [OP] [CONVENTION]

prints one JSON object (see `exercise`). A test runs it in a process of its own, since no two frameworks may share one.

To add a framework: write a function that imports it and returns a `Runner`, and name it in RUNNERS. What is drawn is
in `draw`.
"""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from conformance.exact.trilinear import Geometry
from conformance.frameworks import Ask
from conformance.frameworks.check import check_plan
from conformance.layout import LayoutError, from_layout, to_layout
from conformance.ops import OPS
from conformance.ops.base import ParamError
from conformance.ops.conv.convolution import Convolution, Refused
from conformance.outcome import Unsupported
from conformance.plan import Plan
from conformance.target import Target, parse_target
from tests.patience import LONG

CONVENTIONS = ("torch", "tensorflow", "keras", "jax", "onnx")


@dataclass(frozen=True)
class Runner:
    """A framework in this process: what a plan's names mean, and the way to and from NumPy."""

    namespace: Mapping[str, Any]
    to_tensor: Callable[[np.ndarray], Any]
    to_numpy: Callable[[Any], np.ndarray]
    table: Mapping[str, Callable[[Ask], Plan | Unsupported]]


def _numpy(target: Target) -> Runner:
    from conformance.frameworks.numpy.words import TABLE

    return Runner({"numpy": np}, lambda a: a, lambda a: a, TABLE)


def _torch(target: Target) -> Runner:
    import torch

    from conformance.frameworks.torch.words import TABLE

    torch.set_num_threads(1)
    return Runner({"torch": torch}, torch.from_numpy, lambda t: t.detach().numpy(), TABLE)


def _jax(target: Target) -> Runner:
    import jax
    import jax.image
    import jax.numpy

    from conformance.frameworks.jax.words import TABLE

    return Runner({"jax": jax}, jax.numpy.asarray, np.asarray, TABLE)


def _tensorflow(target: Target) -> Runner:
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ["TF_ENABLE_ONEDNN_OPTS"] = target.option("onednn", "0")
    import tensorflow as tf

    from conformance.frameworks.tensorflow.words import TABLE

    tf.config.threading.set_intra_op_parallelism_threads(1)
    return Runner({"tf": tf}, tf.constant, lambda t: t.numpy(), TABLE)


def _keras(target: Target) -> Runner:
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ["TF_ENABLE_ONEDNN_OPTS"] = target.option("onednn", "0")
    os.environ["KERAS_BACKEND"] = target.backend
    import keras

    from conformance.frameworks.keras.words import TABLE

    return Runner({"keras": keras}, keras.ops.convert_to_tensor, keras.ops.convert_to_numpy, TABLE)


def _onnx(target: Target) -> Runner:
    import onnx.parser
    import onnx.reference

    from conformance.frameworks.onnx.words import TABLE

    modules: dict[str, Any] = {"onnx": onnx}
    if target.backend == "onnxruntime":
        import onnxruntime

        onnxruntime.set_default_logger_severity(4)
        modules["onnxruntime"] = onnxruntime
    return Runner(modules, lambda a: a, lambda a: a, TABLE)


RUNNERS: dict[str, Callable[[Target], Runner]] = {
    "numpy": _numpy,
    "torch": _torch,
    "jax": _jax,
    "tensorflow": _tensorflow,
    "keras": _keras,
    "onnx": _onnx,
}


@dataclass
class Findings:
    """What a run of `exercise` saw; every list holds dicts with label, plan and message."""

    agreed: int = 0  # answered, and equal to the reference
    refused_by_both: int = 0  # the definition refuses, and so does the framework in its own words
    unsupported: Counter[str] = field(default_factory=Counter)  # reason -> count
    mismatches: list[dict[str, str]] = field(default_factory=list)  # answered, with another shape or other values
    raised: list[dict[str, str]] = field(default_factory=list)  # the definition answers, the framework refuses
    accepted: list[dict[str, str]] = field(default_factory=list)  # the definition refuses, the framework answers
    whitelist: list[dict[str, str]] = field(default_factory=list)  # the plan may not run at all
    skipped: int = 0  # known to kill the process; see `kills`


def draw(rng: random.Random, op: str, convention: str | None = None) -> dict[str, Any]:
    """Parameters of `conv` or `conv_transpose`, in the words of a random convention; some of them are refused."""
    dims = rng.choice((1, 2, 2, 3))
    groups = rng.choice((1, 1, 1, 2, 3))
    convention = convention or rng.choice(CONVENTIONS)
    largest = {1: 7, 2: 5, 3: 3}[dims]

    def each(low: int, high: int) -> tuple[int, ...]:
        return tuple(rng.randint(low, high) for _ in range(dims))

    size = each(0, largest) if rng.random() < 0.05 else each(1, largest)
    kernel, stride, dilation = each(1, largest - 1 if dims > 1 else 5), each(1, 4 if dims < 3 else 3), each(1, 3)
    if rng.random() < 0.5:
        dilation = (1,) * dims
    params: dict[str, Any] = {
        "dims": dims,
        "batch": 0 if rng.random() < 0.03 else rng.randint(1, 2),
        "in_channels": groups * rng.randint(1, 3),
        "out_channels": groups * rng.randint(1, 3),
        "groups": groups,
        "size": size,
        "kernel": kernel,
        "stride": stride,
        "dilation": dilation,
        "padding": _padding(rng, convention, dims),
        "bias": rng.random() < 0.4,
        "convention": convention,
        "data_format": rng.choice((None, None, "channels_first", "channels_last")),
    }
    if op == "conv_transpose":
        kind = rng.random()
        if kind < 0.3:
            params["output_padding"] = tuple(
                rng.randint(0, max(s, d) - (rng.random() < 0.85)) for s, d in zip(stride, dilation, strict=True)
            )
        elif kind < 0.55:
            params["output_size"] = tuple(max(n * s + rng.randint(-2, 3), 0) for n, s in zip(size, stride, strict=True))
    return params


def _padding(rng: random.Random, convention: str, dims: int) -> Any:
    same = ("same_upper", "same_lower") if convention == "onnx" else ("same",)
    kind = rng.random()
    if convention == "keras" or kind < 0.45:
        return rng.choice(("valid", *same))
    if kind < 0.75:
        return tuple((p, p) for p in (rng.randint(0, 3) for _ in range(dims)))
    low = -2 if convention == "jax" else 0
    return tuple((rng.randint(low, 4), rng.randint(low, 4)) for _ in range(dims))


def _spell_out(params: dict[str, Any]) -> dict[str, Any]:
    """Pairs that are symmetric as the integers that a person would write."""
    padding = params["padding"]
    if isinstance(padding, tuple) and all(low == high for low, high in padding):
        return {**params, "padding": tuple(low for low, _ in padding)}
    return params


def exercise(
    target_text: str, count: int, seed: int = 0, op_name: str | None = None, convention: str | None = None
) -> Findings:
    """Draw `count` parameters, lower each, run the plans and compare with the reference, element by element."""
    target = parse_target(target_text)
    runner = RUNNERS[target.framework](target)
    rng = random.Random(seed)
    findings = Findings()
    done = 0
    while done < count:
        name = op_name or rng.choice(("conv", "conv_transpose"))
        try:
            params = OPS[name].bind(_spell_out(draw(rng, name, convention)))
        except ParamError:
            continue
        done += 1
        check(runner, target, name, params, findings=findings, seed=seed + done)
    return findings


def asked(target: str, op: str, dtype: str = "float32", **given: Any) -> Ask[Any]:
    """What an adapter is given for one case: `given` as a case file has it, every other parameter its default."""
    definition = OPS[op]
    parsed = {n: f.parse(given[n]) if n in given else f.default for n, f in definition.fields().items()}
    params = definition.bind(parsed)
    geometry = None if params.refusal() else params.geometry()  # type: ignore[attr-defined]
    return Ask(params, geometry, dtype, parse_target(target))


def in_its_own_process(target: str, count: int, seed: int, op: str = "", convention: str = "") -> dict[str, Any]:
    """`exercise` in a new interpreter; AssertionError with its last words where it dies."""
    command = [sys.executable, "-m", "tests.frameworks.exercise", target, str(count), str(seed), op, convention]
    root = Path(__file__).parents[2]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=LONG, check=False)
    assert done.returncode == 0, f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-4000:]}"
    findings: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return findings


def unlike(notes: list[dict[str, str]], *patterns: str) -> list[str]:
    """The notes whose message none of the patterns describes, as text for an assertion's message."""
    return [
        f"{note['label']}: {note['message']}\n{note['plan']}"
        for note in notes
        if not any(re.search(pattern, note["message"]) for pattern in patterns)
    ]


def check(runner: Runner, target: Target, name: str, params: Convolution, *, findings: Findings, seed: int) -> None:
    """Lower one case, run it, and file what came of it."""
    try:
        geometry = params.geometry()  # type: ignore[attr-defined]
        refusal = ""
    except Refused as refused:
        geometry, refusal = None, str(refused)
    specs = params.inputs()
    plan = runner.table[name](Ask(params, geometry, "float32", target))
    if isinstance(plan, Unsupported):
        findings.unsupported[plan.reason] += 1
        return
    note = {"label": params.label(), "plan": plan.render(), "message": refusal}
    refused_words = check_plan(plan.text, target.framework, plan.inputs)
    if refused_words:
        findings.whitelist.append({**note, "message": str(refused_words)})
        return
    if kills(target, name, params, geometry):
        findings.skipped += 1
        return
    generator = np.random.default_rng(seed)
    arrays = {s.name: generator.integers(-4, 5, s.shape).astype(np.float64) for s in specs}
    namespace = dict(runner.namespace)
    for spec in specs:
        stored = to_layout(arrays[spec.name], spec.axes, plan.layout(spec.name), spec.name)
        namespace[spec.name] = runner.to_tensor(stored.astype(np.float32))
    try:
        exec(compile(plan.text, "<plan>", "exec"), namespace)
        y = runner.to_numpy(namespace["y"])
    except Exception as error:
        if geometry is None:
            findings.refused_by_both += 1
        else:
            findings.raised.append({**note, "message": f"{type(error).__name__}: {error}"})
        return
    if geometry is None:
        findings.accepted.append({**note, "message": f"{refusal}; it answered {y.shape}"})
        return
    expected = params.evaluate(arrays)["y"].value
    try:
        found = from_layout(y, params.outputs()[0].axes, plan.layout("y"), params.outputs()[0].sizes, "y")
    except LayoutError as error:
        findings.mismatches.append({**note, "message": str(error)})
        return
    if found.shape != expected.shape:
        findings.mismatches.append({**note, "message": f"shape {found.shape}, expected {expected.shape}"})
    elif found.dtype != np.float32 or not np.array_equal(found, expected):
        differing = int((found != expected).sum())
        message = f"{found.dtype}, {differing} of {expected.size} elements differ"
        findings.mismatches.append({**note, "message": message})
    else:
        findings.agreed += 1


def kills(target: Target, name: str, params: Convolution, geometry: Geometry | None) -> bool:
    """Whether this is known to end the process with a signal, which no plan can help.

    torch 2.13.0 (oneDNN 3.12.0, AVX2) dies of SIGSEGV in conv2d with x (2, 2, 2, 1) in channels_last, w (2, 2, 1, 1), a
    bias, stride (1, 2), padding (0, 1) and dilation 2, where no kernel tap meets the input along an axis.
    """
    if target.framework != "torch" or name != "conv" or geometry is None or params.data_format != "channels_last":
        return False
    misses = any(all(axis.tap(t) is None for t in range(axis.kernel)) for axis in geometry)
    return misses and params.bias


def main(argv: list[str]) -> int:
    target, count, *rest = argv
    seed = int(rest[0]) if rest else 0
    findings = exercise(target, int(count), seed, *(word or None for word in rest[1:]))
    print(json.dumps({**vars(findings), "unsupported": dict(findings.unsupported)}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
