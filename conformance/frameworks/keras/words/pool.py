"""How Keras is asked: pooling."""

from __future__ import annotations

from math import prod

from conformance.frameworks import Cell
from conformance.frameworks.words import Word, Words

_LAST = {0: "NC", 1: "NWC", 2: "NHWC", 3: "NDHWC"}
_OWN: dict[str, Word] = {
    "last": lambda size: _LAST[len(size)],
    "last_axes": lambda axes: tuple(range(-axes, 0)),
}

_IMAGES = {"x": "{size|last|text}", "y": "{size|last|text}"}
_POOL = "{window}, strides={stride}, padding="
_POOL_LAYER = f"keras.layers.MaxPooling{{size|dims}}D({_POOL}"
# The default of data_format is in the user's keras.json, so it is always said.
_FORMAT = "data_format='channels_last'"
# A layer casts what it is given to its own dtype, float32 by default.
_TYPED = _FORMAT + ", dtype={on_dtype}"
_NO_POOL = {
    "indices": "Keras's max pooling gives no indices (3.15.1)",
    "max(dilation) > 1": "Keras's max pooling has no dilation: 'Unrecognized keyword arguments' (3.15.1)",
}
# Keras has no name for infinity; this literal is Python's.
_FIRST = "x = keras.ops.pad(x, {covered|around_pairs}, constant_values=-1e999)\n"
_FIRST_NOTE = "'same' and 'valid' can't say this: x is padded with minus infinity (-1e999) first"
_WORD = {"padding != 'valid' and padding != 'same'": "no word of Keras's"}
_LAYER = {"'api=ops' in on_options": "asked for keras.ops"}

_OWN |= {"product": prod, "inverse": lambda p: 1 / p}
_MEANS = {
    "max(dilation) > 1": "Keras's average pooling has no dilation: 'Unrecognized keyword arguments' (3.15.1)",
}
_COUNTED = {"ceil": "counted otherwise", "count_pad": "counted otherwise"}
_AVG = "keras.ops.average_pool({what}, {{window}}, strides={{stride}}, padding='valid', " + _FORMAT + ")"
_RATIO = f"x = keras.ops.pad(x, {{covered|around_pairs}})\ny = {_AVG.format(what='x')} / {_AVG.format(what='ones')}"
_ONES = "ones = keras.ops.pad(keras.ops.ones_like(x), "


def _mean(text: str, unless: dict[str, str], note: str = "") -> Words:
    return Words(text, _IMAGES, {**_MEANS, **unless}, note, _OWN)


def _adaptive(layer: str, function: str) -> tuple[Words, ...]:
    return (
        Words(f"y = keras.layers.{layer}{{size|dims}}D({{output}}, {_TYPED})(x)", _IMAGES, _LAYER, own=_OWN),
        Words(f"y = keras.ops.{function}(x, {{output}}, {_FORMAT})", _IMAGES, own=_OWN),
    )


TABLE: dict[str, Cell] = {
    "max_pool": (
        Words(
            f"y = {_POOL_LAYER}{{padding}}, {_TYPED})(x)",
            layouts=_IMAGES,
            unless={**_NO_POOL, **_WORD, **_LAYER},
            own=_OWN,
            refuses=True,
        ),
        Words(
            f"{_FIRST}y = {_POOL_LAYER}'valid', {_TYPED})(x)",
            layouts=_IMAGES,
            unless={**_NO_POOL, **_LAYER},
            own=_OWN,
            note=_FIRST_NOTE,
        ),
        Words(
            f"y = keras.ops.max_pool(x, {_POOL}{{padding}}, {_FORMAT})",
            layouts=_IMAGES,
            unless={**_NO_POOL, **_WORD},
            own=_OWN,
            refuses=True,
        ),
        Words(
            f"{_FIRST}y = keras.ops.max_pool(x, {_POOL}'valid', {_FORMAT})",
            layouts=_IMAGES,
            unless=_NO_POOL,
            own=_OWN,
            note=_FIRST_NOTE,
        ),
    ),
    "avg_pool": (
        _mean(
            f"y = keras.layers.AveragePooling{{size|dims}}D({_POOL}{{padding}}, {_TYPED})(x)",
            {**_WORD, **_LAYER, **_COUNTED},
        ),
        _mean(f"y = keras.ops.average_pool(x, {_POOL}{{padding}}, {_FORMAT})", {**_WORD, **_COUNTED}),
        _mean(
            f"x = keras.ops.pad(x, {{pads|around_pairs}})\ny = {_AVG.format(what='x')}",
            {"ceil or not count_pad": "counted otherwise"},
        ),
        _mean(f"{_ONES}{{covered|around_pairs}})\n{_RATIO}", {"count_pad": "counted otherwise"}),
        _mean(
            f"{_ONES}{{pads|around_pairs}}, constant_values=1)\n"
            f"ones = keras.ops.pad(ones, {{beyond|around_pairs}})\n{_RATIO}",
            {},
        ),
    ),
    "lp_pool": _mean(
        "x = keras.ops.pad(keras.ops.power(keras.ops.abs(x), {p}), {covered|around_pairs})\n"
        f"y = keras.ops.power({_AVG.format(what='x')} * {{window|product}}, {{p|inverse}})",
        {},
        "Keras has no such pool: by hand, with the mean",
    ),
    "adaptive_avg_pool": _adaptive("AdaptiveAveragePooling", "adaptive_average_pool"),
    "adaptive_max_pool": _adaptive("AdaptiveMaxPooling", "adaptive_max_pool"),
}
