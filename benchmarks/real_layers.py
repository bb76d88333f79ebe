"""Judging at the sizes of real networks: no false alarm on right answers, one element that is off by 1e-4 caught, and
inputs rounded to TF32 or bfloat16 named.

Each layer is asked of each framework in its own worker, forward and both gradients, with values around zero and with
values of one sign, where right float32 sums have 10 to 20 effective bits and a floor alone raises false alarms.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from common import Row, show

from conformance.ask.prepare import Prepared, canonical, plan_for, prepare, request_for
from conformance.ask.probe import Probe, ProbeError
from conformance.dtypes import narrowed
from conformance.judge.compare import Expectation, Judgement, judge
from conformance.ops import OPS
from conformance.ops.reference import Reference
from conformance.outcome import Tensor, Value
from conformance.suite.case import Case, Source, Values
from conformance.target import Target, parse_target
from conformance.verdict import Status

TARGETS = tuple(os.environ.get("CONFORMANCE_TARGETS", "torch,jax,tensorflow,keras/torch").split(","))
# The first so many layers, the cheapest first.
MOST_LAYERS = int(os.environ.get("CONFORMANCE_LAYERS", "99"))

LAYERS: dict[str, tuple[str, dict[str, Any]]] = {
    "DCGAN 4x4 s2 512>256 at 8": (
        "conv_transpose",
        {"in_channels": 512, "out_channels": 256, "size": 8, "kernel": 4, "stride": 2, "padding": 1},
    ),
    "ResNet 1x1 256>64 at 56": ("conv", {"in_channels": 256, "out_channels": 64, "size": 56, "kernel": 1}),
    "HiFi-GAN 16 s8 512>256 at 32": (
        "conv_transpose",
        {"dims": 1, "in_channels": 512, "out_channels": 256, "size": 32, "kernel": 16, "stride": 8, "padding": 4},
    ),
    "ResNet 3x3 64>64 at 56": ("conv", {"in_channels": 64, "out_channels": 64, "size": 56, "padding": 1}),
    "FCN-32s 64x64 s32 21>21 at 7": (
        "conv_transpose",
        {"in_channels": 21, "out_channels": 21, "size": 7, "kernel": 64, "stride": 32},
    ),
    "U-Net up 2x2 s2 512>256 at 28": (
        "conv_transpose",
        {"in_channels": 512, "out_channels": 256, "size": 28, "kernel": 2, "stride": 2},
    ),
    "ResNet 7x7 s2 3>64 at 224": (
        "conv",
        {"in_channels": 3, "out_channels": 64, "size": 224, "kernel": 7, "stride": 2, "padding": 3},
    ),
    "ResNet 7x7 s2 3>64 at 224, batch 4": (
        "conv",
        {"in_channels": 3, "out_channels": 64, "size": 224, "kernel": 7, "stride": 2, "padding": 3, "batch": 4},
    ),
}


@dataclass
class Seen:
    """What was found over the targets for one layer, its values, and one of its tensors."""

    alarms: list[str]
    answers: int = 0
    caught: int = 0
    tampered: int = 0
    bits: float = 99.0
    fraction: float = 0.0


def bench() -> bool:
    targets = [parse_target(text) for text in TARGETS]
    rows = []
    seen: dict[tuple[str, str, str], Seen] = {}
    narrow: dict[tuple[str, str], bool] = {}
    with Probe(targets, timeout=300) as probe:
        for layer, kind, prepared in _problems():
            for subject, reference in _tensors(prepared.expectation):
                narrow[f"{layer}, {kind}: {subject}", "TF32"] = _named(reference, "TF32")
            for target in targets:
                _ask(layer, kind, prepared, target, probe, seen)
            for (at, of, subject), found in seen.items():
                if (at, of) == (layer, kind):
                    print(f"  {layer}, {kind}: {subject}: {found}", flush=True)
    for (layer, kind, subject), found in seen.items():
        figure = (
            f"{found.answers} answers, {len(found.alarms)} false alarms, "
            f"{found.caught} of {found.tampered} faults caught, least bits {found.bits:.1f}, "
            f"largest error {found.fraction:.2g} of the allowance"
        )
        good = not found.alarms and found.caught == found.tampered
        rows.append(Row(f"{layer}, {kind}: {subject}", "; ".join([figure, *found.alarms]), "none, all", good))
    for (what, format), named in narrow.items():
        rows.append(Row(f"{what}: {format}", "named" if named else "not named everywhere"))
    return show(f"Real layers, on {', '.join(TARGETS)}", "layers", rows)


def _problems() -> Iterator[tuple[str, str, Prepared]]:
    for layer, (name, given) in list(LAYERS.items())[:MOST_LAYERS]:
        op = OPS[name]
        fields = op.fields()
        values = {key: field.default for key, field in fields.items()}
        values |= {key: fields[key].parse(value) for key, value in {"convention": "torch", **given}.items()}
        checks = ("shape", "dtype", "value", "gradient")
        case = Case(layer, op.bind(values), (), "float32", Values("normal"), 0, checks, Source("layers.yaml", 1))
        prepared = prepare(case)
        yield layer, "normal", prepared
        # Of one sign: the same numbers without theirs, and the exact answers to them.
        arrays = {key: np.abs(array) for key, array in prepared.arrays.items()}
        cotangents = {key: np.abs(array) for key, array in prepared.cotangents.items()}
        expectation = replace(
            prepared.expectation,
            outputs=case.op.evaluate(arrays),
            gradients=case.op.gradients(arrays, cotangents),
        )
        positive = replace(prepared, arrays=arrays, cotangents=cotangents, expectation=expectation, encoded={})
        yield layer, "one sign", positive


def _tensors(expectation: Expectation) -> Iterator[tuple[str, Reference]]:
    yield from expectation.outputs.items()
    for name, reference in expectation.gradients.items():
        yield f"gradient of {name}", reference


def _alone(reference: Reference, values: np.ndarray) -> Judgement:
    """What a tensor comes to by itself."""
    expectation = Expectation("float32", {"y": reference}, False)
    array = values.astype(np.float32)
    return judge(expectation, Value({"y": Tensor("float32", array.shape, array)}))


def _named(reference: Reference, format: str) -> bool:
    """Whether the sums of inputs rounded to a format are told from float32's."""
    assert reference.recompute is not None

    def to_format(array: np.ndarray) -> np.ndarray:
        return narrowed(array, format)

    return _alone(reference, reference.recompute(to_format, to_format)).status is Status.PRECISION


