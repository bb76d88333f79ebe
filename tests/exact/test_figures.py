"""What every primitive derives: value, error channels, allowance, range and gradients, held against `figures.tsv`.

Made anew by `python -m tests.exact.test_figures`; see `tests/figures.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import numpy as np

from conformance import exact as e
from conformance.exact import Num, Precision, Truth, integers
from conformance.exact.complexes import Complex
from conformance.exact.contraction import few_values, rounded_factors
from conformance.exact.graph import Channel, channel, sum_allowance
from conformance.exact.trilinear import Axis, most_summed
from tests.figures import changed, rewrite, summary

TABLE = Path(__file__).with_name("figures.tsv")
PRECISIONS = {name: Precision.of(name) for name in ("float32", "bfloat16", "float16", "float64")}
CHANNELS: tuple[Channel, ...] = ("err", "stored", "tiny", "energy")

_STREAM = np.random.RandomState(20)


def drawn(*shape: int) -> np.ndarray[Any, Any]:
    return np.asarray(np.round(_STREAM.standard_normal(shape), 3))


A, C, B = drawn(4, 6), drawn(4, 6), drawn(6, 5)
POSITIVE = np.abs(A) + 0.125
TIED = np.array([[3.0, 1.0, 3.0, 2.0, 2.0, -1.0], [0.0, 0.0, 0.0, 5.0, 4.0, 5.0], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]])
NEAR = np.array([[-2.5, -1.5, -0.5, 0.0, 0.5, 1.0], [1.5, 2.0, 2.5, 3.0, 0.25, -0.75]])
IMAGE, ROWS, BATCH = drawn(2, 3, 5, 4), drawn(2, 4, 3), drawn(3, 2, 5)
SPECIAL = np.array([[1.0, np.inf, -2.0], [np.nan, 0.5, -np.inf]])
TINY = np.array([[1e-30, 1e-38, -1e-40], [0.0, 1e-45, 1e30]])
# Axis(small, large, kernel, stride, dilation, lo)
GEOMETRY = (Axis(4, 8, 3, 2, 1, 1), Axis(3, 5, 2, 1, 2, 0))
SMALL, LARGE, KERNEL = drawn(2, 2, 2, 4, 3), drawn(2, 2, 3, 8, 5), drawn(2, 2, 3, 3, 2)
W, BIAS = drawn(2, 2, 3, 3, 2), drawn(6)
SPOTTED = np.where(np.arange(SMALL.size).reshape(SMALL.shape) == 7, np.inf, SMALL)


def computed(a: Num) -> Num:
    """The same values, but computed: a branch on them is open, and the branch not taken has an allowance of its own."""
    return (a * 3.0) / 3.0


def open_ended(a: Num) -> Num:
    """A Num with a range: a comparison of what is equal but for rounding decides every element."""
    return e.where(e.greater(computed(a), a), a + 0.25, a - 0.125)


# name -> the program, and its inputs. Each is run on exact inputs and on inputs with errors; on these also with ranges.
PROGRAMS: dict[str, tuple[Callable[..., Any], tuple[np.ndarray[Any, Any], ...]]] = {
    "a + b": (lambda a, b: a + b, (A, C)),
    "a + row": (lambda a, b: a + b, (A, C[0])),
    "a + 0.1": (lambda a: a + 0.1, (A,)),
    "1.5 - a": (lambda a: 1.5 - a, (A,)),
    "a - b": (lambda a, b: a - b, (A, C)),
    "column - row": (lambda a, b: a[:, :1] - b[:1], (A, C)),
    "-a": (lambda a: -a, (A,)),
    "a * b": (lambda a, b: a * b, (A, C)),
    "a * row": (lambda a, b: a * b, (A, C[0])),
    "a * 0.25": (lambda a: a * 0.25, (A,)),
    "0.1 * a": (lambda a: 0.1 * a, (A,)),
    "a * 3": (lambda a: a * 3.0, (A,)),
    "a / b": (lambda a, b: a / b, (A, POSITIVE)),
    "1 / a": (lambda a: 1.0 / a, (POSITIVE,)),
    "a / 3": (lambda a: a / 3.0, (A,)),
    "special values": (lambda a: (a * a + 1.0) / a, (SPECIAL,)),
    "underflow": (lambda a: a * a * 0.3, (TINY,)),
    "slices": (lambda a: a[1:, ::2] * a[:3, 1:4], (A,)),
    "an element": (lambda a: a[2, 3] * a, (A,)),
    "a new axis": (lambda a: a[:, None, :] * a[None], (A,)),
    "gathered": (lambda a: a[np.array([2, 0, 2])] * 1.5, (A,)),
    "reshape": (lambda a: a.reshape(3, 8) * 1.5, (A,)),
    "transpose": (lambda a: a.transpose(2, 0, 1) * 1.5, (ROWS,)),
    "transpose of all": (lambda a: a.transpose() * 1.5, (ROWS,)),
    "swapaxes": (lambda a: a.swapaxes(0, 2) * 1.5, (ROWS,)),
    "total": (e.total, (A,)),
    "total of rows": (lambda a: e.total(a, 1), (A,)),
    "total, kept": (lambda a: e.total(a, (0, -1), keepdims=True) * a, (A,)),
    "total of one": (lambda a: e.total(a[:, :1], 1), (A,)),
    "total of none": (lambda a: e.total(a[:, :0], 1), (A,)),
    "a slice of a total": (lambda a: e.total(a, 1)[1:3], (A,)),
    "add_up": (lambda a, b: e.add_up(e.total(a, 0), e.total(b, 0), a[0]), (A, C)),
    "add_up of one": (lambda a: e.add_up(e.total(a, 0)), (A,)),
    "add_up of products": (lambda a, b: e.add_up(e.matmul(a, b), a[:, :5]), (A, B)),
    "broadcast": (lambda a: e.broadcast(a[:, :1], (4, 6)) * 1.5, (A,)),
    "scattered": (lambda a: e.scattered(a, np.array([0, 1, 1, 4]).repeat(6).reshape(4, 6), (2, 3)), (A,)),
    "scattered, none twice": (lambda a: e.scattered(a[0], np.array([5, 0, 3, 1, 2, 4]), (2, 4)), (A,)),
    "scattered nowhere": (lambda a: e.scattered(a[:0], np.zeros((0, 6), np.int64), (2, 3)) + a[:2, :3], (A,)),
    "stored": (lambda a: e.stored(e.total(a, 1)) * 1.5, (A,)),
    "stopped": (lambda a: e.stopped(a) * a, (A,)),
    "mean": (lambda a: e.mean(a, 1), (A,)),
    "mean of four": (lambda a: e.mean(a, 0, keepdims=True), (A,)),
    "variance": (lambda a: e.variance(a, 1), (A,)),
    "variance of a sample": (lambda a: e.variance(a, 0, keepdims=True, ddof=1), (A,)),
    "product": (lambda a: e.product(a, 1), (A,)),
    "product, kept": (lambda a: e.product(a[:, :5], -1, keepdims=True), (A,)),
    "product of none": (lambda a: e.product(a[:, :0], 1) + a[:, 0], (A,)),
    "cumulative sum": (lambda a: e.cumulative_sum(a, 1), (A,)),
    "cumulative sum of one": (lambda a: e.cumulative_sum(a[:, :1], 1), (A,)),
    "softmax": (e.softmax, (A,)),
    "softmax of columns": (lambda a: e.softmax(a, 0), (A,)),
    "singular values": (e.singular, (ROWS,)),
    "the largest singular value": (lambda a: e.singular(a, largest_only=True), (ROWS,)),
    "transform": (lambda a: e.transform(a, B, 2.0, 9) * 1.5, (A,)),
    "logsumexp": (lambda a: e.logsumexp(a, 1), (A,)),
    "logsumexp, kept": (lambda a: e.logsumexp(a, -1, keepdims=True), (A,)),
    "logsumexp of infinities": (lambda a: e.logsumexp(a, 1), (SPECIAL,)),
    "log_softmax": (e.log_softmax, (A,)),
    "concatenate": (lambda a, b: e.concatenate([a, b, a[:, :2]], 1) * 1.5, (A, C)),
    "stack": (lambda a, b: e.stack([a, b], -1) * 1.5, (A, C)),
    "split": (lambda a: e.split(a, 3, 1)[1] * e.split(a, [1, 2, 3], -1)[1], (A,)),
    "pad": (lambda a: e.pad(a, [(1, 0), (-2, 3)], 0.5) * 1.5, (A,)),
    "pad with infinity": (lambda a: e.pad(a, [(0, 0), (1, -1)], -np.inf), (A,)),
    "pad_like reflect": (lambda a: e.pad_like(a, [(1, 2), (0, 1)], "reflect") * 1.5, (A,)),
    "pad_like edge": (lambda a: e.pad_like(a, [(0, 2), (1, 1)], "edge") * 1.5, (A,)),
    "pad_like wrap": (lambda a: e.pad_like(a, [(2, 0), (0, 1)], "wrap") * 1.5, (A,)),
    "flip": (lambda a: e.flip(a, 1) * a, (A,)),
    "flip of two": (lambda a: e.flip(a, (0, -1)) * a, (A,)),
    "roll": (lambda a: e.roll(a, 2, 1) * a, (A,)),
    "repeat": (lambda a: e.repeat(a, 2, -1) * 1.5, (A,)),
    "take": (lambda a: e.take(a, np.array([3, 3, 0]), 0) * 1.5, (A,)),
    "take_along": (lambda a: e.take_along(a, np.array([[1, 1], [0, 5], [2, 3], [4, 0]]), 1) * 1.5, (A,)),
    "windows": (lambda a: e.total(e.windows(a, (2, 3), (2, 1), (1, 1), [(0, 1), (1, 0)], 0.5), (-1, -2)), (IMAGE,)),
    "windows with gaps": (lambda a: e.largest(e.windows(a, (2,), (1,), (2,), [(1, 2)], -np.inf), -1), (ROWS,)),
    "windows of nothing": (lambda a: e.windows(a, (9,), (1,), (1,), [(0, 0)]), (ROWS,)),
    "largest": (lambda a: e.largest(a, 1), (TIED,)),
    "largest, kept": (lambda a: e.largest(a, 0, keepdims=True) * a, (TIED,)),
    "largest with NaN": (lambda a: e.largest(a, 1), (SPECIAL,)),
    "smallest": (lambda a: e.smallest(a, -1), (TIED,)),
    "sort": (lambda a: e.sort(a)[0] * np.arange(1.0, 7.0), (TIED,)),
    "sort, descending": (lambda a: e.sort(a, 0, descending=True)[0] * np.array([[1.0], [2.0], [4.0]]), (TIED,)),
    "sort of NaN": (lambda a: e.sort(a)[0], (SPECIAL,)),
    "topk": (lambda a: e.topk(a, 2)[0] * np.array([1.0, 3.0]), (TIED,)),
    "topk, smallest": (lambda a: e.topk(a, 2, 0, smallest=True)[0], (TIED,)),
    "where": (lambda a, b: e.where(e.greater(a, b), a * 2.0, b * 3.0), (A, C)),
    "where of a mask": (lambda a, b: e.where(np.asarray([True, False, True, True, False, False]), a, b), (A, C)),
    "where of both": (lambda a: e.where(e.greater(a, 1.0) & e.less(a, 3.0), a * a, 0.5), (TIED,)),
    "where of either": (lambda a: e.where(e.greater_equal(a, 3.0) | e.less_equal(a, 0.0), a * a, 0.5), (TIED,)),
    "where of one": (lambda a: e.where(e.equal(a, 3.0) ^ e.not_equal(a, 5.0), a * a, 0.5), (TIED,)),
    "where of not": (lambda a: e.where(~e.equal(a, 3.0), a * a, 0.5), (TIED,)),
    "maximum": (e.maximum, (TIED, TIED[::-1].copy())),
    "maximum of NaN": (lambda a: e.maximum(a, 0.75), (SPECIAL,)),
    "minimum": (e.minimum, (TIED, TIED[:1])),
    "clip": (lambda a: e.clip(a, 1.0, 3.0), (TIED,)),
    "floor": (lambda a: e.floor(a) * a, (NEAR,)),
    "ceil": (lambda a: e.ceil(a) * a, (NEAR,)),
    "round": (lambda a: e.round_half_even(a) * a, (NEAR,)),
    "trunc": (lambda a: e.trunc(a) * a, (NEAR,)),
    "sign": (lambda a: e.sign(a) * 1.5 + a, (NEAR,)),
    "absolute": (lambda a: e.absolute(a) * 1.5, (NEAR,)),
    "einsum": (lambda a, b: e.einsum("nk,km->mn", a, b), (A, B)),
    "einsum of a batch": (lambda a, b: e.einsum("bik,bkj->bij", a, b), (ROWS, ROWS.swapaxes(1, 2).copy())),
    "einsum, outer": (lambda a, b: e.einsum("a,b->ba", a, b), (A[0], B[:, 0])),
    "einsum that sums one": (lambda a, b: e.einsum("nkz,km->nm", a, b), (ROWS, drawn(4, 5))),
    "matmul": (e.matmul, (A, B)),
    "matmul of vectors": (e.matmul, (A[0], A[1])),
    "matmul with a vector": (e.matmul, (A, B[:, 0])),
    "vector matmul": (e.matmul, (A[0], B)),
    "matmul, broadcast": (e.matmul, (BATCH, drawn(5, 3))),
    "to_large": (lambda a, b: e.to_large(a, b, GEOMETRY), (SMALL, KERNEL)),
    "to_small": (lambda a, b: e.to_small(a, b, GEOMETRY), (LARGE, KERNEL)),
    "to_kernel": (lambda a, b: e.to_kernel(a, b, GEOMETRY), (SMALL, LARGE)),
    "to_large of infinity": (lambda a, b: e.to_large(a, b, GEOMETRY), (SPOTTED, KERNEL)),
    "convolution, transposed": (
        lambda a, w, b: e.convolution(a.reshape(2, 4, 4, 3), w, b, GEOMETRY, True),
        (SMALL, W, BIAS),
    ),
    "convolution": (
        lambda a, w: e.convolution(a.reshape(2, 6, 8, 5), w.swapaxes(1, 2), None, GEOMETRY, False),
        (LARGE, W),
    ),
    "power": (e.power, (POSITIVE, C)),
    "power of a negative": (lambda a: e.power(a, 3.0) + e.power(a, 0.0) + e.power(a, 2.0), (A,)),
    "square": (e.square, (A,)),
    "a product of computed zeros": (lambda a: (a - e.mean(a, 0, keepdims=True)) * (a - a * 1.5 / 1.5), (TIED,)),
    "|z|": (lambda a, b: abs(Complex(a, b)), (A, C)),
    "z * z": (lambda a, b: (Complex(a, b) * Complex(b, a) - Complex(a, a)).real, (A, C)),
    "im z": (lambda a, b: (Complex(a, b) * -Complex(b, a).conjugate() + Complex(a, b)).imag, (A, C)),
    **{
        name: (getattr(e, name), (POSITIVE,))
        for name in ("log", "log1p", "sqrt", "rsqrt", "reciprocal", "lgamma", "digamma")
    },
    **{
        name: (getattr(e, name), (A,))
        for name in (
            *("exp", "expm1", "tanh", "sinh", "cosh", "sin", "cos"),
            *("erf", "erfc", "one_plus_erf", "sigmoid", "softplus"),
        )
    },
    "sqrt of zeros": (lambda a: e.sqrt(a * a), (TIED - 2.0,)),
    "lgamma of negatives": (e.lgamma, (NEAR,)),
}
# No two neighbours along any axis are equal: what softmax hands back for equal ones is rounding alone, another number
# on another processor.
COTANGENT = 1.0 + np.arange(1000) * 7 % 11
WAYS: dict[str, Callable[[Num], Num]] = {"": lambda a: a, "computed: ": computed, "open: ": open_ended}


def described(y: Num, precisions: Collection[str]) -> str:
    """All that a Num says of itself."""
    said = [
        summary(y.value),
        *("exact" for _ in range(y.exact)),
        *("branches" for _ in range(y.branches)),
        *("stores" for _ in range(y.stores)),
        f"steps {y.steps}",
        *(f"conserved {axis}" for axis in (y.conserved,) if axis is not None),
    ]
    for name in CHANNELS:
        if (found := channel(y, name)) is not None:
            said.append(f"{name} {summary(found)}")
    for name in precisions:
        precision = PRECISIONS[name]
        said.append(f"{name} {summary(e.allowance(y, precision))}")
        if (ends := e.reach(y, precision)) is not None:
            off = e.beyond(y, precision, y.value + 0.375)
            said.append(f"from {summary(ends[0])} to {summary(ends[1])} beyond {summary(off)}")
    if y.sum is not None:
        said.append(f"sum of {summary(y.sum.terms)} {summary(y.sum.magnitude())} {y.sum.bare} {y.sum.repeats()}")
    return "; ".join(said)


def of_program(name: str) -> dict[str, str]:
    """The rows of one program: of its value, and of its gradients, on each kind of inputs."""
    program, arrays = PROGRAMS[name]
    rows = {}
    for way, prepared in WAYS.items():
        inputs = [Num(a) for a in arrays]
        if name == "digamma" and way:
            continue  # its derivative is not here, so an error of its argument leads nowhere
        y = program(*map(prepared, inputs))
        found = {"y": y}
        if "gamma" not in name or (not way and name != "digamma"):
            with np.errstate(all="ignore"):
                pulled = e.vjp([y], [Num(COTANGENT[: y.size].reshape(y.shape))], inputs)
            found |= {f"d{k}": g for k, g in enumerate(pulled)}
        precisions = ("float32", "bfloat16") if way else PRECISIONS
        for part, made in found.items():
            rows[f"{way}{name}, {part}"] = described(made, precisions)
    return rows


def of_the_rest() -> dict[str, str]:
    """What is no Num: indices, truths, integers, and the helpers beside."""
    rows = {}
    p = PRECISIONS["bfloat16"]
    for way, prepared in WAYS.items():
        a = prepared(Num(TIED))
        indices = {"argmax": e.argmax(a, 1), "argmin": e.argmin(a, 0), "sort": e.sort(a)[1], "topk": e.topk(a, 2)[1]}
        for name, index in indices.items():
            admitted = [index.admits(np.full_like(index.value, k), p) for k in range(-1, 7)]
            rows[f"{way}{name}, index"] = f"{summary(index.value)} axis {index.axis} admits {summary(admitted)}"
        truths = {
            "greater": e.greater(a, 3.0),
            "greater_equal": e.greater_equal(a, 3.0),
            "less": e.less(a, 3.0),
            "less_equal": e.less_equal(a, 3.0),
            "equal": e.equal(a, 3.0),
            "not_equal": e.not_equal(a, 3.0),
            "a & ~a": e.greater(a, 3.0) & ~e.greater(a, 2.0),
            "a | b": e.greater(a, 3.0) | e.equal(a, 1.0),
            "a ^ b": e.greater(a, 1.0) ^ e.equal(a, 2.0),
            "a & certain": e.greater(a, 1.0) & Truth(TIED == 2.0),
        }
        for name, truth in truths.items():
            rows[f"{way}{name}, truth"] = (
                f"{summary(truth.value)} exact {truth.exact} either {summary(truth.either(p))}"
            )
            partial = integers.from_truth(truth, p)
            rows[f"{way}{name}, as booleans"] = f"{summary(partial.value)} defined {summary(partial.defined)}"
        low, high = e.enclosure(a, p)
        rows[f"{way}enclosure"] = f"{summary(low)} to {summary(high)}"
        for dtype in ("bool", "int8", "int32", "int64", "uint8"):
            partial = integers.from_float(prepared(Num(TIED * 50.0)), dtype, p)
            admitted = [partial.admits((partial.value.astype(np.int64) + k).astype(dtype)) for k in (-1, 1)]
            rows[f"{way}to {dtype}"] = (
                f"{summary(partial.value)} defined {summary(partial.defined)} admits {summary(admitted)}"
            )
    whole = np.array([[-128, -7, -1, 0], [1, 5, 100, 127]], np.int8)
    other = np.array([[-1, 2, -3, 0], [7, -2, 100, -128]], np.int8)
    for name in ("add", "subtract", "multiply"):
        rows[f"integers.{name}"] = summary(getattr(integers, name)(whole, other))
    for name in ("floor_divide", "truncated_divide", "modulo", "remainder", "shift_left", "shift_right"):
        for kind in ("int8", "uint8"):
            partial = getattr(integers, name)(whole.astype(kind), other.astype(kind))
            shown = np.where(partial.defined, partial.value, 0)
            rows[f"integers.{name} of {kind}"] = f"{summary(shown)} defined {summary(partial.defined)}"
    rows["integers.negate"] = summary(integers.negate(whole))
    rows["integers.absolute"] = summary(integers.absolute(whole))
    rows["integers.matmul"] = summary(integers.matmul(whole, other.T.copy()))
    rows["integers.total"] = f"{summary(integers.total(whole))} {summary(integers.total(whole, 1, 'int32'))}"
    large = np.array([0, 1, -3, 2**24 + 1, 2**53 + 1, -(2**62) - 1, 2**40 + 2**15 + 1, 65519, 65520], np.int64)
    for dtype in ("float32", "float16", "bfloat16", "float64"):
        rows[f"integers.to_float {dtype}"] = summary(integers.to_float(large, dtype).value)
    for dtype in ("bool", "int8", "int16", "uint8"):
        rows[f"integers.cast {dtype}"] = summary(integers.cast(large, dtype))
        rows[f"integers.whole {dtype}"] = summary(integers.whole([300, -1, 0, 2**70 + 5], dtype))
    for name, precision in PRECISIONS.items():
        rows[f"sum_allowance {name}"] = summary(sum_allowance(A, np.abs(A) * 3, 7, precision))
        rows[f"precision {name}"] = str(precision)
    rows["few_values"] = str([few_values(x) for x in (A, TIED, np.abs(TIED[0]), np.zeros(3))])
    rows["most_summed"] = str(most_summed(GEOMETRY))
    with rounded_factors(np.rint, np.floor):
        rows["rounded factors"] = summary(e.matmul(Num(A), Num(B)).value)
    return rows


def all_rows() -> dict[str, str]:
    rows = of_the_rest()
    for name in PROGRAMS:
        rows |= of_program(name)
    return rows


def test_no_figure_changed() -> None:
    said = changed(TABLE, all_rows())
    assert not said, f"{len(said)} figures changed:\n" + "\n".join(said[:20])


def test_a_changed_figure_is_noticed() -> None:
    """One more unit in the 5th digit, in one figure of thousands."""
    rows = dict(line.split("\t", 1) for line in TABLE.read_text(encoding="utf-8").splitlines())
    name = "softmax, d0"
    size = rows[name].split("float32 ")[1].split()[1].rstrip(";")
    rows[name] = rows[name].replace(size, f"{float(size) * (1 + 1e-5):.9e}")
    assert [line.partition(":")[0] for line in changed(TABLE, rows)] == [name]


if __name__ == "__main__":
    print("\n".join(rewrite(TABLE, all_rows())))
