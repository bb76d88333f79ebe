"""`conformance diff` of two records of 200,000 verdicts: wall time and peak memory.

The records are multiplied from a real run of the smoke cases: every verdict, plan, message and output is a real one. In
the second record some verdicts are changed: bits, by real arrays with some elements moved by a few ULP; statuses and
words as frameworks change them.
"""

from __future__ import annotations

import random
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from command_line import LIST_AND_SAY_PEAK as RUN_AND_SAY_PEAK
from common import Row, child, show

from conformance.ask.keep import answered, digest
from conformance.outcome import Tensor, Value
from conformance.record import Reader, RecordedArray, RecordedCase, Summary, Writer
from conformance.verdict import Status, Verdict

VERDICTS = 200_000
CHANGED = 0.05
COPIES_ON = ("jax", "torch", "tensorflow", "keras/torch")  # what the targets of the copies are called
SEED_ON = "numpy,torch"
MOST_SECONDS, MOST_MEGABYTES = 10.0, 500.0


def bench() -> bool:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seed = folder / "seed.db"
        ran = child(
            ["-m", "conformance", "run", "--tag", "smoke", "--on", SEED_ON, "--keep-outputs", "--record", str(seed)]
        )
        if ran.code:
            raise RuntimeError(f"the run to multiply failed: {(ran.output + ran.errors).decode()[-500:]}")
        before = folder / "before.db"
        _multiply(seed, before, 0.0)
        after = folder / "after.db"
        _multiply(seed, after, CHANGED)
        used = child(["-c", RUN_AND_SAY_PEAK, "diff", str(before), str(after), "--json", str(folder / "diff.json")])
        if used.code:
            raise RuntimeError(f"diff failed: {(used.output + used.errors).decode()[-500:]}")
        peak = int(used.errors.split()[-1]) * 1024 / 1e6
        what = f"{VERDICTS:,} verdicts a record, {CHANGED:.0%} changed, --json"
        rows = [
            Row(f"{what}: wall time", f"{used.wall:.1f} s", f"< {MOST_SECONDS:g} s", used.wall < MOST_SECONDS),
            Row(f"{what}: CPU", f"{used.cpu:.1f} s"),
            Row(f"{what}: peak memory", f"{peak:.0f} MB", f"< {MOST_MEGABYTES:g} MB", peak < MOST_MEGABYTES),
        ]
        rows.append(Row("size of a record", f"{before.stat().st_size / 1e6:.0f} MB"))
    return show("Diff", "diff", rows)


def _multiply(seed: Path, path: Path, share: float) -> None:
    """A record of VERDICTS verdicts out of a small one; this share of them changed, the same ones every time."""
    draw = random.Random(17)
    with Reader(seed) as reader, Writer.create(path, reader.environment) as writer:
        rows = [row for row in reader.verdicts() if row.verdict.target == SEED_ON.rpartition(",")[2]]
        outputs = {row.verdict.digest: reader.outputs(row.verdict.digest) for row in rows}
        info = next(iter(reader.targets.values()))
        for target in COPIES_ON:
            writer.set_target_info(target, info)
        for number in range(VERDICTS // len(COPIES_ON)):
            row = rows[number % len(rows)]
            case = _copy(row.case, number)
            writer.add_case(case)
            for target in COPIES_ON:
                seconds = row.verdict.seconds * draw.lognormvariate(0.0, 0.2)
                verdict = replace(row.verdict, case=case.id, target=target, seconds=seconds)
                tensors = outputs[row.verdict.digest]
                if draw.random() < share:
                    verdict, tensors = _changed(verdict, tensors, draw)
                writer.add_verdict(verdict)
                for tensor in tensors.values():
                    writer.add_output(verdict.digest, tensor.name, tensor.values, tensor.dtype)
        writer.finish(Summary())


def _copy(case: RecordedCase, number: int) -> RecordedCase:
    return replace(case, id=f"{case.id} #{number}", fingerprint=f"{number:016x}")


def _changed(
    verdict: Verdict, tensors: dict[str, RecordedArray], draw: random.Random
) -> tuple[Verdict, dict[str, RecordedArray]]:
    """Seven in ten: other bits. The rest: fails, raises, has another plan."""
    pick = draw.random()
    y = tensors.get("y")
    if pick < 0.7 and y is not None and y.values is not None and y.values.dtype.kind == "f" and y.values.size:
        values = y.values.copy()
        for _ in range(1 + values.size // 10):
            place = draw.randrange(values.size)
            for _ in range(draw.choice((1, 1, 1, 2, 3))):
                values.flat[place] = np.nextafter(values.flat[place], np.asarray(np.inf, values.dtype))
        moved = {"y": replace(y, values=values)}
        return replace(verdict, digest=_digest(y.dtype, values)), moved
    if pick < 0.8:
        return replace(
            verdict,
            status=Status.VALUE,
            message=f"{draw.randrange(1, 60)} of 64 elements differ; worst at (0, 1, 2, 3): got 1, reference 9",
            explanation="equals the reference with the kernel flipped along H and W",
        ), tensors
    if pick < 0.9:
        words = f"RuntimeError: expected stride to be at least 1, but got {draw.randrange(9)}"
        gone = replace(verdict, status=Status.RAISED, message=words, digest="", tensors=(), figures=None)
        return gone, {}
    return replace(verdict, plan=verdict.plan.replace("stride=", "strides=") + "\n# another plan"), tensors


def _digest(dtype: str, values: np.ndarray) -> str:
    return digest(answered(Value({"y": Tensor(dtype, values.shape, values)})))
