"""How PyTorch is asked: patches."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

_FLAT = "N(CK)({size|letters|text})"
_IMAGES = {"dims(size) != 2": "PyTorch's unfold and fold are of images: 'Expected 3D or 4D (batch mode) tensor'"}
_EVEN = {**_IMAGES, "not even": "PyTorch pads both ends alike"}

TABLE: dict[str, Cell] = {
    "unfold": (
        Words(
            "y = torch.nn.functional.unfold(x, {window}, {dilation}, {pads|lows}, {stride})",
            {"y": _FLAT},
            _EVEN,
            refuses=True,
        ),
        Words(
            "x = torch.nn.functional.pad(x, {pads|backwards})\n"
            "y = torch.nn.functional.unfold(x, {window}, {dilation}, 0, {stride})",
            {"y": _FLAT},
            _IMAGES,
        ),
    ),
    "fold": (
        Words(
            "y = torch.nn.functional.fold(x, {size}, {window}, {dilation}, {pads|lows}, {stride})",
            {"x": _FLAT},
            _EVEN,
        ),
        Words(
            "y = torch.nn.functional.fold(x, {padded}, {window}, {dilation}, 0, {stride})\n"
            "y = torch.nn.functional.pad(y, {cut|backwards})",
            {"x": _FLAT},
            _IMAGES,
        ),
    ),
}
