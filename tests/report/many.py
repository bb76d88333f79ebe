"""A record as large as asked, of cases as a suite has them, for the page that shows it."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice, product
from pathlib import Path

import numpy as np

from conformance.ops import OPS
from conformance.record import Summary, Writer, describe_environment
from conformance.suite.case import Case, Source, Values
from conformance.verdict import Figures, Known, Status, Verdict
from tests.records import HOSTILE

TARGETS = (
    *("numpy", "torch", "torch:compile", "torch+threads=2", "tensorflow", "tensorflow:xla", "tensorflow+onednn=0"),
    *("keras/tensorflow", "keras/torch", "keras/jax", "jax", "jax:jit", "onnx/onnxruntime"),
)
# What a page must show as the text that it is.
NASTY = f'RuntimeError: </script><img src=x onerror="window.hacked=1"><!-- {{{{data}}}} {HOSTILE} \'; rm -rf /'
KNOWN = Known("flipped-here", "convention", "The kernel is not flipped.", "https://example.org/flipped")


def cases(count: int) -> list[Case]:
    """So many transposed convolutions, all different, in ten files."""
    op = OPS["conv_transpose"]
    defaults = {name: field.default for name, field in op.fields().items()}
    grid = product(range(1, 9), range(1, 6), range(1, 6), (1, 2), (1, 2, 3), ("same", "valid"), (False, True))
    found = []
    for index, (size, kernel, stride, dims, channels, padding, bias) in enumerate(islice(grid, count)):
        given = {"dims": dims, "size": size, "kernel": kernel, "stride": stride, "padding": padding, "bias": bias}
        given |= {"in_channels": channels, "out_channels": channels}
        question = op.bind({**defaults, **given})
        file = f"cases/{'conv' if index % 3 else 'conv_transpose'}/group_{index % 10}.yaml"
        found.append(
            Case(
                id=f"{file.removesuffix('.yaml').removeprefix('cases/')}::{question.label()} {index}",
                op=question,
                given=tuple(given.items()),
                dtype="float32",
                values=Values("integers" if index % 2 else "normal"),
                seed=index,
                checks=("shape", "dtype", "value"),
                source=Source(file, index + 1, 3),
            )
        )
    assert len(found) == count, f"the grid has only {len(found)} cases"
    return found


def write(path: Path, verdicts: int, targets: int = len(TARGETS)) -> Path:
    """A complete record of so many verdicts: nine in ten pass, one in fifty diverges, with its arrays."""
    stream = np.random.RandomState(0)
    with Writer.create(path, describe_environment(["run"])) as writer:
        for target in TARGETS[:targets]:
            writer.set_target_info(target, {"version": "1.2.3", "flags": {"threads": 1}, "python": "3.11.7"})
        todo = verdicts
        for index, case in enumerate(cases(-(-verdicts // targets))):
            writer.add_case(case)
            for number, target in enumerate(TARGETS[: min(targets, todo)]):
                writer.add_verdict(_verdict(case, target, index * targets + number, stream))
                if (index * targets + number) % 50 == 7:
                    reference = stream.standard_normal((1, 2, 6, 6))
                    writer.add_array(case.id, "", "reference", reference)
                    writer.add_array(case.id, target, "y", reference.astype(np.float32))
            todo -= targets
        writer.finish(Summary())
    return path


def _verdict(case: Case, target: str, number: int, stream: np.random.RandomState) -> Verdict:
    fraction = float(stream.rand()) * 0.6
    framework = target.split(":", maxsplit=1)[0].replace("/", ".")
    plan = f"y = {framework}.conv_transpose(x, w, {dict(case.given)})\n# x: NCHW, w: IOHW"
    passed = Verdict(
        case.id,
        target,
        Status.PASS,
        message=f"largest error {fraction:.3g} of the allowance",
        figures=Figures(72, 40, fraction, (0, 0, 1, 2), 1.5, 1.25, fraction * 1e-6, 23.5),
        plan=plan,
        seconds=float(stream.rand()) * 0.01,
        digest=f"{int(stream.randint(1 << 30)):016x}",
    )
    if number % 10 == 3:
        return replace(
            passed, status=Status.UNSUPPORTED, message=f"{target} has no such padding", figures=None, digest=""
        )
    if number % 50 == 7:
        message = f"{number % 72} of 72 elements differ"
        known = KNOWN if number % 100 == 7 else None
        worse = Figures(72, number % 72, 1e3 * fraction, (0, 1, 2, 3), 1.0, 9.0, 0.875, 21.5)
        return replace(passed, status=Status.VALUE, message=message, figures=worse, known=known, explanation="flipped")
    return passed
