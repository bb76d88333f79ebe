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
    Marks,
    check_convertible,
    from_layout,
    parse_layout,
    shape_from_layout,
    to_layout,
)

NAMES = "ifgoqkv"
Drawn = tuple[str, tuple[int, ...], Layout, Marks]


@st.composite
def marked(draw: st.DrawFn) -> Drawn:
    """A conversion, where the slices along some axes have names, and orders of some of these."""
    canonical, shape, layout = draw(conversions())
    marks, orders = [], []
    for letter, length in zip(canonical, shape, strict=True):
        if letter in layout.letters and letter not in layout.flips and length and draw(st.booleans()):
            names = "".join(draw(st.permutations(NAMES[:length])))
            marks.append((letter, names))
            if draw(st.booleans()):
                orders.append((letter, "".join(draw(st.permutations(names)))))
    return canonical, shape, Layout(layout.axes, layout.flips, tuple(sorted(orders))), tuple(marks)


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


def by_definition(array: np.ndarray, canonical: str, layout: Layout, marks: Marks = ()) -> np.ndarray:
    """Element by element: where the grammar says that each one goes."""
    sizes = dict(zip(canonical, array.shape, strict=True))
    shape = [int(np.prod([sizes[c] for c in axis])) for axis in layout.axes]
    result = np.zeros(shape, array.dtype)
    for index in product(*(range(n) for n in array.shape)):
        at = dict(zip(canonical, index, strict=True))
        at.update({c: sizes[c] - 1 - at[c] for c in layout.flips})
        at.update({c: order.index(dict(marks)[c][at[c]]) for c, order in layout.orders})
        place = []
        for axis in layout.axes:
            flat = 0
            for c in axis:
                flat = flat * sizes[c] + at[c]
            place.append(flat)
        result[tuple(place)] = array[index]
    return result


@given(marked(), st.sampled_from([np.float64, np.float32, np.float16, np.uint16]))
def test_the_round_trip_is_bitwise(drawn: Drawn, dtype: type) -> None:
    canonical, shape, layout, marks = drawn
    array = np.arange(int(np.prod(shape)), dtype=dtype).reshape(shape)
    sizes = dict(zip(canonical, shape, strict=True))
    there = to_layout(array, canonical, layout, marks=marks)
    assert there.flags.c_contiguous
    assert np.array_equal(there, by_definition(array, canonical, layout, marks))
    back = from_layout(there, canonical, layout, sizes, marks=marks)
    assert back.dtype == array.dtype
    assert back.shape == array.shape
    assert back.tobytes() == array.tobytes()
    assert shape_from_layout(there.shape, canonical, layout, sizes) == shape


@given(marked())
def test_the_text_is_read_back(drawn: Drawn) -> None:
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
    # The gates of an LSTM, canonically i f o g: PyTorch stores i f g o, merged with the units.
    gates = np.array([[10, 11], [20, 21], [30, 31], [40, 41]])  # i, f, o, g
    assert to_layout(gates, "GH", parse_layout("GH G=gofi"), marks=(("G", "ifog"),)).tolist() == gates[::-1].tolist()
    merged = to_layout(gates, "GH", parse_layout("(GH) G=ifgo"), marks=(("G", "ifog"),))
    assert merged.tolist() == [10, 11, 20, 21, 40, 41, 30, 31]
    turned = to_layout(gates, "GH", parse_layout("(HG) G=ogfi"), marks=(("G", "ifog"),))
    assert turned.tolist() == [30, 40, 20, 10, 31, 41, 21, 11]
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
        ("GHI G=", "can't be read"),
        ("GHI G=IFGO", "can't be read"),
        ("GHI G=if flipped", "can't be read"),
        ("GHI G=iffo", "names a slice of 'G' twice"),
        ("GHI G=ifgo G=ifog", "orders axis 'G' twice"),
        ("HI G=ifgo", "orders axis 'G' and has none"),
        ("GHI flipped H H=ab", "both flips and orders axis 'H'"),
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
    gates = np.zeros((4, 2))
    with pytest.raises(LayoutError, match="orders 'G' as ifgo, but the tensor has no named slices along it"):
        to_layout(gates, "GH", parse_layout("GH G=ifgo"), "w")
    with pytest.raises(LayoutError, match="of 'w' orders 'G' as ifgo, but the tensor has the slices zrn along it"):
        check_convertible("GH", parse_layout("GH G=ifgo"), {"G": 3, "H": 2}, "w", (("G", "zrn"),))
    check_convertible("NCHW", parse_layout("HWC"), {"N": 1, "C": 3, "H": 2, "W": 2}, "x")


def test_a_shape_that_is_not_what_was_expected_comes_through() -> None:
    """An output of another length is a shape divergence, to be judged later; here it is no error."""
    assert shape_from_layout((1, 9, 7, 2), "NCHW", parse_layout("NHWC"), {"N": 1, "C": 2, "H": 8, "W": 8}) == (
        1,
        2,
        9,
        7,
    )
    gates = np.arange(10).reshape(5, 2)
    assert np.array_equal(from_layout(gates, "GH", parse_layout("GH G=ifgo"), marks=(("G", "ifog"),)), gates)
    assert from_layout(np.zeros((1, 9, 7, 2)), "NCHW", parse_layout("NHWC")).shape == (1, 2, 9, 7)
