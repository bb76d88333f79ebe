"""The exact answer to an op's question, and what is needed to judge an answer: made from one evaluation over `Num`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from conformance.exact.contraction import rounded_factors
from conformance.exact.graph import allowance, beyond
from conformance.exact.integers import Partial
from conformance.exact.num import Num
from conformance.exact.order import Index
from conformance.exact.precision import Precision
from conformance.exact.tape import vjp
from conformance.exact.truth import Truth

if TYPE_CHECKING:
    from conformance.dtypes import DType
    from conformance.ops.base import Op

Array = NDArray[np.float64]
Rounding = Callable[[Array], Array]


def whole(array: NDArray[Any]) -> bool:
    """Whether every element that is finite is an integer."""
    return np.array_equal(array, np.rint(array), equal_nan=True)


@dataclass(frozen=True, eq=False)
class Reference:
    """The exact answer for one output or gradient.

    `value`: canonical layout; float64 where it is of real numbers. `made`: how it was computed, from which its
    allowance follows; None where it is right as it stands. `recompute`: the value where the two factors of every
    product are rounded first; None where an op can't say.
    """

    value: NDArray[Any]
    made: Num | None = None
    recompute: Callable[[Rounding, Rounding], Array] | None = None
    # Of integers: where the definition says nothing, so that any answer is right.
    open: NDArray[np.bool_] | None = None
    # What follows from it, once for all targets: the allowance by dtype, and what `judge.precision` derives.
    allowances: dict[str, Array] = field(default_factory=dict, repr=False)
    cache: dict[str, Array] = field(default_factory=dict, repr=False)

    @classmethod
    def stated(cls, value: NDArray[Any]) -> Reference:
        """A value that is right as it stands: nothing is behind it, so no allowance follows from it."""
        return cls(value)

    @classmethod
    def of(cls, made: Any, recompute: Callable[[Rounding, Rounding], Array] | None = None) -> Reference:
        """From what a definition computes: a Num, or an index, truths, integers, which are equal or wrong."""
        if isinstance(made, Num):
            return cls(made.value, made, recompute)
        if isinstance(made, Partial):
            return cls(made.value, open=None if made.defined.all() else ~made.defined)
        return cls(made.value if isinstance(made, Index | Truth) else np.asarray(made))

    @property
    def exact(self) -> bool:
        """Whether nothing was rounded on the way to it, so that any right answer is equal to it."""
        return self.made is not None and self.made.exact

    @property
    def sums(self) -> bool:
        """Whether it is a sum of inputs or of products of two: then errors say more than whether they are allowed."""
        return self.made is not None and self.made.sum is not None and self.made.sum.bare

    @cached_property
    def products(self) -> int:
        """The largest number of terms in one element's sum; where it is none, of roundings in a row."""
        if self.made is None:
            return 0
        return int(np.max(self.made.sum.terms, initial=0)) if self.made.sum is not None else max(self.made.steps, 1)

    def magnitude(self) -> Array:
        """The sum of the terms' absolute values an element; |value| where it is no sum."""
        if self.made is None or self.made.sum is None:
            return np.asarray(np.abs(self.value))
        return np.asarray(self.made.sum.magnitude())

    def sums_exactly(self, inputs: Iterable[NDArray[Any]], dtype: DType) -> bool:
        """Whether it is a sum of integers of which every partial sum is exact in the dtype."""
        if not self.sums or not all(map(whole, (*inputs, self.value))):
            return False
        largest = np.nan_to_num(self.magnitude(), nan=0.0, posinf=0.0).max(initial=0.0)
        return float(largest) <= 2.0**dtype.precision

    def energy(self) -> Array:
        """The sum of the terms' squares an element, in whose root errors are counted for the effective bits."""
        return np.asarray(np.square(self.value) if self.made is None else self.made.energy)

    def repeats(self) -> bool:
        """Whether products are equal to one another, so that their rounding errors are, too, and add up."""
        return self.made is not None and self.made.sum is not None and self.made.sum.repeats()

    def allowance(self, dtype: str) -> Array:
        """How far off a right answer in this dtype may be, an element; see `exact.graph.allowance`.

        A stated value may be rounded once.
        """
        if dtype not in self.allowances:
            precision = Precision.of(dtype)
            if self.made is not None:
                found = allowance(self.made, precision)
            else:
                with np.errstate(invalid="ignore", over="ignore"):  # infinities and NaN have no allowance, and get none
                    once = precision.out_u * np.abs(self.value) + precision.out_eta / 2
                found = np.asarray(precision.share * once)
            self.allowances[dtype] = found
        return self.allowances[dtype]

    def off(self, got: Array, dtype: str) -> Array:
        """How far an answer is off, an element: from the nearest of what every branch gives that rounding may flip."""
        if self.made is None or not self.made.branches:
            with np.errstate(invalid="ignore"):  # of infinities; their pattern is judged before
                return np.asarray(np.abs(got - self.value))
        return beyond(self.made, Precision.of(dtype), got)


@dataclass(frozen=True, eq=False)
class Evaluation:
    """One evaluation of an op's definition: its outputs, and the gradients of any sum of them."""

    op: Op
    arrays: Mapping[str, NDArray[Any]]
    inputs: Mapping[str, Any]
    made: Mapping[str, Any]

    @classmethod
    def of(cls, op: Op, arrays: Mapping[str, NDArray[Any]]) -> Evaluation:
        """`arrays`: the inputs in canonical layout, float64 where they are of real numbers."""
        inputs = {t.name: Num(arrays[t.name]) if t.kind == "real" else arrays[t.name] for t in op.inputs()}
        found = op.compute(**inputs)
        made = found if isinstance(found, tuple) else (found,)
        return cls(op, arrays, inputs, dict(zip((t.name for t in op.outputs()), made, strict=True)))

    @property
    def outputs(self) -> dict[str, Reference]:
        """The exact outputs by name."""

        def again(name: str) -> Callable[[Rounding, Rounding], Array]:
            def recompute(one: Rounding, other: Rounding) -> Array:
                with rounded_factors(one, other):
                    value: Array = Evaluation.of(self.op, self.arrays).made[name].value
                    return value

            return recompute

        return {name: Reference.of(made, again(name)) for name, made in self.made.items()}

    def gradients(self, cotangents: Mapping[str, Array]) -> dict[str, Reference]:
        """The exact gradient of the sum of output * cotangent, over the outputs that have one, for each input to which
        one goes.
        """

        def again(name: str) -> Callable[[Rounding, Rounding], Array]:
            def recompute(one: Rounding, other: Rounding) -> Array:
                with rounded_factors(one, other):
                    # Of one sum of products nothing forward is rounded that a gradient is made of.
                    behind = self if self.op.products() else Evaluation.of(self.op, self.arrays)
                    return behind._pulled(cotangents)[name].value

            return recompute

        return {name: Reference.of(made, again(name)) for name, made in self._pulled(cotangents).items()}

    def _pulled(self, cotangents: Mapping[str, Array]) -> dict[str, Num]:
        wanted = {spec.name: self.inputs[spec.name] for spec in self.op.inputs() if spec.kind == "real" and spec.pulled}
        outputs = [self.made[name] for name in cotangents]
        pulled = vjp(outputs, [Num(c) for c in cotangents.values()], list(wanted.values()))
        return dict(zip(wanted, pulled, strict=True))
