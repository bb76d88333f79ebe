"""How TensorFlow is asked, an op a line; its convolutions are in convolution.py.

https://www.tensorflow.org/api_docs/python/tf/nn
"""

from __future__ import annotations

from dataclasses import replace

from conformance.frameworks import Cell
from conformance.frameworks.tensorflow.convolution import conv, conv_transpose
from conformance.frameworks.words import Word, Words

_OWN: dict[str, Word] = {
    "by_tanh": lambda approximate: approximate == "tanh",
    "upper": lambda padding: padding.upper() if isinstance(padding, str) else "VALID",
    "nothing": lambda pairs: not any(map(any, pairs)),
    "most": lambda pairs: max(map(max, pairs)),
}

_LAST = dict.fromkeys(("x", "y"), "N{size|letters|text}C")
_FIRST = "x = tf.pad(x, {covered|around_pairs}, constant_values=-tf.experimental.numpy.inf)\n"
_WORD = {"padding != 'same' and not nothing(covered)": "neither SAME nor VALID"}
_STRIDED = "tf.nn.pool of 2.21: '`strides > 1` not supported in conjunction with `dilation_rate > 1`'"
_DILATED = {"max(dilation) == 1": "not dilated", "max(stride) > 1": _STRIDED}
_PLACES = {
    "not indices": _STRIDED,  # these words come last, where those of a pool without indices did not fit
    "max(dilation) > 1": "tf.nn.max_pool_with_argmax has no dilations",
    "dims(size) == 3": "tf.nn.max_pool_with_argmax of 2.21 has two dimensions: 'ksize should be of length 1, 2 or 4'",
    "padding != 'same' and not nothing(covered)": "tf.nn.max_pool_with_argmax of 2.21 takes SAME and VALID alone "
    "('Expected string for argument 'padding''), and the indices of an x that was padded first count the padded plane",
}


def _without_indices(text: str, *unless: dict[str, str]) -> Words:
    conditions = {"indices": "asked for"}
    for more in unless:
        conditions |= more
    return Words(text, _LAST, conditions, own=_OWN, refuses="tf.pad" not in text)


_ARGMAX = Words(
    "y, indices = tf.nn.max_pool_with_argmax(x, {window}, {stride}, {padding|upper})\nindices = indices // {channels}",
    {**_LAST, "indices": "N{size|letters|text}C"},
    {**_PLACES, "dims(size) == 1": "one dimension"},
    note="TensorFlow's indices count the channels, too",
    own=_OWN,
    refuses=True,
)
_UNDILATED = {"max(dilation) > 1": "dilated"}
_POOLS = (
    _without_indices("y = tf.nn.max_pool{size|dims}d(x, {window}, {stride}, {padding|upper})", _UNDILATED, _WORD),
    _without_indices(
        "y = tf.nn.max_pool{size|dims}d(x, {window}, {stride}, {pads|around_pairs})",
        _UNDILATED,
        {
            "ceil": "the last position may reach further",
            "dims(size) == 3": "tf.nn.max_pool3d takes SAME and VALID alone",
            "most(pads) >= min(window)": "'padding needs to be smaller than the window size'",
        },
    ),
    _without_indices(_FIRST + "y = tf.nn.max_pool{size|dims}d(x, {window}, {stride}, 'VALID')", _UNDILATED),
    _without_indices(
        "y = tf.nn.pool(x, {window}, 'MAX', padding='VALID', dilations={dilation})",
        _DILATED,
        {"not nothing(covered)": "padded"},
    ),
    _without_indices(
        _FIRST + "y = tf.nn.pool(x, {window}, 'MAX', padding='VALID', dilations={dilation})",
        _DILATED,
    ),
    replace(
        _ARGMAX,
        text="y, indices = tf.nn.max_pool_with_argmax("
        "tf.expand_dims(x, 1), {window|planar}, {stride|planar}, {padding|upper})\n"
        "y = tf.squeeze(y, 1)\n"
        "indices = tf.squeeze(indices, 1) // {channels}",
        unless={**_PLACES, "dims(size) > 1": "two dimensions"},
        own={**_OWN, "planar": lambda v: (1, *v)},
    ),
    _ARGMAX,
)

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

# The slices of its weights are i, f, c, o, where c is what is called g elsewhere; those of BlockLSTM are i, c, f, o.
_LSTM = (
    "zero = tf.zeros_like(b[:{units}])\n"
    "i, cs, f, o, ci, co, y = tf.raw_ops.BlockLSTMV2(seq_len_max={steps}, x=x, cs_prev=c0, h_prev=h0, "
    "w=tf.concat([w, r], 0), wci=zero, wcf=zero, wco=zero, b=b)\n"
    "h = y[-1]\n"
    "c = cs[-1]"
)

TABLE: dict[str, Cell] = {
    "conv": conv,
    "conv_transpose": conv_transpose,
    "gelu": Words("y = tf.nn.gelu(x, approximate={approximate|by_tanh})", own=_OWN),
    "topk": (
        Words("values, indices = tf.math.top_k(x, {k})", unless={"not largest": "the smallest"}, refuses=True),
        Words("values, indices = tf.math.top_k(-x, {k})\nvalues = -values", refuses=True),
    ),
    "max_pool": _POOLS,
    "batch_norm": (*(_fused(flat, half) for flat in (False, True) for half in (False, True)), _BY_HAND),
    "layer_norm": Words(
        "mean, variance = tf.nn.moments(x, {axes|last}, keepdims=True)\n"
        "y = tf.nn.batch_normalization(x, mean, variance, offset, scale, {epsilon})",
        note="tf.nn has no layer normalisation: its moments, and tf.nn.batch_normalization by them",
        own={"last": lambda axes: tuple(range(-axes, 0))},
    ),
    "lstm": Words(
        _LSTM,
        {"x": "TNI", "w": "I(GH)", "r": "K(GH)", "b": "(GH)", "y": "TNH"},
        trusted=True,
    ),
}
