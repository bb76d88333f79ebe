"""How ONNX is asked: colours of images."""

from __future__ import annotations

from conformance.frameworks import Cell

TABLE: dict[str, Cell] = {
    "rgb_to_grayscale": "ONNX has no colour spaces",
    "rgb_to_hsv": "ONNX has no colour spaces",
}
