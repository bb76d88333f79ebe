"""How NumPy is asked: moves, and numbers in a row."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

_BY_HAND = Words("y = numpy.reshape(numpy.transpose(numpy.reshape(x, {split}), {order}), {joined})")

_TYPE = {"on_dtype == 'bfloat16'": "NumPy has no bfloat16: 'data type 'bfloat16' not understood'"}

TABLE: dict[str, Cell] = {
    "pad": (
        Words("y = numpy.pad(x, {full}, constant_values={value})", unless={"mode != 'constant'": "by elements of x"}),
        Words("y = numpy.pad(x, {full}, mode={mode})"),
    ),
    "roll": Words("y = numpy.roll(x, {shift}, {axis})"),
    "repeat": Words("y = numpy.repeat(x, {times}, {axis})", trusted=True),
    "tile": Words("y = numpy.tile(x, {times})", trusted=True),
    "pixel_shuffle": _BY_HAND,
    "depth_to_space": _BY_HAND,
    "space_to_depth": _BY_HAND,
    "linspace": Words(
        "y = numpy.linspace({start}, {stop}, {count}, endpoint={endpoint}, dtype={on_dtype})", unless=_TYPE
    ),
    "arange": Words("y = numpy.arange({start}, {stop}, {step}, dtype={on_dtype})", unless=_TYPE),
}
