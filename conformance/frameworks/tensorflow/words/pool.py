"""How TensorFlow is asked: pooling."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from conformance.frameworks import Cell
from conformance.frameworks.words import Word, Words

_OWN: dict[str, Word] = {
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

_AVG = "tf.nn.avg_pool{size|dims}d("
_VALID = "{window}, {stride}, 'VALID')"
_COUNTED = f"x = tf.pad(x, {{covered|around_pairs}})\ny = {_AVG}x, {_VALID} / {_AVG}ones, {_VALID}"
_OWN |= {"size": prod, "inverse": lambda p: 1 / p}
_MEANS: dict[str, str] = {
    "max(dilation) > 1": "tf.nn.avg_pool has no dilations; tf.nn.pool has them for stride 1 alone"
}
_UNEVEN = {"not divides": "TensorFlow has no adaptive pooling, and bins that do not divide x are no window"}


def _mean(text: str, unless: dict[str, str], note: str = "") -> Words:
    return Words(text, _LAST, {**_MEANS, **unless}, note, _OWN)


TABLE: dict[str, Cell] = {
    "max_pool": _POOLS,
    "avg_pool": (
        _mean(
            f"y = {_AVG}x, {{window}}, {{stride}}, {{padding|upper}})",
            {**_WORD, "ceil": "counted otherwise", "count_pad": "counted otherwise"},
        ),
        _mean(
            f"x = tf.pad(x, {{pads|around_pairs}})\ny = {_AVG}x, {_VALID}",
            {"ceil or not count_pad": "counted otherwise"},
        ),
        _mean(
            f"ones = tf.pad(tf.ones_like(x), {{covered|around_pairs}})\n{_COUNTED}", {"count_pad": "counted otherwise"}
        ),
        _mean(
            "ones = tf.pad(tf.ones_like(x), {pads|around_pairs}, constant_values=1)\n"
            f"ones = tf.pad(ones, {{beyond|around_pairs}})\n{_COUNTED}",
            {},
        ),
    ),
    "lp_pool": _mean(
        "x = tf.pad(tf.pow(tf.abs(x), {p}), {covered|around_pairs})\n"
        + f"y = tf.pow({_AVG}x, {_VALID} * {{window|size}}, {{p|inverse}})",
        {},
        "TensorFlow has no such pool: by hand, with the mean",
    ),
    "adaptive_avg_pool": Words(f"y = {_AVG}x, {{window}}, {{window}}, 'VALID')", _LAST, _UNEVEN),
    "adaptive_max_pool": Words("y = tf.nn.max_pool{size|dims}d(x, {window}, {window}, 'VALID')", _LAST, _UNEVEN),
}
