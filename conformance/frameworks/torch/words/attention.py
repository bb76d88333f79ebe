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
TABLE: dict[str, Cell] = {
    "attention": tuple(
        Words(before + _CALL.format(given), unless=unless, trusted=True) for before, given, unless in _ASKED
    ),
}
