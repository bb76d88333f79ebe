"""Linear algebra: systems of equations, inverses, determinants, and matrices taken apart.

What is unique is judged by its value, with what is known of backward errors (exact/solving.py); signs of vectors, and
vectors of equal values, are free, so those are judged by what must hold of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from conformance.exact.contraction import matmul
from conformance.exact.num import Num
from conformance.exact.solving import (
    SIZE,
    determinant,
    factored,
    inverse,
    least_squares,
    solved,
    sure_of,
    tried,
)
from conformance.ops.base import (
    Field,
    Op,
    ParamError,
    Relation,
    TensorSpec,
    an_integer,
    boolean_field,
    integer_field,
    optional,
    param,
    shape_field,
    word_field,
)

_BATCH = "ABE"


def _orthonormal(name: str, rows: bool = False) -> Any:
    """The product of a matrix of orthonormal columns (or rows) with itself, and the identity."""

    def sides(given: Mapping[str, Num], got: Mapping[str, Num]) -> tuple[Num, Any]:
        one = got[name]
        pair = (one, one.swapaxes(-1, -2)) if rows else (one.swapaxes(-1, -2), one)
        return matmul(*pair), np.eye(one.shape[-2 if rows else -1])

    return sides


@dataclass(frozen=True)
class _OfMatrix(Op):
    """What is made of the matrices along the last two axes of one tensor."""

    unsaid: ClassVar[tuple[str, ...]] = ("shape",)
    shape: tuple[int, ...] = param(shape_field((2, 4, 4), "the shape of the matrices", most=5))

    def __post_init__(self) -> None:
        if len(self.shape) < 2:
            raise ParamError("shape", f"found {list(self.shape)}, expected at least two lengths: rows and columns")

    @property
    def batch(self) -> tuple[str, tuple[int, ...]]:
        """The letters and lengths of the axes before the matrices."""
        return _BATCH[: len(self.shape) - 2], self.shape[:-2]

    def spec(self, name: str, axes: str, *lengths: int, **more: Any) -> TensorSpec:
        """A tensor of the same batch."""
        letters, batch = self.batch
        return TensorSpec(name, letters + axes, (*batch, *lengths), **more)

    def inputs(self) -> tuple[TensorSpec, ...]:
        return (self.spec("x", "IJ", *self.shape[-2:], pulled=False),)


@dataclass(frozen=True)
class _OfSquare(_OfMatrix):
    """What square matrices alone have."""

    def refusal(self) -> str | None:
        if self.shape[-1] != self.shape[-2]:
            return f"matrices of {self.shape[-2]} rows and {self.shape[-1]} columns, expected as many of both"
        return None


@dataclass(frozen=True)
class Solve(_OfSquare):
    """The x of a x = b for square, regular matrices a; b has `columns`, or without them is one vector a matrix."""

    name = "solve"
    unsaid = ("shape", "columns")
    columns: int | None = param(
        Field(
            optional(an_integer(0)),
            2,
            "columns of b; null for a vector a matrix",
            {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "null"}]},
            least=1,
        )
    )

    def meaning(self) -> Mapping[str, Any]:
        return {"axes": len(self.shape)}

    def inputs(self) -> tuple[TensorSpec, ...]:
        rows = self.shape[-2]
        b = self.spec("b", "I", rows) if self.columns is None else self.spec("b", "IK", rows, self.columns)
        return self.spec("a", "IJ", *self.shape[-2:], draw="regular"), b

    def outputs(self) -> tuple[TensorSpec, ...]:
        n = self.shape[-1]
        return (self.spec("x", "J", n) if self.columns is None else self.spec("x", "JK", n, self.columns),)

    def compute(self, a: Num, b: Num) -> Num:  # type: ignore[override]
        if self.columns is not None:
            return solved(a, b)
        return solved(a, b.reshape(*b.shape, 1)).reshape(*b.shape)


@dataclass(frozen=True)
class Inv(_OfSquare):
    """The inverse of square, regular matrices."""

    name = "inv"

    def inputs(self) -> tuple[TensorSpec, ...]:
        return (self.spec("x", "IJ", *self.shape[-2:], draw="regular"),)

    def outputs(self) -> tuple[TensorSpec, ...]:
        return (self.spec("y", "JI", *self.shape[-2:]),)

    def compute(self, x: Num) -> Num:  # type: ignore[override]
        return inverse(x)


@dataclass(frozen=True)
class Det(_OfSquare):
    """The determinant of square matrices; 1 of those without rows."""

    name = "det"
    inputs = Inv.inputs

    def outputs(self) -> tuple[TensorSpec, ...]:
        return (self.spec("y", ""),)

    def compute(self, x: Num) -> Num:  # type: ignore[override]
        return determinant(x)


def _read(x: np.ndarray[Any, Any], upper: bool) -> np.ndarray[Any, Any]:
    """The symmetric matrix of which one triangle is read."""
    kept = np.triu(x) if upper else np.tril(x)
    return np.asarray(kept + (np.triu(x, 1) if upper else np.tril(x, -1)).swapaxes(-1, -2))


@dataclass(frozen=True)
class _OfSymmetric(_OfSquare):
    """What symmetric matrices have, of which one triangle is read; what the other holds is of no matter."""

    upper: bool = param(boolean_field(False, "the upper triangle is read; false: the lower one"))

    def meaning(self) -> Mapping[str, Any]:
        """`triangle`: its letter."""
        return {"triangle": "U" if self.upper else "L"}

    def symmetric(self, x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """The matrices that are meant."""
        return _read(x, self.upper)


@dataclass(frozen=True)
class Cholesky(_OfSymmetric):
    """The lower triangular L with positive diagonal of x = L L^T; with `upper`: U of x = U^T U.

    x is positive definite. The triangle that is read is the one that the factor fills.
    """

    name = "cholesky"

    def inputs(self) -> tuple[TensorSpec, ...]:
        return (self.spec("x", "IJ", *self.shape[-2:], draw="dominant", pulled=False),)

    def outputs(self) -> tuple[TensorSpec, ...]:
        return (self.spec("y", "IJ", *self.shape[-2:]),)

    def compute(self, x: Num) -> Num:  # type: ignore[override]
        y = factored(self.symmetric(x.value))
        return y.swapaxes(-1, -2) if self.upper else y

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        yield "the matrix made symmetric first: (x + x^T) / 2", _CholeskyOfMean(self.shape, self.upper)
        yield "the other triangle read", _CholeskyOfOther(self.shape, self.upper)


@dataclass(frozen=True)
class _CholeskyOfMean(Cholesky):
    """With the mean of both triangles."""

    def symmetric(self, x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return np.asarray((x + x.swapaxes(-1, -2)) / 2)


@dataclass(frozen=True)
class _CholeskyOfOther(Cholesky):
    """With the triangle read that is not filled."""

    def symmetric(self, x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return _read(x, not self.upper)


@dataclass(frozen=True)
class Eigh(_OfSymmetric):
    """Eigenvalues w of symmetric matrices in ascending order, and orthonormal eigenvectors v, a column each.

    x v = v diag(w), v^T v = 1. Signs of columns are free, and so are all bases for equal eigenvalues.
    """

    name = "eigh"

    def outputs(self) -> tuple[TensorSpec, ...]:
        n = self.shape[-1]
        return self.spec("w", "K", n), self.spec("v", "IK", n, n)

    def compute(self, x: Num) -> tuple[Num, Num]:  # type: ignore[override]
        w, v = tried(lambda: tuple(np.linalg.eigh(self.symmetric(x.value))), *(t.shape for t in self.outputs()))
        return sure_of(w, self.shape[-1]), Num(v)

    def relations(self) -> tuple[Relation, ...]:
        size = SIZE * self.shape[-1]

        def sides(given: Mapping[str, Num], got: Mapping[str, Num]) -> tuple[Num, Num]:
            return matmul(Num(self.symmetric(given["x"].value)), got["v"]), got["v"] * got["w"][..., None, :]

        return Relation("x v = v w", ("v",), sides, size), Relation("v^T v = 1", ("v",), _orthonormal("v"), size)

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        yield "the matrix made symmetric first: (x + x^T) / 2", _EighOfMean(self.shape, self.upper)


@dataclass(frozen=True)
class _EighOfMean(Eigh):
    """With the mean of both triangles."""

    symmetric = _CholeskyOfMean.symmetric


@dataclass(frozen=True)
class Qr(_OfMatrix):
    """x = q r, with orthonormal columns of q and an upper triangular r; signs are free.

    Of m rows and n columns, q has min(m, n) columns (`reduced`) or m (`complete`), and r as many rows.
    """

    name = "qr"
    shape: tuple[int, ...] = param(shape_field((2, 5, 3), "the shape of the matrices", most=5))
    mode: str = param(word_field("reduced", ("reduced", "complete"), "how many columns q has"))

    def meaning(self) -> Mapping[str, Any]:
        return {"complete": self.mode == "complete"}

    def outputs(self) -> tuple[TensorSpec, ...]:
        m, n = self.shape[-2:]
        k = m if self.mode == "complete" else min(m, n)
        return self.spec("q", "IK", m, k), self.spec("r", "KJ", k, n)

    def compute(self, x: Num) -> tuple[Num, Num]:  # type: ignore[override]
        q, r = tried(lambda: tuple(np.linalg.qr(x.value, self.mode)), *(t.shape for t in self.outputs()))  # type: ignore[call-overload]
        return Num(q), Num(r)

    def relations(self) -> tuple[Relation, ...]:
        size = SIZE * max(self.shape[-2:])

        def product(given: Mapping[str, Num], got: Mapping[str, Num]) -> tuple[Num, Num]:
            return matmul(got["q"], got["r"]), given["x"]

        def triangular(given: Mapping[str, Num], got: Mapping[str, Num]) -> tuple[Num, Num]:
            return Num(np.tril(got["r"].value, -1)), Num(np.zeros(got["r"].shape))

        return (
            Relation("q r = x", ("q", "r"), product, size),
            Relation("q^T q = 1", ("q",), _orthonormal("q"), size),
            Relation("r is 0 below its diagonal", ("r",), triangular, 0.0),
        )


@dataclass(frozen=True)
class Svd(_OfMatrix):
    """x = u diag(s) vh: orthonormal columns of u, singular values s in descending order, orthonormal rows of vh.

    With `full_matrices` u and vh are square. vh is the transpose of the matrix of right singular vectors. Signs are
    free, and so are all bases for equal singular values.
    """

    name = "svd"
    shape: tuple[int, ...] = param(shape_field((2, 4, 3), "the shape of the matrices", most=5))
    full_matrices: bool = param(boolean_field(True, "u and vh are square"))

    def meaning(self) -> Mapping[str, Any]:
        """`turned`: the layout of the matrix of right singular vectors, of which vh is the transpose."""
        return {"turned": self.batch[0] + "JV"}

    def outputs(self) -> tuple[TensorSpec, ...]:
        m, n = self.shape[-2:]
        k = min(m, n)
        left, right = (m, n) if self.full_matrices else (k, k)
        return self.spec("u", "IU", m, left), self.spec("s", "K", k), self.spec("vh", "VJ", right, n)

    def compute(self, x: Num) -> tuple[Num, Num, Num]:  # type: ignore[override]
        u, s, vh = tried(lambda: tuple(np.linalg.svd(x.value, self.full_matrices)), *(t.shape for t in self.outputs()))
        return Num(u), sure_of(s, max(self.shape[-2:])), Num(vh)

    def relations(self) -> tuple[Relation, ...]:
        size, k = SIZE * max(self.shape[-2:]), min(self.shape[-2:])

        def product(given: Mapping[str, Num], got: Mapping[str, Num]) -> tuple[Num, Num]:
            return matmul(got["u"][..., :k] * got["s"][..., None, :], got["vh"][..., :k, :]), given["x"]

        return (
            Relation("u s vh = x", ("u", "vh"), product, size),
            Relation("u^T u = 1", ("u",), _orthonormal("u"), size),
            Relation("vh vh^T = 1", ("vh",), _orthonormal("vh", rows=True), size),
        )


@dataclass(frozen=True)
class Lstsq(_OfMatrix):
    """The x for which a x is nearest to b, and of several the shortest; a has full rank."""

    name = "lstsq"
    unsaid = ("shape", "columns")
    shape: tuple[int, ...] = param(shape_field((5, 3), "the shape of the matrices", most=5))
    columns: int = param(integer_field(2, 1, "columns of b"))

    def inputs(self) -> tuple[TensorSpec, ...]:
        m, n = self.shape[-2:]
        a = self.spec("a", "IJ", m, n, draw="regular", pulled=False)
        return a, self.spec("b", "IK", m, self.columns, pulled=False)

    def outputs(self) -> tuple[TensorSpec, ...]:
        return (self.spec("x", "JK", self.shape[-1], self.columns),)

    def compute(self, a: Num, b: Num) -> Num:  # type: ignore[override]
        return least_squares(a.value, b.value)


@dataclass(frozen=True)
class Pinv(_OfMatrix):
    """The pseudo-inverse (Moore and Penrose) of matrices of full rank."""

    name = "pinv"
    shape: tuple[int, ...] = param(shape_field((2, 4, 3), "the shape of the matrices", most=5))

    def inputs(self) -> tuple[TensorSpec, ...]:
        return (self.spec("x", "IJ", *self.shape[-2:], draw="regular", pulled=False),)

    def outputs(self) -> tuple[TensorSpec, ...]:
        return (self.spec("y", "JI", *self.shape[:-3:-1]),)

    def compute(self, x: Num) -> Num:  # type: ignore[override]
        return least_squares(x.value, None)
