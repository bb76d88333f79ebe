"""How JAX is asked: pooling."""

from __future__ import annotations

from math import prod

from conformance.frameworks import Cell
from conformance.frameworks.words import Word, Words

_WINDOW = "y = jax.lax.reduce_window(x, -jax.numpy.inf, jax.lax.max, {window|outer}, {stride|outer}, "
# A pool by what says its padding, and why not so: a word, pairs, or pairs that reach as far as the last position does.
_PADS = {
    "{padding|upper}": {"padding != 'same' and padding != 'valid'": "in pairs"},
    "{pads|outer_pairs}": {"ceil": "the last position may reach further"},
    "{covered|outer_pairs}": {},
}
_POOLS = tuple(
    Words(
        f"{_WINDOW}{pads}{dilation})",
        unless={"indices": "JAX has no pooling that gives the places", condition: "said otherwise", **unless},
        own={"upper": str.upper},
        refuses=True,
    )
    for dilation, condition in (("", "max(dilation) > 1"), (", window_dilation={dilation|outer}", "max(dilation) == 1"))
    for pads, unless in _PADS.items()
)

_OWN: dict[str, Word] = {"size": prod, "inverse": lambda p: 1 / p}
_OVER = "{window|outer}, {stride|outer}, {covered|outer_pairs}, window_dilation={dilation|outer})"
_SUM = "jax.lax.reduce_window({what}, 0.0, jax.lax.add, "
_NONE = "JAX has no such pool: by jax.lax.reduce_window"
_BINS = "x, {start}, {by}, {{window|outer}}, {{window|outer}}, 'VALID')"
_UNEVEN = {"not divides": "JAX has no adaptive pooling, and bins that do not divide x are no window"}

TABLE: dict[str, Cell] = {
    "max_pool": _POOLS,
    "avg_pool": (
        Words(
            f"y = {_SUM.format(what='x')}{_OVER} / {_SUM.format(what='jax.numpy.ones_like(x)')}{_OVER}",
            unless={"count_pad": "what stands around x counts"},
            note=_NONE,
        ),
        Words(
            f"y = {_SUM.format(what='x')}{_OVER} / {{window|size}}",
            unless={"ceil": "counted otherwise"},
            note=_NONE,
            own=_OWN,
        ),
        Words(
            "ones = jax.numpy.pad(jax.numpy.ones_like(x), {pads|outer_pairs}, constant_values=1)\n"
            f"y = {_SUM.format(what='x')}{_OVER} / {_SUM.format(what='ones')}{_OVER.replace('covered', 'beyond')}",
            note=_NONE,
        ),
    ),
    "lp_pool": Words(
        f"x = {_SUM.format(what='jax.numpy.power(jax.numpy.abs(x), {p})')}{_OVER}\n"
        "y = jax.numpy.power(x, {p|inverse})",
        note=_NONE,
        own=_OWN,
    ),
    "adaptive_avg_pool": Words(
        f"y = jax.lax.reduce_window({_BINS.format(start='0.0', by='jax.lax.add')} / {{window|size}}",
        unless=_UNEVEN,
        note=_NONE,
        own=_OWN,
    ),
    "adaptive_max_pool": Words(
        f"y = jax.lax.reduce_window({_BINS.format(start='-jax.numpy.inf', by='jax.lax.max')}",
        unless=_UNEVEN,
        note=_NONE,
    ),
}
