"""How JAX is asked: linear algebra."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

TABLE: dict[str, Cell] = {
    "solve": (
        Words(
            "x = jax.numpy.linalg.solve(a, b)",
            unless={"columns == null and axes > 2": "a vector a matrix"},
            refuses=True,
        ),
        Words("x = jax.numpy.linalg.solve(a, b[..., None])[..., 0]", refuses=True),
    ),
    "inv": Words("y = jax.numpy.linalg.inv(x)", refuses=True),
    "det": Words("y = jax.numpy.linalg.det(x)", refuses=True),
    "cholesky": (
        Words(
            "y = jax.numpy.linalg.cholesky(x, symmetrize_input=False)", unless={"upper": "the upper one"}, refuses=True
        ),
        Words("y = jax.numpy.linalg.cholesky(x.mT, upper=True, symmetrize_input=False)", refuses=True),
    ),
    "qr": Words("q, r = jax.numpy.linalg.qr(x, {mode})"),
    "svd": Words("u, s, vh = jax.numpy.linalg.svd(x, full_matrices={full_matrices})"),
    "eigh": (
        Words(
            "w, v = jax.numpy.linalg.eigh(x, symmetrize_input=False)", unless={"upper": "the upper one"}, refuses=True
        ),
        Words("w, v = jax.numpy.linalg.eigh(x, {triangle}, symmetrize_input=False)", trusted=True, refuses=True),
    ),
    "lstsq": Words(
        "x = jax.numpy.linalg.lstsq(a, b)[0]", unless={"dims(shape) > 2": "jax.numpy.linalg.lstsq takes one matrix"}
    ),
    "pinv": Words("y = jax.numpy.linalg.pinv(x)"),
}
