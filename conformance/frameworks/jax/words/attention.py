"""How JAX is asked: attention.

https://docs.jax.dev/en/latest/_autosummary/jax.nn.dot_product_attention.html
"""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

_LAYOUTS = {"q": "NQAE", "k": "NKBE", "v": "NKBV", "y": "NQAV"}
_CALL = "y = jax.nn.dot_product_attention(q, k, v, {0}scale={{scale}}{1})"
_PAST = "past = jax.numpy.tri({queries}, {keys}, {last}, dtype=jax.numpy.bool_)[None, None]\n"
_MASKS = {"no": "", "boolean": "mask=mask, ", "additive": "mask, "}
_SAME = {"features != value_features": 'it takes as many values as features: "value shape should be"'}


def _words(mask: str, causal: str) -> Words:
    unless = {**_SAME, f"mask != {mask!r}": "another mask", f"causal != {causal!r}": "another past"}
    if causal != "bottom_right":
        return Words(_CALL.format(_MASKS[mask], ", is_causal=True" * (causal == "top_left")), _LAYOUTS, unless)
    if mask == "boolean":
        return Words(_PAST + _CALL.format("mask=jax.numpy.logical_and(mask, past), ", ""), _LAYOUTS, unless)
    return Words(_PAST + _CALL.format(_MASKS[mask] + "mask=past, ", ""), _LAYOUTS, unless)


_NAMES = {
    "no": "",
    "boolean": ", mask=mask[None, None]",
    "keys": ", mask=mask[:, None, None]",
    "additive": ", mask[None, None]",
}


def _heads(bias: bool, mask: str) -> Words:
    made = (f"{x}h = jax.numpy.einsum('nre,eaf->nraf', {x}, w{x}){f' + b{x}' * bias}\n" for x in "qkv")
    return Words(
        "".join(made)
        + f"heads = jax.nn.dot_product_attention(qh, kh, vh{_NAMES[mask]})\n"
        + f"y = jax.numpy.einsum('nqaf,afe->nqe', heads, wo){' + bo' * bias}",
        unless={
            "weights != 'no'": "jax.nn.dot_product_attention gives no weights",
            "not bias" if bias else "bias": "with and without",
            f"mask != {mask!r}": "another mask",
        },
        note="JAX has no attention with weights: its attention between projections",
    )


TABLE: dict[str, Cell] = {
    "multi_head_attention": tuple(_heads(bias, mask) for bias in (True, False) for mask in _NAMES),
    "attention": tuple(_words(mask, causal) for mask in _MASKS for causal in ("no", "top_left", "bottom_right")),
}
