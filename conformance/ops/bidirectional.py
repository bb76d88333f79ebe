"""Recurrent layers that run both ways along time, one upon the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from conformance.exact.moves import concatenate, flip, pad, stack
from conformance.exact.num import Num, stored
from conformance.ops.base import (
    Op,
    ParamError,
    TensorSpec,
    boolean_field,
    integer_field,
    optional,
    param,
    shape_field,
    word_field,
)
from conformance.ops.recurrent import Gru, Lstm, SimpleRnn

_CELLS: dict[str, type[Op]] = {"lstm": Lstm, "gru": Gru, "simple_rnn": SimpleRnn}
_LISTED = shape_field((1,), "how many steps each sequence has; null: all of them")
_LENGTHS = replace(
    _LISTED, parse=optional(_LISTED.parse), default=None, schema={"anyOf": [_LISTED.schema, {"type": "null"}]}, least=1
)
# Of a cell's tensors, those that every layer has in one.
_STATES = ("h0", "c0")


@dataclass(frozen=True)
class Bidirectional(Op):
    """A recurrent layer forwards in time, and one of its own weights backwards (Schuster and Paliwal, 1997).

    The backward pass reads the last step first, and its answer to a step stands at that step. y is both, joined, and
    the next layer reads it. Without `sequences` y is the last states of both, joined: that of the backward pass is of
    the first step. Sequences of `lengths` of their own end there for both: the backward pass begins at its sequence's
    end, and y is 0 behind it. h (and c) are the last states, a layer and a direction. A gru resets after the product.
    """

    name = "bidirectional"
    unsaid = ("batch", "steps")
    cell: str = param(word_field("lstm", tuple(_CELLS), "which layer"))
    layers: int = param(integer_field(1, 1, "layers, one upon the other, A"))
    batch: int = param(integer_field(2, 1, "batch size N"))
    steps: int = param(integer_field(3, 1, "steps in time T"))
    features: int = param(integer_field(3, 1, "features of x, I"))
    units: int = param(integer_field(4, 1, "units of one direction, H"))
    merge: str = param(word_field("concat", ("concat", "sum", "mul", "ave"), "how both directions are joined"))
    sequences: bool = param(boolean_field(True, "y is of every step, not of the last states alone"))
    lengths: tuple[int, ...] | None = param(_LENGTHS)

    def __post_init__(self) -> None:
        if self.lengths is None:
            return
        if len(self.lengths) != self.batch or not all(1 <= n <= self.steps for n in self.lengths):
            raise ParamError(
                "lengths", f"lengths is {list(self.lengths)}, expected {self.batch} of them, each 1 to {self.steps}"
            )

    def layer(self, number: int, batch: int = 0, steps: int = 0) -> Op:
        """One layer in one direction."""
        features = self.features if number == 0 else self.units * (2 if self.merge == "concat" else 1)
        kind: Any = _CELLS[self.cell]
        made: Op = kind(batch or self.batch, steps or self.steps, features, self.units)
        return made

    def inputs(self) -> tuple[TensorSpec, ...]:
        x, *first = self.layer(0).inputs()
        weights, states = [], []
        for number in range(self.layers):
            for spec in self.layer(number).inputs()[1:]:
                axes, marks = spec.axes.replace("I", "J") if number else spec.axes, (("D", "fb"), *spec.marks)
                if spec.name not in _STATES:
                    shape = (2, *spec.shape)
                    weights.append(
                        replace(spec, name=f"{spec.name}{number}", axes=f"D{axes}", shape=shape, marks=marks)
                    )
        for spec in first:
            if spec.name in _STATES:
                states.append(self._state(spec))
        return x, *weights, *states

    def _state(self, spec: TensorSpec) -> TensorSpec:
        return replace(spec, axes=f"AD{spec.axes}", shape=(self.layers, 2, *spec.shape), marks=(("D", "fb"),))

    def outputs(self) -> tuple[TensorSpec, ...]:
        y, *states = self.layer(0).outputs()
        axes, shape = ("NT", y.shape[:2]) if self.sequences else ("N", y.shape[:1])
        if self.merge == "concat":
            y = replace(y, axes=f"{axes}DH", shape=(*shape, 2, self.units), marks=(("D", "fb"),))
        else:
            y = replace(y, axes=f"{axes}H", shape=(*shape, self.units))
        return y, *map(self._state, states)

    def effort(self, gradients: bool) -> tuple[int, int]:
        each = [self.layer(number).effort(gradients) for number in range(self.layers)]
        calls = 2 * (self.batch if self.lengths else 1)
        return calls * sum(work for work, _ in each), 2 * sum(held for _, held in each)

    def compute(self, **t: Any) -> tuple[Num, ...]:
        seen, after = t["x"], []
        for number in range(self.layers):
            both = [self.one_way(seen, number, way, t) for way in range(2)]
            steps, states = [y for y, *_ in both], [[*last] for _, *last in both]
            after.append([stack(state, 0) for state in zip(*states, strict=True)])
            joined = stored(self.joined(steps, 2))
            seen = joined.reshape(*joined.shape[:2], -1)
        y = joined if self.sequences else self.joined(self.ends(steps, [state[0] for state in states]), 1)
        return y, *(stack(state, 0) for state in zip(*after, strict=True))

    def one_way(self, x: Num, number: int, way: int, t: dict[str, Any]) -> list[Num]:
        """What one layer answers in one direction, step by step where each stands, and its last states."""
        found = []
        for rows, length in self.parts():
            piece = x[rows, :length]
            given = {}
            for spec in self.layer(number).inputs()[1:]:
                own = spec.name in _STATES
                given[spec.name] = t[spec.name][number, way, rows] if own else t[f"{spec.name}{number}"][way]
            cell = self.layer(number, piece.shape[0], length)
            y, *last = cell.compute(x=flip(piece, 1) if way else piece, **given)
            y = pad(self.turned(y) if way else y, ((0, 0), (0, x.shape[1] - length), (0, 0)))
            found.append([y, *last])
        return [concatenate(each, 0) for each in zip(*found, strict=True)]

    def parts(self) -> Iterator[tuple[slice, int]]:
        """The sequences that have as many steps, and how many."""
        if self.lengths is None:
            yield slice(None), self.steps
        for n, length in enumerate(self.lengths or ()):
            yield slice(n, n + 1), length

    def turned(self, y: Num) -> Num:
        """What the backward pass answers, each step where it stands."""
        return flip(y, 1)

    def ends(self, steps: Sequence[Num], states: Sequence[Num]) -> Sequence[Num]:
        """What y is of without `sequences`, a direction."""
        return states

    def joined(self, parts: Sequence[Num], axis: int) -> Num:
        """Both directions."""
        one, other = parts
        if self.merge == "concat":
            return stack(parts, axis)
        made = one * other if self.merge == "mul" else one + other
        return made * 0.5 if self.merge == "ave" else made

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        same = self.held()
        if not self.sequences:
            text = "the last step of every step's answer, where the backward pass has seen one step, for its last state"
            yield text, _LastStep(**same)
        yield "the backward pass's answers in its own order, the last step first", _Unturned(**same)
        if self.lengths is not None:
            text = "lengths left out: the steps behind a sequence's end count, and the backward pass begins with them"
            yield text, replace(self, lengths=None)


@dataclass(frozen=True)
class _LastStep(Bidirectional):
    """y[:, -1] of what y is of every step."""

    def ends(self, steps: Sequence[Num], states: Sequence[Num]) -> Sequence[Num]:
        return [y[:, -1] for y in steps]


@dataclass(frozen=True)
class _Unturned(Bidirectional):
    """As a layer that goes backwards answers by itself."""

    def turned(self, y: Num) -> Num:
        return y
