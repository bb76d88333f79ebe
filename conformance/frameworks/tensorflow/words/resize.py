"""How TensorFlow is asked: resizing.

https://www.tensorflow.org/api_docs/python/tf/image/resize
"""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Verbatim, Word, Words

# method and antialias of tf.image.resize, by what the op means.
_NOW = {
    "nearest half_pixel prefer_ceil": "'nearest'",
    "linear half_pixel": "'bilinear'",
    "linear half_pixel antialias": "'bilinear', antialias=True",
    "cubic half_pixel -0.5 within": "'bicubic'",
    "cubic half_pixel -0.5 antialias": "'bicubic', antialias=True",
    "area": "'area'",
}
# method and align_corners of tf.compat.v1.image.resize.
_ONCE = {
    "nearest asymmetric floor": "'nearest'",
    "nearest align_corners prefer_ceil": "'nearest', align_corners=True",
    "linear asymmetric": "'bilinear'",
    "linear align_corners": "'bilinear', align_corners=True",
    "cubic asymmetric -0.75": "'bicubic'",
    "cubic align_corners -0.75": "'bicubic', align_corners=True",
}
_OWN: dict[str, Word] = {
    "now": lambda way: Verbatim(_NOW[way]),
    "once": lambda way: Verbatim(_ONCE[way]),
    "of_now": lambda way: way in _NOW,
    "of_once": lambda way: way in _ONCE,
    "row": lambda lengths: (1, *lengths),
}
_LAST = dict.fromkeys(("x", "y"), "N{size|letters|text}C")
_NONE = (
    "tf.image.resize has the centres of places, rounded to the nearest element, or a = -0.5 without what is outside "
    "of x; tf.compat.v1.image.resize has asymmetric places rounded down and align_corners, and a = -0.75 with the "
    "border repeated"
)
_UNLESS = {
    "dims(size) == 3": "tf.image.resize is of planes: ''images' must have either 3 or 4 dimensions.'",
    "scaled": "tf.image.resize takes the lengths, not a scale that is another",
    "method != 'nearest' and on_dtype == 'float64'": "tf.image.resize gives float32, also of float64",
}


def _words(function: str, way: str) -> tuple[Words, ...]:
    """Of planes, and of lines as planes of one row; what is made in float32 is brought back to half precision."""
    found = []
    for dims, x, lengths in ((2, "x", "{lengths}"), (1, "tf.expand_dims(x, 1)", "{lengths|row}")):
        call = f"{function}({x}, {lengths}, {{way|{way}}})"
        call = call if dims == 2 else f"tf.squeeze({call}, 1)"
        unless = {**_UNLESS, f"not of_{way}(way)": _NONE, f"dims(size) != {dims}": "of other rank"}
        narrow = "on_dtype == 'float16' or on_dtype == 'bfloat16'"
        found += [
            Words(f"y = {call}", _LAST, {**unless, f"method != 'nearest' and ({narrow})": "half"}, own=_OWN),
            Words(f"y = tf.cast({call}, x.dtype)", _LAST, unless, "tf.image.resize gives float32", _OWN),
        ]
    return tuple(found)


TABLE: dict[str, Cell] = {
    "resize": (*_words("tf.image.resize", "now"), *_words("tf.compat.v1.image.resize", "once")),
}
