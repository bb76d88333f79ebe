"""Every fault of the catalogue, on a sample of cases: whatever changes the answer is caught, or the test fails."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from conformance.faults.asked import Asked, ask, run
from conformance.faults.catalogue import FAULTS
from conformance.faults.same import changed
from conformance.judge.compare import Expectation, judge
from conformance.verdict import Status
from tests.strategies import a_case

# Asymmetric on purpose: sizes, kernels, strides and channels that differ are what shows an exchange.
SAMPLE: list[tuple[str, dict[str, Any]]] = [
    (op, given)
    for op in ("conv", "conv_transpose")
    for given in (
        {"dims": 1, "size": 7, "kernel": 3},
        {"dims": 1, "size": 9, "kernel": 2, "stride": 3, "padding": "same", "in_channels": 2, "out_channels": 3},
        {"dims": 1, "size": 8, "kernel": 4, "dilation": 2, "batch": 2, "bias": True, "out_channels": 2},
        {"size": [5, 6], "kernel": [3, 2], "padding": "same"},
        {"size": [6, 6], "kernel": 3, "stride": [1, 2], "in_channels": 3, "out_channels": 2, "batch": 2},
        {"size": [7, 5], "kernel": [2, 3], "stride": 2, "dilation": [2, 1], "padding": 1, "convention": "torch"},
        {"size": 6, "kernel": 3, "in_channels": 4, "out_channels": 6, "groups": 2, "bias": True, "batch": 2},
        {"size": 5, "kernel": 3, "in_channels": 4, "out_channels": 4, "groups": 4, "padding": 1, "convention": "torch"},
        {"size": 6, "kernel": 2, "in_channels": 2, "out_channels": 2, "batch": 3, "data_format": "channels_last"},
        {"size": [5, 7], "kernel": 3, "dilation": 2, "in_channels": 2, "padding": [[2, 1], [1, 2]],
         "convention": "onnx"},
        {"size": [6, 4], "kernel": [3, 4], "padding": "same_lower", "convention": "onnx", "bias": True},
        {"size": 8, "kernel": 4, "stride": 4, "convention": "jax", "padding": [[1, 0], [0, 1]], "out_channels": 3},
        {"dims": 3, "size": [4, 3, 5], "kernel": [2, 3, 2], "in_channels": 2, "out_channels": 2},
        {"dims": 3, "size": [4, 5, 3], "kernel": 2, "stride": [1, 1, 2], "groups": 2, "in_channels": 2,
         "out_channels": 4},
        {"dims": 3, "size": [3, 4, 4], "kernel": [1, 2, 3], "dilation": [1, 1, 2], "padding": "same", "bias": True,
         "batch": 2},
    )
]  # fmt: skip


def sample(values: str) -> Iterator[Asked]:
    """The cases, each knowing the one that ran before it; float16 now and then. Half of them for normal values."""
    before: Asked | None = None
    for i, (op, given) in enumerate(SAMPLE if values == "integers" else SAMPLE[::2]):
        dtype = "float16" if values == "integers" and i % 5 == 4 else "float32"
        asked = ask(a_case(op, dtype, values, **given), before)
        yield asked
        before = asked


@pytest.mark.parametrize("values", ["integers", "normal"])
def test_the_honest_target_passes(values: str) -> None:
    for asked in sample(values):
        judged = judge(asked.expectation, run(asked))
        assert judged.status is Status.PASS, (asked.case.id, judged)


@pytest.mark.parametrize("values", ["integers", "normal"])
def test_every_fault_is_caught(values: str) -> None:
    """Integers show whatever changes a bit; normal values show what no honest computation could give."""
    caught: Counter[str] = Counter()
    survivors: dict[str, list[str]] = defaultdict(list)
    statuses: Counter[Status] = Counter()
    for asked in sample(values):
        for fault in FAULTS:
            for outcome in fault.make(asked):
                if not changed(asked, outcome, fault.signs):
                    continue
                judged = judge(fault.expectation(asked), outcome)
                statuses[judged.status] += 1
                if judged.status is not Status.PASS:
                    caught[fault.name] += 1
                elif values == "integers" or not fault.within:
                    survivors[fault.name].append(asked.case.id)
    total = sum(caught.values()) + sum(map(len, survivors.values()))
    killed = [f.name for f in FAULTS if caught[f.name] and f.name not in survivors]
    print(
        f"\n{values}: {len(killed)} of {len(FAULTS)} faults caught; {sum(caught.values())} of {total} wrong answers; ",
        end="",
    )
    print(", ".join(f"{status} {count}" for status, count in statuses.most_common()))
    assert dict(survivors) == {}
    if values == "integers":
        # A fault that changes nothing anywhere proves nothing.
        narrow = {"products in TF32", "products in bfloat16", "answer through float16", "answer through bfloat16"}
        narrow |= {f.name for f in FAULTS if "read as" in f.name or "clamped" in f.name}  # the sample is finite
        idle = {f.name for f in FAULTS if not caught[f.name] and not f.optional}
        assert idle <= narrow, "integers are exact in these dtypes, the rest should have done something"


def test_narrow_arithmetic_is_caught_in_normal_values() -> None:
    """What integers can't show: products in TF32 and bfloat16, wherever there are enough elements to say."""
    found: Counter[str] = Counter()
    for asked in sample("normal"):
        for fault in FAULTS:
            if fault.name in (
                "products in TF32",
                "products in bfloat16",
                "answer through bfloat16",
                "answer through float16",
            ):
                for outcome in fault.make(asked):
                    judged = judge(asked.expectation, outcome)
                    assert judged.status in (Status.PRECISION, Status.VALUE), (fault.name, asked.case.id, judged)
                    found[fault.name] += 1
    assert min(found.values()) == len(SAMPLE[::2])
    assert len(found) == 4


def test_signed_zeros_are_caught_where_a_case_asks() -> None:
    asked = ask(a_case("conv", size=5, kernel=3))
    zeros = np.zeros_like(asked.right.value)
    reference = type(asked.right)(zeros, 9, lambda: zeros, lambda: zeros)
    expected = Expectation("float32", {"y": reference}, True, signed_zeros=True)
    assert judge(expected, asked.answer(zeros)).status is Status.PASS
    negative = zeros.copy()
    negative[0, 0, 1, 1] = -0.0
    assert judge(expected, asked.answer(negative)).status is Status.NONFINITE


def test_the_catalogue_is_large_and_its_names_differ() -> None:
    names = [fault.name for fault in FAULTS]
    assert len(set(names)) == len(names)
    assert len(names) >= 150
