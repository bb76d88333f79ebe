"""How TensorFlow is asked: colours of images."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

_LAST = {"x": "NHWC", "y": "NHWC"}

TABLE: dict[str, Cell] = {
    "rgb_to_grayscale": Words("y = tf.image.rgb_to_grayscale(x)", _LAST),
    "rgb_to_hsv": Words("y = tf.image.rgb_to_hsv(x)", _LAST),
}
