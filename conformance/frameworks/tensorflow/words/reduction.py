"""How TensorFlow is asked: reductions, and what runs along an axis."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.reductions import first_place, orders
from conformance.frameworks.words import Words

_WIDE = {"of == 'real' or not wide": "in their own dtype"}
_NO_RANK = {"unbiased == null": "n - ddof is not above 0, and TensorFlow divides by n"}
_NOTE = "TensorFlow divides by n: the factor makes it n - ddof"
_NO_ORDER = {
    "order in ['0', '-inf', 'nuc']": "tf.norm has no such order: \"'ord' must be a supported vector norm\" (2.21.0)",
}
_SEVERAL = "TensorFlow Probability has it, as stats.percentile; TensorFlow has none"


def _reduced(name: str, x: str = "x") -> str:
    return f"y = tf.{name}({x}, {{axes}}, {{keepdims}})"


def _counted(name: str) -> tuple[Words, ...]:
    """Of integers in int64, to which they are cast, or in their own dtype, which is what TensorFlow does."""
    return Words(_reduced(name, "tf.cast(x, tf.int64)"), unless=_WIDE), Words(_reduced(name))


def _spread(name: str) -> tuple[Words, ...]:
    made = _reduced(f"math.{name}")
    plain = Words(made, unless={**_NO_RANK, "ddof != 0": "TensorFlow divides by n"})
    return plain, Words(f"{made} * {{unbiased}}", unless=_NO_RANK, note=_NOTE)


def _running(name: str) -> tuple[Words, ...]:
    made = f"y = tf.math.{name}(%s, {{axis}}, {{exclusive}}, {{reverse}})"
    return Words(made % "tf.cast(x, tf.int64)", unless=_WIDE), Words(made % "x")


def _place(name: str) -> tuple[Words, ...]:
    one = first_place(f"tf.{name}(x, {{axis}}, tf.int64)")
    flat = first_place(f"tf.{name}(tf.reshape(x, (-1,)), 0, tf.int64)").text
    last = one.unless or {}
    every = {**last, "axis == null": "of all"}
    return (
        Words(one.text, unless={**every, "keepdims": "kept"}),
        Words(f"{one.text}\nindices = tf.expand_dims(indices, {{axis}})", unless=every),
        Words(flat, unless={**last, "keepdims": "kept"}),
        Words(f"{flat}\nindices = tf.reshape(indices, {{result}})", unless=last),
    )


def _truth(name: str) -> tuple[Words, ...]:
    return Words(_reduced(name), unless={"of != 'bool'": "cast"}), Words(_reduced(name, "tf.cast(x, tf.bool)"))


def _norm(axes: str, unless: dict[str, str], order: str = "{order|p}", merged: str = "") -> Words:
    text = f"{merged}y = tf.norm(x, {order}, {axes}, {{keepdims}})"
    return Words(text, unless={**_NO_ORDER, **unless}, own=orders("tf.experimental.numpy.inf"))


TABLE: dict[str, Cell] = {
    "sum": _counted("reduce_sum"),
    "mean": (
        Words(_reduced("reduce_mean"), unless={"of != 'real'": "the mean of integers is an integer in TensorFlow"}),
        Words(_reduced("reduce_mean", "tf.cast(x, tf.{on_dtype|text})")),
    ),
    "prod": _counted("reduce_prod"),
    "max": Words(_reduced("reduce_max")),
    "min": Words(_reduced("reduce_min")),
    "var": _spread("reduce_variance"),
    "std": _spread("reduce_std"),
    "logsumexp": Words(_reduced("reduce_logsumexp")),
    "norm": (
        _norm("{over}", {"not matrix": "of vectors"}),
        _norm("{single}", {"single == null": "of several axes"}),
        _norm("None", {"axes != null": "of some axes"}),
        _norm(
            "{over}",
            {"dims(over) != 2 or order != '2'": "tf.norm takes one axis, or two as those of a matrix"},
            "'euclidean'",
        ),
    ),
    "cumsum": _running("cumsum"),
    "cumprod": _running("cumprod"),
    "argmax": _place("argmax"),
    "argmin": _place("argmin"),
    "median": _SEVERAL,
    "quantile": _SEVERAL,
    "any": _truth("reduce_any"),
    "all": _truth("reduce_all"),
}
