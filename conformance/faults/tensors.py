"""Faults in the data: the inputs on their way in, and the answer on its way back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from conformance.dtypes import DTYPES, rounded
from conformance.faults.asked import Asked, Fault, ask, run
from conformance.ops.base import Array
from conformance.outcome import Outcome

# --- inputs ---------------------------------------------------------------------------------------------------------


def input_fault(name: str, change: Callable[[Array], Array | None], asked: Asked) -> Iterator[Outcome]:
    """One input is not what it should be."""
    if name in asked.arrays:
        changed = change(asked.arrays[name].copy())
        if changed is not None:
            yield run(replace(asked, arrays={**asked.arrays, name: changed}))


def permuted(axis: int, a: Array) -> Array | None:
    """Neighbours along an axis change places."""
    if axis >= a.ndim or a.shape[axis] < 2:
        return None
    order = [*range(a.shape[axis])]
    order[0], order[1] = order[1], order[0]
    return a.take(order, axis)


def first(value: Callable[[float], float], a: Array) -> Array | None:
    """The first element changed."""
    if not a.size:
        return None
    a.reshape(-1)[0] = value(float(a.reshape(-1)[0]))
    return a


def significant(bits: int, a: Array) -> Array:
    """Rounded to so many significant bits."""
    fraction, exponent = np.frexp(a)
    return np.asarray(np.ldexp(np.rint(np.ldexp(fraction, bits)), exponent - bits))


def stale_input(name: str, asked: Asked) -> Iterator[Outcome]:
    """The previous case's input is still in the buffer."""
    old = asked.before.arrays.get(name) if asked.before else None
    if old is not None and name in asked.arrays:
        yield from input_fault(name, lambda a: np.resize(old, a.shape) if a.size and old.size else None, asked)


def swapped_groups(asked: Asked) -> Iterator[Outcome]:
    """The kernels of two groups are exchanged."""
    yield from input_fault("w", partial(permuted, 0), asked)


