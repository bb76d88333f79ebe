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
    "sort": (
        Words("y = numpy.sort(x, {axis})", unless={"descending": "numpy.sort has no descending"}),
        Words("y = numpy.flip(numpy.sort(x, {axis}), {axis})"),
    ),
    "argsort": (
        Words(
            "indices = numpy.argsort(x, {axis})", unless={"descending": "the largest first", "stable": "as they stood"}
        ),
        Words("indices = numpy.argsort(x, {axis}, kind='stable')", unless={"descending": "the largest first"}),
        Words(
            "indices = numpy.flip(numpy.argsort(x, {axis}, kind='stable'), {axis})",
            unless={"stable": "numpy.argsort has no descending; turned round, equal elements are, too"},
        ),
    ),
    "searchsorted": Words(
        "places = numpy.searchsorted(row, x, {side})", unless={"rows != null": "numpy.searchsorted takes one row"}
    ),
    "bucketize": Words("places = numpy.digitize(x, row, {right|flipped})", own={"flipped": lambda right: not right}),
    "unique": Words(
        "values, inverse, counts = numpy.unique(x, return_inverse=True, return_counts=True, equal_nan={equal_nan})\n"
        "values = numpy.pad(values, (0, {length} - values.shape[0]))\n"
        "counts = numpy.pad(counts, (0, {length} - counts.shape[0]))",
        unless={"not sorted": "numpy.unique has sorted=False, of which the order is left open (2.4.6)"},
        note="the outputs are filled up with 0 to the number of elements",
    ),
}
