"""What a verdict costs to write into a record and to read back, and how much room it takes."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from common import Row, show
from whole_run import cases_in

from conformance.record import Reader, Writer, describe_environment
from conformance.verdict import Figures, Status, Verdict

CASES = 1_000
TARGETS = ("torch", "tensorflow", "jax", "keras/tensorflow")
PLAN = "y = torch.nn.functional.conv_transpose2d(x, w, stride=(2, 2), padding=(1, 1))\n# x: NCHW, w: IOHW, y: NCHW"


def bench() -> bool:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cases = cases_in(folder, CASES)
        path = folder / "record.db"
        figures = Figures(1024, 3, 0.31, (0, 1, 2, 3), 1.5, 1.25, 1e-6, 23.1)
        with Writer.create(path, describe_environment(["benchmark"])) as writer:
            started = time.process_time()
            for case in cases:
                writer.add_case(case)
            of_cases = time.process_time() - started
            started = time.process_time()
            for case in cases:
                for target in TARGETS:
                    writer.add_verdict(
                        Verdict(
                            case.id,
                            target,
                            Status.PASS,
                            message="largest error 0.31 of the allowance",
                            figures=figures,
                            plan=PLAN,
                            seconds=0.001,
                            digest="0123456789abcdef",
                        )
                    )
            writer.finish({})
            of_verdicts = time.process_time() - started
        verdicts = len(cases) * len(TARGETS)
        size = path.stat().st_size
        started = time.process_time()
        found = sum(1 for _ in Reader(path).verdicts())
        reading = time.process_time() - started
        if found != verdicts:
            raise RuntimeError(f"{found} verdicts came back, {verdicts} were written")
    rows = [
        Row("writing a verdict, CPU", f"{of_verdicts / verdicts * 1e6:.0f} us"),
        Row("writing a case, CPU", f"{of_cases / len(cases) * 1e6:.0f} us"),
        Row("reading a verdict, CPU", f"{reading / verdicts * 1e6:.0f} us"),
        Row("room a verdict, its share of the case included", f"{size / verdicts:.0f} bytes"),
    ]
    return show(f"Record: {verdicts:,} verdicts on {len(cases):,} cases", "record", rows)
