"""Calls and ops at other lengths, without a framework."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pytest

from conformance.exact.num import Num
from conformance.ops.base import Op, TensorSpec, axis_field, integer_field, param
from conformance.recipe.call import Call
from conformance.recipe.lengths import MOST_RESIDUES, alike, at, grown, is_open, others, padded, period_of, spread
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


@dataclass(frozen=True)
class Strided(Op):
    """Every second number of x along its last axis; a window of so many has to fit."""

    name = "strided"
    rows: int = param(integer_field(2, 1, "rows"))
    lengths: tuple[int, ...] = param(axis_field((5, 7), 1, "lengths"))
    stride: int = param(integer_field(2, 1, "stride"))
    window: int = param(integer_field(2, 1, "window"))

    def refusal(self) -> str | None:
        return "too short" if min(self.lengths) < self.window else None

    def inputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("x", "NHW", (self.rows, *self.lengths)),)

    def outputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("y", "NHW", (self.rows, self.lengths[0], -(-self.lengths[1] // self.stride))),)

    def compute(self, x: Num) -> Num:  # type: ignore[override]
        return x[:, :, :: self.stride]

    def periods(self) -> Mapping[str, int]:
        return {"W": self.stride}


@pytest.mark.parametrize("stride", [1, 2, 3, 7])
def test_an_op_is_asked_at_every_residue_of_its_period(stride: int) -> None:
    op = Strided(2, (5, 7), stride, 3)
    longer = grown(op, lambda other: getattr(other, "rows", 0) == 2)
    assert period_of(op) == max(stride, 2)
    assert {other.rows for other in longer if isinstance(other, Strided)} == {2}  # the call says it
    for axis in (0, 1):
        one = [
            o.lengths[axis] for o in longer if isinstance(o, Strided) and o.lengths[1 - axis] == op.lengths[1 - axis]
        ]
        assert {n % stride for n in (*one, op.lengths[axis])} == set(range(stride))
        every = [o.lengths[axis] for o in spread(op, longer, lambda o: True) if isinstance(o, Strided)]
        assert {n % stride for n in every} == set(range(stride))
        assert min(every) == 3
        assert max(every) > op.lengths[axis] + stride


def test_what_is_not_open_is_left() -> None:
    op = Strided()
    longer = [replace(op, lengths=(6, 7))]
    assert all(o.lengths[1] == 7 and o.rows == 2 for o in spread(op, longer, lambda o: True) if isinstance(o, Strided))
    assert spread(op, [], lambda o: True) == ()


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
