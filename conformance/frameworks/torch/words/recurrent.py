"""How PyTorch is asked: recurrent layers."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

_LSTM = (
    "layer = torch.nn.LSTM({features}, {units}, batch_first=True)\n"
    "y, (h, c) = torch.func.functional_call("
    'layer, {"weight_ih_l0": w, "weight_hh_l0": r, "bias_ih_l0": b, "bias_hh_l0": torch.zeros_like(b)}, '
    "(x, (h0.unsqueeze(0), c0.unsqueeze(0))))\n"
    "h = h[0]\n"
    "c = c[0]"
)

_GRU = (
    "layer = torch.nn.GRU({features}, {units}, batch_first=True)\n"
    "y, h = torch.func.functional_call("
    'layer, {"weight_ih_l0": w, "weight_hh_l0": r, "bias_ih_l0": b, "bias_hh_l0": rb}, (x, h0.unsqueeze(0)))\n'
    "h = h[0]"
)
_RNN = (
    "layer = torch.nn.RNN({features}, {units}, nonlinearity={activation}, batch_first=True)\n"
    "y, h = torch.func.functional_call("
    'layer, {"weight_ih_l0": w, "weight_hh_l0": r, "bias_ih_l0": b, "bias_hh_l0": torch.zeros_like(b)}, '
    "(x, h0.unsqueeze(0)))\n"
    "h = h[0]"
)
_RZH = " G=rzh"

TABLE: dict[str, Cell] = {
    "lstm": Words(_LSTM, layouts={"w": "(GH)I", "r": "(GH)K", "b": "(GH)"}, trusted=True),
    "gru": Words(
        _GRU,
        {"w": "(GH)I" + _RZH, "r": "(GH)K" + _RZH, "b": "(GH)" + _RZH, "rb": "(GH)" + _RZH},
        {"not reset_after": "torch.nn.GRU resets after the product with the recurrent weights, and has no option"},
        trusted=True,
    ),
    "simple_rnn": Words(_RNN, trusted=True),
}
