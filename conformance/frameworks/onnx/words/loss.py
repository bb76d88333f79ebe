"""How ONNX is asked: losses.

https://onnx.ai/onnx/operators/onnx__SoftmaxCrossEntropyLoss.html
"""

from __future__ import annotations

from conformance.frameworks import Ask, Cell
from conformance.frameworks.onnx.model import answered, node
from conformance.ops.loss_classes import CrossEntropy
from conformance.outcome import Unsupported
from conformance.plan import Plan


def cross_entropy(ask: Ask[CrossEntropy]) -> Plan | Unsupported:
    """SoftmaxCrossEntropyLoss, of labels."""
    p = ask.op
    if p.target != "label":
        return Unsupported("ONNX's SoftmaxCrossEntropyLoss takes labels")
    if p.smoothing:
        return Unsupported("ONNX's SoftmaxCrossEntropyLoss does not smooth")
    if p.reduction == "count" and (p.weighted or p.ignore is not None):
        return Unsupported("the mean of ONNX's SoftmaxCrossEntropyLoss is the weighted one")
    words: dict[str, object] = {"reduction": "mean" if p.reduction == "count" else p.reduction}
    if p.ignore is not None:
        words["ignore_index"] = p.ignore
    inputs = ("x", "target", "weight") if p.weighted else ("x", "target")
    return answered(ask, [node("y", "SoftmaxCrossEntropyLoss", inputs, **words)])


_NONE = "ONNX has no such loss: its operators are SoftmaxCrossEntropyLoss and NegativeLogLikelihoodLoss"

TABLE: dict[str, Cell] = {
    "mse": _NONE,
    "huber": _NONE,
    "smooth_l1": _NONE,
    "hinge": _NONE,
    "binary_cross_entropy": _NONE,
    "kl_div": _NONE,
    "cosine": _NONE,
    "cross_entropy": cross_entropy,
    "ctc": _NONE,
}
