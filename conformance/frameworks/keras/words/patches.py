"""How Keras is asked: patches."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

_FLAT = "N(CK)({size|letters|text})"
_LAST = {"x": "NHWC", "y": "NHW(KC)"}
_IMAGES = {"dims(size) != 2": "keras.ops.image.extract_patches, unfold and fold are of images (3.15.1)"}
_EVEN = {**_IMAGES, "not even": "keras.ops.fold and unfold pad both ends alike"}
_PATCHES = "y = keras.ops.image.extract_patches(x, {window}, {stride}, {dilation}, %s, data_format='channels_last')"

TABLE: dict[str, Cell] = {
    "unfold": (
        Words(
            _PATCHES % "{padding}",
            _LAST,
            {**_IMAGES, "padding != 'same' and padding != 'valid'": "no word of Keras's"},
        ),
        Words(
            "y = keras.ops.unfold(x, {window}, {dilation}, {pads|lows}, {stride})",
            {"y": _FLAT},
            _EVEN,
        ),
        Words("x = keras.ops.pad(x, {pads|around_pairs})\n" + _PATCHES % "'valid'", _LAST, _IMAGES),
    ),
    "fold": (
        Words(
            "y = keras.ops.fold(x, {size}, {window}, {dilation}, {pads|lows}, {stride})",
            {"x": _FLAT},
            _EVEN,
        ),
        Words(
            "y = keras.ops.fold(x, {padded}, {window}, {dilation}, 0, {stride})\n"
            "y = keras.ops.slice(y, {first}, {whole})",
            {"x": _FLAT},
            _IMAGES,
        ),
    ),
}
