"""Sums of products: matrix products, dense layers, and einsum."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from conformance.exact.contraction import einsum, matmul
from conformance.exact.num import Num, add_up, gathered, total
from conformance.ops.base import (
    LETTERS,
    Op,
    TensorSpec,
    boolean_field,
    integer_field,
    param,
    shape_field,
    word_field,
)


@dataclass(frozen=True)
class Matmul(Op):
    """The product of matrices, as NumPy's matmul: of the last two axes, broadcast over those before them.

    A vector on the left is a row and on the right a column, and the axis that it lacks is left out of y.
    `transpose_left` and `transpose_right` exchange the last two axes of what has two.
    """

    name = "matmul"
    unsaid = ("left", "right")
    left: tuple[int, ...] = param(shape_field((2, 3, 4), "the shape of a", most=4))
    right: tuple[int, ...] = param(shape_field((2, 4, 5), "the shape of b", most=4))
    transpose_left: bool = param(boolean_field(False, "take a with its last two axes exchanged"))
    transpose_right: bool = param(boolean_field(False, "take b with its last two axes exchanged"))

    def turned(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The shapes as they are multiplied."""
        pairs = ((self.left, self.transpose_left), (self.right, self.transpose_right))
        left, right = ((*s[:-2], *s[:-3:-1]) if turn and len(s) > 1 else s for s, turn in pairs)
        return left, right

    def shape(self) -> tuple[int, ...]:
        """That of y; ValueError where the two do not fit."""
        left, right = self.turned()
        _fit(left, right)
        return (*np.broadcast_shapes(left[:-2], right[:-2]), *left[:-1][-1:], *right[1:][-1:])

    def refusal(self) -> str | None:
        try:
            self.shape()
        except ValueError as error:
            return str(error)
        return None

    def products(self) -> int:
        # A gradient of what is broadcast sums over all that it went to.
        rows, columns = self.left[:-1][-1:] or (1,), self.right[1:][-1:] or (1,)
        return max(self.turned()[0][-1], prod(self.shape()) * max(*rows, *columns, 1))

    def meaning(self) -> dict[str, Any]:
        return {"ranks": (len(self.left), len(self.right)), "least": min(len(self.left), len(self.right))}

    def inputs(self) -> tuple[TensorSpec, ...]:
        return (
            TensorSpec("a", LETTERS[: len(self.left)], self.left),
            TensorSpec("b", LETTERS[: len(self.right)], self.right),
        )

    def outputs(self) -> tuple[TensorSpec, ...]:
        shape = self.shape()
        return (TensorSpec("y", LETTERS[: len(shape)], shape),)

    def compute(self, a: Num, b: Num) -> Num:  # type: ignore[override]
        left = a.swapaxes(-1, -2) if self.transpose_left and a.ndim > 1 else a
        return matmul(left, b.swapaxes(-1, -2) if self.transpose_right and b.ndim > 1 else b)


def _fit(left: tuple[int, ...], right: tuple[int, ...]) -> None:
    n = right[max(len(right) - 2, 0)]
    if left[-1] != n:
        raise ValueError(f"{left} and {right} do not fit: {left[-1]} numbers are to meet {n}")


@dataclass(frozen=True)
class Dot(Op):
    """The product of NumPy's dot: the last axis of a with the last but one of b, every other axis kept, a's first.

    Of vectors and matrices it is the matrix product; of more axes it is none: y[i, j, k, m] is the sum over n of
    a[i, j, n] b[k, n, m].
    """

    name = "dot"
    unsaid = ("left", "right")
    left: tuple[int, ...] = param(shape_field((2, 3, 4), "the shape of a", most=3))
    right: tuple[int, ...] = param(shape_field((4, 5), "the shape of b", most=3))

    refusal, inputs, outputs = Matmul.refusal, Matmul.inputs, Matmul.outputs

    def shape(self) -> tuple[int, ...]:
        """That of y; ValueError where the two do not fit."""
        _fit(self.left, self.right)
        return (*self.left[:-1], *self.right[:-2], *self.right[1:][-1:])

    def products(self) -> int:
        return max(prod(self.left), prod(self.right), 1)

    def meaning(self) -> dict[str, Any]:
        at = max(len(self.right) - 2, 0)
        return {"axes": ((len(self.left) - 1,), (at,)), "ranks": (len(self.left), len(self.right))}

    def compute(self, a: Num, b: Num) -> Num:  # type: ignore[override]
        if b.ndim < 3:
            return matmul(a, b)
        return einsum(_DOT[a.ndim], a, b)

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        plain = Matmul(self.left, self.right)
        if len(self.right) > 2 and plain.refusal() is None:
            yield "a matrix product for each place along the first axes, as matmul", plain


