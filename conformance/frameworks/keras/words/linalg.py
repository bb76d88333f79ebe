"""How Keras is asked: linear algebra."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

_TURNED = "keras.ops.swapaxes(x, -1, -2)"

TABLE: dict[str, Cell] = {
    "solve": (
        Words("x = keras.ops.solve(a, b)", unless={"columns == null and axes > 2": "a vector a matrix"}, refuses=True),
        Words("x = keras.ops.solve(a, b[..., None])[..., 0]", refuses=True),
    ),
    "inv": Words("y = keras.ops.inv(x)", refuses=True),
    "det": Words("y = keras.ops.det(x)", refuses=True),
    "cholesky": Words("y = keras.ops.cholesky(x, upper={upper})", refuses=True),
    "qr": Words("q, r = keras.ops.qr(x, {mode})"),
    "svd": Words("u, s, vh = keras.ops.svd(x, {full_matrices})"),
    "eigh": (
        Words("w, v = keras.ops.eigh(x)", unless={"upper": "the upper one"}, refuses=True),
        Words(f"w, v = keras.ops.eigh({_TURNED})", refuses=True),
    ),
    "lstsq": Words("x = keras.ops.lstsq(a, b)", unless={"dims(shape) > 2": "keras.ops.lstsq takes one matrix"}),
    "pinv": Words("y = keras.ops.pinv(x)"),
}
