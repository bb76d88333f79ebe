"""How TensorFlow is asked: linear algebra."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

_TURNED = "tf.linalg.matrix_transpose({})".format
_UPPER = _TURNED(f"tf.linalg.cholesky({_TURNED('x')})")

TABLE: dict[str, Cell] = {
    "solve": (
        Words("x = tf.linalg.solve(a, b)", unless={"columns == null": "a vector a matrix"}, refuses=True),
        Words("x = tf.linalg.solve(a, b[..., None])[..., 0]", refuses=True),
    ),
    "inv": Words("y = tf.linalg.inv(x)", refuses=True),
    "det": Words("y = tf.linalg.det(x)", refuses=True),
    "cholesky": (
        Words("y = tf.linalg.cholesky(x)", unless={"upper": "the upper one"}, refuses=True),
        Words(f"y = {_UPPER}", refuses=True),
    ),
    "qr": Words("q, r = tf.linalg.qr(x, full_matrices={complete})"),
    "svd": Words("s, u, vh = tf.linalg.svd(x, full_matrices={full_matrices})", {"vh": "{turned|text}"}),
    "eigh": (
        Words("w, v = tf.linalg.eigh(x)", unless={"upper": "the upper one"}, refuses=True),
        Words("w, v = tf.linalg.eigh(tf.linalg.matrix_transpose(x))", refuses=True),
    ),
    "lstsq": Words("x = tf.linalg.lstsq(a, b, fast=False)"),
    "pinv": Words("y = tf.linalg.pinv(x)"),
}
