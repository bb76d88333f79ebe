"""Case-less calls: parameters lowered to plans by the adapters, with their inputs, as a file that `bare.py` runs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from common import ROOT

from conformance.dtypes import rounded
from conformance.frameworks import Ask, lower
from conformance.layout import from_layout, to_layout
from conformance.ops import OPS
from conformance.ops.base import Array, Op
from conformance.ops.reference import Reference
from conformance.outcome import Unsupported
from conformance.plan import Plan
from conformance.target import Target

OP = OPS["conv_transpose"]


@dataclass
class Call:
    """One transposed convolution: its parameters, its float32 inputs (as float64), and its reference."""

    key: str
    op: Op
    arrays: Mapping[str, Array]
    reference: Reference | None

    def plan(self, target: Target) -> Plan:
        plan = lower(Ask(self.op, self.op.meaning(), "float32", target))
        if isinstance(plan, Unsupported):
            raise ValueError(f"{self.op.label()} on {target}: {plan.reason}")
        return plan


def make_call(key: str, given: Mapping[str, Any], stream: np.random.RandomState) -> Call:
    """The call for parameters as a case file gives them, on normal values."""
    fields = {name: field.default for name, field in OP.fields().items()}
    bound = OP.bind(fields | {name: OP.fields()[name].parse(value) for name, value in given.items()})
    arrays = {spec.name: rounded(stream.standard_normal(spec.shape), "float32") for spec in bound.inputs()}
    return Call(key, bound, arrays, bound.evaluate(arrays)["y"])


def write_work(path: Path, calls: Sequence[Call], target: Target) -> None:
    """The plans and inputs of every call, in the layouts that the target takes."""
    stored: dict[str, np.ndarray] = {}
    texts = []
    for call in calls:
        plan = call.plan(target)
        texts.append({"key": call.key, "text": plan.text, "inputs": list(plan.inputs)})
        for spec in call.op.inputs():
            array = call.arrays[spec.name].astype(np.float32)
            stored[f"{call.key}.{spec.name}"] = to_layout(array, spec.axes, plan.layout(spec.name), spec.name)
    np.savez(path, calls=np.array(json.dumps(texts)), **stored)


def start_bare(target: Target, work: Path, answers: Path | None = None) -> subprocess.Popen[str]:
    """A process of `bare.py`, which says `ready` when its framework is imported."""
    name = target.framework + (f"/{target.backend}" if target.backend else "")
    arguments = [sys.executable, str(ROOT / "benchmarks" / "bare.py"), name, str(work)]
    return subprocess.Popen(
        [*arguments, str(answers)] if answers else arguments,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def wait_ready(process: subprocess.Popen[str]) -> None:
    """Block until a bare process is ready."""
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    if line != "ready":
        raise RuntimeError(f"{process.args} did not start: {line!r}")


def release(process: subprocess.Popen[str]) -> None:
    """Let a bare process begin its loop."""
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def finish(process: subprocess.Popen[str]) -> tuple[float, float]:
    """The wall and CPU seconds of a bare process's loop."""
    assert process.stdout is not None
    words = process.stdout.readline().split()
    if process.wait() or len(words) != 2:
        raise RuntimeError(f"{process.args} ended with exit code {process.returncode}")
    return float(words[0]), float(words[1])


def run_bare(target: Target, calls: Sequence[Call], folder: Path) -> dict[str, Array]:
    """Every call's answer from one framework, in canonical layout."""
    name = str(target).replace("/", "-")
    work, answers = folder / f"{name}.npz", folder / f"{name}-answers.npz"
    write_work(work, calls, target)
    with start_bare(target, work, answers) as process:
        wait_ready(process)
        release(process)
        finish(process)
    result = {}
    with np.load(answers) as stored:
        for call in calls:
            [spec] = call.op.outputs()
            answer = stored[call.key]
            if answer.dtype != np.float32:
                raise RuntimeError(f"{target} answered in {answer.dtype}, expected float32")
            layout = call.plan(target).layout("y")
            result[call.key] = from_layout(answer, spec.axes, layout, spec.sizes).astype(np.float64)
    return result
