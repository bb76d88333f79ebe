"""How ONNX is asked: elements by their places."""

from __future__ import annotations

from conformance.frameworks import Ask, Cell
from conformance.frameworks.onnx.model import answered, node
from conformance.ops.indexing import Embedding
from conformance.outcome import Unsupported
from conformance.plan import Plan


def embedding(ask: Ask[Embedding]) -> Plan | Unsupported:
    """Gather of the rows."""
    return answered(ask, [node("y", "Gather", ("w", "indices"))])


TABLE: dict[str, Cell] = {"embedding": embedding}
