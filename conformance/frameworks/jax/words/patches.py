"""How JAX is asked: patches."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

_PATCHES = "y = jax.lax.conv_general_dilated_patches(x, {window}, {stride}, %s, rhs_dilation={dilation})"
_LAYOUT = {"y": "N(CK){size|letters|text}"}

TABLE: dict[str, Cell] = {
    "unfold": (
        Words(
            _PATCHES % "{padding|upper}",
            _LAYOUT,
            {"padding != 'same' and padding != 'valid'": "in pairs"},
            own={"upper": str.upper},
        ),
        Words(_PATCHES % "{pads}", _LAYOUT),
    ),
    "fold": Words(
        "y = jax.numpy.zeros({rows}, x.dtype).at[jax.numpy.array({places})].add(x)[:-1]",
        {"x": "(K{size|letters|text})NC", "y": "({size|letters|text})NC"},
        note="JAX has no such function: each element is added where its place is, those outside to one more",
    ),
}
