"""Recurrent layers: one step after the other along time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from conformance.exact.contraction import einsum
from conformance.exact.functions import sigmoid, tanh
from conformance.exact.moves import stack
from conformance.exact.num import Num, add_up, stored
from conformance.exact.truth import maximum
from conformance.ops.base import Op, TensorSpec, boolean_field, integer_field, param, word_field

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


@dataclass(frozen=True)
class _Recurrent(Op):
    """What layers of one state have: y is every h, and h the last one."""

    unsaid = ("batch", "steps")
    batch: int = param(integer_field(2, 1, "batch size N"))
    steps: int = param(integer_field(4, 1, "steps in time T"))
    features: int = param(integer_field(3, 1, "features of x, I"))
    units: int = param(integer_field(4, 1, "units, H"))

    def outputs(self) -> tuple[TensorSpec, ...]:
        n, t, h = self.batch, self.steps, self.units
        return TensorSpec("y", "NTH", (n, t, h)), TensorSpec("h", "NH", (n, h))

    def effort(self, gradients: bool) -> tuple[int, int]:
        numbers = self.batch * 3 * self.units
        work = self.steps * (numbers * (self.features + self.units) + STEP_WORK)
        return work * (3 if gradients else 1), self.steps * numbers * STEP_NUMBERS


@dataclass(frozen=True)
class Gru(_Recurrent):
    """A layer of gated recurrent units (Cho et al., 2014).

    At each step z = sigmoid(w_z x + r_z h + b_z), s = sigmoid(w_r x + r_r h + b_r) and c = tanh(w_h x + r_h (s * h) +
    b_h), and h becomes z * h + (1 - z) * c; the slices along the gates are z, r, h. With `reset_after` c is tanh(w_h x
    + b_h + s * (r_h h + rb_h)), and rb, a bias of its own, is added to every r h.
    """

    name = "gru"
    reset_after: bool = param(boolean_field(True, "reset after the product with r, not before"))

    def inputs(self) -> tuple[TensorSpec, ...]:
        n, t, i, h = self.batch, self.steps, self.features, self.units
        gates = (("G", "zrh"),)
        return (
            TensorSpec("x", "NTI", (n, t, i)),
            TensorSpec("w", "GHI", (3, h, i), marks=gates),
            TensorSpec("r", "GHK", (3, h, h), marks=gates),
            TensorSpec("b", "GH", (3, h), marks=gates),
            *((TensorSpec("rb", "GH", (3, h), marks=gates),) if self.reset_after else ()),
            TensorSpec("h0", "NH", (n, h)),
        )

    def compute(self, x: Num, w: Num, r: Num, b: Num, h0: Num, rb: Num | None = None) -> tuple[Num, ...]:  # type: ignore[override]
        h, seen = h0, []
        for t in range(self.steps):
            given = [add_up(einsum("ni,hi->nh", x[:, t], w[g]), b[g]) for g in range(3)]
            past = [self.past(h, r, rb, g) for g in range(2)]
            z, s = (sigmoid(stored(add_up(given[g], past[g]))) for g in range(2))
            late = s * self.past(h, r, rb, 2) if self.reset_after else einsum("nk,hk->nh", stored(s * h), r[2])
            h = stored(self.mixed(z, h, tanh(stored(given[2] + late))))
            seen.append(h)
        return stack(seen, 1), h

    def past(self, h: Num, r: Num, rb: Num | None, gate: int) -> Num:
        """What the state adds to a gate."""
        product = einsum("nk,hk->nh", h, r[gate])
        return product if rb is None else add_up(product, rb[gate])

    def mixed(self, z: Num, h: Num, c: Num) -> Num:
        """The next state."""
        return z * h + (1 - z) * c

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        yield "z and 1 - z swapped: z is the share of what is new", _Update(**self.held())
        if self.reset_after:
            yield "the reset before the product with r, as in reset_after=False", _Before(**self.held())


@dataclass(frozen=True)
class _Update(Gru):
    """With a gate that lets in what is new."""

    def mixed(self, z: Num, h: Num, c: Num) -> Num:
        return z * c + (1 - z) * h


@dataclass(frozen=True)
class _Before(Gru):
    """With the reset before the product, and the second bias beside it."""

    def compute(self, x: Num, w: Num, r: Num, b: Num, h0: Num, rb: Num | None = None) -> tuple[Num, ...]:  # type: ignore[override]
        plain = Gru(self.batch, self.steps, self.features, self.units, reset_after=False)
        return plain.compute(x, w, r, b if rb is None else b + rb, h0)


@dataclass(frozen=True)
class SimpleRnn(_Recurrent):
    """A plain recurrent layer (Elman, 1990): h becomes the activation of w x + r h + b."""

    name = "simple_rnn"
    activation: str = param(word_field("tanh", ("tanh", "relu"), "the activation"))

    def inputs(self) -> tuple[TensorSpec, ...]:
        n, t, i, h = self.batch, self.steps, self.features, self.units
        return (
            TensorSpec("x", "NTI", (n, t, i)),
            TensorSpec("w", "HI", (h, i)),
            TensorSpec("r", "HK", (h, h)),
            TensorSpec("b", "H", (h,)),
            TensorSpec("h0", "NH", (n, h)),
        )

    def compute(self, x: Num, w: Num, r: Num, b: Num, h0: Num) -> tuple[Num, ...]:  # type: ignore[override]
        h, seen = h0, []
        for t in range(self.steps):
            z = stored(add_up(einsum("ni,hi->nh", x[:, t], w), einsum("nk,hk->nh", h, r), b))
            h = stored(tanh(z) if self.activation == "tanh" else maximum(z, 0.0))
            seen.append(h)
        return stack(seen, 1), h
