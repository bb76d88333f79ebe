"""Single faults, each applied to one place on the way from a case to its answer.

The honest target is NumPy's own plan, run as the worker runs it. A fault changes the geometry that is lowered, the
plan's text, its layouts, the inputs, or the answer; nothing of it is known to the comparison that must notice.

A new fault is one line in `FAULTS`. A function that has nothing to change yields nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

import numpy as np

from conformance.adapters import Ask, lower
from conformance.compare import Expectation
from conformance.dtypes import DTYPES, encode, rounded
from conformance.layout import Layout, LayoutError, from_layout, to_layout
from conformance.ops import OPS
from conformance.ops.base import Array, Reference
from conformance.ops.convolution import Convolution
from conformance.ops.trilinear import Geometry
from conformance.outcome import Outcome, Raised, Tensor, Value
from conformance.plan import Plan
from conformance.suite.case import Case
from conformance.suite.values import make_cotangent, make_inputs
from conformance.target import parse_target
from conformance.worker.environment import Config
from conformance.worker.runtimes import build, load
from conformance.worker.whitelist import check_plan

NUMPY = parse_target("numpy")
RUNTIME = load(Config({"framework": "numpy"}))


@dataclass(frozen=True, eq=False)
class Asked:
    """One case on its way: what was lowered, what is sent, what is right. `before` is the case that ran before it."""

    case: Case
    op: Convolution
    geometry: Geometry
    plan: Plan
    arrays: Mapping[str, Array]
    right: Reference
    cotangent: Array
    gradients: Mapping[str, Reference]
    before: Asked | None = None

    @property
    def expectation(self) -> Expectation:
        """What the answer is held against."""
        exact = self.case.values.kind == "integers"
        return Expectation(self.case.dtype, self.right, self.right.value.shape, exact, {})

    @property
    def sizes(self) -> dict[str, dict[str, int]]:
        """The canonical sizes of the inputs and of the output."""
        specs = {spec.name: spec for spec in self.op.inputs(self.case.params)}
        return {name: spec.sizes for name, spec in {**specs, "y": self.op.output(self.case.params)}.items()}

    def axes(self, name: str) -> str:
        """The canonical letters of an input or of the output."""
        return "".join(self.sizes[name])

    @property
    def y(self) -> Array:
        """The honest answer, in float64."""
        return honest(self)

    def answer(self, values: Array, dtype: str | None = None) -> Value:
        """An answer with these values, rounded to the case's dtype."""
        name = dtype or self.case.dtype
        return Value(Tensor(name, values.shape, np.asarray(encode(values, name))))


def ask(case: Case, before: Asked | None = None) -> Asked:
    """A case as the coordinator prepares it for NumPy."""
    op = OPS[case.op]
    assert isinstance(op, Convolution)
    geometry = op.geometry(case.params)
    arrays = make_inputs(case)
    cotangent = make_cotangent(case, op.output(case.params))
    plan = lowered(case, op, geometry)
    right = op.reference(case.params, arrays)
    return Asked(
        case, op, geometry, plan, arrays, right, cotangent, op.gradients(case.params, arrays, cotangent), before
    )


def lowered(case: Case, op: Convolution, geometry: Geometry) -> Plan:
    """NumPy's plan for a geometry."""
    plan = lower(Ask(case.op, case.params, geometry, op.inputs(case.params), case.dtype, NUMPY))
    assert isinstance(plan, Plan), plan
    return plan


def run(asked: Asked) -> Outcome:
    """Convert, check, run and convert back, as the coordinator and a worker do."""
    dtype = asked.case.dtype
    try:
        inputs = {
            name: to_layout(encode(asked.arrays[name], dtype), asked.axes(name), asked.plan.layout(name), name)
            for name in asked.plan.inputs
        }
    except LayoutError as error:
        return Raised("LayoutError", str(error))
    findings = check_plan(asked.plan.text, "numpy", inputs)
    assert not findings, findings
    function = build(asked.plan.text, list(inputs), "y", RUNTIME)
    try:
        y = RUNTIME.run(function, list(inputs.values()))
    except (ValueError, IndexError, TypeError) as error:  # NumPy's own words
        return Raised(type(error).__name__, str(error))
    try:
        canonical = from_layout(y, asked.axes("y"), asked.plan.layout("y"), asked.sizes["y"], "y")
    except LayoutError as error:
        return Raised("LayoutError", str(error))
    return Value(Tensor(canonical.dtype.name, canonical.shape, canonical))


@cache
def honest(asked: Asked) -> Array:
    """The honest target's answer, in float64."""
    outcome = run(asked)
    assert isinstance(outcome, Value), outcome
    assert outcome.output.values is not None
    return outcome.output.values.astype(np.float64)


