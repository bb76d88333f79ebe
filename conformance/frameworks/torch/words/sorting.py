"""How PyTorch is asked: sorting."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

TABLE: dict[str, Cell] = {
    "topk": Words("values, indices = torch.topk(x, {k}, largest={largest})", refuses=True),
    "sort": Words("y = torch.sort(x, {axis}, {descending})[0]"),
    "argsort": Words("indices = torch.argsort(x, dim={axis}, descending={descending}, stable={stable})"),
    "searchsorted": Words("places = torch.searchsorted(row, x, right={right})", trusted=True),
    "bucketize": Words("places = torch.bucketize(x, row, right={right})"),
    "unique": Words(
        "values, inverse, counts = torch.unique(x, return_inverse=True, return_counts=True)\n"
        "more = {length} - values.shape[0]\n"
        "values = torch.nn.functional.pad(values, (0, more))\n"
        "counts = torch.nn.functional.pad(counts, (0, more))",
        unless={
            "not sorted": "torch.unique has sorted=False, which sorts all the same (2.13.0)",
            "equal_nan": "torch.unique takes every NaN for a value of its own",
        },
        note="the outputs are filled up with 0 to the number of elements",
    ),
}
