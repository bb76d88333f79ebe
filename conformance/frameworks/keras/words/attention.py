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


_HEADS = (
    "layer = keras.layers.MultiHeadAttention({{heads}}, {{head_features}}, use_bias={{bias}}, dtype={{on_dtype}})\n"
    "layer.build({{q_shape}}, {{v_shape}}, {{k_shape}})\n"
    "y{0} = layer.stateless_call([{1}], layer.non_trainable_variables, q, v, k{2}{3})[0]{4}"
)
_HIDDEN = {"no": "", "boolean": ", attention_mask=mask[None]", "keys": ", key_mask=mask"}
_GIVEN = {"no": "", "mean": "\nseen = keras.ops.mean(seen, 1)", "each": ""}


def _heads(bias: bool, mask: str, weights: str) -> Words:
    held = "wq, bq, wk, bk, wv, bv, wo, bo" if bias else "wq, wk, wv, wo"
    out, scores = ("", "") if weights == "no" else (", seen", ", return_attention_scores=True")
    unless = {
        "'api=ops' in on_options": "keras.ops has no attention with weights",
        "mask == 'additive'": "keras.layers.MultiHeadAttention has boolean masks",
        "not bias" if bias else "bias": "with and without",
        f"mask != {mask!r}": "another mask",
        f"weights != {weights!r}": "other outputs",
    }
    return Words(_HEADS.format(out, held, _HIDDEN[mask], scores, _GIVEN[weights]), None, unless, trusted=True)


# On PyTorch it trusts that there are as many values as keys.
TABLE: dict[str, Cell] = {
    "multi_head_attention": tuple(_heads(b, m, w) for b in (True, False) for m in _HIDDEN for w in _GIVEN),
    "attention": tuple(_words(mask, causal) for mask in _MASKS for causal in ("no", "top_left", "bottom_right")),
}
