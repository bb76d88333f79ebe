"""How NumPy is asked: what boxes cut out of images, and which boxes remain."""

from __future__ import annotations

from conformance.frameworks import Cell

TABLE: dict[str, Cell] = {
    "crop_and_resize": "NumPy resizes no images (np.resize repeats and cuts)",
    "nms": "NumPy has no functions of boxes",
}
