"""How JAX is asked: normalisation."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

TABLE: dict[str, Cell] = {
    "batch_norm": Words(
        "y = jax.nn.standardize(x, {space|but_last}, epsilon={epsilon}) * scale + offset\n"
        "new_mean = {momentum} * mean + {momentum|rest} * jax.numpy.mean(x, {space|but_last})\n"
        "new_variance = {momentum} * variance"
        " + {momentum|rest} * jax.numpy.var(x, {space|but_last}, ddof={unbiased|int})",
        layouts={"x": "N{space|letters|text}C", "y": "N{space|letters|text}C"},
        note="jax.nn has no batch normalisation: jax.nn.standardize, and the running statistics by hand",
        own={
            "int": int,
        },
    ),
    "layer_norm": Words(
        "y = jax.nn.standardize(x, {axes|last}, epsilon={epsilon}) * scale + offset",
        note="jax.nn has no layer normalisation: jax.nn.standardize, and scale and offset by hand",
        own={"last": lambda axes: tuple(range(-axes, 0))},
    ),
}
