"""How JAX is asked: recurrent layers."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

# jax.experimental.rnn.lstm is for GPUs: "module 'jaxlib.gpu_rnn' has no attribute ..." without CUDA. Of its reference
# implementation the weights are looked up by layer.
_LSTM = (
    "lengths = jax.numpy.full({batch}, {steps}, jax.numpy.int32)\n"
    "y, h, c = jax.experimental.rnn.lstm_ref(x, h0[None], c0[None], (w,), (r,), (b,), (jax.numpy.zeros_like(b),), "
    "lengths, {features}, {units}, 1, 0.0, False)\n"
    "h = h[0]\n"
    "c = c[0]"
)

_SCAN = "jax.experimental.rnn has an LSTM alone; another recurrence is a scan of a function, which no plan holds"

TABLE: dict[str, Cell] = {
    "lstm": Words(_LSTM, layouts={"w": "(GH)I", "r": "(GH)K", "b": "(GH)"}, trusted=True),
    "gru": _SCAN,
    "simple_rnn": _SCAN,
}
