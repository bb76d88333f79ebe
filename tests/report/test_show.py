"""`conformance show`: the case, every target's verdict, and the picture of the error."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from conformance.record import Reader, RecordedArray, RecordError, Summary, Writer
from conformance.report import show
from conformance.report.picture import grade, inputs, picture
from conformance.verdict import Figures, Status
from tests.records import FILE, make_case, mixed_record, verdict


def array(name: str, values: np.ndarray) -> RecordedArray:
    return RecordedArray(name, str(values.dtype), values.shape, values)


def drawn(got: np.ndarray, reference: np.ndarray, **shared: np.ndarray) -> list[str]:
    arrays = {name: array(name, values) for name, values in {"reference": reference, **shared}.items()}
    return picture({"y": array("y", got)}, arrays)


def test_everything_of_a_case_is_shown(tmp_path: Path) -> None:
    path, cases = mixed_record(tmp_path / "r.db")
    text = show.render(Reader(path), cases[3].id)
    for words in (
        "conv_transpose2d[4x4 k3 s4 same keras] integers",
        "cases/conv_transpose/other.yaml:7:5",
        f"fingerprint {cases[3].fingerprint}",
        "about: why it is there",
        "given: stride: 4, kernel: 3, size: 4, padding: same",
        "stride=[4, 4]",
        "x: float64[1, 1, 2, 2] = [[[[0., 1.], [2., 3.]]]]",
        "on jax (0.10.2): pass",
        "on jax:jit (0.10.2): value, unexpected",
        "explained: equals the reference with the kernel flipped along H and W",
        "49 of 64 elements differ; an error where none is allowed; worst at (0, 3, 4, 0): got 1, reference 9",
        "it would take rtol 0.875; 21.5 effective bits",
        "    y = jax.lax.conv_transpose(x, w, (2, 2), 'SAME')\n    # x: NHWC, w: HWIO, y: NHWC",
        "output 0123456789abcdef",
    ):
        assert words in text, words
    assert not re.search("[\x00-\x09\x0b-\x1f]", text)


def test_a_target_alone_and_the_known_and_the_hostile(tmp_path: Path) -> None:
    path, cases = mixed_record(tmp_path / "r.db")
    text = show.render(Reader(path), cases[0].id, "jax:jit")
    assert "known: jax-flip (convention): lax.conv_transpose | does <not> flip `w` https://example.org/1" in text
    assert "Document 003 says: it is 9x9 (which holds)." in text
    assert "on torch" not in text
    text = show.render(Reader(path), cases[0].id, "torch")
    assert "raised (gradient): \\x1b[31mred\\x1b[0m \\x00 |" in text


def test_what_is_not_there_is_answered_with_what_is(tmp_path: Path) -> None:
    path, cases = mixed_record(tmp_path / "r.db")
    reader = Reader(path)
    with pytest.raises(
        RecordError, match=r"no verdict on 'jax:jt'.*numpy, torch, jax, jax:jit; did you mean 'jax:jit'"
    ):
        show.render(reader, cases[0].id, "jax:jt")
    with pytest.raises(RecordError, match="the nearest are:") as error:
        show.render(reader, f"{FILE}::conv_transpose2d[4x4 k3 s2 valid keras] integers")
    assert cases[1].id in str(error.value)
    assert show.render(reader, "s3 same").startswith(cases[2].label)


def test_a_record_without_arrays_has_no_picture_and_no_trouble(tmp_path: Path) -> None:
    case = make_case()
    with Writer.create(tmp_path / "r.db", {}) as writer:
        writer.add_case(case)
        writer.add_verdict(verdict(case, status=Status.VALUE, figures=Figures(4, 1)), attempts=2)
        writer.add_array(case.id, "jax", "y", np.ones(1 << 18))
        writer.finish(Summary())
    text = show.render(Reader(tmp_path / "r.db"), case.id)
    assert "y: float64[262144]; too large or not kept, so there is no picture" in text
    assert "2 attempts" in text
    with Writer.create(tmp_path / "2.db", {}) as writer:
        writer.add_case(case)
    assert "no target has a verdict on it" in show.render(Reader(tmp_path / "2.db", complete=False), case.id)


def test_the_picture_shows_where_and_the_numbers_side_by_side() -> None:
    reference = np.arange(12.0).reshape(1, 1, 3, 4)
    got = reference.astype(np.float32)
    got[0, 0, 1, 1:3] += (4, 2)
    lines = drawn(got, reference)
    assert lines[0] == "  y: the error (in 4: . <= 1/100 < ░ <= 1/4 < ▒ <= 1/2 < ▓ <= 3/4 < █)"
    assert lines[1] == "    [0, 0] 3x4"
    assert [line.rstrip() for line in lines[3:]] == [
        "      |    |  0 1  2  3  0  1   2   3",
        "      | █▒ |  4 5  6  7  4  9*  8*  7",
        "      |    |  8 9 10 11  8  9  10  11",
    ]


def test_shades_are_fractions_of_the_allowance_where_there_is_one() -> None:
    reference = np.zeros(8)
    allowed = np.array([1.0, 1, 1, 1, 1, 1, 0, 1])
    got = np.array([0.0, 1.0, 2.0, 50.0, 5e3, 5e4, 1e-9, np.nan])
    shades, meaning = grade(got, reference, allowed)
    assert shades.tolist() == [0, 1, 2, 3, 4, 5, 5, 5]
    assert "allowance" in meaning
    shades, meaning = grade(got, reference, None)
    assert "allowance" not in meaning
    assert shades.tolist() == [0, 1, 1, 1, 2, 5, 1, 5]
    lines = drawn(got.reshape(1, 1, 8), reference.reshape(1, 1, 8), allowance=allowed.reshape(1, 1, 8))
    assert "in allowances" in lines[0]
    assert "| .░▒▓███|" in lines[3]


def test_equal_nan_and_infinity_are_no_error_and_wrong_ones_are() -> None:
    special = np.array([[np.nan, np.inf, -np.inf, 1.0]])
    assert drawn(special, special.copy()) == ["  y: equal in every element"]
    got = np.array([[np.nan, -np.inf, 1.0, np.nan]])
    lines = drawn(got, special)
    assert "| ███|" in lines[3]
    assert "nan inf -inf 1" in lines[3]
    assert re.search(r"nan +-inf\* +1\* +nan\*", lines[3])


def test_a_large_plane_is_coarsened_and_no_error_is_lost() -> None:
    reference = np.zeros((1, 2, 300, 500))
    got = reference.copy()
    got[0, 1, 299, 499] = 1.0
    lines = drawn(got, reference)
    assert "[0, 1] 300x500, one mark is 13x7 elements" in lines[1]
    rows = [line.strip()[1:-1] for line in lines if line.strip().startswith("|")]
    assert sum(row.count("█") for row in rows) == 1
    assert rows[-1].endswith("█")
    assert max(map(len, lines)) <= 80
    assert len(rows) <= 24


def test_only_the_planes_with_errors_are_drawn_and_the_rest_counted() -> None:
    reference = np.zeros((2, 8, 3, 3))
    got = reference.copy()
    got[:, ::2] = 1.0
    lines = drawn(got, reference)
    assert [line.split()[0:2] for line in lines if line.startswith("    [")] == [
        ["[0,", c] for c in ("0]", "2]", "4]", "6]")
    ]
    assert lines[-1] == "    and 4 more planes with errors, of 16"


def test_another_shape_is_said_and_both_shown() -> None:
    lines = drawn(np.ones((1, 1, 2, 3)), np.zeros((1, 1, 3, 3)))
    assert lines[0] == "  y: got shape [1, 1, 2, 3], reference [1, 1, 3, 3]"
    assert "      1 1 1" in lines
    assert "      0 0 0" in lines
    assert drawn(np.ones(()), np.zeros((0, 3)))[0] == "  y: got shape [], reference [0, 3]"
    assert drawn(np.ones((0, 3)), np.ones((0, 3))) == ["  y: empty"]
    assert "|█|" in drawn(np.ones(()), np.zeros(()))[3]


def test_gradients_have_pictures_of_their_own() -> None:
    arrays = {"gradient of w": array("gradient of w", np.ones((1, 2)))}
    shared = {"reference of gradient of w": array("", np.zeros((1, 2))), "x": array("x", np.zeros(101))}
    assert "gradient of w: the error (" in picture(arrays, shared)[0]
    assert inputs(shared) == ["  x: float64[101]"]
