"""How TensorFlow is asked: attention, of which tf.nn has none.

https://www.tensorflow.org/text/tutorials/transformer
"""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

_MASKS = {
    "no": "",
    "boolean": "scores = tf.where(mask, scores, scores.dtype.min)\n",
    "additive": "scores = scores + mask\n",
}
_PAST = (
    "past = tf.greater_equal(tf.range({queries})[:, None] + {last}, tf.range({keys}))\n"
    "scores = tf.where(past, scores, scores.dtype.min)\n"
)
_NOTE = "tf.nn has no attention: its softmax between two products, with the least number where a key is hidden"


def _words(mask: str, past: bool) -> Words:
    return Words(
        "scores = tf.matmul(q, tf.repeat(k, {group}, 1), transpose_b=True) * {by}\n"
        + _MASKS[mask]
        + (_PAST if past else "")
        + "y = tf.matmul(tf.nn.softmax(scores), tf.repeat(v, {group}, 1))",
        unless={f"mask != {mask!r}": "another mask", "causal == 'no'" if past else "causal != 'no'": "another past"},
        note=_NOTE,
        trusted=True,
    )


_SHOWN = {
    "no": "",
    "boolean": "scores = tf.where(mask, scores, scores.dtype.min)\n",
    "keys": "scores = tf.where(mask[:, None, None], scores, scores.dtype.min)\n",
    "additive": "scores = scores + mask\n",
}
_GIVEN = {"no": "", "mean": "\nseen = tf.reduce_mean(seen, 1)", "each": ""}


def _heads(bias: bool, mask: str, weights: str) -> Words:
    made = (f"{x}h = tf.einsum('nre,eaf->narf', {x}, w{x}){f' + b{x}[:, None]' * bias}\n" for x in "qkv")
    return Words(
        "".join(made)
        + "scores = tf.matmul(qh, kh, transpose_b=True) * {by}\n"
        + _SHOWN[mask]
        + "seen = tf.nn.softmax(scores)\n"
        + f"y = tf.einsum('naqf,afe->nqe', tf.matmul(seen, vh), wo){' + bo' * bias}"
        + _GIVEN[weights],
        unless={
            "not bias" if bias else "bias": "with and without",
            f"mask != {mask!r}": "another mask",
            f"weights != {weights!r}": "other outputs",
        },
        note=_NOTE,
        trusted=True,
    )


TABLE: dict[str, Cell] = {
    "multi_head_attention": tuple(_heads(b, m, w) for b in (True, False) for m in _SHOWN for w in _GIVEN),
    "attention": tuple(_words(mask, past) for mask in _MASKS for past in (False, True)),
}
