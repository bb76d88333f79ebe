"""How TensorFlow is asked: losses. Those of tf.keras are Keras's."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.ctc import reduced
from conformance.frameworks.loss import Classes, elementwise

_REDUCE = "tf.reduce_{}"
_NOTE = "tf.nn has none, and tf.keras's are Keras's: its formula"
_OFF = "off = tf.abs(x - target)\nnear = tf.minimum(off, {%s})\n"
_XLOGY = "tf.math.xlogy"
_CLASSES = Classes(
    sparse="tf.nn.sparse_softmax_cross_entropy_with_logits(target, x)",
    dense="tf.nn.softmax_cross_entropy_with_logits(labels, x)",
    one_hot="tf.one_hot(target, {classes}, dtype=x.dtype)",
    taken="tf.gather(weight, target)",
    kept="tf.cast(tf.not_equal(target, {ignore}), x.dtype)",
    reduce=_REDUCE,
    weightless="tf.nn.softmax_cross_entropy_with_logits has no weights of classes (2.21.0)",
)
_LOGS = {"log_target or not logs": "not as PyTorch's are"}

TABLE: dict[str, Cell] = {
    "mse": elementwise("tf.math.squared_difference(x, target)", _REDUCE),
    "huber": elementwise("near * (off - 0.5 * near)", _REDUCE, _OFF % "delta", note=_NOTE),
    "smooth_l1": elementwise("near * (off - 0.5 * near) / {beta}", _REDUCE, _OFF % "beta", note=_NOTE),
    "hinge": elementwise("tf.maximum(1 - target * x, 0)", _REDUCE, note=_NOTE),
    "binary_cross_entropy": (
        *elementwise(
            "tf.nn.sigmoid_cross_entropy_with_logits(target, x)",
            _REDUCE,
            unless={"not logits": "of probabilities", "positive != 1": "weighted"},
        ),
        *elementwise(
            "tf.nn.weighted_cross_entropy_with_logits(target, x, {positive})",
            _REDUCE,
            unless={"not logits": "of probabilities"},
        ),
        *elementwise(
            f"-({{positive}} * {_XLOGY}(target, x) + {_XLOGY}(1 - target, 1 - x))",
            _REDUCE,
            unless={"logits": "of logits"},
            note=_NOTE,
        ),
    ),
    "kl_div": (
        *elementwise(
            f"{_XLOGY}(target, target) - target * x",
            _REDUCE,
            unless=_LOGS,
            note=_NOTE,
        ),
        *elementwise(
            f"{_XLOGY}(target, target) - {_XLOGY}(target, x)", _REDUCE, unless={"log_target": "otherwise"}, note=_NOTE
        ),
        *elementwise("tf.exp(target) * (target - x)", _REDUCE, unless={"not logs": "otherwise"}, note=_NOTE),
        *elementwise("tf.exp(target) * (target - tf.math.log(x))", _REDUCE, note=_NOTE),
    ),
    "cosine": elementwise(
        "1 - tf.reduce_sum("
        "tf.math.l2_normalize(x, -1, {epsilon|squared}) * tf.math.l2_normalize(target, -1, {epsilon|squared}), -1)",
        _REDUCE,
        note=_NOTE,
    ),
    "cross_entropy": _CLASSES.words(),
    "ctc": tuple(
        reduced(
            "tf.nn.ctc_loss(target, x, target_lengths, input_lengths, blank_index={blank})",
            "tf.cast(tf.maximum(target_lengths, 1), x.dtype)",
            _REDUCE,
            {
                "not logits": "tf.nn.ctc_loss takes logits, and takes the softmax of what it is given (2.21.0)",
                "zero_infinity": "tf.nn.ctc_loss has no zero_infinity, and its loss is finite without a path (2.21.0)",
            },
            {"x": "TNC"},
        )
    ),
}
