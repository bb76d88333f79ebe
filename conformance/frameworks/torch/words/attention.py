"""How PyTorch is asked: attention.

https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.scaled_dot_product_attention.html
"""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

_CALL = "y = torch.nn.functional.scaled_dot_product_attention(q, k, v, {0}scale={{scale}}, enable_gqa={{grouped}})"
_PAST = "past = torch.ones(({queries}, {keys}), dtype=torch.bool).tril({last})\n"
_NONE, _FREE = {"mask != 'no'": "with a mask"}, {"causal != 'no'": "with a past"}
# It trusts that there are as many values as keys.
_ASKED: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("", "", {**_NONE, **_FREE}),
    ("", "is_causal=True, ", {**_NONE, "causal != 'top_left'": "another past"}),
    (_PAST, "attn_mask=past, ", _NONE),
    ("", "attn_mask=mask, ", _FREE),
    (_PAST, "attn_mask=torch.logical_and(mask, past), ", {"mask != 'boolean'": "another mask"}),
    (_PAST, "attn_mask=torch.where(past, mask, -torch.inf), ", {}),
)
_HEADS = (
    "{0}y{1} = torch.nn.functional.multi_head_attention_forward(\n"
    "    q, k, v, {{features}}, {{heads}}, torch.cat([wq, wk, wv]), {2}, None, None, False, 0.0, wo, {3},\n"
    "    key_padding_mask={4}, need_weights={5}, attn_mask={6}, average_attn_weights={7}){8}"
)
# need_weights and average_attn_weights, by what is asked for.
_GIVEN = {"no": (False, True), "mean": (True, True), "each": (True, False)}
# A boolean mask of it is true where a key is hidden: key_padding_mask and attn_mask.
_HIDDEN = {
    "no": ("None", "None"),
    "boolean": ("None", "hidden"),
    "keys": ("hidden", "None"),
    "additive": ("None", "mask"),
}
_PACKED = {"wq": "(AF)E", "wk": "(AF)E", "wv": "(AF)E", "wo": "E(AF)", "bq": "(AF)", "bk": "(AF)", "bv": "(AF)"}
_ROWS = {"q": "QNE", "k": "KNE", "v": "KNE", "y": "QNE"}


def _heads(bias: bool, mask: str, weights: str) -> Words:
    (padding, other), (needed, averaged) = _HIDDEN[mask], _GIVEN[weights]
    inverted = "hidden = torch.logical_not(mask)\n" if "hidden" in (padding, other) else ""
    biases = ("torch.cat([bq, bk, bv])", "bo") if bias else ("None", "None")
    out, first = (", seen", "") if needed else ("", "[0]")
    unless = {
        "width != features": "torch.nn.MultiheadAttention divides embed_dim among its heads",
        "not bias" if bias else "bias": "with and without",
        f"mask != {mask!r}": "another mask",
        f"weights != {weights!r}": "other outputs",
    }
    layouts = {**_ROWS, **{name: layout for name, layout in _PACKED.items() if bias or name[0] == "w"}}
    return Words(_HEADS.format(inverted, out, *biases, padding, needed, other, averaged, first), layouts, unless)


TABLE: dict[str, Cell] = {
    "multi_head_attention": tuple(_heads(b, m, w) for b in (True, False) for m in _HIDDEN for w in _GIVEN),
    "attention": tuple(
        Words(before + _CALL.format(given), unless=unless, trusted=True) for before, given, unless in _ASKED
    ),
}
