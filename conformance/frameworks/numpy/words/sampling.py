"""How NumPy is asked: sampling at places that are a tensor."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

TABLE: dict[str, Cell] = {
    "grid_sample": "NumPy samples no images",
    "affine_grid": Words(
        "down = numpy.linspace({high|low}, {high}, {height}, dtype=theta.dtype)\n"
        "along = numpy.linspace({wide|low}, {wide}, {width}, dtype=theta.dtype)\n"
        "along, down = numpy.meshgrid(along, down)\n"
        "places = numpy.stack((along, down, numpy.ones_like(along)), axis=-1)\n"
        "grid = numpy.einsum('abq,nrq->nabr', places, theta)",
        own={"low": lambda end: -end},
        note="NumPy has no such function: by hand, from the places along both axes",
    ),
}
