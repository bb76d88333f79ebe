"""How Keras is asked: attention.

https://keras.io/api/ops/nn/#dot_product_attention-function
"""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

_LAYOUTS = {"q": "NQAE", "k": "NKBE", "v": "NKBV", "y": "NQAV"}
_CALL = "y = keras.ops.dot_product_attention(q, k, v, {0}scale={{scale}}{1})"
_PAST = "past = keras.ops.tri({queries}, {keys}, {last}, dtype='bool')[None, None]\n"
_MASKS = {"no": "", "boolean": "mask=mask, ", "additive": "bias=mask, "}
_BACKENDS = {
    "on_backend == 'jax' and features != value_features": "jax.nn takes as many values as features",
    "on_backend == 'torch' and mask == 'additive' and causal == 'bottom_right'": (
        'the PyTorch backend: "Only one of `bias` and `mask` can be provided"'
    ),
}


def _words(mask: str, causal: str) -> Words:
    unless = {**_BACKENDS, f"mask != {mask!r}": "another mask", f"causal != {causal!r}": "another past"}
    if causal != "bottom_right":
        call = _CALL.format(_MASKS[mask], ", is_causal=True" * (causal == "top_left"))
        return Words(call, _LAYOUTS, unless, trusted=True)
    if mask == "boolean":
        call = _CALL.format("mask=keras.ops.logical_and(mask, past), ", "")
    else:
        call = _CALL.format(_MASKS[mask] + "mask=past, ", "")
    return Words(_PAST + call, _LAYOUTS, unless, trusted=True)


# On PyTorch it trusts that there are as many values as keys.
TABLE: dict[str, Cell] = {
    "attention": tuple(_words(mask, causal) for mask in _MASKS for causal in ("no", "top_left", "bottom_right")),
}
