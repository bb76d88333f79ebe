"""Reductions: many elements become one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import prod
from typing import Any, ClassVar

import numpy as np

from conformance.exact import integers
from conformance.exact.functions import power, sqrt
from conformance.exact.num import Num, total
from conformance.exact.order import largest, smallest, sort
from conformance.exact.reduce import logsumexp, product, singular
from conformance.exact.reduce import mean as mean_of
from conformance.exact.reduce import variance as variance_of
from conformance.exact.truth import absolute, where
from conformance.ops.axes import (
    OF,
    REAL,
    axes_field,
    check_axes,
    check_wide,
    counted,
    element,
    of_field,
    wide_field,
)
from conformance.ops.base import (
    LETTERS,
    Field,
    Op,
    ParamError,
    TensorSpec,
    boolean_field,
    integer_field,
    param,
    real_field,
    shape_field,
    word_field,
)


@dataclass(frozen=True)
class Reduction(Op):
    """What all reductions share: x, the axes that go, and whether they stay with length 1."""

    unsaid = ("shape",)
    # Whether a reduction of nothing has no answer.
    some: ClassVar[bool] = False
    shape: tuple[int, ...] = param(shape_field((3, 5), "the shape of x"))
    axes: tuple[int, ...] | None = param(axes_field("the axes that are reduced; null for all, an empty list for none"))
    keepdims: bool = param(boolean_field(False, "reduced axes stay, with length 1"))

    def __post_init__(self) -> None:
        check_axes("axes", self.axes or (), self.shape)

    @property
    def over(self) -> tuple[int, ...]:
        """The axes that go, from 0 on, as they were given."""
        rank = len(self.shape)
        return tuple(range(rank)) if self.axes is None else tuple(i % rank for i in self.axes)

    @property
    def kept(self) -> tuple[int, ...]:
        """The axes that stay."""
        return tuple(i for i in range(len(self.shape)) if i not in self.over)

    @property
    def count(self) -> int:
        """How many elements become one."""
        return prod(self.shape[i] for i in self.over)

    @property
    def results(self) -> int:
        """How many elements there are of the result."""
        return prod(self.shape[i] for i in self.kept)

    def refusal(self) -> str | None:
        if self.some and not self.count and self.results:
            return f"there is nothing to take the {self.name} of: {self.shape} over the axes {self.over}"
        return None

    def meaning(self) -> Mapping[str, Any]:
        """For words: the axes, the one among them, and how a function of one axis is asked of several.

        That is: x with its axes in `order` and in the shape `merged`, reduced along the last; then the shape `result`.
        """
        order = (*self.kept, *self.over)
        merged = (*(self.shape[i] for i in self.kept), self.count)
        single = self.over[0] if len(self.over) == 1 else None
        return {"over": self.over, "single": single, "order": order, "merged": merged, "result": self.result[1]}

    @property
    def result(self) -> tuple[str, tuple[int, ...]]:
        """The letters and the shape of what is left."""
        if self.keepdims:
            return LETTERS[: len(self.shape)], tuple(1 if i in self.over else n for i, n in enumerate(self.shape))
        return "".join(LETTERS[i] for i in self.kept), tuple(self.shape[i] for i in self.kept)

    def inputs(self) -> tuple[TensorSpec, ...]:
        return (element("x", LETTERS[: len(self.shape)], self.shape, getattr(self, "of", REAL)),)

    def outputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("y", *self.result),)

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        if self.axes is not None and len(self.over) < len(self.shape):
            yield "over all axes", replace(self, axes=None)

    def rows(self, x: Any) -> Any:
        """x with all that becomes one element along the last axis."""
        return x.transpose(*self.kept, *self.over).reshape(*(self.shape[i] for i in self.kept), self.count)

    def compute(self, x: Any) -> Any:  # type: ignore[override]
        y = self.reduced(self.rows(x))
        shape = self.result[1]
        return y.reshape(*shape) if isinstance(y, Num) else np.reshape(y, shape)

    def reduced(self, rows: Any) -> Any:
        """The definition, along the last axis."""
        raise NotImplementedError


@dataclass(frozen=True)
class _Counting(Reduction):
    """A reduction that takes integers into a wider dtype, or wraps around in their own."""

    of: str = param(of_field())
    wide: bool = param(wide_field())

    def __post_init__(self) -> None:
        super().__post_init__()
        check_wide(self.of, self.wide)

    def outputs(self) -> tuple[TensorSpec, ...]:
        return (counted(self.of, self.wide, "y", *self.result),)

    @property
    def within(self) -> str:
        """The dtype of the integers on the way."""
        return "int64" if self.wide else self.of


@dataclass(frozen=True)
class Sum(_Counting):
    """The sum over axes, in any order; of nothing 0. Integers are added in a dtype that holds the sum, or in their own.

    Of booleans: how many are true.
    """

    name = "sum"

    def reduced(self, rows: Any) -> Any:
        return total(rows, -1) if self.of == REAL else integers.total(rows, -1, self.within)


@dataclass(frozen=True)
class Prod(_Counting):
    """The product over axes, in any order; of nothing 1. Integers in a dtype that holds it, or in their own."""

    name = "prod"

    def reduced(self, rows: Any) -> Any:
        return product(rows, -1) if self.of == REAL else np.prod(rows, -1, dtype=self.within)


@dataclass(frozen=True)
class Mean(Reduction):
    """The sum over axes by the number of elements; of nothing NaN. Of integers a real number, too."""

    name = "mean"
    of: str = param(of_field())

    def reduced(self, rows: Any) -> Num:
        # Summed as they are: what float16 does not hold is no reason to lose it.
        return mean_of(rows if self.of == REAL else Num(rows.astype(np.float64)), -1)

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        yield from super().neighbours()
        if self.of != REAL:
            given = self.held()
            yield "the sum divided as integers are, the rest dropped", _WholeMean(**given)


@dataclass(frozen=True)
class _WholeMean(Mean):
    """Without what is behind the point."""

    def reduced(self, rows: Any) -> Num:
        return Num(np.trunc(super().reduced(rows).value))


@dataclass(frozen=True)
class _Extreme(Reduction):
    """The largest or the smallest."""

    some = True
    of: str = param(of_field(OF[:-1]))

    def outputs(self) -> tuple[TensorSpec, ...]:
        return (counted(self.of, False, "y", *self.result),)


@dataclass(frozen=True)
class Max(_Extreme):
    """The largest element over axes; NaN where one is. Nothing has none."""

    name = "max"

    def reduced(self, rows: Any) -> Any:
        return largest(rows, -1) if self.of == REAL else np.max(rows, -1)


@dataclass(frozen=True)
class Min(_Extreme):
    """The smallest element over axes; NaN where one is. Nothing has none."""

    name = "min"

    def reduced(self, rows: Any) -> Any:
        return smallest(rows, -1) if self.of == REAL else np.min(rows, -1)


@dataclass(frozen=True)
class Var(Reduction):
    """The sum of the squared distances from the mean over axes, divided by n - ddof, or by 0 where that is below it."""

    name = "var"
    ddof: int = param(integer_field(0, 0, "what is taken off the number of elements"))

    def meaning(self) -> Mapping[str, Any]:
        """`unbiased`: what the variance by n is multiplied with to be that by n - ddof; null where there is none."""
        freedom = self.count - self.ddof
        return {**super().meaning(), "unbiased": self.count / freedom if freedom > 0 else None}

    def reduced(self, rows: Any) -> Num:
        return variance_of(rows, -1, ddof=min(self.ddof, self.count))

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        yield from super().neighbours()
        given = self.held()
        yield "the mean of the squares less the square of the mean, in float32", _OnePass(**given)


@dataclass(frozen=True)
class _OnePass(Var):
    """With all digits cancelled that a mean far from zero has."""

    def reduced(self, rows: Any) -> Num:
        x = rows.value.astype(np.float32)
        squares = np.square(x).mean(-1, dtype=np.float64).astype(np.float32)
        found = squares - np.square(x.mean(-1, dtype=np.float64).astype(np.float32))
        return Num(np.maximum(found, np.float32(0))) * (self.count / max(self.count - self.ddof, 1))


@dataclass(frozen=True)
class Std(Var):
    """The root of the variance (`var`) over axes."""

    name = "std"

    def meaning(self) -> Mapping[str, Any]:
        found = super().meaning()
        factor = found["unbiased"]
        return {**found, "unbiased": None if factor is None else factor**0.5}

    def reduced(self, rows: Any) -> Num:
        return sqrt(super().reduced(rows))

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        yield from Reduction.neighbours(self)


@dataclass(frozen=True)
class LogSumExp(Reduction):
    """The logarithm of the sum of exp(x) over axes, shifted by the largest; of nothing -inf."""

    name = "logsumexp"

    def reduced(self, rows: Any) -> Num:
        return logsumexp(rows, -1)


ORDERS = ("2", "1", "3", "0.5", "0", "inf", "-inf", "nuc")
_OF_MATRICES = ("2", "1", "inf", "-inf", "nuc")


def an_order(value: Any) -> str:
    """A reader of the order of a norm: a number or a word."""
    text = value if isinstance(value, str) else f"{value:g}" if isinstance(value, int | float) else ""
    if isinstance(value, bool) or text not in ORDERS:
        raise ValueError("one of: " + ", ".join(ORDERS))
    return text


@dataclass(frozen=True)
class Norm(Reduction):
    """The norm of a vector: (sum |x|^order)^(1/order); the largest, the least |x| (inf, -inf), how many are not 0 (0).

    With `matrix`: of the matrix whose rows and columns are the two axes, the largest sum of |x| of a column (1), of a
    row (inf), the least of a row (-inf), the largest singular value (2), the sum of them (nuc). Golub and Van Loan,
    4th ed., section 2.3. The Frobenius norm is that of order 2 of a vector of all elements. The gradient at
    a vector of zeros is 0.
    """

    name = "norm"
    order: str = param(
        Field(
            an_order,
            "2",
            "the order: " + ", ".join(ORDERS),
            {"enum": [*ORDERS, 0, 0.5, 1, 2, 3]},
            words=ORDERS,
        )
    )
    matrix: bool = param(boolean_field(False, "the norm of matrices, over two axes; false: of vectors"))

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.matrix and len(self.over) != 2:
            raise ParamError("matrix", f"found {len(self.over)} axes, expected two: those of the rows and the columns")
        if self.order not in (_OF_MATRICES if self.matrix else ORDERS[:-1]):
            raise ParamError("order", f"found {self.order}, expected one of {', '.join(_OF_MATRICES)} of matrices")

    def refusal(self) -> str | None:
        if not self.count and self.results and (self.matrix or self.order == "-inf"):
            return "a norm of nothing is asked for"
        return None

    def reduced(self, rows: Any) -> Num:
        if self.matrix:
            return self.of_matrices(rows.reshape(*rows.shape[:-1], *(self.shape[i] for i in self.over)))
        if self.order == "2":
            # Of zeros alone it is 0, and so is its gradient, which the root has none of.
            some = (rows.value != 0).any(-1)
            return where(some, sqrt(where(some, total(rows * rows, -1), 1.0)), 0.0)
        off = absolute(rows)
        if self.order in ("inf", "-inf"):
            if self.order == "inf":
                return largest(off, -1) if self.count else total(off, -1)
            return smallest(off, -1)
        if self.order in ("0", "1"):
            return total(off if self.order == "1" else where(rows.value != 0, 1.0, 0.0 * rows), -1)
        p = float(self.order)
        return power(total(power(off, p), -1), 1 / p)

    def of_matrices(self, x: Num) -> Num:
        """Along the last two axes."""
        if self.order in ("2", "nuc"):
            return singular(x, largest_only=self.order == "2")
        sums = total(absolute(x), -2 if self.order == "1" else -1)
        return smallest(sums, -1) if self.order == "-inf" else largest(sums, -1)


@dataclass(frozen=True)
class Quantile(Reduction):
    """What a share q of the elements over axes does not pass: of the sorted ones that at q * (n - 1), counted from 0.

    Between two of them: on the straight line (linear), the lower, the higher, their mean (midpoint), or the nearest, of
    which halfway that with the even number (Hyndman and Fan, 1996, definition 7). NaN where an element is.
    """

    name = "quantile"
    some = True
    q: float = param(real_field(0.25, "the share", near=(0.5, 0.75)))
    interpolation: str = param(
        word_field("linear", ("linear", "lower", "higher", "midpoint", "nearest"), "what is given between two elements")
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.q <= 1:
            raise ParamError("q", f"found {self.q:g}, expected a share from 0 to 1")

    def reduced(self, rows: Any) -> Num:
        return between(rows, self.q, self.interpolation)


def between(rows: Num, q: float, interpolation: str) -> Num:
    """The element at q * (n - 1) of each sorted row, or what is between two of them."""
    at = q * (rows.shape[-1] - 1)
    if interpolation == "nearest":
        at = float(np.rint(at))
    low, high = int(np.floor(at)), int(np.ceil(at))
    if interpolation in ("lower", "higher"):
        low = high = low if interpolation == "lower" else high
    ordered = sort(rows)[0]
    if low == high:
        found = ordered[..., low]
    else:
        # The place is rounded as a whole, so its distance from the lower one is off by more than a rounding of itself.
        # Some take a share of the distance, which is rounded, too; this way of two shares has no inf - inf.
        part, off = (0.5, 1.0) if interpolation == "midpoint" else (at - low, max(3 * at, 1.0))
        share = Num(part, own=lambda name: np.asarray(off) if name == "err" else None, steps=3)
        found = ordered[..., low] * (1 - share) + ordered[..., high] * share
    return where(np.isnan(rows.value).any(-1), np.nan, found)


@dataclass(frozen=True)
class Median(Reduction):
    """The element in the middle of the sorted ones over axes; of an even number the mean of both, the lower or the
    higher of them. NaN where an element is.
    """

    name = "median"
    some = True
    even: str = param(word_field("mean", ("mean", "lower", "higher"), "what is given of the two in the middle"))

    def reduced(self, rows: Any) -> Num:
        return between(rows, 0.5, "midpoint" if self.even == "mean" else self.even)


@dataclass(frozen=True)
class _Truths(Reduction):
    """Whether elements are other than 0."""

    of: str = param(of_field(("bool", "int8"), "bool"))

    def outputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("y", *self.result, kind="boolean"),)

    def truths(self, rows: Any) -> Any:
        """NaN is none of 0, and -0 is."""
        return rows.value != 0 if self.of == REAL else rows != 0


@dataclass(frozen=True)
class AnyTrue(_Truths):
    """Whether any element over axes is true, or other than 0; NaN is. Of nothing: no."""

    name = "any"

    def reduced(self, rows: Any) -> Any:
        return self.truths(rows).any(-1)


@dataclass(frozen=True)
class AllTrue(_Truths):
    """Whether all elements over axes are true, or other than 0; NaN is. Of nothing: yes."""

    name = "all"

    def reduced(self, rows: Any) -> Any:
        return self.truths(rows).all(-1)
