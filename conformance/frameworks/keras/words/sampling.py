"""How Keras is asked: sampling at places that are a tensor."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

TABLE: dict[str, Cell] = {
    "grid_sample": "Keras has none; keras.ops.image.map_coordinates takes places of one array, counted in elements",
    "affine_grid": Words(
        "down = keras.ops.linspace({high|low}, {high}, {height}, dtype=theta.dtype)\n"
        "along = keras.ops.linspace({wide|low}, {wide}, {width}, dtype=theta.dtype)\n"
        "along, down = keras.ops.meshgrid(along, down)\n"
        "places = keras.ops.stack((along, down, keras.ops.ones_like(along)), axis=-1)\n"
        "grid = keras.ops.einsum('abq,nrq->nabr', places, theta)",
        own={"low": lambda end: -end},
        note="Keras has no such function: by hand, from the places along both axes",
    ),
}
