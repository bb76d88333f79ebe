"""Measures what docs/allowance.md says and writes arithmetic.json: `python docs/figures/arithmetic.py`.

Random float32 transposed convolutions on normal values, each framework in a process of its own; errors against the
float64 reference as a fraction of the allowance, against a fixed tolerance, and as effective bits. TF32 and bfloat16
are simulated: inputs rounded to 11 and 8 significant bits, everything else in float64.
"""

from __future__ import annotations

import json
import math
import sys
import tempfile
from collections.abc import Iterator, Sequence
from importlib.metadata import packages_distributions, version
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from calls import OP, Call, make_call, run_bare  # noqa: E402
from mixed import parameters  # noqa: E402

from conformance.dtypes import DTYPES, rounded  # noqa: E402
from conformance.environments.installed import missing  # noqa: E402
from conformance.judge.allowance import allowance  # noqa: E402
from conformance.ops.base import Array  # noqa: E402
from conformance.target import parse_target  # noqa: E402

TARGETS = ("torch", "tensorflow", "jax")
CALLS = 480
# Upper limits of the number of products an element, for counting false alarms.
BUCKETS = (10, 100, 1000, 10_000)
FIXED = {"rtol": 1.3e-6, "atol": 1e-5}
# (in_channels, kernel): c * k * k products an element at stride 1, away from the border; from 1 to 3,200.
SWEEP = [(c, 1) for c in (1, 2, 4)] + [(c, 3) for c in (1, 2, 4, 8, 16, 32, 64, 128)] + [(128, 4), (128, 5)]


def main() -> None:
    """Run, measure, write."""
    stream = np.random.RandomState(1)
    random = [make_call(f"r{i}", given, stream) for i, given in enumerate(_random_parameters(stream))]
    sweep = [
        make_call(
            f"s{i}",
            {"convention": "torch", "size": 16, "kernel": k, "in_channels": c, "out_channels": 16, "padding": 0},
            stream,
        )
        for i, (c, k) in enumerate(SWEEP)
    ]
    result: dict[str, object] = {"calls": CALLS, "fixed": FIXED, "products": [c * k * k for c, k in SWEEP]}
    frameworks: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as folder:
        for text in TARGETS:
            target = parse_target(text)
            if missing(target):
                print(f"not installed, left out: {target}", file=sys.stderr)
                continue
            answers = run_bare(target, [*random, *sweep], Path(folder))
            which = {"version": installed_version(target.spec.module)}
            frameworks[text] = {**which, **_random_figures(random, answers), "bits": _bits(sweep, answers)}
            print(text, {k: v for k, v in frameworks[text].items() if k != "fractions"}, flush=True)
    result["frameworks"] = frameworks
    result["simulated"] = {name: _bits(sweep, _simulated(sweep, name)) for name in ("TF32", "bfloat16")}
    print("simulated", result["simulated"])
    Path(__file__).with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def installed_version(module: str) -> str:
    """The version of whichever distribution brings the module (tensorflow or tensorflow-cpu)."""
    return version(packages_distributions()[module][0])


def _random_parameters(stream: np.random.RandomState) -> Iterator[dict[str, Any]]:
    """Small tensors, every convention, and 1 to 128 input channels, each doubling as often as the others."""
    for given in parameters(CALLS, seed=1, largest=12):
        yield {**given, "in_channels": int(2 ** stream.randint(0, 8))}


def _random_figures(calls: Sequence[Call], answers: dict[str, Array]) -> dict[str, object]:
    """How close the errors come to the allowance, and how often the fixed tolerance raises a false alarm."""
    fractions = []
    alarms = {limit: [0, 0] for limit in BUCKETS}
    for call in calls:
        right = call.reference.value
        error = np.abs(answers[call.key] - right)
        fractions.append(float((error / allowance(call.reference, DTYPES["float32"], None)).max()))
        bucket = alarms[next(limit for limit in BUCKETS if call.reference.products <= limit)]
        bucket[0] += bool((error > FIXED["atol"] + FIXED["rtol"] * np.abs(right)).any())
        bucket[1] += 1
    return {
        "largest_fraction": max(fractions),
        "beyond_allowance": sum(f > 1 for f in fractions),
        "false_alarms_fixed": sum(count for count, _ in alarms.values()),
        "false_alarms_by_products": {str(limit): pair for limit, pair in alarms.items()},
        "fractions": [round(f, 4) for f in fractions],
    }


def _bits(calls: Sequence[Call], answers: dict[str, Array]) -> list[float]:
    """-log2 of the root mean square of error / sqrt(sum (x*w)^2), for each call."""
    found = []
    for call in calls:
        error = np.abs(answers[call.key] - call.reference.value)
        ratio = error / np.sqrt(call.reference.energy())
        found.append(round(-math.log2(float(np.sqrt(np.mean(ratio**2)))), 2))
    return found


def _simulated(calls: Sequence[Call], name: str) -> dict[str, Array]:
    """The answers of an arithmetic that rounds its inputs first, as a GPU's matrix units do."""
    narrow = _to_tf32 if name == "TF32" else lambda array: rounded(array, "bfloat16")
    return {
        call.key: rounded(OP.reference(call.bound, {n: narrow(a) for n, a in call.arrays.items()}).value, "float32")
        for call in calls
    }


def _to_tf32(array: Array) -> Array:
    """float32 values rounded to TF32's 11 significant bits, to nearest even."""
    bits = np.ascontiguousarray(array, dtype=np.float32).view(np.uint32).astype(np.uint64)
    kept = (bits + 0xFFF + ((bits >> 13) & 1)) >> 13 << 13
    return kept.astype(np.uint32).view(np.float32).astype(np.float64)


if __name__ == "__main__":
    main()
