"""Calls at other lengths, and one text for several plans, without a framework."""

from __future__ import annotations

import pytest

from conformance.recipe.call import Call
from conformance.recipe.lengths import MOST_RESIDUES, alike, at, is_open, line, merged, others, padded, shape_of
from conformance.recipe.read import read_call


def sizes(call: Call, axis: int = 0) -> set[int]:
    return {other.op.size[axis] for other in others(call)}


@pytest.mark.parametrize("stride", [1, 2, 3, 5, 16])
def test_every_residue_of_the_stride_small_and_large_and_another_batch(stride: int) -> None:
    call = read_call(f"nn.Conv2d(3, 4, 3, stride={stride})", (1, 3, 9, 9))
    for axis in (0, 1):
        assert len({n % stride for n in sizes(call, axis)}) >= min(stride, MOST_RESIDUES)
        assert {n % 2 for n in sizes(call, axis)} == {0, 1}
        assert min(sizes(call, axis)) == 3  # what a kernel of three fits into
        assert max(sizes(call, axis)) > 9
    assert {other.op.batch for other in others(call)} == {1, 2}
    assert all(other.text == call.text and other.op != call.op for other in others(call))


def test_a_call_is_read_again_and_admits_what_the_reader_admits() -> None:
    fixed = read_call("tf.nn.conv2d_transpose(x, w, (1, 8, 8, 4), 2)", (1, 4, 4, 3), (3, 3, 4, 3))
    assert (is_open(fixed), others(fixed), at(fixed, 1, (5, 4))) == (False, (), None)
    of_x = read_call(
        "tf.nn.conv2d_transpose(x, w, (x.shape[0], 2 * x.shape[1], 2 * x.shape[2], 4), 2)", (1, 4, 4, 3), (3, 3, 4, 3)
    )
    assert is_open(of_x)
    other = at(of_x, 2, (5, 7))
    assert other is not None
    assert other.op.output_size == (10, 14)
    batches = read_call("nn.ConvTranspose2d(3, 4, 4, stride=2)(x, output_size=(10, 11))", (1, 3, 4, 4))
    assert not is_open(batches)
    assert [(c.op.batch, c.op.size) for c in others(batches)] == [(2, (4, 4))]


def test_one_plan_is_read_off_where_the_end_is_padded_most() -> None:
    call = read_call("nn.Conv2d(3, 4, kernel_size=4, stride=3, padding=1)", None)
    assert len(alike(call)) == 4
    assert {axis.hi for c in alike(call) for axis in c.op.geometry()} == {1}


def test_numbers_that_follow_a_length_are_written_by_it() -> None:
    lengths = [shape_of("x", shape) for shape in ((2, 5, 9), (3, 7, 8), (7, 6, 11))]
    texts = [f"y = f(x, ({n}, {2 * h - 1}, 4))\ny = y[:, :{w + 3}]" for n, h, w in ((2, 5, 9), (3, 7, 8), (7, 6, 11))]
    expected = "y = f(x, (x.shape[0], 2 * x.shape[1] - 1, 4))\ny = y[:, :x.shape[2] + 3]"
    assert merged(texts, lengths) == expected
    assert merged(["y = f(x, 5)", "y = f(x, 7)", "y = f(x, 7)"], lengths) is None
    assert merged(["y = f(x, 1)", "y = f(x, 1)", "y = g(x, 1)"], lengths) is None
    assert merged(["y = f(x)"] * 2 + ["y = f(x, 1)"], lengths) is None
    assert merged(["y = f('a')"] * 2 + ["y = f('b')"], lengths) is None
    assert (line(1, "n", 0), line(3, "n", 2), line(1, "n", -4)) == ("n", "3 * n + 2", "n - 4")


@pytest.mark.parametrize("kernel", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("stride", [1, 2, 3, 4])
def test_what_same_pads_is_computed_at_every_length(kernel: int, stride: int) -> None:
    call = read_call(f'keras.layers.Conv1D(2, {kernel}, strides={stride}, padding="same")', (1, 9, 3))
    [(whole, letter, low, high)] = padded(call, "NWC")
    assert letter == "W"
    for n in range(1, 20):
        other = at(call, 1, (n,))
        assert other is not None
        [axis] = other.op.geometry()

        class Lengths:
            shape = (1, n, 3)

        names: dict[str, object] = {"x": Lengths}
        exec(whole, names)
        before, after = eval(low, names), eval(high, names)
        assert before == axis.lo
        assert (n + before + after - kernel) // stride + 1 == axis.small
