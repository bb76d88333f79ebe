"""The pages of ops: current, and with a word for every parameter, tensor and framework."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.commands.ops import shipped
from conformance.ops.defined import DEFINED
from conformance.report.ops import Suite, overview, page, pages
from conformance.target import FRAMEWORKS

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def suite() -> Suite:
    return shipped()


def test_the_page_in_the_documentation_is_current(suite: Suite) -> None:
    stale = "stale, run: conformance ops --markdown -o docs/ops.md"
    assert (ROOT / "docs" / "ops.md").read_text(encoding="utf-8") == pages(suite), stale


@pytest.mark.parametrize("op", DEFINED)
def test_an_op_says_all_that_it_has(op: str, suite: Suite) -> None:
    text = page(DEFINED[op], suite)
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
    assert "the suite: no case" not in text


def test_an_op_says_what_the_suite_asks(suite: Suite) -> None:
    text = page(DEFINED["lstm"], suite)
    # On Keras: the layout that its weights are brought to, the targets that run without a word, and what is declared.
    keras = text.partition("on keras\n")[2].partition("on onnx\n")[0]
    assert "  layout of w: I(GH) for GHI\n" in keras
    assert "  its cases name: keras/tensorflow, keras/torch, keras/jax:jit, " in keras
    assert "  known: keras-on-jax-lstm-of-float64-in-float32\n" in keras
    assert "  layout of w: (GH)I G=iofg for GHI\n" in text.partition("on onnx\n")[2]
    assert page(DEFINED["lstm"], Suite()).endswith("the suite: no case")


def test_the_table_has_a_cell_for_each_framework() -> None:
    lines = overview().splitlines()
    assert lines[0].split() == ["op", *FRAMEWORKS]
    for line, op in zip(lines[1:], DEFINED, strict=False):
        cells = line.split()
        assert cells[0] == op
        assert len(cells) == 1 + len(FRAMEWORKS)
        assert set(cells[1:]) <= {"yes", "some", "no"}