def _ask(
    layer: str, kind: str, prepared: Prepared, target: Target, probe: Probe, seen: dict[tuple[str, str, str], Seen]
) -> None:
    plan = plan_for(prepared.case, target)
    assert not hasattr(plan, "reason"), plan
    try:
        outcome = canonical(prepared, plan, probe.ask(target, [request_for(prepared, plan, target)])[0])
    except ProbeError as error:
        print(f"left out: {error}")
        return
    assert isinstance(outcome, Value), outcome
    for subject, reference in _tensors(prepared.expectation):
        tensor = outcome.tensors[subject]
        assert tensor.values is not None
        found = seen.setdefault((layer, kind, subject), Seen([]))
        judged = _alone(reference, tensor.values)
        found.answers += 1
        if judged.status is not Status.PASS:
            found.alarms.append(f"{target}: {judged.status} {judged.message}")
        if judged.figures is not None:
            found.bits = min(found.bits, judged.figures.bits or 99.0)
            found.fraction = max(found.fraction, judged.figures.fraction)
        for place in _places(reference.value):
            wrong = tensor.values.copy()
            wrong[place] *= np.float32(1 + 1e-4)
            found.tampered += 1
            found.caught += _alone(reference, wrong).status is Status.VALUE


def _places(value: np.ndarray) -> Iterator[tuple[int, ...]]:
    """The largest element, and one whose size is the root mean square."""
    size = np.abs(value)
    for flat in (np.argmax(size), np.argmin(np.abs(size - np.sqrt(np.mean(size**2))))):
        yield tuple(int(i) for i in np.unravel_index(int(flat), value.shape))
