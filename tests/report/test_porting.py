"""The page of a pair of frameworks: what it says of them was observed, or stands in their signatures."""

from __future__ import annotations

from functools import cache
from itertools import combinations

import pytest

from conformance.commands.ops import shipped
from conformance.report.ops import Suite
from conformance.report.porting import porting
from conformance.target import FRAMEWORKS


@cache
def suite() -> Suite:
    return shipped()


def page(one: str, other: str) -> str:
    return porting(one, other, suite().entries, suite().cases)


@pytest.mark.parametrize(("one", "other"), [*combinations(FRAMEWORKS, 2)])
def test_every_pair_has_a_page(one: str, other: str) -> None:
    text = page(one, other)
    assert text.startswith(f"# {FRAMEWORKS[one].title} and {FRAMEWORKS[other].title}: what differs\n")
    for line in text.splitlines():
        assert "object at 0x" not in line
        assert len(line.split(" | ")) in (1, 3), line


@pytest.mark.parametrize(
    "row",
    [
        # Defaults that are other numbers, and one that is another share of the same.
        "| `epsilon` by default **differs** | `keras.layers.LayerNormalization(epsilon=0.001)` "
        "| `torch.nn.functional.layer_norm(eps=1e-05)`<br>`torch.nn.LayerNorm(eps=1e-05)` |",
        "| `momentum` by default **differs** | `keras.layers.BatchNormalization(momentum=0.99)` "
        "| `torch.nn.functional.batch_norm(momentum=0.1)` (here 0.9)",
        "| `approximate` by default **differs** | `keras.ops.gelu(approximate=True)` (here 'tanh')"
        "<br>`keras.activations.gelu(approximate=False)` (here 'none') "
        "| `torch.nn.functional.gelu(approximate='none')`<br>`torch.nn.GELU(approximate='none')` |",
        # Layouts.
        "| layout of `w` | `HWIO` | `OIHW` |",
        "| layout of `w` | `I(GH)` | `(GH)I` |",
        # What one can't be asked, what is declared, and the case that shows it.
        "- Keras, not where indices: Keras's max pooling gives no indices (3.15.1)",
        "(`keras-ops-do-not-check-output-padding`: bug)",
        "`conformance run 'ports/norm::momentum-copied normal'`",
    ],
)
def test_keras_and_torch(row: str) -> None:
    assert row in page("keras", "torch")
