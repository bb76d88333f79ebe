"""How JAX is asked: what boxes cut out of images, and which boxes remain."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

TABLE: dict[str, Cell] = {
    "crop_and_resize": Words(
        "down = jax.numpy.array({down}, boxes.dtype)\n"
        "along = jax.numpy.array({along}, boxes.dtype)\n"
        "down = (boxes[:, :1] + (boxes[:, 2:3] - boxes[:, :1]) * down)[:, None, :, None] * {lasts|first}\n"
        "along = (boxes[:, 1:2] + (boxes[:, 3:] - boxes[:, 1:2]) * along)[:, None, None, :] * {lasts|last}\n"
        "channel = jax.numpy.arange(x.shape[1])[:, None, None]\n"
        "image = box_indices[:, None, None, None]\n"
        "y = jax.scipy.ndimage.map_coordinates("
        "x, (image, channel, down, along), {method|order}, mode='nearest')\n"
        "inside = jax.numpy.logical_and(jax.numpy.greater_equal(down, 0), jax.numpy.less_equal(down, {lasts|first}))\n"
        "inside = jax.numpy.logical_and(inside, jax.numpy.greater_equal(along, 0))\n"
        "inside = jax.numpy.logical_and(inside, jax.numpy.less_equal(along, {lasts|last}))\n"
        "y = jax.numpy.where(inside, y, {extrapolation})",
        own={"order": {"nearest": 0, "linear": 1}.get, "last": lambda pair: pair[1]},
        note="JAX has no such function: by map_coordinates, and what lies beyond apart",
    ),
    "nms": "JAX has none (0.10.2)",
}
