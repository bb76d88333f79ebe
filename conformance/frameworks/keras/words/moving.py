"""How Keras is asked: moves, and numbers in a row."""

from __future__ import annotations

from dataclasses import replace

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

_LAST = {"x": "NHWC", "y": "NHWC"}
_BY_HAND = Words(
    "y = keras.ops.reshape(keras.ops.transpose(keras.ops.reshape(x, {split}), {order}), {joined})",
    note="keras.ops.depth_to_space has the other order: by hand",
)

_NARROW = {"on_dtype == 'float64' and on_backend == 'jax'": "without x64 JAX makes float32 of it"}
_BLOCKS = {"mode != 'DCR'": "in another order", "block < 2": "'`block_size` must be at least 2'"}

TABLE: dict[str, Cell] = {
    "pad": (
        Words(
            "y = keras.ops.pad(x, {full}, constant_values={value})", unless={"mode != 'constant'": "by elements of x"}
        ),
        Words("y = keras.ops.pad(x, {full}, mode={mode})"),
    ),
    "roll": Words("y = keras.ops.roll(x, {shift}, {axis})"),
    "repeat": Words("y = keras.ops.repeat(x, {times}, {axis})"),
    "tile": Words("y = keras.ops.tile(x, {times})"),
    "pixel_shuffle": _BY_HAND,
    "depth_to_space": (
        Words(
            "y = keras.ops.depth_to_space(x, {block}, data_format='channels_last')",
            _LAST,
            _BLOCKS,
        ),
        _BY_HAND,
    ),
    "space_to_depth": (
        Words(
            "y = keras.ops.space_to_depth(x, {block}, data_format='channels_last')",
            _LAST,
            _BLOCKS,
        ),
        replace(_BY_HAND, note="keras.ops.space_to_depth has the other order: by hand"),
    ),
    "linspace": Words(
        "y = keras.ops.linspace({start}, {stop}, {count}, endpoint={endpoint}, dtype={on_dtype})", unless=_NARROW
    ),
    "arange": Words("y = keras.ops.arange({start}, {stop}, {step}, dtype={on_dtype})", unless=_NARROW),
}
