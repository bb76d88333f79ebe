"""Cases, verdicts and records for the tests of everything that reads or writes a record."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from conformance.ops import OPS
from conformance.record import Summary, Writer, describe_environment
from conformance.suite.case import Case, Claim, Source, Values
from conformance.verdict import Answered, Figures, Known, Problem, Status, Verdict

FILE = "cases/conv_transpose/strides.yaml"


def make_case(stride: int = 2, kernel: int = 3, **changes: Any) -> Case:
    op = OPS["conv_transpose"]
    given = {"stride": stride, "kernel": kernel, "size": 4, "padding": "same"}
    question = op.bind({**{name: field.default for name, field in op.fields().items()}, **given})
    case = Case(
        id=f"{FILE}::{question.label()} integers",
        op=question,
        given=tuple(given.items()),
        dtype="float32",
        values=Values("integers"),
        seed=0,
        checks=("shape", "dtype", "value"),
        source=Source(FILE, 14, 3),
    )
    return replace(case, **changes)


def verdict(case: Case, target: str = "jax", status: Status = Status.PASS, **changes: Any) -> Verdict:
    return replace(Verdict(case.id, target, status), **changes)


def told(dtype: str = "float32", shape: tuple[int, ...] = (1, 2), digest: str = "aa", name: str = "y") -> Answered:
    return Answered(name, dtype, shape, digest)


def write(path: Path, *verdicts: Verdict, cases: tuple[Case, ...] = (), summary: Summary | None = None) -> Path:
    with Writer.create(path, describe_environment(["run"])) as writer:
        for case in cases:
            writer.add_case(case)
        for item in verdicts:
            writer.add_verdict(item)
        writer.finish(summary or Summary())
    return path


FLIP = Known("jax-flip", "convention", "lax.conv_transpose | does <not> flip `w`", "https://example.org/1")
MENDED = Problem(
    "torch-pad", "known divergence torch-pad no longer happens on torch with a: remove it", "known.yaml:9:1"
)
# What a framework may say: it must not steer a terminal, nor break XML, Markdown or JSON.
HOSTILE = "\x1b[31mred\x1b[0m \x00 | `code` <b>&amp; ]]> \u202e caf\u00e9 \U0001f600"


def mixed_record(path: Path) -> tuple[Path, list[Case]]:
    """A complete record with every kind of verdict: four cases in two files, on four targets."""
    cases = [make_case(stride) for stride in (1, 2, 3, 4)]
    other = "cases/conv_transpose/other.yaml"
    cases[0] = replace(cases[0], claim=Claim("003", "it is 9x9", True))
    cases[1] = replace(cases[1], claim=Claim("003", "it removes rows", False))
    cases[3] = replace(
        cases[3], id=cases[3].id.replace(FILE, other), source=Source(other, 7, 5), about="why it is there"
    )
    plan = "a = x\ny = jax.lax.conv_transpose(x, w, (2, 2), 'SAME')\n# x: NHWC, w: HWIO, y: NHWC"
    flipped = "equals the reference with the kernel flipped along H and W"
    worst = Figures(64, 49, math.inf, (0, 3, 4, 0), 1.0, 9.0, 0.875, 21.5)
    reference = np.arange(64.0).reshape(1, 1, 8, 8)
    got = reference.astype(np.float32)
    got[0, 0, 3:5, 2:7] += 1
    got[0, 0, 7, 7] = np.nan
    verdicts = [verdict(c, t, plan=plan, seconds=0.001, figures=Figures(64)) for c in cases for t in ("jax", "numpy")]
    for c in cases[1:]:
        message = f"49 of 64 elements differ; worst at (0, 3, {c.params['stride'][0]}, 0): got 1, reference 9"
        changes = {
            "message": message,
            "explanation": flipped,
            "figures": worst,
            "plan": plan,
            "digest": "0123456789abcdef",
        }
        verdicts.append(verdict(c, "jax:jit", Status.VALUE, **changes))
    verdicts += [
        verdict(cases[0], "jax:jit", Status.VALUE, message="flipped", known=FLIP),
        verdict(cases[0], "torch", Status.RAISED, subject="gradient", message=HOSTILE, plan=plan),
        verdict(cases[1], "torch", Status.CRASHED, subject="", message="the worker died (SIGSEGV): no last words"),
        verdict(cases[2], "torch", Status.UNSUPPORTED, subject="", message="torch has no such thing"),
        verdict(cases[3], "torch"),
    ]
    with Writer.create(path, describe_environment(["run"])) as writer:
        for target, version in (("jax", "0.10.2"), ("jax:jit", "0.10.2"), ("torch", "2.13.0"), ("numpy", "2.4.0")):
            writer.set_target_info(target, {"version": version})
        for case in cases:
            writer.add_case(case)
            writer.add_array(case.id, "", "x", np.arange(4.0).reshape(1, 1, 2, 2))
            writer.add_array(case.id, "", "reference", reference)
            writer.add_array(case.id, "jax:jit", "y", got)
        for item in verdicts:
            writer.add_verdict(item)
        writer.finish(Summary((MENDED,)))
    return path, cases
