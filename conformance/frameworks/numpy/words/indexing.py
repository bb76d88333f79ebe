"""How NumPy is asked: elements by their places."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

TABLE: dict[str, Cell] = {
    "embedding": Words("y = numpy.take(w, indices, 0)"),
    "gather": Words("y = numpy.take(x, indices, {axis})"),
    "take_along_axis": Words("y = numpy.take_along_axis(x, indices, {axis})"),
    "one_hot": Words(
        "y = numpy.eye({classes}, dtype={on_dtype})[indices]",
        unless={"beyond": 'an index refuses them: "index 4 is out of bounds for axis 0 with size 4", or wraps (2.4.6)'},
        note="NumPy has no one_hot: the rows of a unit matrix",
    ),
    "scatter_add": Words("y = x.copy()\nnumpy.add.at(y, indices, updates)", trusted=True),
    "dynamic_slice": "NumPy's slices start at integers, not at tensors",
}
