"""The examples of docs/cases.md are valid case files, and its limits are the code's."""

import re
from pathlib import Path

import pytest

from conformance.suite import document, fit, grid, readers, schema
from conformance.suite.settings import SETTINGS
from tests.suite.files import cases, everything

TEXT = (Path(__file__).parents[2] / "docs" / "cases.md").read_text()
EXAMPLES = [block for block in re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL) if block.startswith("op:")]


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_whole_example_is_a_valid_file_with_cases(example: str, tmp_path: Path) -> None:
    assert everything(tmp_path, example) == []
    assert cases(tmp_path, example)


def test_there_are_examples_of_grids_and_calls() -> None:
    assert len(EXAMPLES) >= 3


def test_the_example_with_a_framework_as_reference_is_valid(tmp_path: Path) -> None:
    (block,) = re.findall(r"```yaml\n(    params:\n.*?against.*?)```", TEXT, re.DOTALL)
    (case,) = cases(tmp_path, f"op: call\ncases:\n  - name: a\n    values: normal\n{block}")
    assert (case.op.against, case.op.ulp) == ("torch", None)


@pytest.mark.parametrize("condition", re.findall(r"^where: (.*)$", TEXT, re.MULTILINE))
def test_every_condition_is_valid(condition: str, tmp_path: Path) -> None:
    text = f"""
op: conv_transpose
grids:
  - grid: {{kernel: [1, 2], stride: [1, 2], padding: [same], output_padding: [null, 1]}}
    where: {condition}
"""
    assert everything(tmp_path, text) == []


def test_every_setting_is_explained() -> None:
    assert set(SETTINGS) <= set(re.findall(r"^\| `(\w+)` \|", TEXT, re.MULTILINE))


def test_the_limits_are_those_of_the_code() -> None:
    assert document.MAX_BYTES == 5 * 2**20
    assert document.MAX_DEPTH == 64
    assert fit.MAX_CASE_BYTES == 2 * 2**30
    assert fit.MAX_WORK == 5_000_000_000
    assert document.MAX_NODES == 250_000
    assert grid.MAX_PAIRS == grid.MAX_CASES == 1_000_000
    assert grid.MAX_LOOKS == 600_000
    assert schema.MAX_SAMPLE == 100_000
    assert schema.MAX_EXCLUDED == 1_000
    assert readers.MAX_ENTRIES == 10_000
    assert readers.MAX_NAME == 200


def test_the_number_of_pairwise_points_is_what_it_says() -> None:
    assert 3**12 == 531_441
    assert 15 <= len(grid.Space([3] * 12).pairwise()) <= 24
