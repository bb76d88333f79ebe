"""Layouts: every conversion has an exact inverse, and says clearly where it has none."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.layout import (
    Layout,
    LayoutError,
    check_convertible,
    from_layout,
    parse_layout,
    shape_from_layout,
    to_layout,
)


@st.composite
def conversions(draw: st.DrawFn) -> tuple[str, tuple[int, ...], Layout]:
    """A canonical tensor's letters and shape, and a layout that can hold it."""
    canonical = "".join(draw(st.lists(st.sampled_from("NCDHWGIO"), min_size=0, max_size=6, unique=True)))
    shape = tuple(draw(st.lists(st.integers(0, 4), min_size=len(canonical), max_size=len(canonical))))
    kept = [c for c, n in zip(canonical, shape, strict=True) if n != 1 or draw(st.booleans())]
    order = draw(st.permutations(kept))
    axes: list[str] = []
    for letter in order:
        if axes and draw(st.integers(0, 3)) == 0:
            axes[-1] += letter
        else:
            axes.append(letter)
    flips = frozenset(c for c in order if c in "DHW" and draw(st.booleans()))
    return canonical, shape, Layout(tuple(axes), flips)


def by_definition(array: np.ndarray, canonical: str, layout: Layout) -> np.ndarray:
    """Element by element: where the grammar says that each one goes."""
    sizes = dict(zip(canonical, array.shape, strict=True))
    shape = [int(np.prod([sizes[c] for c in axis])) for axis in layout.axes]
    result = np.zeros(shape, array.dtype)
    for index in product(*(range(n) for n in array.shape)):
        at = dict(zip(canonical, index, strict=True))
        at.update({c: sizes[c] - 1 - at[c] for c in layout.flips})
        place = []
        for axis in layout.axes:
            flat = 0
            for c in axis:
                flat = flat * sizes[c] + at[c]
            place.append(flat)
        result[tuple(place)] = array[index]
    return result


@given(conversions(), st.sampled_from([np.float64, np.float32, np.float16, np.uint16]))
def test_the_round_trip_is_bitwise(drawn: tuple[str, tuple[int, ...], Layout], dtype: type) -> None:
    canonical, shape, layout = drawn
    array = np.arange(int(np.prod(shape)), dtype=dtype).reshape(shape)
    sizes = dict(zip(canonical, shape, strict=True))
    there = to_layout(array, canonical, layout)
    assert there.flags.c_contiguous
    assert np.array_equal(there, by_definition(array, canonical, layout))
    back = from_layout(there, canonical, layout, sizes)
    assert back.dtype == array.dtype
    assert back.shape == array.shape
    assert back.tobytes() == array.tobytes()
    assert shape_from_layout(there.shape, canonical, layout, sizes) == shape


@given(conversions())
def test_the_text_is_read_back(drawn: tuple[str, tuple[int, ...], Layout]) -> None:
    layout = drawn[2]
    assert parse_layout(str(layout)) == layout


def test_nan_payloads_survive() -> None:
    bits = np.array([0x7FC00001, 0xFF800000, 0x80000000, 0x7F800001], dtype=np.uint32)
    array = bits.view(np.float32).reshape(1, 1, 2, 2)
    layout = parse_layout("HWNC flipped")
    back = from_layout(to_layout(array, "NCHW", layout), "NCHW", layout)
    assert np.ascontiguousarray(back).view(np.uint32).reshape(-1).tolist() == bits.tolist()


def test_literal_conversions() -> None:
    x = np.arange(6).reshape(1, 1, 2, 3)
    assert to_layout(x, "NCHW", parse_layout("NHWC")).reshape(-1).tolist() == [0, 1, 2, 3, 4, 5]
    assert to_layout(x, "NCHW", parse_layout("NCWH"))[0, 0].tolist() == [[0, 3], [1, 4], [2, 5]]
    assert to_layout(x, "NCHW", parse_layout("HW flipped")).tolist() == [[5, 4, 3], [2, 1, 0]]
    assert to_layout(x, "NCHW", parse_layout("HW flipped W")).tolist() == [[2, 1, 0], [5, 4, 3]]
    assert to_layout(x, "NCHW", parse_layout("HW flipped H")).tolist() == [[3, 4, 5], [0, 1, 2]]
    grouped = np.arange(4).reshape(2, 2, 1, 1)
    assert to_layout(grouped, "GIOW", parse_layout("(GI)OW")).reshape(-1).tolist() == [0, 1, 2, 3]
    assert to_layout(grouped, "GIOW", parse_layout("(IG)OW")).reshape(-1).tolist() == [0, 2, 1, 3]


