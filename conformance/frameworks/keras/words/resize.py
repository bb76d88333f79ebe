"""How Keras is asked: resizing.

https://keras.io/api/ops/image/
"""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Verbatim, Word, Words

_WAYS = {
    "nearest half_pixel prefer_ceil": "'nearest'",
    "linear half_pixel": "'bilinear'",
    "linear half_pixel antialias": "'bilinear', antialias=True",
    "cubic half_pixel -0.5 within": "'bicubic'",
    "cubic half_pixel -0.5 antialias": "'bicubic', antialias=True",
}
# Repeated elements, whichever way places are counted.
_REPEATS = ("nearest half_pixel prefer_ceil", "nearest asymmetric floor")
_LAST = {1: "NWC", 2: "NHWC", 3: "NDHWC"}
_OWN: dict[str, Word] = {
    "known": lambda way: way in _WAYS,
    "repeats": lambda way: way in _REPEATS,
    "said": lambda way: Verbatim(_WAYS[way]),
    "alone": lambda way: Verbatim(_WAYS[way].partition(",")[0]),
    "plain": lambda by: by[0] if len(by) == 1 else by,
    "row": lambda lengths: (1, *lengths),
    "last": lambda size: _LAST[len(size)],
    "second": lambda v: v[1],
}
_IMAGES = dict.fromkeys(("x", "y"), "{size|last|text}")
_FORMAT = "data_format='channels_last'"
_TYPED = _FORMAT + ", dtype={on_dtype}"
_LAYER = {"'api=ops' in on_options": "asked for keras.ops"}
_NO_LAYER = {
    **_LAYER,
    "min(by) == 0": "an UpSampling layer makes x longer by whole numbers",
}
_NONE = {
    "not known(way)": "Keras resizes by the centres of places, rounded to the nearest element, linearly, or by a = "
    "-0.5 without what is outside of x; its 'area' is of the TensorFlow backend alone",
    "scaled": "keras.ops.image.resize takes the lengths, not a scale that is another",
}
_CALL = "keras.ops.image.resize({x}, {lengths}, interpolation={{way|said}}, " + _FORMAT + ")"

TABLE: dict[str, Cell] = {
    "resize": (
        Words(
            f"y = keras.layers.UpSampling{{size|dims}}D({{by|plain}}, {_TYPED})(x)",
            _IMAGES,
            {**_NO_LAYER, "not repeats(way) or scaled": "not repeated", "dims(size) == 1": "of other arguments"},
            own=_OWN,
        ),
        Words(
            "y = keras.layers.UpSampling1D({by|first}, dtype={on_dtype})(x)",
            _IMAGES,
            {**_NO_LAYER, "not repeats(way) or scaled": "not repeated", "dims(size) != 1": "of other rank"},
            own=_OWN,
        ),
        Words(
            f"y = keras.layers.UpSampling2D({{by}}, interpolation={{way|alone}}, {_TYPED})(x)",
            _IMAGES,
            {**_NO_LAYER, **_NONE, "dims(size) != 2": "of other rank", "antialias": "the layer has none"},
            own=_OWN,
        ),
        Words(
            f"y = keras.layers.Resizing({{lengths|first}}, {{lengths|second}}, {{way|said}}, {_TYPED})(x)",
            _IMAGES,
            {**_LAYER, **_NONE, "dims(size) != 2": "of other rank", "'antialias' in way": "asked for in keras.ops"},
            own=_OWN,
        ),
        Words(
            f"y = {_CALL.format(x='x', lengths='{lengths}')}",
            _IMAGES,
            {**_NONE, "dims(size) != 2": "of other rank"},
            own=_OWN,
        ),
        Words(
            f"y = keras.ops.squeeze({_CALL.format(x='keras.ops.expand_dims(x, 1)', lengths='{lengths|row}')}, 1)",
            _IMAGES,
            {**_NONE, "dims(size) != 1": "keras.ops.image.resize is of planes: 'Expected: 2D images' of a third axis"},
            note="keras.ops.image.resize takes planes alone: x is one of a single row",
            own=_OWN,
        ),
    ),
}
