"""How PyTorch is asked: elements by their places."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

TABLE: dict[str, Cell] = {
    "embedding": Words("y = torch.nn.functional.embedding(indices, w)"),
}
