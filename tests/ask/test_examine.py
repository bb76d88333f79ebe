"""What `check` finds of a case without asking a framework."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.ask.examine import A_CASE, mistakes
from tests.suite.files import suite

CONV = """
op: conv
cases:
  - name: right
    params: {convention: torch, size: [3, 3], kernel: 2}
  - name: odd
    params: {convention: torch, dims: 1, size: 3, kernel: 2}
    CHANGE
"""


@pytest.mark.parametrize(
    ("change", "line", "words"),
    [
        (
            "expect: {shape: [1, 1, 3]}",
            7,
            "expects shape (1, 1, 3) (NCW), but by its definition the op gives (1, 1, 2)",
        ),
        ("expect: {shape: [1, 3]}", 7, "expect.shape [1, 3]"),
        ("expect: {values: [1, 2, 3]}", 7, "expects 3 values, but the op gives 2"),
        ("values: {kind: literal, arrays: {x: [0, 0, 0], w: [1, 1]}}", 7, "its reference is zero everywhere"),
        ("values: {kind: literal, arrays: {x: [nan, nan, nan], w: [1, 1]}}", 7, "its reference is finite nowhere"),
        ("values: {kind: literal, arrays: {x: [1.0e+40, 1, 1], w: [1, 1]}}", 7, "holds 1e+40, expected at most"),
    ],
)
def test_a_mistake_is_found_where_it_stands(tmp_path: Path, change: str, line: int, words: str) -> None:
    found, looked = mistakes(suite(tmp_path, CONV.replace("CHANGE", change)))
    assert len(found) == 1
    assert words in found[0].message
    assert "(in odd " in found[0].message
    assert found[0].line == line
    assert looked in (3, 4)


def test_an_empty_output_has_to_be_meant(tmp_path: Path) -> None:
    text = "op: conv\ncases:\n  - name: none\n    params: {convention: torch, size: 3, kernel: 2, batch: 0}\n"
    found, _ = mistakes(suite(tmp_path, text))
    assert [(f.line, f.message.partition(";")[0]) for f in found] == [
        (4, "its output is empty, shape (0, 1, 2, 2)"),
    ]
    meant, _ = mistakes(suite(tmp_path, text.replace("batch: 0}", "batch: 0}\n    permits: [empty]")))
    assert not meant


def test_what_is_right_is_looked_at_and_passes(tmp_path: Path) -> None:
    change = "values: {kind: literal, arrays: {x: [0.1, 1, 1], w: [1, 0]}}\n    expect: {values: [0.1, 1]}"
    assert mistakes(suite(tmp_path, CONV.replace("CHANGE", change))) == ([], 3)


def test_the_work_is_bounded_and_named_cases_come_first(tmp_path: Path) -> None:
    text = """
    op: conv
    values: integers
    grids:
      - grid: {convention: [torch], size: [3, 4, 5, 6], kernel: [2], dims: [1]}
    cases:
      - name: odd
        params: {convention: torch, dims: 1, size: 3, kernel: 2}
        expect: {shape: [9, 9, 9]}
    """
    found, looked = mistakes(suite(tmp_path, text), work=3 * A_CASE)
    assert looked == 2
    assert len(found) == 1


@pytest.mark.parametrize(("mistaken", "found"), [(2, 2), (99, 99), (100, 100), (103, 100)])
def test_every_mistake_is_told_up_to_a_hundred(tmp_path: Path, mistaken: int, found: int) -> None:
    params = "{convention: torch, dims: 1, size: 3, kernel: 2}"
    case = f"\n  - {{{{name: odd-{{}}, params: {{{params}}}, expect: {{{{shape: [9, 9, 9]}}}}}}}}"
    text = "op: conv\nvalues: integers\ncases:" + "".join(case.format(number) for number in range(mistaken))
    told, looked = mistakes(suite(tmp_path, text))
    assert (len(told), looked) == (found, found)


CALL = """
op: call
values: integers
cases:
  - name: one
    EXPECT
    params:
      inputs: {x: {shape: [1, 2, 3, 3], layout: NCHW}}
      output: NCHW
      plans:
        tensorflow: TENSORFLOW
        torch: y = torch.relu(x)
"""


def notes(folder: Path, plan: str) -> list[str]:
    text = CALL.replace("EXPECT", "expect: {refused: true}").replace("TENSORFLOW", plan)
    return [str(note) for block in suite(folder, text).blocks for note in block.notes()]


def test_an_order_of_axes_that_is_not_the_habit_is_noted(tmp_path: Path) -> None:
    found = notes(tmp_path, "y = tf.nn.relu(x)")
    assert len(found) == 1
    assert "file.yaml:10:21: note: the plan for tensorflow takes x as NCHW, gives y as NCHW" in found[0]
    assert "expected `layouts: {x: NHWC, y: NHWC}`" in found[0]


@pytest.mark.parametrize(
    "plan",
    [
        "{text: y = tf.nn.relu(x), layouts: {x: NHWC, y: NHWC}}",
        "{text: y = tf.nn.relu(x), layouts: {x: NCHW, y: NCHW}}",
        '\'y = tf.nn.max_pool2d(x, 2, 1, "VALID", data_format="NCHW")\'',
    ],
)
def test_what_is_said_is_meant(tmp_path: Path, plan: str) -> None:
    assert not notes(tmp_path, plan)
