"""How TensorFlow is asked: patches."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

_LAYOUTS = {"x": "NHWC", "y": "NHW(KC)"}
_IMAGES = {"dims(size) != 2": "tf.image.extract_patches is of images: 'Shape must be rank 4'"}

TABLE: dict[str, Cell] = {
    "unfold": (
        Words(
            "y = tf.image.extract_patches(x, {window|around}, {stride|around}, {dilation|around}, {padding|upper})",
            _LAYOUTS,
            {**_IMAGES, "padding != 'same' and padding != 'valid'": "neither SAME nor VALID"},
            own={"upper": str.upper},
        ),
        Words(
            "x = tf.pad(x, {pads|around_pairs})\n"
            "y = tf.image.extract_patches(x, {window|around}, {stride|around}, {dilation|around}, 'VALID')",
            _LAYOUTS,
            _IMAGES,
        ),
    ),
    "fold": Words(
        "y = tf.tensor_scatter_nd_add(tf.zeros({rows}, x.dtype), tf.constant({places})[:, None], x)[:-1]",
        {"x": "(K{size|letters|text})NC", "y": "({size|letters|text})NC"},
        note="TensorFlow has no such function: each element is added where its place is, those outside to one more",
    ),
}
