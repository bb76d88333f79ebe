"""How PyTorch is asked: sampling at places that are a tensor."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

_OWN = {"mode": {"linear": "bilinear", "nearest": "nearest"}.get}

TABLE: dict[str, Cell] = {
    "grid_sample": Words(
        "y = torch.nn.functional.grid_sample(x, grid, {method|mode}, {padding}, {align_corners})", own=_OWN
    ),
    "affine_grid": Words(
        "grid = torch.nn.functional.affine_grid(theta, ({batch}, 1, {height}, {width}), {align_corners})"
    ),
}
