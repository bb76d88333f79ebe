"""How NumPy is asked: colours of images."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

TABLE: dict[str, Cell] = {
    "rgb_to_grayscale": Words(
        "y = 0.2989 * x[:, :1] + 0.587 * x[:, 1:2] + 0.114 * x[:, 2:]",
        note="NumPy has no such function: by hand",
    ),
    "rgb_to_hsv": "NumPy has no colour spaces",
}
