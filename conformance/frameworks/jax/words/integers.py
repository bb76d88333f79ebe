"""How JAX is asked: integers, division, rounding, casts."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Verbatim, Words

_NARROW = {"of == 'int64' and 'x64=1' not in on_options": "without x64 JAX makes int32 of it"}
_CAST = {
    **_NARROW,
    "to in ['int64', 'float64'] and 'x64=1' not in on_options": "without x64 JAX has neither int64 nor float64",
}
_ADDED = {
    **_NARROW,
    "other in ['int64', 'float64'] and 'x64=1' not in on_options": "without x64 JAX makes 32 bits of it",
}


def _two(name: str, unless: dict[str, str] | None = None) -> Words:
    return Words(f"y = {name}(a, b)", unless={**_NARROW, **(unless or {})})


TABLE: dict[str, Cell] = {
    "negative": Words("y = jax.numpy.negative(x)", unless=_NARROW),
    "abs": Words("y = jax.numpy.abs(x)", unless=_NARROW),
    "add": (
        Words("y = jax.numpy.add(a, {number})", unless={**_ADDED, "number == null": "of two tensors"}),
        _two("jax.numpy.add", _ADDED),
    ),
    "subtract": _two("jax.numpy.subtract"),
    "multiply": _two("jax.numpy.multiply"),
    "divide": (
        _two("jax.numpy.divide", {"rounding != 'none'": "to an integer"}),
        _two("jax.numpy.floor_divide", {"rounding != 'floor'": "towards zero"}),
        Words(
            "y = jax.numpy.trunc(jax.numpy.divide(a, b))",
            unless={"of != 'real'": "of integers"},
            note="JAX has no truncated division of real numbers: by hand",
        ),
        _two("jax.lax.div"),
    ),
    "remainder": (
        _two("jax.numpy.remainder", {"sign != 'divisor'": "of the dividend"}),
        _two("jax.numpy.fmod"),
    ),
    "round": Words("y = jax.numpy.round(x, {decimals})"),
    "cast": Words(
        "y = x.astype(jax.numpy.{to|theirs})",
        unless=_CAST,
        own={"theirs": lambda to: Verbatim("bool_" if to == "bool" else to)},
    ),
    "left_shift": _two("jax.numpy.left_shift"),
    "right_shift": _two("jax.numpy.right_shift"),
}
