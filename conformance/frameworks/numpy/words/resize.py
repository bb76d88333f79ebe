"""How NumPy is asked: resizing."""

from __future__ import annotations

from conformance.frameworks import Cell

TABLE: dict[str, Cell] = {
    "resize": "NumPy resizes no images (np.resize repeats and cuts)",
}
