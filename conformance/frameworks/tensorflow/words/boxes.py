"""How TensorFlow is asked: what boxes cut out of images, and which boxes remain.

https://www.tensorflow.org/api_docs/python/tf/image/crop_and_resize
"""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Word, Words

_LAST = {"x": "NHWC", "y": "KHWC"}
_MODE: dict[str, Word] = {"mode": {"nearest": "nearest", "linear": "bilinear"}.get}
_CROP = "{output}, {method|mode}, {extrapolation})"
_WIDE = {"on_dtype == 'float64'": "tf.image.crop_and_resize gives float32, also of float64"}
_HALF = {"on_dtype == 'float16' or on_dtype == 'bfloat16'": "half"}
# As many as are asked for, filled up with 0.
_PADDED = "count = tf.shape(found)[0]\nindices = tf.pad(found, ((0, {keep} - count),))"


def _nms(least: str, unless: dict[str, str]) -> Words:
    return Words(
        f"found = tf.image.non_max_suppression(boxes, scores, {{keep}}, {{iou}}{least})\n{_PADDED}",
        unless={"form == 'centre'": "tf.image.non_max_suppression takes corners", **unless},
        note="the indices are filled up with 0 to as many as are asked for",
        refuses=True,
    )


TABLE: dict[str, Cell] = {
    "crop_and_resize": (
        Words(f"y = tf.image.crop_and_resize(x, boxes, box_indices, {_CROP}", _LAST, {**_WIDE, **_HALF}, own=_MODE),
        Words(
            f"boxes = tf.cast(boxes, tf.float32)\ny = tf.image.crop_and_resize(x, boxes, box_indices, {_CROP}\n"
            "y = tf.cast(y, x.dtype)",
            _LAST,
            _WIDE,
            "tf.image.crop_and_resize gives float32",
            _MODE,
        ),
    ),
    "nms": (
        _nms("", {"least != null": "with a least score"}),
        _nms(", {least}", {}),
    ),
}