def groups_interleaved(asked: Asked) -> Iterator[Outcome]:
    """Channels are dealt out to groups in turn instead of in blocks."""
    g = asked.sizes["w"]["G"]

    def deal(x: Array) -> Array | None:
        n, c = x.shape[:2]
        return None if g == 1 else x.reshape(n, c // g, g, *x.shape[2:]).swapaxes(1, 2).reshape(x.shape)

    yield from input_fault("x", deal, asked)


# --- the answer -----------------------------------------------------------------------------------------------------


def output_fault(change: Callable[[Array], Array | None], asked: Asked) -> Iterator[Outcome]:
    """The answer is changed on its way back."""
    changed = change(asked.y.copy())
    if changed is not None:
        yield asked.answer(changed)


def largest(change: Callable[[float, str], float], asked: Asked) -> Iterator[Outcome]:
    """The element of largest magnitude is changed."""
    y = asked.y.copy()
    if y.size:
        flat = int(np.argmax(np.abs(y)))
        y.reshape(-1)[flat] = change(float(y.reshape(-1)[flat]), asked.case.dtype)
        yield asked.answer(y)


def one_step(sign: int, value: float, dtype: str) -> float:
    """The next number of the dtype, away from or towards zero."""
    kind = np.float16 if dtype == "float16" else np.float32 if dtype == "float32" else np.float64
    return float(np.nextafter(kind(value), kind(np.inf if sign > 0 else 0.0)))


def at(index: int, value: float, a: Array) -> Array | None:
    """One element replaced."""
    if not a.size:
        return None
    a.reshape(-1)[index] = value
    return a


def rolled(axis: int, by: int, a: Array) -> Array | None:
    """Shifted along an axis, what falls off coming in again."""
    return np.roll(a, by, axis) if axis < a.ndim else None


def shifted(axis: int, by: int, a: Array) -> Array | None:
    """Shifted along an axis, zeros coming in."""
    if axis >= a.ndim or not a.size:
        return None
    a = np.moveaxis(np.roll(a, by, axis), axis, 0)
    a[:by] if by > 0 else a[by:]
    a[slice(0, by) if by > 0 else slice(by, None)] = 0.0
    return np.moveaxis(a, 0, axis)


def zeroed(axis: int, index: int, a: Array) -> Array | None:
    """One slice along an axis was never written."""
    if axis >= a.ndim or not a.shape[axis]:
        return None
    np.moveaxis(a, axis, 0)[index] = 0.0
    return a


def repeated(axis: int, a: Array) -> Array | None:
    """One slice along an axis holds its neighbour's values."""
    if axis >= a.ndim or a.shape[axis] < 2:
        return None
    moved = np.moveaxis(a, axis, 0)
    moved[1] = moved[0]
    return a


def transposed_space(a: Array) -> Array | None:
    """The last two spatial axes exchanged."""
    return a.swapaxes(-1, -2) if a.ndim >= 4 else None


def read_as_channels_last(a: Array) -> Array:
    """The bytes of channels last, read as channels first."""
    return np.ascontiguousarray(np.moveaxis(a, 1, -1)).reshape(a.shape)


def stale_answer(asked: Asked) -> Iterator[Outcome]:
    """The previous case's answer."""
    if asked.before is not None:
        yield asked.answer(asked.before.y, asked.before.case.dtype)


def stale_buffer(asked: Asked) -> Iterator[Outcome]:
    """The previous case's values in this case's shape."""
    if asked.before is not None and asked.before.y.size and asked.y.size:
        yield asked.answer(np.resize(asked.before.y, asked.y.shape))


def answer_of_another_seed(asked: Asked) -> Iterator[Outcome]:
    """The answers of two cases of the same shape, exchanged."""
    other = ask(replace(asked.case, seed=asked.case.seed + 1))
    yield asked.answer(other.y)


def other_dtype(dtype: str, asked: Asked) -> Iterator[Outcome]:
    """The right values in another dtype."""
    if dtype != asked.case.dtype:
        yield asked.answer(rounded(asked.y, asked.case.dtype), dtype)


def narrowed(dtype: str, asked: Asked) -> Iterator[Outcome]:
    """The answer went through a narrower dtype and came back."""
    if DTYPES[dtype].precision < DTYPES[asked.case.dtype].precision:
        yield asked.answer(rounded(asked.y, dtype))


def narrow_products(bits: int, asked: Asked) -> Iterator[Outcome]:
    """Both inputs rounded before they are multiplied."""
    arrays = {k: significant(bits, a) if k != "b" else a for k, a in asked.arrays.items()}
    yield run(replace(asked, arrays=arrays))


def infinities_for_overflow(asked: Asked) -> Iterator[Outcome]:
    """The largest element overflowed."""
    yield from largest(lambda v, _: np.copysign(np.inf, v), asked)


def special(kind: str, value: float, asked: Asked) -> Iterator[Outcome]:
    """The values of one kind that is not finite, replaced."""
    y = asked.y.copy()
    where = np.isnan(y) if kind == "nan" else np.isinf(y)
    if where.any():
        y[where] = value
        yield asked.answer(y)


INPUTS, ROUNDING, NONFINITE = "inputs, groups, channels", "dtype and rounding", "NaN and infinity"
ANSWER, STALE = "the answer", "stale or exchanged answers"


def input_faults() -> Iterator[Fault]:
    """One line a fault."""
    yield Fault("bias of zeros", INPUTS, partial(input_fault, "b", np.zeros_like))
    yield Fault("bias of ones", INPUTS, partial(input_fault, "b", np.ones_like))
    yield Fault("bias of another channel", INPUTS, partial(input_fault, "b", partial(permuted, 0)))
    yield Fault("bias doubled", INPUTS, partial(input_fault, "b", lambda a: 2 * a))
    yield Fault("batch items of x exchanged", INPUTS, partial(input_fault, "x", partial(permuted, 0)))
    yield Fault("channels of x exchanged", INPUTS, partial(input_fault, "x", partial(permuted, 1)))
    yield Fault("rows of x exchanged", INPUTS, partial(input_fault, "x", partial(permuted, 2)))
    yield Fault("input channels of w exchanged", INPUTS, partial(input_fault, "w", partial(permuted, 1)))
    yield Fault("output channels of w exchanged", INPUTS, partial(input_fault, "w", partial(permuted, 2)))
    yield Fault("taps of w exchanged", INPUTS, partial(input_fault, "w", partial(permuted, 3)))
    yield Fault("groups exchanged", INPUTS, swapped_groups)
    yield Fault("groups interleaved", INPUTS, groups_interleaved)
    for name in ("x", "w"):
        yield Fault(f"{name} of absolute values", INPUTS, partial(input_fault, name, np.abs))
        yield Fault(f"{name} negated", INPUTS, partial(input_fault, name, np.negative))
        yield Fault(f"one element of {name} lost", INPUTS, partial(input_fault, name, partial(first, lambda _: 0.0)))
        yield Fault(f"one element of {name} negated", INPUTS, partial(input_fault, name, partial(first, lambda v: -v)))
        yield Fault(
            f"one element of {name} is NaN", NONFINITE, partial(input_fault, name, partial(first, lambda _: np.nan))
        )
        yield Fault(f"stale {name}", STALE, partial(stale_input, name))
    yield Fault("products in TF32", ROUNDING, partial(narrow_products, 11), within=True)
    yield Fault("products in bfloat16", ROUNDING, partial(narrow_products, 8), within=True)
    yield Fault("products of one significant bit", ROUNDING, partial(narrow_products, 1), within=True)


def output_faults() -> Iterator[Fault]:
    """One line a fault."""
    for i in range(3):
        word = f"spatial axis {i}"
        yield Fault(f"answer shifted with zeros on {word}", ANSWER, partial(output_fault, partial(shifted, 2 + i, 1)))
        yield Fault(
            f"answer shifted back with zeros on {word}", ANSWER, partial(output_fault, partial(shifted, 2 + i, -1))
        )
        yield Fault(f"answer rolled on {word}", ANSWER, partial(output_fault, partial(rolled, 2 + i, 1)))
        yield Fault(f"first slice unwritten on {word}", ANSWER, partial(output_fault, partial(zeroed, 2 + i, 0)))
        yield Fault(f"last slice unwritten on {word}", ANSWER, partial(output_fault, partial(zeroed, 2 + i, -1)))
        yield Fault(f"slice repeated on {word}", ANSWER, partial(output_fault, partial(repeated, 2 + i)))
    yield Fault("one step up", ROUNDING, partial(largest, partial(one_step, 1)), within=True)
    yield Fault("one step to zero", ROUNDING, partial(largest, partial(one_step, -1)), within=True)
    yield Fault("one element off by 1e-4", ROUNDING, partial(largest, lambda v, _: v * (1 + 1e-4)), within=True)
    yield Fault("one element off by 1 %", ANSWER, partial(largest, lambda v, _: v * 1.01))
    yield Fault("one element negated", ANSWER, partial(largest, lambda v, _: -v))
    yield Fault("one element lost", ANSWER, partial(largest, lambda _v, _: 0.0))
    yield Fault("one element overflowed", NONFINITE, infinities_for_overflow)
    for index in (0, -1):
        yield Fault(f"NaN at {index}", NONFINITE, partial(output_fault, partial(at, index, np.nan)))
        yield Fault(f"infinity at {index}", NONFINITE, partial(output_fault, partial(at, index, -np.inf)))
    for kind, word, value in (
        ("nan", "NaN read as zero", 0.0),
        ("nan", "NaN read as infinity", np.inf),
        ("inf", "infinity read as NaN", np.nan),
        ("inf", "infinity read as zero", 0.0),
        ("inf", "infinity clamped", 3e4),
    ):
        yield Fault(word, NONFINITE, partial(special, kind, value))
    yield Fault("all NaN", NONFINITE, partial(output_fault, lambda a: np.full_like(a, np.nan)))
    yield Fault("all zeros", ANSWER, partial(output_fault, np.zeros_like))
    yield Fault("absolute values", ANSWER, partial(output_fault, np.abs))
    yield Fault("a relu that nobody asked for", ANSWER, partial(output_fault, lambda a: np.maximum(a, 0.0)))
    for axis, word in ((0, "batch item"), (1, "channel")):
        yield Fault(f"first {word} unwritten", ANSWER, partial(output_fault, partial(zeroed, axis, 0)))
        yield Fault(f"last {word} unwritten", ANSWER, partial(output_fault, partial(zeroed, axis, -1)))
        yield Fault(f"{word} repeated", ANSWER, partial(output_fault, partial(repeated, axis)))
        yield Fault(f"{word}s exchanged", STALE, partial(output_fault, partial(permuted, axis)))
    yield Fault("space transposed", ANSWER, partial(output_fault, transposed_space))
    yield Fault("memory read as channels last", ANSWER, partial(output_fault, read_as_channels_last))
    yield Fault("an axis more", ANSWER, partial(output_fault, lambda a: a[None]))
    yield Fault("flattened", ANSWER, partial(output_fault, lambda a: a.reshape(-1)))
    yield Fault("empty", ANSWER, partial(output_fault, lambda a: a[:0]))
    yield Fault("stale answer", STALE, stale_answer)
    yield Fault("stale buffer", STALE, stale_buffer)
    yield Fault("answers exchanged", STALE, answer_of_another_seed)
    for dtype in ("float16", "float64", "bfloat16"):
        yield Fault(f"answer typed {dtype}", ROUNDING, partial(other_dtype, dtype))
    for dtype in ("float16", "bfloat16"):
        yield Fault(f"answer through {dtype}", ROUNDING, partial(narrowed, dtype), within=True)
