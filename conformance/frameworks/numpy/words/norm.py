"""How NumPy is asked: normalisation."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

TABLE: dict[str, Cell] = {
    "batch_norm": "NumPy has no normalisation",
    "layer_norm": Words(
        "off = x - numpy.mean(x, {axes|last}, keepdims=True)\n"
        "y = off / numpy.sqrt(numpy.var(x, {axes|last}, keepdims=True) + {epsilon}) * scale + offset",
        own={"last": lambda axes: tuple(range(-axes, 0))},
    ),
    "batch_norm_inference": Words(
        "y = (x - mean) / numpy.sqrt(variance + {epsilon}) * scale + offset",
        layouts=dict.fromkeys(("x", "y"), "N{space|letters|text}C"),
    ),
    "group_norm": Words(
        "parts = x.reshape({batch}, {positions}, {groups}, {each})\n"
        "off = parts - numpy.mean(parts, (1, 3), keepdims=True)\n"
        "parts = off / numpy.sqrt(numpy.var(parts, (1, 3), keepdims=True) + {epsilon})\n"
        "y = parts.reshape({x_shape}) * scale + offset",
        layouts=dict.fromkeys(("x", "y"), "N{space|letters|text}C"),
    ),
    "instance_norm": Words(
        "off = x - numpy.mean(x, {space|but_outer}, keepdims=True)\n"
        "y = off / numpy.sqrt(numpy.var(x, {space|but_outer}, keepdims=True) + {epsilon}) * scale + offset",
        layouts=dict.fromkeys(("x", "y"), "N{space|letters|text}C"),
    ),
    "rms_norm": Words(
        "y = x / numpy.sqrt(numpy.mean(x * x, {axes|last}, keepdims=True) + {epsilon}) * scale",
        own={"last": lambda axes: tuple(range(-axes, 0))},
    ),
    "l2_normalize": (
        Words(
            "y = x / numpy.maximum(numpy.linalg.norm(x, axis=-1, keepdims=True), {epsilon})",
            unless={"least != 'norm'": "of the square"},
        ),
        Words("y = x / numpy.sqrt(numpy.maximum(numpy.sum(x * x, -1, keepdims=True), {epsilon}))"),
    ),
    "lrn": Words(
        "around = numpy.lib.stride_tricks.sliding_window_view(numpy.pad(x * x, {pads}), {size}, 1)\n"
        "y = x / numpy.power({k} + {each} * around.sum(-1), {beta})",
    ),
}