Make = Callable[[Asked], Iterator[Outcome]]


@dataclass(frozen=True)
class Fault:
    """A fault: `make` gives the wrong outcomes that it can cause for a case.

    `within`: it can be so small that an honest float32 computation could give it, so only integers must show it.
    """

    name: str
    make: Make
    within: bool = False


# --- the geometry that is lowered -----------------------------------------------------------------------------------


def geometry_fault(change: Callable[[dict[str, int]], dict[str, int]], axis: int, asked: Asked) -> Iterator[Outcome]:
    """Another geometry on one spatial axis; the inputs stay as they are."""
    if axis >= len(asked.geometry):
        return
    axes = list(asked.geometry)
    axes[axis] = replace(axes[axis], **change(dict(axes[axis].__dict__)))
    if min(axes[axis].small, axes[axis].large) < 0:
        return
    try:
        plan = lowered(asked.case, asked.op, tuple(axes))
    except AssertionError:
        return
    yield run(replace(asked, plan=plan))


def output_length(delta: int, asked: Asked) -> Iterator[Outcome]:
    """The output is longer or shorter at its end."""
    side = "large" if asked.op.transposed else "small"
    yield from geometry_fault(lambda a: {side: a[side] + delta}, 0, asked)


# --- the text of the plan -------------------------------------------------------------------------------------------


def text_fault(pattern: str, replacement: str | Callable[[re.Match[str]], str], asked: Asked) -> Iterator[Outcome]:
    """The plan with one thing written differently."""
    text = re.sub(pattern, replacement, asked.plan.text, count=1)
    if text != asked.plan.text:
        yield run(replace(asked, plan=replace(asked.plan, text=text)))


def bumped(group: int) -> Callable[[re.Match[str]], str]:
    """The match with the integer in a group one larger."""

    def change(match: re.Match[str]) -> str:
        start, stop = match.span(group)
        text = match.group(0)
        return text[: start - match.start()] + str(int(match[group]) + 1) + text[stop - match.start() :]

    return change


# --- layouts --------------------------------------------------------------------------------------------------------


def flip_fault(name: str, letter: str, asked: Asked) -> Iterator[Outcome]:
    """An input or the output is flipped along one axis when it should not be, or is not when it should."""
    layout = asked.plan.layout(name)
    if letter in layout.letters:
        yield run(with_layout(asked, name, replace(layout, flips=layout.flips ^ {letter})))


def letters_fault(name: str, one: str, other: str, asked: Asked) -> Iterator[Outcome]:
    """Two axes of a layout change places."""
    layout = asked.plan.layout(name)
    if one in layout.letters and other in layout.letters:
        table = str.maketrans({one: other, other: one})
        swapped = Layout(tuple(a.translate(table) for a in layout.axes), layout.flips)
        yield run(with_layout(asked, name, swapped))


def with_layout(asked: Asked, name: str, layout: Layout) -> Asked:
    """The plan with another layout for one tensor."""
    layouts = {**dict(asked.plan.layouts), name: str(layout)}
    return replace(asked, plan=Plan.of(asked.plan.text, layouts))


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
    g = asked.case.params.groups

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
        yield Value(
            Tensor(asked.before.case.dtype, asked.before.y.shape, encode(asked.before.y, asked.before.case.dtype))
        )


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


SPATIAL = ("D", "H", "W")


def _faults() -> Iterator[Fault]:
    for i in range(3):
        word = f"spatial axis {i}"
        for field in ("stride", "dilation"):
            yield Fault(f"{field} one more on {word}", partial(geometry_fault, lambda a, f=field: {f: a[f] + 1}, i))
            yield Fault(f"{field} ignored on {word}", partial(geometry_fault, lambda a, f=field: {f: 1}, i))
        yield Fault(f"start one more on {word}", partial(geometry_fault, lambda a: {"lo": a["lo"] + 1}, i))
        yield Fault(f"start one less on {word}", partial(geometry_fault, lambda a: {"lo": a["lo"] - 1}, i))
        yield Fault(f"padding ignored on {word}", partial(geometry_fault, lambda a: {"lo": 0}, i))
        yield Fault(f"answer shifted with zeros on {word}", partial(output_fault, partial(shifted, 2 + i, 1)))
        yield Fault(f"answer shifted back with zeros on {word}", partial(output_fault, partial(shifted, 2 + i, -1)))
        yield Fault(f"answer rolled on {word}", partial(output_fault, partial(rolled, 2 + i, 1)))
        yield Fault(f"first slice unwritten on {word}", partial(output_fault, partial(zeroed, 2 + i, 0)))
        yield Fault(f"last slice unwritten on {word}", partial(output_fault, partial(zeroed, 2 + i, -1)))
        yield Fault(f"slice repeated on {word}", partial(output_fault, partial(repeated, 2 + i)))
    for delta in (1, -1):
        yield Fault(f"output length {delta:+d}", partial(output_length, delta))
    for letter in SPATIAL:
        for name in ("w", "x", "y"):
            yield Fault(f"{name} flipped along {letter}", partial(flip_fault, name, letter))
    for name, one, other in (
        ("w", "I", "O"), ("w", "H", "W"), ("w", "D", "W"), ("w", "G", "I"), ("w", "G", "O"), ("w", "O", "W"),
        ("w", "I", "W"), ("x", "H", "W"), ("x", "N", "C"), ("x", "C", "W"), ("y", "H", "W"), ("y", "N", "C"),
        ("y", "C", "W"), ("y", "D", "H"),
    ):  # fmt: skip
        yield Fault(f"{one} and {other} of {name} exchanged", partial(letters_fault, name, one, other))
    yield from _text_faults()
    yield from _input_faults()
    yield from _output_faults()


