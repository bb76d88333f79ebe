"""How JAX is asked: pooling."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

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

TABLE: dict[str, Cell] = {
    "max_pool": _POOLS,
}
