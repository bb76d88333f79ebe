"""How JAX is asked: losses, of which it has none: they are written as people write them."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.ctc import by_hand
from conformance.frameworks.loss import Classes, elementwise

_REDUCE = "jax.numpy.{}"
_NOTE = "JAX has no losses: their formula"
_OFF = "off = jax.numpy.abs(x - target)\nnear = jax.numpy.minimum(off, {%s})\n"
_XLOGY = "jax.scipy.special.xlogy"
_CLASSES = Classes(
    sparse="-jax.numpy.take_along_axis(jax.nn.log_softmax(x), target[..., None], -1)[..., 0]",
    dense="-jax.numpy.sum(labels * jax.nn.log_softmax(x), -1)",
    one_hot="jax.nn.one_hot(target, {classes}, dtype=x.dtype)",
    taken="jax.numpy.take(weight, target)",
    kept="jax.numpy.not_equal(target, {ignore}).astype(x.dtype)",
    reduce=_REDUCE,
    note=_NOTE,
)
_LOGS = {"log_target or not logs": "not as PyTorch's are"}

TABLE: dict[str, Cell] = {
    "mse": elementwise("jax.numpy.square(x - target)", _REDUCE, note=_NOTE),
    "huber": elementwise("near * (off - 0.5 * near)", _REDUCE, _OFF % "delta", note=_NOTE),
    "smooth_l1": elementwise("near * (off - 0.5 * near) / {beta}", _REDUCE, _OFF % "beta", note=_NOTE),
    "hinge": elementwise("jax.numpy.maximum(1 - target * x, 0)", _REDUCE, note=_NOTE),
    "binary_cross_entropy": (
        *elementwise(
            "-({positive} * target * jax.nn.log_sigmoid(x) + (1 - target) * jax.nn.log_sigmoid(-x))",
            _REDUCE,
            unless={"not logits": "of probabilities"},
            note=_NOTE,
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
            "jax.scipy.special.rel_entr(target, x)", _REDUCE, unless={"log_target or logs": "otherwise"}, note=_NOTE
        ),
        *elementwise("jax.numpy.exp(target) * (target - x)", _REDUCE, unless={"not logs": "otherwise"}, note=_NOTE),
        *elementwise("jax.numpy.exp(target) * (target - jax.numpy.log(x))", _REDUCE, note=_NOTE),
    ),
    "cosine": elementwise(
        "1 - jax.numpy.sum(x * target, -1) / (lengths * others)",
        _REDUCE,
        "lengths = jax.numpy.maximum(jax.numpy.linalg.norm(x, axis=-1), {epsilon})\n"
        "others = jax.numpy.maximum(jax.numpy.linalg.norm(target, axis=-1), {epsilon})\n",
        note=_NOTE,
    ),
    "cross_entropy": _CLASSES.words(),
    "ctc": by_hand("jax.numpy", "logs = jax.nn.log_softmax(x)\n", _NOTE),
}
