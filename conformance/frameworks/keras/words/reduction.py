"""How Keras is asked: reductions, and what runs along an axis."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.reductions import OWN_DTYPE, first_place, orders, running
from conformance.frameworks.words import Words

_REDUCED = "x, axis={axes}, keepdims={keepdims}"
_NO_RANK = {"unbiased == null": "n - ddof is not above 0, and keras.ops divides by n"}
_NOTE = "keras.ops divides by n: the factor makes it n - ddof"


def _reduced(name: str) -> Words:
    return Words(f"y = keras.ops.{name}({_REDUCED})")


def _spread(name: str) -> tuple[Words, ...]:
    made = _reduced(name).text
    plain = Words(made, unless={**_NO_RANK, "ddof != 0": "keras.ops divides by n"})
    return plain, Words(f"{made} * {{unbiased}}", unless=_NO_RANK, note=_NOTE)


def _running(name: str) -> tuple[Words, ...]:
    typed = f"keras.ops.{name}(x, {{axis}}, {{of}})"
    return running(
        f"keras.ops.{name}(x, {{axis}})",
        typed,
        "keras.ops.flip({}, {{axis}})",
        "3.15.1",
        f"keras.ops.{name}(x, {{axis}}, 'int32')",
    )


def _norm(axes: str, unless: dict[str, str], order: str = "{order|p}") -> Words:
    text = f"y = keras.ops.norm(x, {order}, {axes}, {{keepdims}})"
    return Words(text, unless=unless, own=orders("1e400"))


TABLE: dict[str, Cell] = {
    "sum": Words(
        f"y = keras.ops.sum({_REDUCED})",
        unless={"not wide": "keras.ops.sum takes no dtype, and counts in int32 at least"},
    ),
    "mean": _reduced("mean"),
    "prod": (
        Words(f"y = keras.ops.prod({_REDUCED})", unless=OWN_DTYPE),
        Words(f"y = keras.ops.prod({_REDUCED}, dtype={{of}})"),
    ),
    "max": _reduced("max"),
    "min": _reduced("min"),
    "var": _spread("var"),
    "std": _spread("std"),
    "logsumexp": _reduced("logsumexp"),
    "norm": (
        _norm("{over}", {"not matrix": "of vectors"}),
        _norm("{single}", {"single == null": "of several axes"}),
        _norm("None", {"axes != null or order != '2'": "of some axes"}, "None"),
        _norm(
            "{over}",
            {"dims(over) != 2 or order != '2'": "keras.ops.norm takes one axis, or two as those of a matrix"},
            "'fro'",
        ),
    ),
    "cumsum": _running("cumsum"),
    "cumprod": _running("cumprod"),
    "argmax": first_place("keras.ops.argmax(x, {axis}, {keepdims})"),
    "argmin": first_place("keras.ops.argmin(x, {axis}, {keepdims})"),
    "median": Words(
        f"y = keras.ops.median({_REDUCED})", unless={"even != 'mean'": "keras.ops.median gives the mean of the two"}
    ),
    "quantile": Words("y = keras.ops.quantile(x, {q}, {axes}, {interpolation}, {keepdims})"),
    "any": _reduced("any"),
    "all": _reduced("all"),
}
