"""How Keras is asked: what boxes cut out of images, and which boxes remain."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.boxes import OWN, PLACES, inside
from conformance.frameworks.words import Words

TABLE: dict[str, Cell] = {
    "crop_and_resize": Words(
        "down = keras.ops.array({down}, dtype=boxes.dtype)\n"
        "along = keras.ops.array({along}, dtype=boxes.dtype)\n"
        + PLACES
        + "image = keras.ops.cast(box_indices, boxes.dtype)[:, None, None, None]\n"
        "channel = keras.ops.arange({channels}, dtype=boxes.dtype)[:, None, None]\n"
        "image = keras.ops.broadcast_to(image, {whole})\n"
        "channel = keras.ops.broadcast_to(channel, {whole})\n"
        "places = keras.ops.stack((image, channel, "
        "keras.ops.broadcast_to(down, {whole}), keras.ops.broadcast_to(along, {whole})))\n"
        "y = keras.ops.image.map_coordinates(x, places, {method|order}, fill_mode='nearest')\n"
        + inside("keras.ops")
        + "y = keras.ops.where(inside, y, keras.ops.cast({extrapolation}, x.dtype))",
        own=OWN,
        note="Keras has no such function: by map_coordinates, and what lies beyond apart",
    ),
    "nms": "Keras has none (3.15.1)",
}
