"""How PyTorch is asked: pooling."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Word, Words

_POOL = "torch.nn.functional.max_pool{size|dims}d(x, {window}, {stride}, {pads|lows}, {dilation}, {ceil}"
_UNEVEN = {
    "not even": "PyTorch pads both ends alike",
    "not halved": "PyTorch pads by at most half of the window: 'pad should be at most half of effective kernel size'",
}
# What max_pool can't say itself: x padded first.
_FIRST = "x = torch.nn.functional.pad(x, {covered|backwards}, value=-torch.inf)\n"

_AVG = "torch.nn.functional.avg_pool{size|dims}d("
_UNDILATED = {"max(dilation) > 1": "torch.nn.functional.avg_pool and lp_pool have no dilation"}
# lp_pool1d multiplies by what it is given.
_PLAIN: dict[str, Word] = {"plain": lambda v: v[0] if len(v) == 1 else v}
_LP = "torch.nn.functional.lp_pool{size|dims}d("
_ODD = {"p % 2 != 0": "of x alone only where the power is even"}
_ADAPTIVE = "y = torch.nn.functional.adaptive_{kind}_pool{{size|dims}}d(x, {{output}})"

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
    "avg_pool": (
        Words(
            f"y = {_AVG}x, {{window}}, {{stride}}, {{pads|lows}}, {{ceil}}, {{count_pad}})",
            unless={**_UNDILATED, **_UNEVEN},
        ),
        Words(
            "x = torch.nn.functional.pad(x, {pads|backwards})\n" + f"y = {_AVG}x, {{window}}, {{stride}})",
            unless={**_UNDILATED, "ceil or not count_pad": "counted otherwise"},
        ),
        Words(
            "ones = torch.nn.functional.pad(torch.ones_like(x), {covered|backwards})\n"
            "x = torch.nn.functional.pad(x, {covered|backwards})\n"
            f"y = {_AVG}x, {{window}}, {{stride}}) / {_AVG}ones, {{window}}, {{stride}})",
            unless={**_UNDILATED, "count_pad": "with ceil PyTorch pads both ends alike, by at most half of the window"},
            note="what stands around x is left out: the mean over the share of the window that lies within x",
        ),
    ),
    "lp_pool": (
        Words(
            f"y = {_LP}x, {{p}}, {{window|plain}}, {{stride|plain}}, {{ceil}})",
            own=_PLAIN,
            unless={**_UNDILATED, **_ODD, "max(lows(pads)) + max(highs(pads)) > 0": "padded"},
        ),
        Words(
            "x = torch.nn.functional.pad(torch.abs(x), {covered|backwards})\n"
            + f"y = {_LP}x, {{p}}, {{window|plain}}, {{stride|plain}})",
            own=_PLAIN,
            unless=_UNDILATED,
            note="torch.nn.functional.lp_pool has no padding, and leaves the sign of x in it",
        ),
    ),
    "adaptive_avg_pool": Words(_ADAPTIVE.format(kind="avg")),
    "adaptive_max_pool": Words(_ADAPTIVE.format(kind="max")),
}
