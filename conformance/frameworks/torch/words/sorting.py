"""How PyTorch is asked: sorting."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

TABLE: dict[str, Cell] = {
    "topk": Words("values, indices = torch.topk(x, {k}, largest={largest})", refuses=True),
}
