"""How JAX is asked: sampling at places that are a tensor."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

TABLE: dict[str, Cell] = {
    "grid_sample": "JAX has none; jax.scipy.ndimage.map_coordinates takes places of one array, counted in elements",
    "affine_grid": Words(
        "down = jax.numpy.linspace({high|low}, {high}, {height}, dtype=theta.dtype)\n"
        "along = jax.numpy.linspace({wide|low}, {wide}, {width}, dtype=theta.dtype)\n"
        "along, down = jax.numpy.meshgrid(along, down)\n"
        "places = jax.numpy.stack((along, down, jax.numpy.ones_like(along)), axis=-1)\n"
        "grid = jax.numpy.einsum('abq,nrq->nabr', places, theta)",
        own={"low": lambda end: -end},
        note="JAX has no such function: by hand, from the places along both axes",
    ),
}
