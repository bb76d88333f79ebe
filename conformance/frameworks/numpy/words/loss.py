"""How NumPy is asked: losses, by their formula."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.ctc import by_hand
from conformance.frameworks.loss import Classes, elementwise

_REDUCE = "numpy.{}"
_OFF = "off = numpy.abs(x - target)\nnear = numpy.minimum(off, {%s})\n"
_LOGS = (
    "off = x - numpy.max(x, -1, keepdims=True)\nlogs = off - numpy.log(numpy.sum(numpy.exp(off), -1, keepdims=True))\n"
)
_CLASSES = Classes(
    before=_LOGS,
    sparse="-numpy.take_along_axis(logs, target[..., None], -1)[..., 0]",
    dense="-numpy.sum(labels * logs, -1)",
    one_hot="numpy.take(numpy.eye({classes}, dtype=x.dtype), target, 0)",
    taken="numpy.take(weight, target)",
    kept="numpy.not_equal(target, {ignore}).astype(x.dtype)",
    reduce=_REDUCE,
)

TABLE: dict[str, Cell] = {
    "mse": elementwise("numpy.square(x - target)", _REDUCE),
    "huber": elementwise("near * (off - 0.5 * near)", _REDUCE, _OFF % "delta"),
    "smooth_l1": elementwise("near * (off - 0.5 * near) / {beta}", _REDUCE, _OFF % "beta"),
    "hinge": elementwise("numpy.maximum(1 - target * x, 0)", _REDUCE),
    "binary_cross_entropy": (
        *elementwise(
            "(1 - target) * x + ({positive} * target + (1 - target)) * numpy.logaddexp(0, -x)",
            _REDUCE,
            unless={"not logits": "of probabilities"},
        ),
        *elementwise("-({positive} * target * numpy.log(x) + (1 - target) * numpy.log(1 - x))", _REDUCE),
    ),
    "kl_div": (
        *elementwise("target * (numpy.log(target) - x)", _REDUCE, unless={"log_target or not logs": "otherwise"}),
        *elementwise("target * (numpy.log(target) - numpy.log(x))", _REDUCE, unless={"log_target": "otherwise"}),
        *elementwise("numpy.exp(target) * (target - x)", _REDUCE, unless={"not logs": "otherwise"}),
        *elementwise("numpy.exp(target) * (target - numpy.log(x))", _REDUCE),
    ),
    "cosine": elementwise(
        "1 - numpy.sum(x * target, -1) / (lengths * others)",
        _REDUCE,
        "lengths = numpy.maximum(numpy.linalg.norm(x, axis=-1), {epsilon})\n"
        "others = numpy.maximum(numpy.linalg.norm(target, axis=-1), {epsilon})\n",
    ),
    "cross_entropy": _CLASSES.words(),
    "ctc": by_hand("numpy", _LOGS),
}
