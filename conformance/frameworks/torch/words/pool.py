"""How PyTorch is asked: pooling."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

_POOL = "torch.nn.functional.max_pool{size|dims}d(x, {window}, {stride}, {pads|lows}, {dilation}, {ceil}"
_UNEVEN = {
    "not even": "PyTorch pads both ends alike",
    "not halved": "PyTorch pads by at most half of the window: 'pad should be at most half of effective kernel size'",
}
# What max_pool can't say itself: x padded first.
_FIRST = "x = torch.nn.functional.pad(x, {covered|backwards}, value=-torch.inf)\n"

TABLE: dict[str, Cell] = {
    "max_pool": (
        Words(
            f"y, indices = {_POOL}, return_indices=True)",
            unless={"not indices": "not asked for", **_UNEVEN},
            refuses=True,
        ),
        Words(f"y = {_POOL})", unless={"indices": "asked for", **_UNEVEN}, refuses=True),
        Words(
            _FIRST + "y = torch.nn.functional.max_pool{size|dims}d(x, {window}, {stride}, 0, {dilation})",
            unless={"indices": "PyTorch's indices of an x that was padded first count the padded plane"},
        ),
    ),
}
