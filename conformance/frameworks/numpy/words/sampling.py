"""How NumPy is asked: sampling at places that are a tensor."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

TABLE: dict[str, Cell] = {
    "grid_sample": "NumPy samples no images",
    "affine_grid": Words(
        "down = np.linspace({high|low}, {high}, {height}, dtype=theta.dtype)\n"
        "along = np.linspace({wide|low}, {wide}, {width}, dtype=theta.dtype)\n"
        "along, down = np.meshgrid(along, down)\n"
        "places = np.stack((along, down, np.ones_like(along)), axis=-1)\n"
        "grid = np.einsum('abq,nrq->nabr', places, theta)",
        own={"low": lambda end: -end},
        note="NumPy has no such function: by hand, from the places along both axes",
    ),
}
