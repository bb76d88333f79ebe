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

_LRN = "y = tf.nn.local_response_normalization(x, {window|radius}, {k}, {each}, {beta})"
_RADIUS: dict[str, Word] = {"radius": lambda window: window[1] // 2}
_UNEVEN = {"size % 2 == 0": "tf.nn.local_response_normalization takes a radius: as many channels before as after"}

TABLE: dict[str, Cell] = {
    "batch_norm": (*(_fused(flat, half) for flat in (False, True) for half in (False, True)), _BY_HAND),
    "layer_norm": Words(
        "mean, variance = tf.nn.moments(x, {axes|last}, keepdims=True)\n"
        "y = tf.nn.batch_normalization(x, mean, variance, offset, scale, {epsilon})",
        note="tf.nn has no layer normalisation: its moments, and tf.nn.batch_normalization by them",
        own={"last": lambda axes: tuple(range(-axes, 0))},
    ),
    "batch_norm_inference": Words("y = tf.nn.batch_normalization(x, mean, variance, offset, scale, {epsilon})", _SPACE),
    "group_norm": Words(
        "parts = tf.reshape(x, ({batch}, {positions}, {groups}, {each}))\n"
        "mean, variance = tf.nn.moments(parts, (1, 3), keepdims=True)\n"
        "scale = tf.reshape(scale, ({groups}, {each}))\n"
        "offset = tf.reshape(offset, ({groups}, {each}))\n"
        "y = tf.reshape(tf.nn.batch_normalization(parts, mean, variance, offset, scale, {epsilon}), {x_shape})",
        _SPACE,
        note="tf.nn has no group normalisation: the moments of the groups, and tf.nn.batch_normalization by them",
    ),
    "instance_norm": Words(
        "mean, variance = tf.nn.moments(x, {space|but_outer}, keepdims=True)\n"
        "y = tf.nn.batch_normalization(x, mean, variance, offset, scale, {epsilon})",
        _SPACE,
        note="tf.nn has no instance normalisation: its moments, and tf.nn.batch_normalization by them",
    ),
    "rms_norm": Words(
        "squares = tf.reduce_mean(x * x, {axes|last}, keepdims=True)\n"
        "y = x * tf.math.rsqrt(squares + {epsilon}) * scale",
        note="tf.nn has no RMS normalisation: its formula",
        own={"last": lambda axes: tuple(range(-axes, 0))},
    ),
    "l2_normalize": (
        Words("y = tf.math.l2_normalize(x, -1, {epsilon})", unless={"least != 'square'": "of the length"}),
        Words("y = x / tf.maximum(tf.norm(x, axis=-1, keepdims=True), {epsilon})"),
    ),
    "lrn": (
        Words(_LRN, dict.fromkeys(("x", "y"), "NHWC"), {**_UNEVEN, "dims(space) != 2": "no plane"}, own=_RADIUS),
        Words(
            "x = tf.expand_dims(x, 1)\n" + _LRN + "\ny = tf.squeeze(y, 1)",
            dict.fromkeys(("x", "y"), "N({space|letters|text})C"),
            _UNEVEN,
            own=_RADIUS,
        ),
    ),
}
