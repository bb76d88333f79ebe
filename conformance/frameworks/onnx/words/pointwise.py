"""How ONNX is asked: activations."""

from __future__ import annotations

from conformance.frameworks import Ask, Cell
from conformance.frameworks.onnx.model import answered, node
from conformance.ops.pointwise import Gelu
from conformance.outcome import Unsupported
from conformance.plan import Plan


def gelu(ask: Ask[Gelu]) -> Plan | Unsupported:
    """Gelu."""
    return answered(ask, [node("y", "Gelu", ("x",), approximate=ask.op.approximate)])


TABLE: dict[str, Cell] = {"gelu": gelu}
