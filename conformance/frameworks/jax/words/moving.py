"""How JAX is asked: moves, and numbers in a row."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

_BY_HAND = Words(
    "y = jax.numpy.reshape(jax.numpy.transpose(jax.numpy.reshape(x, {split}), {order}), {joined})",
    note="JAX has no such function: by hand",
)

_NARROW = {"on_dtype == 'float64' and 'x64=1' not in on_options": "without x64 JAX makes float32 of it"}

TABLE: dict[str, Cell] = {
    "pad": (
        Words(
            "y = jax.numpy.pad(x, {full}, constant_values={value})", unless={"mode != 'constant'": "by elements of x"}
        ),
        Words("y = jax.numpy.pad(x, {full}, mode={mode})"),
    ),
    "roll": Words("y = jax.numpy.roll(x, {shift}, {axis})"),
    "repeat": Words("y = jax.numpy.repeat(x, {times}, {axis})"),
    "tile": Words("y = jax.numpy.tile(x, {times})"),
    "pixel_shuffle": _BY_HAND,
    "depth_to_space": _BY_HAND,
    "space_to_depth": _BY_HAND,
    "linspace": Words(
        "y = jax.numpy.linspace({start}, {stop}, {count}, endpoint={endpoint}, dtype={on_dtype})", unless=_NARROW
    ),
    "arange": Words("y = jax.numpy.arange({start}, {stop}, {step}, dtype={on_dtype})", unless=_NARROW),
}
