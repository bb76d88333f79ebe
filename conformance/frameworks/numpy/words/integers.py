"""How NumPy is asked: integers, division, rounding, casts."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Verbatim, Words

_SCALED = "to an integer"

TABLE: dict[str, Cell] = {
    "negative": Words("y = numpy.negative(x)"),
    "abs": Words("y = numpy.abs(x)"),
    "add": (
        Words("y = numpy.add(a, {number})", unless={"number == null": "of two tensors"}),
        Words("y = numpy.add(a, b)"),
    ),
    "subtract": Words("y = numpy.subtract(a, b)"),
    "multiply": Words("y = numpy.multiply(a, b)"),
    "divide": (
        Words("y = numpy.divide(a, b)", unless={"rounding != 'none'": _SCALED}),
        Words("y = numpy.floor_divide(a, b)", unless={"rounding != 'floor'": "towards zero"}),
        Words(
            "y = numpy.trunc(numpy.divide(a, b))",
            unless={"of != 'real'": "of integers"},
            note="NumPy has no truncated division: by hand",
        ),
        Words(
            "y = numpy.floor_divide(numpy.subtract(a, numpy.fmod(a, b)), b)",
            note="NumPy has no truncated division: by hand",
        ),
    ),
    "remainder": (
        Words("y = numpy.remainder(a, b)", unless={"sign != 'divisor'": "of the dividend"}),
        Words("y = numpy.fmod(a, b)"),
    ),
    "round": Words("y = numpy.round(x, {decimals})"),
    "cast": Words(
        "y = x.astype(numpy.{to|theirs})",
        unless={"to == 'bfloat16'": "NumPy has no bfloat16: 'data type 'bfloat16' not understood'"},
        own={"theirs": lambda to: Verbatim("bool_" if to == "bool" else to)},
    ),
    "left_shift": Words("y = numpy.left_shift(a, b)"),
    "right_shift": Words("y = numpy.right_shift(a, b)"),
}
