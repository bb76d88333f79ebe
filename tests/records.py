"""Cases, verdicts and records for the tests of everything that reads or writes a record."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from conformance.ops import OPS
from conformance.record import Summary, Writer, describe_environment
from conformance.suite.case import Case, Source, Values
from conformance.verdict import Status, Verdict

FILE = "cases/conv_transpose/strides.yaml"


def make_case(stride: int = 2, kernel: int = 3, **changes: Any) -> Case:
    op = OPS["conv_transpose"]
    given = {"stride": stride, "kernel": kernel, "size": 4, "padding": "same"}
    params = op.bind({**{name: field.default for name, field in op.fields.items()}, **given})
    case = Case(
        id=f"{FILE}::{op.label(params)} integers",
        op=op.name,
        params=params,
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


def write(path: Path, *verdicts: Verdict, cases: tuple[Case, ...] = (), summary: Summary | None = None) -> Path:
    with Writer.create(path, describe_environment(["run"])) as writer:
        for case in cases:
            writer.add_case(case)
        for item in verdicts:
            writer.add_verdict(item)
        writer.finish(summary or Summary())
    return path