def _text_faults() -> Iterator[Fault]:
    yield Fault("bias line lost", partial(text_fault, r"\ny = y \+ numpy\.reshape\(b.*", ""))
    yield Fault("bias subtracted", partial(text_fault, r"y = y \+ ", "y = y - "))
    yield Fault("bias added twice", partial(text_fault, r"(\ny = y \+ numpy\.reshape\(b.*\))", r"\1\1"))
    yield Fault("answer doubled", partial(text_fault, r"\Z", "\ny = y + y"))
    yield Fault("answer negated", partial(text_fault, r"\Z", "\ny = -y"))
    yield Fault("one element more of padding", partial(text_fault, r"padded = numpy\.pad\(.*\((\d+), \d+\)", bumped(1)))
    yield Fault("stride of the windows", partial(text_fault, r"windows\[[^\n]*?::(\d+)", bumped(1)))
    yield Fault("space of the windows exchanged", partial(text_fault, r"->(n\w*?)hw", r"->\1wh"))
    yield Fault("taps of the kernel exchanged", partial(text_fault, r"ab(i?)jk->", r"ab\1kj->"))
    yield Fault("channels of the kernel exchanged", partial(text_fault, r",(g?)ab(\w+)->", r",\1ba\2->"))
    yield Fault("groups summed", partial(text_fault, r",gab(\w+)->n(g?)", r",ggab\1->n\2"))
    yield Fault("answer in float64", partial(text_fault, r"\Z", "\ny = y.astype(numpy.float64)"))
    yield Fault("answer in float16", partial(text_fault, r"\Z", "\ny = y.astype(numpy.float16)"))
    yield Fault("answer of one axis less", partial(text_fault, r"\Z", "\ny = y[0]"))
    yield Fault("answer cropped", partial(text_fault, r"\Z", "\ny = y[..., 1:]"))


def _input_faults() -> Iterator[Fault]:
    yield Fault("bias of zeros", partial(input_fault, "b", np.zeros_like))
    yield Fault("bias of ones", partial(input_fault, "b", np.ones_like))
    yield Fault("bias of another channel", partial(input_fault, "b", partial(permuted, 0)))
    yield Fault("bias doubled", partial(input_fault, "b", lambda a: 2 * a))
    yield Fault("batch items of x exchanged", partial(input_fault, "x", partial(permuted, 0)))
    yield Fault("channels of x exchanged", partial(input_fault, "x", partial(permuted, 1)))
    yield Fault("rows of x exchanged", partial(input_fault, "x", partial(permuted, 2)))
    yield Fault("input channels of w exchanged", partial(input_fault, "w", partial(permuted, 1)))
    yield Fault("output channels of w exchanged", partial(input_fault, "w", partial(permuted, 2)))
    yield Fault("taps of w exchanged", partial(input_fault, "w", partial(permuted, 3)))
    yield Fault("groups exchanged", swapped_groups)
    yield Fault("groups interleaved", groups_interleaved)
    for name in ("x", "w"):
        yield Fault(f"{name} of absolute values", partial(input_fault, name, np.abs))
        yield Fault(f"{name} negated", partial(input_fault, name, np.negative))
        yield Fault(f"one element of {name} lost", partial(input_fault, name, partial(first, lambda _: 0.0)))
        yield Fault(f"one element of {name} negated", partial(input_fault, name, partial(first, lambda v: -v)))
        yield Fault(f"one element of {name} is NaN", partial(input_fault, name, partial(first, lambda _: np.nan)))
        yield Fault(f"stale {name}", partial(stale_input, name))
    yield Fault("products in TF32", partial(narrow_products, 11), within=True)
    yield Fault("products in bfloat16", partial(narrow_products, 8), within=True)
    yield Fault("products of one significant bit", partial(narrow_products, 1), within=True)


