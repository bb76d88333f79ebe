"""How NumPy is asked: sums of products."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

TABLE: dict[str, Cell] = {
    "matmul": (
        Words("y = numpy.matmul(a, b)", unless={"transpose_left": "turned", "transpose_right": "turned"}),
        Words("y = numpy.matmul(a.mT, b)", unless={"not transpose_left": "as it is", "transpose_right": "turned"}),
        Words("y = numpy.matmul(a, b.mT)", unless={"transpose_left": "turned"}),
        Words("y = numpy.matmul(a.mT, b.mT)"),
    ),
    "dot": Words("y = numpy.dot(a, b)"),
    "dense": (
        Words("y = numpy.dot(x, w)", unless={"bias": "with a bias"}),
        Words("y = numpy.dot(x, w) + b"),
    ),
    "einsum": (
        Words("y = numpy.einsum({equation}, a)", unless={"operands != 1": "of two"}),
        Words("y = numpy.einsum({equation}, a, b)"),
    ),
}
