"""How NumPy is asked: normalisation."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

TABLE: dict[str, Cell] = {
    "batch_norm": "NumPy has no normalisation",
    "layer_norm": Words(
        "off = x - numpy.mean(x, {axes|last}, keepdims=True)\n"
        "y = off / numpy.sqrt(numpy.var(x, {axes|last}, keepdims=True) + {epsilon}) * scale + offset",
        own={"last": lambda axes: tuple(range(-axes, 0))},
    ),
}