_DOT = {1: "n,knm->km", 2: "in,knm->ikm", 3: "ijn,knm->ijkm"}


@dataclass(frozen=True)
class Dense(Op):
    """A dense layer: y = x w + b along the last axis of x, w (features, units)."""

    name = "dense"
    unsaid = ("shape",)
    shape: tuple[int, ...] = param(shape_field((3, 4), "the shape of x; its last length is the features"))
    units: int = param(integer_field(5, 1, "units U"))
    bias: bool = param(boolean_field(True, "add a bias"))

    @property
    def features(self) -> int:
        return self.shape[-1]

    def inputs(self) -> tuple[TensorSpec, ...]:
        x, w = TensorSpec("x", LETTERS[: len(self.shape)], self.shape), (self.features, self.units)
        b = (TensorSpec("b", "U", (self.units,)),) if self.bias else ()
        return (x, TensorSpec("w", "IU", w), *b)

    def outputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("y", LETTERS[: len(self.shape)], (*self.shape[:-1], self.units)),)

    def meaning(self) -> dict[str, Any]:
        return {"features": self.features}

    def products(self) -> int:
        return max(self.shape[-1] + self.bias, self.units, prod(self.shape[:-1]))

    def compute(self, x: Num, w: Num, b: Num | None = None) -> Num:  # type: ignore[override]
        y = matmul(x, w)
        return y if b is None else add_up(y, b)


# What each of the equations is of: the lengths that stand for its letters.
_LENGTHS = {"i": 3, "j": 4, "k": 5, "b": 2, "h": 2, "q": 3, "d": 4, "a": 5}
EQUATIONS = (
    "ij,jk->ik",
    "ij,jk",
    "bij,bjk->bik",
    "bhqd,bhkd->bhqk",
    "bhqk,bhkd->bqhd",
    "ij,kj->ki",
    "i,j->ij",
    "i,i->",
    "ij,ij->i",
    "ij,k->ik",
    "ij->ji",
    "ij->i",
    "ba",
    "ii->i",
    "ii",
)


@dataclass(frozen=True)
class Einsum(Op):
    """Einstein's sums: y has the letters after the arrow, and what is under any other letter is summed over.

    Without an arrow y has the letters that occur once, in alphabetical order: "ba" is a transpose. A letter that comes
    twice in one operand is its diagonal.
    """

    name = "einsum"
    equation: str = param(word_field("ij,jk->ik", EQUATIONS, "the equation"))

    @property
    def read(self) -> tuple[list[str], str]:
        """The letters of each operand, and of y."""
        left, _, out = self.equation.partition("->")
        return left.split(","), out if "->" in self.equation else self.ordered(left.replace(",", ""))

    def ordered(self, letters: str) -> str:
        """Those of y, where no arrow says them."""
        return "".join(sorted(c for c in set(letters) if letters.count(c) == 1))

    def meaning(self) -> dict[str, Any]:
        return {"operands": len(self.read[0])}

    def products(self) -> int:
        letters = set("".join(self.read[0]))
        return max(1, *(prod(_LENGTHS[c] for c in letters - set(kept)) for kept in (*self.read[0], self.read[1])))

    def inputs(self) -> tuple[TensorSpec, ...]:
        each = zip("ab", self.read[0], strict=False)
        return tuple(TensorSpec(n, LETTERS[: len(o)], tuple(_LENGTHS[c] for c in o)) for n, o in each)

    def outputs(self) -> tuple[TensorSpec, ...]:
        out = self.read[1]
        return (TensorSpec("y", LETTERS[: len(out)], tuple(_LENGTHS[c] for c in out)),)

    def compute(self, a: Num, b: Num | None = None) -> Num:  # type: ignore[override]
        operands, out = self.read
        if b is not None:
            return einsum(f"{operands[0]},{operands[1]}->{out}", a, b)
        letters = operands[0]
        if letters == "ii":
            a, letters = gathered(a, np.arange(a.shape[0]) * (a.shape[1] + 1)), "i"
        summed = [i for i, c in enumerate(letters) if c not in out]
        y = total(a, summed) if summed else a
        kept = [c for c in letters if c in out]
        return y.transpose(*(kept.index(c) for c in out)) if len(out) > 1 else y

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        if "->" not in self.equation:
            yield (
                "the letters of y in the order in which they stand, not in that of the alphabet",
                _AsTheyStand(self.equation),
            )


@dataclass(frozen=True)
class _AsTheyStand(Einsum):
    """With the letters of y unsorted."""

    def ordered(self, letters: str) -> str:
        return "".join(c for c in letters if letters.count(c) == 1)
