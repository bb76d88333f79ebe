"""How JAX is asked, an op a line; its convolutions are in convolution.py.

https://docs.jax.dev/en/latest/jax.lax.html
"""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.jax.convolution import conv, conv_transpose
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
# jax.experimental.rnn.lstm is for GPUs: "module 'jaxlib.gpu_rnn' has no attribute ..." without CUDA. Of its reference
# implementation the weights are looked up by layer.
_LSTM = (
    "lengths = jax.numpy.full({batch}, {steps}, jax.numpy.int32)\n"
    "y, h, c = jax.experimental.rnn.lstm_ref(x, h0[None], c0[None], (w,), (r,), (b,), (jax.numpy.zeros_like(b),), "
    "lengths, {features}, {units}, 1, 0.0, False)\n"
    "h = h[0]\n"
    "c = c[0]"
)

TABLE: dict[str, Cell] = {
    "conv": conv,
    "conv_transpose": conv_transpose,
    "gelu": Words("y = jax.nn.gelu(x, approximate={approximate|by_tanh})", own={"by_tanh": lambda a: a == "tanh"}),
    "topk": (
        Words("values, indices = jax.lax.top_k(x, {k})", unless={"not largest": "the smallest"}, refuses=True),
        Words("values, indices = jax.lax.top_k(-x, {k})\nvalues = -values", refuses=True),
    ),
    "max_pool": _POOLS,
    "batch_norm": Words(
        "y = jax.nn.standardize(x, {space|but_last}, epsilon={epsilon}) * scale + offset\n"
        "new_mean = {momentum} * mean + {momentum|rest} * jax.numpy.mean(x, {space|but_last})\n"
        "new_variance = {momentum} * variance"
        " + {momentum|rest} * jax.numpy.var(x, {space|but_last}, ddof={unbiased|int})",
        layouts={"x": "N{space|letters|text}C", "y": "N{space|letters|text}C"},
        note="jax.nn has no batch normalisation: jax.nn.standardize, and the running statistics by hand",
        own={
            "int": int,
        },
    ),
    "layer_norm": Words(
        "y = jax.nn.standardize(x, {axes|last}, epsilon={epsilon}) * scale + offset",
        note="jax.nn has no layer normalisation: jax.nn.standardize, and scale and offset by hand",
        own={"last": lambda axes: tuple(range(-axes, 0))},
    ),
    "lstm": Words(_LSTM, layouts={"w": "(GH)I", "r": "(GH)K", "b": "(GH)"}, trusted=True),
}
