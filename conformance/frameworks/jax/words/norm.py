"""How JAX is asked: normalisation."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

_LAST = dict.fromkeys(("x", "y"), "N{space|letters|text}C")

TABLE: dict[str, Cell] = {
    "batch_norm": Words(
        "y = jax.nn.standardize(x, {space|but_last}, epsilon={epsilon}) * scale + offset\n"
        "new_mean = {momentum} * mean + {momentum|rest} * jax.numpy.mean(x, {space|but_last})\n"
        "new_variance = {momentum} * variance"
        " + {momentum|rest} * jax.numpy.var(x, {space|but_last}, ddof={unbiased|int})",
        layouts=_LAST,
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
    "batch_norm_inference": Words(
        "y = jax.nn.standardize(x, {space|but_last}, mean, variance, {epsilon}) * scale + offset",
        layouts=_LAST,
        note="jax.nn has no batch normalisation: jax.nn.standardize by the running statistics",
    ),
    "group_norm": Words(
        "parts = x.reshape({batch}, {positions}, {groups}, {each})\n"
        "y = jax.nn.standardize(parts, (1, 3), epsilon={epsilon}).reshape({x_shape}) * scale + offset",
        layouts=_LAST,
        note="jax.nn has no group normalisation: jax.nn.standardize of the groups, and scale and offset by hand",
    ),
    "instance_norm": Words(
        "y = jax.nn.standardize(x, {space|but_outer}, epsilon={epsilon}) * scale + offset",
        layouts=_LAST,
        note="jax.nn has no instance normalisation: jax.nn.standardize, and scale and offset by hand",
    ),
    "rms_norm": Words(
        "squares = jax.numpy.mean(x * x, {axes|last}, keepdims=True)\n"
        "y = x * jax.lax.rsqrt(squares + {epsilon}) * scale",
        note="jax.nn has no RMS normalisation: its formula",
        own={"last": lambda axes: tuple(range(-axes, 0))},
    ),
    "l2_normalize": (
        Words(
            "y = x / jax.numpy.maximum(jax.numpy.linalg.norm(x, axis=-1, keepdims=True), {epsilon})",
            unless={"least != 'norm'": "of the square"},
        ),
        Words("y = x * jax.lax.rsqrt(jax.numpy.maximum(jax.numpy.sum(x * x, -1, keepdims=True), {epsilon}))"),
    ),
    "lrn": Words(
        "squares = jax.lax.reduce_window(x * x, 0.0, jax.lax.add, {window}, {window|steps}, {pads})\n"
        "y = x / jax.numpy.power({k} + {each} * squares, {beta})",
        note="JAX has no local response normalisation: its formula",
        own={"steps": lambda window: (1,) * len(window)},
    ),
}