@given(conversions())
def test_the_original_is_left_alone(drawn: tuple[str, tuple[int, ...], Layout]) -> None:
    """Nothing is written through a result into the case's arrays, which every target shares."""
    canonical, shape, layout = drawn
    array = np.arange(int(np.prod(shape)), dtype=np.float64).reshape(shape)
    array.flags.writeable = False
    kept = array.tobytes()
    there = to_layout(array, canonical, layout)
    from_layout(there, canonical, layout, dict(zip(canonical, shape, strict=True)))
    if there.size and there.flags.writeable:
        there += 1.0
    assert array.tobytes() == kept


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("NHWN", "names an axis twice"),
        ("(NN)C", "names an axis twice"),
        ("nhwc", "can't be read; expected letters"),
        ("NH WC", "can't be read"),
        ("N()C", "can't be read"),
        ("(N(C))", "can't be read"),
        ("(NC", "can't be read"),
        ("NC)", "can't be read"),
        ("NCHW flip", "can't be read"),
        ("NCHW flipped N", "can't be read"),
        ("NCHW flipped HH", "flips an axis twice"),
        ("NC flipped", "flips an axis that it does not have"),
        ("NCH flipped W", "flips an axis that it does not have"),
        ("N-C", "can't be read"),
    ],
)
def test_what_is_no_layout(text: str, message: str) -> None:
    with pytest.raises(LayoutError, match=message) as caught:
        parse_layout(text)
    assert repr(text) in str(caught.value)


def test_what_does_not_fit() -> None:
    x = np.zeros((2, 3, 4, 4))
    with pytest.raises(LayoutError, match="leaves out axis 'N', which has length 2, not 1"):
        to_layout(x, "NCHW", parse_layout("HWC"), "x")
    with pytest.raises(LayoutError, match="has axis 'D', but the tensor is NCHW"):
        to_layout(x, "NCHW", parse_layout("NDHWC"), "x")
    with pytest.raises(LayoutError, match="'x' has 4 axes, but its layout NCW has 3"):
        to_layout(x, "NCW", parse_layout("NWC"), "x")
    with pytest.raises(LayoutError, match="came back with 4 axes, but its layout NWC has 3"):
        from_layout(x, "NCW", parse_layout("NWC"), name="y")
    with pytest.raises(LayoutError, match="came back with length 5 along"):
        from_layout(np.zeros((5, 1)), "GIO", parse_layout("(GI)O"), {"G": 2, "I": 2, "O": 1})
    with pytest.raises(LayoutError, match="came back with 2 axes"):
        shape_from_layout((5, 1), "NCW", parse_layout("NCW"))
    with pytest.raises(LayoutError, match="came back with length 5"):
        shape_from_layout((5, 1), "GIO", parse_layout("(GI)O"), {"G": 2, "I": 2, "O": 1})
    check_convertible("NCHW", parse_layout("HWC"), {"N": 1, "C": 3, "H": 2, "W": 2}, "x")


def test_a_shape_that_is_not_what_was_expected_comes_through() -> None:
    """An output of another length is a shape divergence, to be judged later; here it is no error."""
    assert shape_from_layout((1, 9, 7, 2), "NCHW", parse_layout("NHWC"), {"N": 1, "C": 2, "H": 8, "W": 8}) == (
        1,
        2,
        9,
        7,
    )
    assert from_layout(np.zeros((1, 9, 7, 2)), "NCHW", parse_layout("NHWC")).shape == (1, 2, 9, 7)
