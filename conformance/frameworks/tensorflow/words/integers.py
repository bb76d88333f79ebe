"""How TensorFlow is asked: integers, division, rounding, casts."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

_BY_HAND = "tf.round has no decimals: by hand"

_NO_BYTES = {"of == 'uint8'": "'Value for attr 'T' of uint8 is not in the list of allowed values' (2.21.0)"}
_NO_TRUTHS = {"of == 'bool'": "'Value for attr 'T' of bool is not in the list of allowed values' (2.21.0)"}
_NO_REST = {
    "of in ['int8', 'int16', 'uint8']": "tf.truncatemod is of int32, int64 and floats: 'Value for attr 'T'' (2.21.0)",
    "of == 'real' and on_dtype in ['float16', 'bfloat16']": "'Could not find device for node TruncateMod' (2.21.0)",
}

TABLE: dict[str, Cell] = {
    "negative": Words("y = tf.negative(x)", unless=_NO_BYTES),
    "abs": Words("y = tf.abs(x)", unless=_NO_BYTES),
    "add": (
        Words("y = tf.add(a, {number})", unless={"number == null": "of two tensors"}),
        Words("y = tf.add(a, b)", unless=_NO_TRUTHS),
    ),
    "subtract": Words("y = tf.subtract(a, b)"),
    "multiply": Words("y = tf.multiply(a, b)", unless=_NO_TRUTHS),
    "divide": (
        Words("y = tf.divide(a, b)", unless={"rounding != 'none'": "to an integer"}),
        Words("y = tf.math.floordiv(a, b)", unless={"rounding != 'floor'": "towards zero"}),
        Words("y = tf.truncatediv(a, b)"),
    ),
    "remainder": (
        Words("y = tf.math.floormod(a, b)", unless={"sign != 'divisor'": "of the dividend"}),
        Words("y = tf.truncatemod(a, b)", unless=_NO_REST),
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
