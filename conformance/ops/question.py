"""Any op asked of any arrays, on the way to one of its outputs: what the confusions of every op alter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from conformance.ops.confusions import Part
from conformance.ops.reference import Array, Evaluation, Reference

if TYPE_CHECKING:
    from conformance.dtypes import DType
    from conformance.ops.base import Op, TensorSpec

# Seconds of one evaluation, by a fixed model: a constant, an element of any tensor (a definition makes tens of passes
# over them), and a multiply-add of what the op says that it takes.
_CALL, _ELEMENT, _WORK = 1e-3, 2e-7, 3e-9


@dataclass(frozen=True, eq=False)
class Question:
    """`arrays`: the inputs in canonical layout. `output`: the output in question, `y` its value once it is computed."""

    op: Op
    arrays: Mapping[str, Array]
    output: str
    y: Array | None = None

    def having(self, **changes: Array) -> Question:
        """A copy with other inputs; `y` stands for the answer."""
        y = changes.pop("y", None)
        return replace(self, arrays={**self.arrays, **changes}, y=y)

    def read_as(self, op: Op) -> Question:
        """A copy of which another question is asked."""
        return replace(self, op=op, y=None)

    @property
    def spec(self) -> TensorSpec:
        """What the output is."""
        return next(spec for spec in self.op.outputs() if spec.name == self.output)

    @cached_property
    def reference(self) -> Reference:
        """The exact answer."""
        made = Evaluation.of(self.op, self.arrays).outputs[self.output]
        return replace(made, value=np.asarray(made.value, dtype=np.float64))

    @property
    def products(self) -> int:
        """How many terms one element sums, or how many roundings are in a row."""
        return self.reference.products

    def settled(self) -> Question | None:
        """Itself, where the op has an answer for these arrays."""
        return None if self.shape() is None else self

    def shape(self) -> tuple[int, ...] | None:
        """The answer's shape, or None where the op refuses or the arrays don't fit it."""
        if self.op.refusal() is not None:
            return None
        specs = self.op.inputs()
        if {spec.name for spec in specs} != set(self.arrays):
            return None
        if any(self.arrays[spec.name].shape != spec.shape for spec in specs):
            return None
        if all(spec.name != self.output for spec in self.op.outputs()):
            return None
        return self.spec.shape

    def cost(self, part: Part | None = None) -> float:
        """Seconds, by a fixed model; a part takes as long, since all of the definition is evaluated."""
        work = self.op.effort(False)[0] if self.op.refusal() is None else 0
        return float(_CALL + _ELEMENT * sum(array.size for array in self.arrays.values()) + _WORK * work)

    def computed(self, part: Part | None = None, power: int = 1) -> Question | None:
        """With `y`, or the part of it that belongs to one place along the first two axes."""
        shape = self.shape()
        if shape is None:
            return None
        if power == 0:
            return replace(self, y=np.zeros(shape))
        made = self.reference
        y = {1: lambda: made.value, 2: made.magnitude, 3: made.energy}[power]()
        if part is not None:
            y = y[part[0] : part[0] + 1, part[1] : part[1] + 1]
        done = replace(self, y=y)
        done.__dict__["reference"] = made
        return done

    def allowed(self, finish: Callable[[Any], Any], dtype: DType, part: Part | None = None) -> Array:
        """How far off the answer that `finish` makes of this one may be: its allowance, moved and scaled alike."""
        bound = np.asarray(self.reference.allowance(dtype.name))
        if part is not None:
            bound = bound[part[0] : part[0] + 1, part[1] : part[1] + 1]
        done = finish(replace(self, y=bound))
        return np.zeros(()) if done is None or done.y is None else np.abs(done.y)

    def is_exact(self, dtype: DType) -> bool:
        """Whether any right computation in this dtype is equal to the answer."""
        made = self.reference
        return made.made is None or made.exact or made.sums_exactly(self.arrays.values(), dtype)
