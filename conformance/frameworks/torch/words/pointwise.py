"""How PyTorch is asked: activations."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

TABLE: dict[str, Cell] = {
    "gelu": Words("y = torch.nn.functional.gelu(x, approximate={approximate})"),
}
