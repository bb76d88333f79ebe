"""How NumPy is asked: sorting."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

TABLE: dict[str, Cell] = {
    "topk": (
        Words(
            "indices = numpy.argsort(x, 1, kind='stable')[:, ::-1][:, :{k}]\n"
            "values = numpy.take_along_axis(x, indices, 1)",
            unless={"not largest": "the smallest"},
        ),
        Words("indices = numpy.argsort(x, 1, kind='stable')[:, :{k}]\nvalues = numpy.take_along_axis(x, indices, 1)"),
    ),
}
