"""How ONNX is asked: normalisation."""

from __future__ import annotations

from conformance.frameworks import Ask, Cell
from conformance.frameworks.onnx.model import answered, node
from conformance.ops.norm import BatchNorm, LayerNorm
from conformance.outcome import Unsupported
from conformance.plan import Plan


def batch_norm(ask: Ask[BatchNorm]) -> Plan | Unsupported:
    """BatchNormalization in training, whose momentum is the share of the old statistics."""
    p = ask.op
    if p.unbiased:
        return Unsupported("ONNX's running variance is the biased one")
    words = {"training_mode": 1, "epsilon": p.epsilon, "momentum": p.momentum}
    inputs = ("x", "scale", "offset", "mean", "variance")
    return answered(ask, [node("y, new_mean, new_variance", "BatchNormalization", inputs, **words)])


def layer_norm(ask: Ask[LayerNorm]) -> Plan | Unsupported:
    """LayerNormalization, which is told the first of its axes."""
    words = {"axis": -ask.op.axes, "epsilon": ask.op.epsilon}
    return answered(ask, [node("y", "LayerNormalization", ("x", "scale", "offset"), **words)])


TABLE: dict[str, Cell] = {"batch_norm": batch_norm, "layer_norm": layer_norm}
