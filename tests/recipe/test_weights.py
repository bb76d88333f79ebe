"""The line that converts weights against layout.py, and what is said to files that don't fit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.layout import from_layout, parse_layout, to_layout
from conformance.recipe.read import read_call
from conformance.recipe.weights import choose, convert, find_kernel, formula, read_arrays
from conformance.usage import UsageError

KERAS = read_call('keras.layers.Conv2DTranspose(4, 3, strides=2, padding="same")', (1, 5, 6, 3))

# Layouts in which frameworks store a kernel of GIOHW, with one group or several.
ONE = ["HWOI", "HWIO", "IOHW", "OIHW", "HWIO flipped", "IOHW flipped W", "OIHW flipped", "(GI)OHW", "I(GO)HW flipped"]
MANY = ["(GI)OHW", "(GO)IHW", "HWI(GO)", "HWO(GI)", "HWI(GO) flipped", "(GO)IHW flipped H", "GIOHW", "HWGIO"]


def converted(source: str, target: str, array: np.ndarray, sizes: dict[str, int]) -> np.ndarray:
    text = formula(parse_layout(source), parse_layout(target), sizes, "kernel")
    return convert([f"weight = {text}"], {"kernel": array})["weight"]


@settings(deadline=None, max_examples=300)
@given(
    groups=st.sampled_from([1, 1, 2, 3]),
    inner=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    spatial=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    data=st.data(),
)
def test_the_printed_line_is_what_the_two_layouts_say(
    groups: int, inner: tuple[int, int], spatial: tuple[int, int], data: st.DataObject
) -> None:
    layouts = ONE if groups == 1 else MANY
    source, target = data.draw(st.sampled_from(layouts)), data.draw(st.sampled_from(layouts))
    shape = (groups, *inner, *spatial)
    sizes = dict(zip("GIOHW", shape, strict=True))
    canonical = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    array = to_layout(canonical, "GIOHW", parse_layout(source))
    wanted = to_layout(canonical, "GIOHW", parse_layout(target))
    assert np.array_equal(from_layout(array, "GIOHW", parse_layout(source), sizes), canonical)
    found = converted(source, target, array, sizes)
    assert found.shape == wanted.shape
    assert np.array_equal(found, wanted)


@pytest.mark.parametrize(
    ("source", "target", "text"),
    [
        ("HWOI", "HWOI", "kernel"),
        ("HWOI", "IOHW", "np.transpose(kernel, (3, 2, 0, 1))"),
        ("HWOI", "HWIO flipped", "np.ascontiguousarray(np.transpose(kernel[::-1, ::-1], (0, 1, 3, 2)))"),
        ("IOHW", "IOHW flipped", "np.ascontiguousarray(kernel[:, :, ::-1, ::-1])"),
    ],
)
def test_the_line_is_short(source: str, target: str, text: str) -> None:
    sizes = {"G": 1, "I": 2, "O": 5, "H": 3, "W": 3}
    assert formula(parse_layout(source), parse_layout(target), sizes, "kernel") == text


def test_a_flip_of_a_kernel_of_one_is_left_out() -> None:
    sizes = {"G": 1, "I": 2, "O": 5, "H": 1, "W": 3}
    text = formula(parse_layout("HWIO"), parse_layout("HWIO flipped"), sizes, "w")
    assert text == "np.ascontiguousarray(w[:, ::-1])"


@pytest.mark.parametrize("names", [("kernel", "bias"), ("weight", "b"), ("arr_0", "arr_1"), ("filters", "bias")])
def test_arrays_are_known_by_the_names_that_frameworks_give_them(names: tuple[str, str], tmp_path: Path) -> None:
    kernel, bias = np.ones((3, 3, 4, 3), np.float32), np.zeros(4, np.float32)
    np.savez(tmp_path / "w.npz", **{names[0]: kernel, names[1]: bias})
    arrays = read_arrays(tmp_path / "w.npz")
    assert find_kernel(tmp_path / "w.npz", arrays) == names[0]
    own = choose(tmp_path / "w.npz", arrays, KERAS)
    assert own["w"].shape == kernel.shape
    assert own["b"].shape == bias.shape


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        (
            {"kernel": np.ones((3, 3, 3, 4)), "bias": np.ones(4)},
            r"shape \(3, 3, 3, 4\).*has shape \(3, 3, 4, 3\) \(HWOI\)",
        ),
        ({"kernel": np.ones((3, 3, 4, 3)), "bias": np.ones(3)}, r"'bias' has shape \(3,\).*has shape \(4,\)"),
        ({"kernel": np.ones((3, 3, 4, 3))}, "expected one array for the bias"),
        ({"kernel": np.ones(1), "weight": np.ones(1), "bias": np.ones(1)}, "expected one array for the kernel"),
        (
            {"kernel": np.ones((3, 3, 4, 3)), "bias": np.ones(4), "gamma": np.ones(4)},
            "'gamma' that the call has no use",
        ),
        ({"kernel": np.ones((3, 3, 4, 3), np.int32), "bias": np.ones(4)}, "dtype int32"),
    ],
)
def test_what_does_not_fit_is_refused(arrays: dict[str, np.ndarray], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        choose(Path("w.npz"), arrays, KERAS)


def test_a_file_that_is_no_file_of_arrays(tmp_path: Path) -> None:
    (tmp_path / "w.npz").write_text("no arrays")
    with pytest.raises(UsageError, match="can't be read"):
        read_arrays(tmp_path / "w.npz")
    with pytest.raises(UsageError, match="no such file"):
        read_arrays(tmp_path / "absent.npz")
    np.savez(tmp_path / "o.npz", kernel=np.array([{}], dtype=object))
    with pytest.raises(UsageError, match="can't be read"):
        read_arrays(tmp_path / "o.npz")
