"""How Keras is asked: colours of images."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

_LAST = {"x": "NHWC", "y": "NHWC"}

TABLE: dict[str, Cell] = {
    "rgb_to_grayscale": Words("y = keras.ops.image.rgb_to_grayscale(x, data_format='channels_last')", _LAST),
    "rgb_to_hsv": Words("y = keras.ops.image.rgb_to_hsv(x, data_format='channels_last')", _LAST),
}
