"""How TensorFlow is asked: integers, division, rounding, casts."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

_BY_HAND = "tf.round has no decimals: by hand"

TABLE: dict[str, Cell] = {
    "negative": Words("y = tf.negative(x)"),
    "abs": Words("y = tf.abs(x)"),
    "add": (
        Words("y = tf.add(a, {number})", unless={"number == null": "of two tensors"}),
        Words("y = tf.add(a, b)"),
    ),
    "subtract": Words("y = tf.subtract(a, b)"),
    "multiply": Words("y = tf.multiply(a, b)"),
    "divide": (
        Words("y = tf.divide(a, b)", unless={"rounding != 'none'": "to an integer"}),
        Words("y = tf.math.floordiv(a, b)", unless={"rounding != 'floor'": "towards zero"}),
        Words("y = tf.truncatediv(a, b)"),
    ),
    "remainder": (
        Words("y = tf.math.floormod(a, b)", unless={"sign != 'divisor'": "of the dividend"}),
        Words("y = tf.truncatemod(a, b)"),
    ),
    "round": (
        Words("y = tf.round(x)", unless={"decimals != 0": "decimals"}),
        Words("y = tf.round(x * {scale}) / {scale}", unless={"decimals < 0": "in front of the point"}, note=_BY_HAND),
        Words("y = tf.round(x / {scale}) * {scale}", note=_BY_HAND),
    ),
    "cast": Words("y = tf.cast(x, tf.{to|text})"),
    "left_shift": Words("y = tf.bitwise.left_shift(a, b)"),
    "right_shift": Words("y = tf.bitwise.right_shift(a, b)"),
}
