"""How NumPy is asked: linear algebra."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

TABLE: dict[str, Cell] = {
    "solve": (
        Words(
            "x = numpy.linalg.solve(a, b)", unless={"columns == null and axes > 2": "a vector a matrix"}, refuses=True
        ),
        Words("x = numpy.linalg.solve(a, b[..., None])[..., 0]", refuses=True),
    ),
    "inv": Words("y = numpy.linalg.inv(x)", refuses=True),
    "det": Words("y = numpy.linalg.det(x)", refuses=True),
    "cholesky": Words("y = numpy.linalg.cholesky(x, upper={upper})", refuses=True),
    "qr": Words("q, r = numpy.linalg.qr(x, {mode})"),
    "svd": Words("u, s, vh = numpy.linalg.svd(x, full_matrices={full_matrices})"),
    "eigh": (
        Words("w, v = numpy.linalg.eigh(x)", unless={"upper": "the upper one"}, refuses=True),
        Words("w, v = numpy.linalg.eigh(x, {triangle})", trusted=True, refuses=True),
    ),
    "lstsq": Words(
        "x = numpy.linalg.lstsq(a, b)[0]", unless={"dims(shape) > 2": "numpy.linalg.lstsq takes one matrix"}
    ),
    "pinv": Words("y = numpy.linalg.pinv(x)"),
}
