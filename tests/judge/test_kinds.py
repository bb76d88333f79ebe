"""Outputs that are no real numbers: equality, indices among equal elements, complex numbers, dtypes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from conformance.judge.compare import Expectation, Judgement, judge
from conformance.judge.kinds import parse_into
from conformance.ops.base import TensorSpec
from conformance.ops.reference import Reference
from conformance.outcome import Tensor, Value
from conformance.verdict import Status

X = np.array([[5.0, 1.0, 5.0, 3.0, 5.0], [2.0, 2.0, 0.0, 2.0, 9.0]])
XSPEC = TensorSpec("x", "NK", (2, 5))


def reference(values: Any) -> Reference:
    return Reference.stated(np.asarray(values))


def found(spec: TensorSpec, got: Any, right: Any, dtype: str, **more: Any) -> Judgement:
    """The judgement of one output `spec.name` of a float32 case whose input is X."""
    specs = {"x": more.pop("source", XSPEC), spec.name: spec}
    inputs = {"x": more.pop("x", X)}
    exact = more.pop("exact", True)
    expected = Expectation("float32", {spec.name: reference(right)}, exact, specs=specs, inputs=inputs, **more)
    array = np.asarray(got, dtype=dtype)
    return judge(expected, Value({spec.name: Tensor(dtype, array.shape, array)}))


def integers(got: Any, right: Any, dtype: str = "int64", own: str = "") -> Judgement:
    return found(TensorSpec("n", "N", np.shape(right), "integer", own), got, right, dtype)


def indices(got: Any, right: Any = ((0, 2), (4, 0)), dtype: str = "int64", into: str = "x.K", **more: Any) -> Judgement:
    axes = more.pop("axes", "NK")
    return found(TensorSpec("indices", axes, np.shape(right), "index", into=into), got, right, dtype, **more)


def test_integers_are_equal_or_wrong() -> None:
    passed = integers([1, 2, 3], [1, 2, 3])
    assert (passed.status, passed.subject, passed.message) == (Status.PASS, "n", "equal")
    assert passed.figures is not None
    assert (passed.figures.elements, passed.figures.fraction) == (3, 0.0)
    wrong = integers([1, 7, 4], [1, 2, 3])
    assert wrong.status is Status.VALUE
    assert wrong.message == "2 of 3 elements differ; first at (1,): got 7, reference 2"
    assert wrong.figures is not None
    assert (wrong.figures.differing, wrong.figures.worst, wrong.figures.got) == (2, (1,), 7.0)
    assert wrong.figures.fraction == np.inf


def test_integers_that_float64_does_not_hold() -> None:
    assert integers([2**62 + 1], np.array([2**62 + 1])).status is Status.PASS
    assert integers([2**62 + 1], np.array([2**62])).status is Status.VALUE
    assert integers([2**64 - 1], np.array([2**64 - 2], dtype=np.uint64), "uint64").status is Status.VALUE


def test_shape_and_dtype_come_first() -> None:
    assert integers([1, 2], [1, 2, 3]).status is Status.SHAPE
    assert integers([1, 2], [1, 2], "float32").status is Status.DTYPE
    assert integers([1, 2], [1, 2], "int32").status is Status.PASS
    judged = integers([1, 2], [1, 2], "int32", own="int64")
    assert (judged.status, judged.message) == (Status.DTYPE, "got dtype int32, expected int64")
    mask = TensorSpec("mask", "N", (2,), "boolean")
    assert found(mask, [True, False], [True, False], "bool").status is Status.PASS
    assert found(mask, [True, True], [True, False], "bool").status is Status.VALUE
    assert found(mask, [1, 0], [True, False], "int8").message == "got dtype int8, expected bool"


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint32", "uint8"])
def test_an_index_is_of_any_integer_dtype(dtype: str) -> None:
    assert indices([[0, 2], [4, 0]], dtype=dtype).message == "equal"


def test_any_of_equal_elements_may_be_named() -> None:
    judged = indices([[4, 0], [4, 3]])
    assert (judged.status, judged.message) == (Status.PASS, "other places of equal elements")


@pytest.mark.parametrize(
    ("got", "words"),
    [
        ([[0, 3], [4, 0]], "first at (0, 1): got 3, reference 2: x has 3 there, not 5"),
        ([[0, 2], [0, 4]], "2 of 4 indices are wrong; first at (1, 0): got 0, reference 4: x has 2 there, not 9"),
        ([[0, 5], [4, 0]], "first at (0, 1): got 5, reference 2: it is outside x.K, which has 5"),
        ([[5, 0], [4, 0]], "1 of 4 indices are wrong; first at (0, 0): got 5, reference 0: it is outside x.K"),
        ([[0, 9], [9, 9]], "3 of 4 indices are wrong; first at (0, 1): got 9, reference 2: it is outside x.K"),
        ([[0, -1], [4, 0]], "got -1, reference 2: it is outside"),
        ([[2, 2], [4, 0]], "first at (0, 1): got 2, reference 2: the same place of x is named twice"),
    ],
)
def test_an_index_that_is_wrong(got: Any, words: str) -> None:
    judged = indices(got)
    assert (judged.status, judged.subject) == (Status.VALUE, "indices")
    assert words in judged.message
    assert judged.figures is not None
    assert judged.figures.differing in (1, 2, 3)


def test_an_index_of_64_bits_that_is_beyond_all_others() -> None:
    assert indices([[0, 2**64 - 1], [4, 0]], dtype="uint64").status is Status.VALUE


def test_an_index_into_an_axis_that_the_output_does_not_have() -> None:
    """argmax: one place a row, in any of the equal ones."""
    assert indices([2, 4], [0, 4], axes="N").status is Status.PASS
    assert indices([1, 4], [0, 4], axes="N").status is Status.VALUE


def test_an_axis_that_is_not_the_last() -> None:
    columns = TensorSpec("x", "KN", (5, 2))
    right = np.array([[0, 4], [2, 0]])
    assert indices([[4, 4], [2, 3]], right, axes="KN", source=columns, x=X.T).status is Status.PASS
    judged = indices([[4, 4], [4, 3]], right, axes="KN", source=columns, x=X.T)
    assert "first at (1, 0): got 4, reference 2: the same place of x is named twice" in judged.message


def test_places_in_a_plane_may_repeat() -> None:
    """Pooling: windows overlap, and a place is counted row by row through the plane."""
    image = np.array([[[1.0, 7.0, 2.0], [0.0, 3.0, 7.0]]])
    plane = TensorSpec("x", "NHW", (1, 2, 3))
    right = [[[1, 1]]]
    assert indices([[[1, 5]]], right, axes="NHW", into="x.(HW)", source=plane, x=image).status is Status.PASS
    assert indices([[[5, 5]]], right, axes="NHW", into="x.(HW)", source=plane, x=image).status is Status.PASS
    judged = indices([[[1, 4]]], right, axes="NHW", into="x.(HW)", source=plane, x=image)
    assert "first at (0, 0, 1): got 4, reference 1: x has 3 there, not 7" in judged.message
    row = np.array([[1.0, 7.0, 2.0]])
    line = TensorSpec("x", "NW", (1, 3))
    assert indices([[1, 1]], [[1, 1]], axes="NW", into="x.(W)", source=line, x=row).status is Status.PASS


def test_a_nan_is_an_element_like_others() -> None:
    x = np.where(X == 5.0, np.nan, X)
    assert indices([[4, 2], [4, 3]], x=x).status is Status.PASS
    assert indices([[4, 1], [4, 3]], x=x).status is Status.VALUE


def test_empty_indices() -> None:
    assert indices(np.zeros((2, 0)), np.zeros((2, 0))).status is Status.PASS
    empty = TensorSpec("x", "NK", (0, 5))
    assert indices(np.zeros((0, 2)), np.zeros((0, 2)), source=empty, x=np.zeros((0, 5))).status is Status.PASS


@pytest.mark.parametrize("into", ["", "x", "x.", "x.k", "x.HW", "x.()", ".K"])
def test_what_points_nowhere(into: str) -> None:
    with pytest.raises(ValueError, match="an index points into a tensor's axis"):
        parse_into(into)


def complexes(got: Any, right: Any, dtype: str = "complex64", **more: Any) -> Judgement:
    return found(TensorSpec("z", "N", np.shape(right), "complex"), got, np.asarray(right, complex), dtype, **more)


def test_complex_numbers_lie_within_the_allowance() -> None:
    right = [3.0 + 4.0j, 1.0]
    assert complexes(right, right).status is Status.PASS
    # |z| = 5, rounded once to float32: the allowance is 5 * 2**-24 = 3.0e-7.
    inside, outside = 3.0 + 4.0j + 2.4e-7, 3.0 + 4.0j + 3e-6j
    near = complexes([inside, 1.0], right, exact=False)
    assert near.status is Status.PASS
    assert near.figures is not None
    assert 0.1 < near.figures.fraction <= 1.0
    far = complexes([outside, 1.0], right, exact=False)
    assert far.status is Status.VALUE
    assert "1 of 2 elements differ; worst at (0,): got 3+4" in far.message
    assert complexes([inside, 1.0], right).status is Status.VALUE  # where equality is asked for
    assert complexes([3.0 - 4.0j, 1.0], right, exact=False).status is Status.VALUE


def test_complex_numbers_that_are_not_finite() -> None:
    right = [complex(np.inf, 1.0), 2.0]
    assert complexes(right, right, exact=False).status is Status.PASS
    judged = complexes([complex(1.0, np.inf), 2.0], right, exact=False)
    assert (judged.status, judged.subject) == (Status.NONFINITE, "z")
    assert complexes([complex(np.nan, 1.0), 2.0], right, exact=False).status is Status.NONFINITE
    assert complexes([1.0, complex(0, np.nan)], [1.0, 2.0], exact=False).status is Status.NONFINITE


def test_a_complex_number_has_the_components_of_the_case() -> None:
    assert complexes([1.0], [1.0], "complex128").message == "got dtype complex128, expected complex64"
    assert complexes([1.0], [1.0], "float32").status is Status.DTYPE


# --- several outputs ----------------------------------------------------------------------------------------------


def both(values: Any, places: Any, dtype: str = "float32", **more: Any) -> Judgement:
    """Two outputs of X: `values` in float32, `indices`."""
    right = {"values": reference([[5.0, 5.0], [9.0, 2.0]]), "indices": reference([[0, 2], [4, 0]])}
    specs = {
        "x": XSPEC,
        "values": TensorSpec("values", "NK", (2, 2)),
        "indices": TensorSpec("indices", "NK", (2, 2), "index", into="x.K"),
    }
    arrays = {"values": np.asarray(values, dtype), "indices": np.asarray(places)}
    outputs = {name: Tensor(array.dtype.name, array.shape, array) for name, array in arrays.items()}
    expected = Expectation("float32", right, True, specs=specs, inputs={"x": X}, **more)
    return judge(expected, Value(outputs, unstable={"values": 0, "indices": more.pop("moved", 0)}))


def test_the_first_output_that_fails_decides() -> None:
    right = [[5.0, 5.0], [9.0, 2.0]]
    assert both(right, [[0, 2], [4, 0]]).status is Status.PASS
    judged = both(right, [[0, 1], [4, 0]])
    assert (judged.status, judged.subject) == (Status.VALUE, "indices")
    judged = both([[5.0, 5.0], [9.0, 3.0]], [[0, 1], [4, 0]])
    assert (judged.status, judged.subject) == (Status.VALUE, "values")
    judged = both(right, [[0, 2], [4, 0]], "float64")
    assert (judged.status, judged.subject) == (Status.DTYPE, "values")


def test_a_pass_carries_the_worst_figure_of_all() -> None:
    off = np.float32(1.0 + 2.0**-23)
    references = {name: reference([1.0]) for name in ("y", "h")}
    expected = Expectation("float32", references, exact=False)

    def judged(y: Any, h: Any) -> Judgement:
        tensors = {name: Tensor("float32", (1,), np.array([v], np.float32)) for name, v in (("y", y), ("h", h))}
        return judge(expected, Value(tensors))

    fractions = [judged(*given).figures.fraction for given in ((1.0, 1.0), (off, 1.0), (1.0, off))]  # type: ignore[union-attr]
    assert fractions[0] == 0.0
    assert fractions[1] == fractions[2] > 0.1
    assert judged(1.0, off).subject == "h"


def test_a_tensor_with_a_dtype_of_its_own() -> None:
    spec = TensorSpec("y", "N", (1,), dtype="float64")
    assert found(spec, [1.0], [1.0], "float64").status is Status.PASS
    assert found(spec, [1.0], [1.0], "float32").message == "got dtype float32, expected float64"


def test_an_output_that_did_not_come() -> None:
    expected = Expectation("float32", {"y": reference([1.0]), "h": reference([1.0])}, True)
    one = Value({"y": Tensor("float32", (1,), np.ones(1, np.float32))})
    judged = judge(expected, one)
    assert (judged.status, judged.subject, judged.message) == (Status.VALUE, "h", "no h came back")


def test_an_answer_where_a_refusal_was_due_says_every_shape() -> None:
    expected = Expectation("float32", {}, True, refused="k is longer than the row")
    two = Value({name: Tensor("float32", (n,), None) for n, name in enumerate(("y", "h"), 1)})
    assert judge(expected, two).message.startswith("answered with shapes (1,), (2,), but should have refused")
