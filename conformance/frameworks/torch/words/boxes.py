"""How PyTorch is asked: what boxes cut out of images, and which boxes remain."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

TABLE: dict[str, Cell] = {
    "crop_and_resize": Words(
        "y1, x1, y2, x2 = torch.unbind(boxes, 1)\n"
        "zero = torch.zeros_like(x1)\n"
        "theta = torch.stack((x2 - x1, zero, x1 + x2 - 1, zero, y2 - y1, y1 + y2 - 1), 1)\n"
        "theta = torch.reshape(theta, ({boxes}, 2, 3))\n"
        "grid = torch.nn.functional.affine_grid(theta, ({boxes}, 1, {output|first}, {output|last}), True)\n"
        "y = torch.nn.functional.grid_sample(x[box_indices], grid, {method|mode}, 'border', True)\n"
        "inside = torch.logical_and("
        "torch.le(torch.abs(grid[..., 1]) * {lasts|first}, {lasts|first}), "
        "torch.le(torch.abs(grid[..., 0]) * {lasts|last}, {lasts|last}))\n"
        "y = torch.where(inside[:, None], y, {extrapolation})",
        own={"mode": {"nearest": "nearest", "linear": "bilinear"}.get, "last": lambda pair: pair[1]},
        note="PyTorch has no such function: by affine_grid and grid_sample, and what lies beyond apart",
    ),
    "nms": "PyTorch has none; torchvision.ops.nms is of another package",
}
