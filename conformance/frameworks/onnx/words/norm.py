"""How ONNX is asked: normalisation."""

from __future__ import annotations

from conformance.frameworks import Ask, Cell
from conformance.frameworks.onnx.model import answered, node
from conformance.ops.norm import BatchNorm, BatchNormInference, LayerNorm
from conformance.ops.norm_groups import GroupNorm, InstanceNorm
from conformance.ops.norm_lengths import Lrn, RmsNorm
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


def batch_norm_inference(ask: Ask[BatchNormInference]) -> Plan | Unsupported:
    """BatchNormalization as it is without training_mode."""
    inputs = ("x", "scale", "offset", "mean", "variance")
    return answered(ask, [node("y", "BatchNormalization", inputs, epsilon=ask.op.epsilon)])


def group_norm(ask: Ask[GroupNorm]) -> Plan | Unsupported:
    """GroupNormalization, of whose scale there is one a channel since opset 21."""
    words = {"num_groups": ask.op.groups, "epsilon": ask.op.epsilon}
    return answered(ask, [node("y", "GroupNormalization", ("x", "scale", "offset"), **words)])


def instance_norm(ask: Ask[InstanceNorm]) -> Plan | Unsupported:
    """InstanceNormalization."""
    return answered(ask, [node("y", "InstanceNormalization", ("x", "scale", "offset"), epsilon=ask.op.epsilon)])


def rms_norm(ask: Ask[RmsNorm]) -> Plan | Unsupported:
    """RMSNormalization, which there is since opset 23; it is told the first of its axes."""
    words = {"axis": -ask.op.axes, "epsilon": ask.op.epsilon}
    return answered(ask, [node("y", "RMSNormalization", ("x", "scale"), **words)], opset=23)


def lrn(ask: Ask[Lrn]) -> Plan | Unsupported:
    """LRN, whose alpha is divided by the size."""
    p, meant = ask.op, ask.op.meaning()
    before, after = meant["ends"]
    if before > after:
        return Unsupported("the window of ONNX's LRN of an even size reaches one channel further after")
    words = {"size": p.size, "alpha": meant["mean"], "beta": p.beta, "bias": p.k}
    return answered(ask, [node("y", "LRN", ("x",), **words)])


TABLE: dict[str, Cell] = {
    "batch_norm": batch_norm,
    "layer_norm": layer_norm,
    "batch_norm_inference": batch_norm_inference,
    "group_norm": group_norm,
    "instance_norm": instance_norm,
    "rms_norm": rms_norm,
    "l2_normalize": "ONNX's LpNormalization has no epsilon",
    "lrn": lrn,
}
