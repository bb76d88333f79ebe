"""How JAX is asked: what boxes cut out of images, and which boxes remain."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.boxes import OWN, PLACES, inside
from conformance.frameworks.words import Words

TABLE: dict[str, Cell] = {
    "crop_and_resize": Words(
        "down = jax.numpy.array({down}, boxes.dtype)\n"
        "along = jax.numpy.array({along}, boxes.dtype)\n"
        + PLACES
        + "channel = jax.numpy.arange(x.shape[1])[:, None, None]\n"
        "image = box_indices[:, None, None, None]\n"
        "y = jax.scipy.ndimage.map_coordinates("
        "x, (image, channel, down, along), {method|order}, mode='nearest')\n"
        + inside("jax.numpy")
        + "y = jax.numpy.where(inside, y, {extrapolation})",
        own=OWN,
        note="JAX has no such function: by map_coordinates, and what lies beyond apart",
    ),
    "nms": "JAX has none (0.10.2)",
}
