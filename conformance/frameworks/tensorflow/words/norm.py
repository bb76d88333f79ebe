"""How TensorFlow is asked: normalisation."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Word, Words

_OWN: dict[str, Word] = {
    "by_tanh": lambda approximate: approximate == "tanh",
    "upper": lambda padding: padding.upper() if isinstance(padding, str) else "VALID",
    "nothing": lambda pairs: not any(map(any, pairs)),
    "most": lambda pairs: max(map(max, pairs)),
}

_SPACE = dict.fromkeys(("x", "y"), "N{space|letters|text}C")
_FUSED = (
    "y, new_mean, new_variance = tf.compat.v1.nn.fused_batch_norm("
    "x, {scale}, {offset}, {mean}, {variance}, {{epsilon}}, {{space|format}}, True, "
    "exponential_avg_factor={{momentum|rest}})"
)
_STATISTICS = ("scale", "offset", "mean", "variance")
_BIASED = {"not unbiased": "the running variance of fused_batch_norm is the unbiased one"}
_FORMAT: dict[str, Word] = {**_OWN, "format": lambda space: {1: "NHWC", 2: "NHWC", 3: "NDHWC"}[len(space)]}
_HALF = "on_dtype == 'float16' or on_dtype == 'bfloat16'"
_FLAT = "dims(space) == 1"


def _fused(flat: bool, half: bool) -> Words:
    """Of a plane or a volume; of a row as a plane; and in half precision, where all that is a channel's is float32."""
    given = {name: f"tf.cast({name}, tf.float32)" if half else name for name in _STATISTICS}
    lines = [_FUSED.format(**given)]
    if flat:
        lines = ["x = tf.expand_dims(x, 1)", *lines, "y = tf.squeeze(y, 1)"]
    if half:
        lines += [f"{name} = tf.cast({name}, x.dtype)" for name in ("new_mean", "new_variance")]
    unless = {
        **_BIASED,
        (f"not ({_FLAT})" if flat else _FLAT): "of another rank",
        (f"not ({_HALF})" if half else _HALF): "of another dtype",
    }
    return Words("\n".join(lines), _SPACE, unless, own=_FORMAT, trusted=True, refuses=True)


_BY_HAND = Words(
    "batch_mean, batch_variance = tf.nn.moments(x, {space|but_last})\n"
    "y = tf.nn.batch_normalization(x, batch_mean, batch_variance, offset, scale, {epsilon})\n"
    "new_mean = {momentum} * mean + {momentum|rest} * batch_mean\n"
    "new_variance = {momentum} * variance + {momentum|rest} * batch_variance",
    _SPACE,
    own=_OWN,
)

TABLE: dict[str, Cell] = {
    "batch_norm": (*(_fused(flat, half) for flat in (False, True) for half in (False, True)), _BY_HAND),
    "layer_norm": Words(
        "mean, variance = tf.nn.moments(x, {axes|last}, keepdims=True)\n"
        "y = tf.nn.batch_normalization(x, mean, variance, offset, scale, {epsilon})",
        note="tf.nn has no layer normalisation: its moments, and tf.nn.batch_normalization by them",
        own={"last": lambda axes: tuple(range(-axes, 0))},
    ),
}
