"""How Keras is asked: losses. Its functions take the mean along the last axis, its classes that of what these give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from conformance.frameworks import Cell
from conformance.frameworks.ctc import reduced
from conformance.frameworks.loss import Classes, elementwise
from conformance.frameworks.words import Words

_REDUCE = "keras.ops.{}"
_ALONE = "keras.ops.expand_dims(target, -1), keras.ops.expand_dims(x, -1)"
_OPS = "'api=ops' in on_options"
_LAYER = {_OPS: "asked for keras.ops"}


def _means(call: str, unless: Mapping[str, str] | None = None, note: str = "") -> tuple[Words, ...]:
    """Words of a function that takes the mean along the last axis: elsewhere each element has an axis of its own."""
    said = {_OPS: "keras.ops has no such loss (3.15.1)", **(unless or {})}
    mean = Words(
        f"y = keras.ops.mean({call % 'target, x'})", unless={**said, "reduction != 'mean'": "no mean"}, note=note
    )
    return mean, *elementwise(call % _ALONE, _REDUCE, unless=said, note=note)


_POSITIVE = {"positive != 1": "Keras's binary cross entropy has no weight of what the target has of 1 (3.15.1)"}
_CLASSES = Classes(
    sparse="keras.losses.sparse_categorical_crossentropy(target, x, from_logits=True)",
    dense="keras.losses.categorical_crossentropy(labels, x, from_logits=True)",
    one_hot="keras.ops.one_hot(target, {classes}, dtype={on_dtype})",
    taken="keras.ops.take(weight, target)",
    kept="keras.ops.cast(keras.ops.not_equal(target, {ignore}), {on_dtype})",
    reduce=_REDUCE,
    smoothed="keras.losses.categorical_crossentropy(labels, x, from_logits=True, label_smoothing={smoothing})",
    weightless="Keras's categorical cross entropy has no weights of classes (3.15.1)",
)
_OPS_CLASSES = replace(
    _CLASSES,
    sparse="keras.ops.sparse_categorical_crossentropy(target, x, from_logits=True)",
    dense="keras.ops.categorical_crossentropy(labels, x, from_logits=True)",
    smoothed="",
)

TABLE: dict[str, Cell] = {
    "mse": _means("keras.losses.mean_squared_error(%s)"),
    "huber": _means("keras.losses.huber(%s, {delta})"),
    "smooth_l1": _means("keras.losses.huber(%s, {beta}) / {beta}", note="Keras has no smooth L1: Huber's over beta"),
    "hinge": _means("keras.losses.hinge(%s)"),
    "binary_cross_entropy": (
        *elementwise(
            "keras.ops.binary_crossentropy(target, x, from_logits={logits})",
            _REDUCE,
            unless={f"not ({_OPS})": "asked for keras.losses", **_POSITIVE},
        ),
        *_means("keras.losses.binary_crossentropy(%s, from_logits={logits})", {**_LAYER, **_POSITIVE}),
    ),
    "kl_div": elementwise(
        f"keras.losses.kl_divergence({_ALONE})",
        _REDUCE,
        unless={
            _OPS: "keras.ops has no such loss (3.15.1)",
            "logs or log_target": "keras.losses.kl_divergence takes probabilities, not their logarithms (3.15.1)",
        },
        note="Keras takes the sum along the last axis: each element has an axis of its own",
    ),
    "cosine": (
        *elementwise(
            "1 + keras.losses.cosine_similarity(target, x)",
            _REDUCE,
            unless={**_LAYER, "epsilon != 1e-7": "the least length is that of keras.config"},
        ),
        *elementwise(
            "1 - keras.ops.sum("
            "keras.ops.normalize(x, -1, 2, {epsilon}) * keras.ops.normalize(target, -1, 2, {epsilon}), -1)",
            _REDUCE,
        ),
    ),
    "cross_entropy": (*_CLASSES.words(_LAYER), *_OPS_CLASSES.words()),
    # keras.losses.CTC asks keras.ops for it, of lengths that it counts itself. PyTorch's trusts the labels.
    "ctc": tuple(
        reduced(
            "keras.ops.ctc_loss(target, x, target_lengths, input_lengths, {blank})",
            "keras.ops.cast(keras.ops.maximum(target_lengths, 1), {on_dtype})",
            _REDUCE,
            {
                "not logits": "keras.ops.ctc_loss takes logits, and takes the softmax of what it is given (3.15.1)",
                "zero_infinity": "keras.ops.ctc_loss has no zero_infinity (3.15.1)",
            },
            trusted=True,
        )
    ),
}
