"""What is made of whole matrices: solutions, inverses, determinants, factors and values, with what they may be off.

Good algorithms give the exact answer for a matrix nearby: a + da, with |da| <= SIZE * n * u * (what their elimination
or rotations work with). How far the answer moves with it, to first order, is the bound (Higham, "Accuracy and Stability
of Numerical Algorithms", 2nd ed.: chapters 9, 10, 14, 19 and 20; docs/allowance.md). Matrices lie along the last two
axes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from conformance.exact.contraction import matmul
from conformance.exact.graph import Array, Channel, Edge, Own
from conformance.exact.num import Num

# Roundings for each row or column: the theorems have 3 (elimination), 1 (Cholesky) and "a small constant" (rotations);
# half of it is for the reference, which is itself computed in float64.
SIZE = 8.0


def tried(compute: Callable[[], Any], *shapes: tuple[int, ...]) -> tuple[Array, ...]:
    """What LAPACK gives; NaN in these shapes where it has no answer, as for singular matrices."""
    try:
        with np.errstate(all="ignore"):
            found = compute()
    except np.linalg.LinAlgError:
        return tuple(np.full(shape, np.nan) for shape in shapes)
    return tuple(map(np.asarray, found if isinstance(found, tuple) else (found,)))


def _turned(x: Array) -> Array:
    return np.asarray(x.swapaxes(-1, -2))


def eliminated(a: Array) -> Array:
    """The largest element of |L||U| of each matrix, (..., 1, 1): what elimination with partial pivoting works with."""
    left, sizes = a.copy(), np.zeros(a.shape)
    for k in range(a.shape[-1]):
        row = np.take_along_axis(left, np.abs(left[..., k]).argmax(-1)[..., None, None], -2)
        with np.errstate(all="ignore"):  # of a matrix that is not finite the answer is none
            share = np.divide(
                left[..., k : k + 1], row[..., k : k + 1], where=row[..., k : k + 1] != 0, out=0 * left[..., :1]
            )
            sizes += np.abs(share) * np.abs(row)
            left = left - share * row
    return np.asarray(sizes.max((-1, -2), initial=0.0, keepdims=True))


def _own(value: Array, off: Callable[[], Array]) -> Own:
    def own(name: Channel) -> Array | None:
        if name == "err":
            return off()
        return np.square(value) if name == "energy" else np.ones(value.shape) if name == "tiny" else None

    return own


def solved(a: Num, b: Num) -> Num:
    """The x of a x = b; a is square and regular, b has columns (Higham, theorem 9.4: |da| <= 3n u |L||U|)."""
    n = a.shape[-1]
    (x,) = tried(lambda: np.linalg.solve(a.value, b.value), b.shape)
    (inverted,) = map(np.abs, tried(lambda: np.linalg.inv(a.value), a.shape))
    worked = eliminated(a.value)

    def spread_a(c: Array, squared: bool) -> Array:
        return (inverted**2 @ c @ x**2) if squared else np.asarray(inverted @ c @ np.abs(x))

    def spread_b(c: Array, squared: bool) -> Array:
        return np.asarray((inverted**2 if squared else inverted) @ c)

    def pull_a(g: Num, y: Num) -> Num:
        return -matmul(solved(a.swapaxes(-1, -2), g), y.swapaxes(-1, -2))

    edges = (Edge(a, spread_a, pull_a), Edge(b, spread_b, lambda g, y: solved(a.swapaxes(-1, -2), g)))
    off = lambda: SIZE * n * spread_a(worked * np.ones(a.shape), False)  # noqa: E731
    return Num(x, edges, _own(x, off), steps=int(SIZE * n))


def inverse(a: Num) -> Num:
    """The inverse of regular matrices (Higham, section 14.3: |a^-1||L||U||a^-1|, whichever of its methods)."""
    n = a.shape[-1]
    (y,) = tried(lambda: np.linalg.inv(a.value), a.shape)
    worked = eliminated(a.value)

    def spread(c: Array, squared: bool) -> Array:
        size = np.square(y) if squared else np.abs(y)
        return np.asarray(size @ c @ size)

    def pull(g: Num, y: Num) -> Num:
        return -matmul(matmul(y.swapaxes(-1, -2), g), y.swapaxes(-1, -2))

    off = lambda: SIZE * n * spread(worked * np.ones(a.shape), False)  # noqa: E731
    return Num(y, (Edge(a, spread, pull),), _own(y, off), steps=int(SIZE * n))


def determinant(a: Num) -> Num:
    """The determinant: that of a + da as for a solution, and n products. A singular matrix has one, too."""
    n = a.shape[-1]
    y = np.asarray(np.linalg.det(a.value))
    worked = eliminated(a.value)
    u, s, v = tried(lambda: tuple(np.linalg.svd(a.value)), a.shape, a.shape[:-1], a.shape)
    others = np.stack([np.delete(s, i, -1).prod(-1) for i in range(n)], -1) if n else s
    signs = np.asarray(np.linalg.det(u) * np.linalg.det(v))[..., None, None]
    cofactors = signs * ((u * others[..., None, :]) @ v)

    def spread(c: Array, squared: bool) -> Array:
        return np.asarray(((np.square(cofactors) if squared else np.abs(cofactors)) * c).sum((-1, -2)))

    def pull(g: Num, y: Num) -> Num:
        scale = g.reshape(*g.shape, 1, 1)
        if (y.value == 0).any():
            return scale * Num(cofactors)
        return scale * y.reshape(*y.shape, 1, 1) * inverse(a).swapaxes(-1, -2)

    off = lambda: SIZE * n * spread(worked * np.ones(a.shape), False) + n * np.abs(y)  # noqa: E731
    return Num(y, (Edge(a, spread, pull),), _own(y, off), steps=int(SIZE * n) + n)


def factored(a: Array) -> Num:
    """The lower L of a = L L^T (Higham, theorem 10.3: |da| <= (n + 1) u |L||L^T|); no gradient goes through it.

    da moves L by L F(L^-1 da L^-T), where F keeps the lower triangle and half of the diagonal.
    """
    n = a.shape[-1]
    (y,) = tried(lambda: np.linalg.cholesky(a), a.shape)

    def off() -> Array:
        (inverted,) = map(np.abs, tried(lambda: np.linalg.inv(y), y.shape))
        moved = inverted @ (SIZE * (n + 1) * np.abs(y) @ np.abs(_turned(y))) @ _turned(inverted)
        return np.asarray(np.tril(np.abs(y) @ (np.tril(moved) - np.eye(n) * moved / 2)))

    return Num(y, (), _own(y, off), steps=int(SIZE * (n + 1)))


def sure_of(values: Array, length: int) -> Num:
    """Singular values, or eigenvalues of symmetric matrices, each off by no more than the matrix nearby is (Weyl)."""
    off = lambda: np.broadcast_to(SIZE * length * np.abs(values).max(-1, initial=0.0, keepdims=True), values.shape)  # noqa: E731
    return Num(values, (), _own(values, off), steps=int(SIZE * length))


def least_squares(a: Array, b: Array | None) -> Num:
    """The shortest x for which a x is nearest to b, for a of full rank; without b the pseudo-inverse.

    It is that of a + da and b + db, as large as SIZE * max(m, n) roundings of their norms (Higham, theorem 20.3), by
    which x moves as by Wedin (theorem 20.1 and, of fewer rows than columns, section 21.1).
    """
    m, n = a.shape[-2:]
    (inverted,) = tried(lambda: np.linalg.pinv(a), (*a.shape[:-2], n, m))
    given = np.eye(m) if b is None else b
    x = inverted @ given

    def off() -> Array:
        size = np.abs(inverted)
        rest, free = np.abs(given - a @ x), np.abs(np.eye(n) - inverted @ a)
        of_a = np.linalg.norm(a, axis=(-2, -1), keepdims=True) * np.ones(a.shape)
        of_b = 0.0 if b is None else np.linalg.norm(b, axis=-2, keepdims=True)
        moved = size @ (of_b + of_a @ np.abs(x)) + size @ _turned(size) @ _turned(of_a) @ rest
        return np.asarray(SIZE * max(m, n) * (moved + free @ _turned(of_a) @ np.abs(_turned(inverted) @ x)))

    return Num(x, (), _own(x, off), steps=int(SIZE * max(m, n)))
