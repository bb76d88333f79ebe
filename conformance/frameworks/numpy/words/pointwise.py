"""How NumPy is asked: activations."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

TABLE: dict[str, Cell] = {
    "gelu": Words(
        "y = 0.5 * x * (1 + numpy.tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)))",
        unless={"approximate == 'none'": "NumPy has no erf"},
    ),
}
