"""Faults in gradients: the exact ones, spoilt on their way back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

import numpy as np

from conformance.faults.asked import Asked, Fault
from conformance.ops.base import Array
from conformance.outcome import Outcome

GROUP = "gradients"
Arrays = dict[str, Array]


def gradient_fault(change: Callable[[Arrays, Asked], Mapping[str, Array]], asked: Asked) -> Iterator[Outcome]:
    """The right answer with wrong gradients."""
    if asked.case.dtype not in ("float32", "float64") or not asked.y.size:
        return
    right = {name: reference.value for name, reference in asked.gradients.items()}
    yield asked.answer(asked.y, gradients=change(dict(right), asked))


def _without(name: str, g: Arrays, _: Asked) -> Arrays:
    return {k: v for k, v in g.items() if k != name}


def _one(name: str, change: Callable[[Array, Asked], Array], g: Arrays, asked: Asked) -> Arrays:
    return {**g, name: change(g[name], asked)} if name in g else g


def _nan_first(a: Array) -> Array:
    return np.where(np.arange(a.size).reshape(a.shape) == 0, np.nan, a)


def _of_one_item(b: Array, asked: Asked) -> Array:
    return np.asarray(asked.cotangent[:1].sum(axis=(0, *range(2, asked.cotangent.ndim))))


def _of_ones(_: Arrays, asked: Asked) -> Arrays:
    ones = asked.op.gradients(asked.arrays, {asked.output.name: np.ones_like(asked.cotangent)})
    return {name: reference.value for name, reference in ones.items()}


def gradient_faults() -> Iterator[Fault]:
    """One line a fault."""
    for name in ("x", "w", "b"):
        yield Fault(f"gradient of {name} missing", GROUP, partial(gradient_fault, partial(_without, name)))
        for word, change in (
            ("doubled", lambda a, _: 2 * a),
            ("negated", lambda a, _: -a),
            ("zero", lambda a, _: np.zeros_like(a)),
            ("of one NaN", lambda a, _: _nan_first(a)),
        ):
            yield Fault(f"gradient of {name} {word}", GROUP, partial(gradient_fault, partial(_one, name, change)))
    for name, word, change in (
        ("w", "averaged over the batch", lambda a, asked: a / max(asked.sizes["x"]["N"], 1)),
        ("w", "flipped", lambda a, _: a[..., ::-1]),
        ("w", "with groups exchanged", lambda a, _: a[::-1]),
        ("w", "transposed", lambda a, _: a.swapaxes(1, 2)),
        ("x", "shifted", lambda a, _: np.roll(a, 1, -1)),
        ("x", "of another batch item", lambda a, _: a[::-1]),
        ("x", "with channels exchanged", lambda a, _: a[:, ::-1]),
        ("b", "of one batch item", _of_one_item),
    ):
        yield Fault(f"gradient of {name} {word}", GROUP, partial(gradient_fault, partial(_one, name, change)))
    exchanged = partial(gradient_fault, lambda g, _: {**g, "x": g["w"], "w": g["x"]})
    yield Fault("gradients exchanged", GROUP, exchanged)
    yield Fault("gradient of sum(y)", GROUP, partial(gradient_fault, _of_ones))
