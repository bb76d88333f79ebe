"""How Keras is asked: what boxes cut out of images, and which boxes remain."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

TABLE: dict[str, Cell] = {
    "crop_and_resize": Words(
        "down = keras.ops.array({down}, dtype=boxes.dtype)\n"
        "along = keras.ops.array({along}, dtype=boxes.dtype)\n"
        "down = (boxes[:, :1] + (boxes[:, 2:3] - boxes[:, :1]) * down)[:, None, :, None] * {lasts|first}\n"
        "along = (boxes[:, 1:2] + (boxes[:, 3:] - boxes[:, 1:2]) * along)[:, None, None, :] * {lasts|last}\n"
        "image = keras.ops.cast(box_indices, boxes.dtype)[:, None, None, None]\n"
        "channel = keras.ops.arange({channels}, dtype=boxes.dtype)[:, None, None]\n"
        "image = keras.ops.broadcast_to(image, {whole})\n"
        "channel = keras.ops.broadcast_to(channel, {whole})\n"
        "places = keras.ops.stack((image, channel, "
        "keras.ops.broadcast_to(down, {whole}), keras.ops.broadcast_to(along, {whole})))\n"
        "y = keras.ops.image.map_coordinates(x, places, {method|order}, fill_mode='nearest')\n"
        "inside = keras.ops.logical_and(keras.ops.greater_equal(down, 0), keras.ops.less_equal(down, {lasts|first}))\n"
        "inside = keras.ops.logical_and(inside, keras.ops.greater_equal(along, 0))\n"
        "inside = keras.ops.logical_and(inside, keras.ops.less_equal(along, {lasts|last}))\n"
        "y = keras.ops.where(inside, y, keras.ops.cast({extrapolation}, x.dtype))",
        own={"order": {"nearest": 0, "linear": 1}.get, "last": lambda pair: pair[1]},
        note="Keras has no such function: by map_coordinates, and what lies beyond apart",
    ),
    "nms": "Keras has none (3.15.1)",
}
