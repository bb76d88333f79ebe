"""How NumPy is asked: patches, by the numbers of their places."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

TABLE: dict[str, Cell] = {
    "unfold": Words(
        "x = numpy.reshape(numpy.pad(x, {around}), {flat})\ny = x[:, :, numpy.array({inside})]",
        {"y": "NC(K{size|letters|text})"},
    ),
    "fold": Words(
        "y = numpy.zeros({rows}, x.dtype)\nnumpy.add.at(y, numpy.array({places}), x)\ny = y[:-1]",
        {"x": "(K{size|letters|text})NC", "y": "({size|letters|text})NC"},
        trusted=True,
    ),
}
