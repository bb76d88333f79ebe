"""How Keras is asked: integers, division, rounding, casts."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

_JAX = "on_backend == 'jax'"
_NARROW = {f"of == 'int64' and {_JAX}": "without x64 JAX makes int32 of it"}
_CAST = {**_NARROW, f"to in ['int64', 'float64'] and {_JAX}": "without x64 JAX has neither int64 nor float64"}
_ADDED = {**_NARROW, f"other in ['int64', 'float64'] and {_JAX}": "without x64 JAX makes 32 bits of it"}
_ON_TENSORFLOW = "on_backend == 'tensorflow'"
_NO_BYTES = {f"of == 'uint8' and {_ON_TENSORFLOW}": "TensorFlow's negative is not of uint8: 'Value for attr 'T''"}
_NO_TRUTHS = {f"of == 'bool' and {_ON_TENSORFLOW}": "TensorFlow has no sum or product of bool: 'Value for attr 'T''"}


def _two(name: str, unless: dict[str, str] | None = None) -> Words:
    return Words(f"y = keras.ops.{name}(a, b)", unless={**_NARROW, **(unless or {})})


TABLE: dict[str, Cell] = {
    "negative": Words("y = keras.ops.negative(x)", unless={**_NARROW, **_NO_BYTES}),
    "abs": Words("y = keras.ops.abs(x)", unless=_NARROW),
    "add": (
        Words("y = keras.ops.add(a, {number})", unless={**_ADDED, "number == null": "of two tensors"}),
        _two("add", {**_ADDED, **_NO_TRUTHS}),
    ),
    "subtract": _two("subtract"),
    "multiply": _two("multiply", _NO_TRUTHS),
    "divide": (
        _two("divide", {"rounding != 'none'": "to an integer"}),
        _two("floor_divide", {"rounding != 'floor'": "towards zero"}),
        Words(
            "y = keras.ops.trunc(keras.ops.divide(a, b))",
            unless={"of != 'real'": "keras.ops has no truncated division: its divide gives real numbers"},
            note="keras.ops has no truncated division: by hand",
        ),
    ),
    "remainder": _two("mod", {"sign != 'divisor'": "keras.ops has mod alone, with the sign of the divisor"}),
    "round": Words("y = keras.ops.round(x, {decimals})"),
    "cast": Words("y = keras.ops.cast(x, {to})", unless=_CAST),
    "left_shift": _two("left_shift"),
    "right_shift": _two("right_shift"),
}
