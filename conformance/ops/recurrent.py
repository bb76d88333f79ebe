"""Recurrent layers: one step after the other along time."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.exact.contraction import einsum
from conformance.exact.functions import sigmoid, tanh
from conformance.exact.moves import stack
from conformance.exact.num import Num, add_up, stored
from conformance.ops.base import Op, TensorSpec, integer_field, param

# What a step of a recurrence takes besides its products, as multiply-adds; and how many arrays of its gates it holds.
STEP_WORK, STEP_NUMBERS = 300_000, 12


@dataclass(frozen=True)
class Lstm(Op):
    """A long short-term memory layer (Hochreiter and Schmidhuber, 1997; with a forget gate).

    At each step, of z = w x + r h + b with the slices i, f, g, o along its gates: c = sigmoid(f) * c + sigmoid(i) *
    tanh(g), h = sigmoid(o) * tanh(c). y is every h; h and c are the last ones.
    """

    name = "lstm"
    unsaid = ("batch", "steps")
    batch: int = param(integer_field(2, 1, "batch size N"))
    steps: int = param(integer_field(4, 1, "steps in time T"))
    features: int = param(integer_field(3, 1, "features of x, I"))
    units: int = param(integer_field(4, 1, "units, H"))

    def inputs(self) -> tuple[TensorSpec, ...]:
        n, t, i, h = self.batch, self.steps, self.features, self.units
        gates = (("G", "ifgo"),)
        return (
            TensorSpec("x", "NTI", (n, t, i)),
            TensorSpec("w", "GHI", (4, h, i), marks=gates),
            TensorSpec("r", "GHK", (4, h, h), marks=gates),
            TensorSpec("b", "GH", (4, h), marks=gates),
            TensorSpec("h0", "NH", (n, h)),
            TensorSpec("c0", "NH", (n, h)),
        )

    def outputs(self) -> tuple[TensorSpec, ...]:
        n, t, h = self.batch, self.steps, self.units
        return TensorSpec("y", "NTH", (n, t, h)), TensorSpec("h", "NH", (n, h)), TensorSpec("c", "NH", (n, h))

    def effort(self, gradients: bool) -> tuple[int, int]:
        numbers = self.batch * 4 * self.units
        work = self.steps * (numbers * (self.features + self.units) + STEP_WORK)
        # A step's nodes are held until the gradients are made.
        return work * (3 if gradients else 1), self.steps * numbers * STEP_NUMBERS

    def compute(self, x: Num, w: Num, r: Num, b: Num, h0: Num, c0: Num) -> tuple[Num, ...]:  # type: ignore[override]
        h, c = h0, c0
        seen = []
        for t in range(self.steps):
            z = add_up(einsum("ni,ghi->ngh", x[:, t], w), einsum("nk,ghk->ngh", h, r), b)
            i, f, g, o = (stored(z)[:, k] for k in range(4))
            c = stored(sigmoid(f) * c + sigmoid(i) * tanh(g))
            h = stored(sigmoid(o) * tanh(c))
            seen.append(h)
        return stack(seen, 1), h, c
