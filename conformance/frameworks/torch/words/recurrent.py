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

TABLE: dict[str, Cell] = {
    "lstm": Words(_LSTM, layouts={"w": "(GH)I", "r": "(GH)K", "b": "(GH)"}, trusted=True),
}
