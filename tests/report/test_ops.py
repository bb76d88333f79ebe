"""The pages of ops: current, and with a word for every parameter, tensor and framework."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.ops.defined import DEFINED
from conformance.report.ops import overview, page, pages
from conformance.target import FRAMEWORKS

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_in_the_documentation_is_current() -> None:
    stale = "stale, run: conformance ops --markdown -o docs/ops.md"
    assert (ROOT / "docs" / "ops.md").read_text(encoding="utf-8") == pages(), stale


@pytest.mark.parametrize("op", DEFINED)
def test_an_op_says_all_that_it_has(op: str) -> None:
    text = page(DEFINED[op])
    assert text.startswith(f"{op}\n\n")
    for name, field in DEFINED[op].fields().items():
        assert f"  {name} " in text
        assert field.doc in text
    asked = DEFINED[op].bind({name: field.default for name, field in DEFINED[op].fields().items()})
    for spec in asked.inputs():
        assert f"takes {spec.name}: " in text
    for spec in asked.outputs():
        assert f"gives {spec.name}: " in text
    for name in FRAMEWORKS:
        assert f"on {name}\n" in text
        assert "there are no words" not in text


def test_the_table_has_a_cell_for_each_framework() -> None:
    lines = overview().splitlines()
    assert lines[0].split() == ["op", *FRAMEWORKS]
    for line, op in zip(lines[1:], DEFINED, strict=False):
        cells = line.split()
        assert cells[0] == op
        assert len(cells) == 1 + len(FRAMEWORKS)
        assert set(cells[1:]) <= {"yes", "some", "no"}