def _output_faults() -> Iterator[Fault]:
    yield Fault("one step up", partial(largest, partial(one_step, 1)), within=True)
    yield Fault("one step to zero", partial(largest, partial(one_step, -1)), within=True)
    yield Fault("one element off by 1e-4", partial(largest, lambda v, _: v * (1 + 1e-4)), within=True)
    yield Fault("one element off by 1 %", partial(largest, lambda v, _: v * 1.01))
    yield Fault("one element negated", partial(largest, lambda v, _: -v))
    yield Fault("one element lost", partial(largest, lambda _v, _: 0.0))
    yield Fault("one element overflowed", infinities_for_overflow)
    for index in (0, -1):
        yield Fault(f"NaN at {index}", partial(output_fault, partial(at, index, np.nan)))
        yield Fault(f"infinity at {index}", partial(output_fault, partial(at, index, -np.inf)))
    yield Fault("all NaN", partial(output_fault, lambda a: np.full_like(a, np.nan)))
    yield Fault("all zeros", partial(output_fault, np.zeros_like))
    yield Fault("absolute values", partial(output_fault, np.abs))
    yield Fault("a relu that nobody asked for", partial(output_fault, lambda a: np.maximum(a, 0.0)))
    for axis, word in ((0, "batch item"), (1, "channel")):
        yield Fault(f"first {word} unwritten", partial(output_fault, partial(zeroed, axis, 0)))
        yield Fault(f"last {word} unwritten", partial(output_fault, partial(zeroed, axis, -1)))
        yield Fault(f"{word} repeated", partial(output_fault, partial(repeated, axis)))
        yield Fault(f"{word}s exchanged", partial(output_fault, partial(permuted, axis)))
    yield Fault("space transposed", partial(output_fault, transposed_space))
    yield Fault("memory read as channels last", partial(output_fault, read_as_channels_last))
    yield Fault("an axis more", partial(output_fault, lambda a: a[None]))
    yield Fault("flattened", partial(output_fault, lambda a: a.reshape(-1)))
    yield Fault("empty", partial(output_fault, lambda a: a[:0]))
    yield Fault("stale answer", stale_answer)
    yield Fault("stale buffer", stale_buffer)
    yield Fault("answers exchanged", answer_of_another_seed)
    for dtype in ("float16", "float64", "bfloat16"):
        yield Fault(f"answer typed {dtype}", partial(other_dtype, dtype))
    for dtype in ("float16", "bfloat16"):
        yield Fault(f"answer through {dtype}", partial(narrowed, dtype), within=True)


FAULTS: tuple[Fault, ...] = tuple(_faults())


def gradient_faults(asked: Asked) -> Iterator[tuple[str, dict[str, Any]]]:
    """Wrong gradients: a name, and the gradients that came back."""
    honest_ones = {name: reference.value for name, reference in asked.gradients.items()}
    x, w = honest_ones["x"], honest_ones["w"]
    yield "gradient of x missing", {k: v for k, v in honest_ones.items() if k != "x"}
    yield "gradient of w missing", {k: v for k, v in honest_ones.items() if k != "w"}
    yield "gradient of x doubled", {**honest_ones, "x": 2 * x}
    yield "gradient of w averaged over the batch", {**honest_ones, "w": w / max(asked.case.params.batch, 1)}
    yield "gradient of w flipped", {**honest_ones, "w": w[..., ::-1]}
    yield "gradient of w with groups exchanged", {**honest_ones, "w": w[::-1]}
    yield "gradient of w transposed", {**honest_ones, "w": w.swapaxes(1, 2)}
    yield "gradients exchanged", {**honest_ones, "x": w, "w": x}
    yield "gradient of x shifted", {**honest_ones, "x": np.roll(x, 1, -1)}
    yield "gradient of x zero", {**honest_ones, "x": np.zeros_like(x)}
    yield "gradient of x of one NaN", {**honest_ones, "x": np.where(np.arange(x.size).reshape(x.shape) == 0, np.nan, x)}
    yield "gradient of sum(y)", {k: r.value for k, r in _unit_gradients(asked).items()}
    if "b" in honest_ones:
        yield (
            "gradient of b of one batch item",
            {**honest_ones, "b": asked.cotangent[:1].sum(axis=(0, *range(2, x.ndim)))},
        )
        yield "gradient of b missing", {k: v for k, v in honest_ones.items() if k != "b"}


def _unit_gradients(asked: Asked) -> Mapping[str, Reference]:
    return asked.op.gradients(asked.case.params, asked.arrays, np.ones_like(asked.cotangent))


__all__ = ["FAULTS", "Asked", "Fault", "ask", "gradient_faults", "honest", "run"]
