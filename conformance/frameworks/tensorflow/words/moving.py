"""How TensorFlow is asked: moves, and numbers in a row."""

from __future__ import annotations

from dataclasses import replace

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

_LAST = {"x": "NHWC", "y": "NHWC"}
_BY_HAND = Words(
    "y = tf.reshape(tf.transpose(tf.reshape(x, {split}), {order}), {joined})",
    note="tf.nn.depth_to_space has the other order: by hand",
)
_BLOCKS = {"mode != 'DCR'": "in another order", "block < 2": "'Block size should be > 1'"}

TABLE: dict[str, Cell] = {
    "pad": (
        Words("y = tf.pad(x, {full}, constant_values={value})", unless={"mode != 'constant'": "by elements of x"}),
        Words(
            "y = tf.pad(x, {full}, {mode|upper})",
            unless={"mode == 'edge' or mode == 'wrap'": "tf.pad has CONSTANT, REFLECT and SYMMETRIC alone"},
            own={"upper": str.upper},
        ),
    ),
    "roll": Words("y = tf.roll(x, {shift}, {axis})"),
    "repeat": Words("y = tf.repeat(x, {times}, {axis})"),
    "tile": Words("y = tf.tile(x, {full})"),
    "pixel_shuffle": _BY_HAND,
    "depth_to_space": (
        Words(
            "y = tf.nn.depth_to_space(x, {block})",
            _LAST,
            _BLOCKS,
        ),
        _BY_HAND,
    ),
    "space_to_depth": (
        Words(
            "y = tf.nn.space_to_depth(x, {block})",
            _LAST,
            _BLOCKS,
        ),
        replace(_BY_HAND, note="tf.nn.space_to_depth has the other order: by hand"),
    ),
    "linspace": (
        Words(
            "y = tf.linspace(tf.constant({start}, {on_dtype}), tf.constant({stop}, {on_dtype}), {count})",
            unless={"not endpoint": "tf.linspace always ends with stop"},
        ),
    ),
    "arange": Words("y = tf.range({start}, {stop}, {step}, dtype={on_dtype})"),
}
