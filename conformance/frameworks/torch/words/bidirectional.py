"""How PyTorch is asked: recurrent layers of both directions.

https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html
"""

from __future__ import annotations

from conformance.frameworks import Ask, Cell
from conformance.frameworks.recurrent import joined, plan
from conformance.ops.bidirectional import Bidirectional
from conformance.outcome import Unsupported
from conformance.plan import Plan

_LAYERS = {"lstm": "LSTM", "gru": "GRU", "simple_rnn": "RNN"}
_PACK = "torch.nn.utils.rnn.pack_padded_sequence(x, torch.tensor({}), batch_first=True, enforce_sorted=False)"


def bidirectional(ask: Ask[Bidirectional]) -> Plan | Unsupported:
    """One module of so many layers; sequences of lengths of their own are packed."""
    p = ask.op
    if p.layers > 1 and p.merge != "concat":
        return Unsupported("the next layer of torch.nn.LSTM sees both directions concatenated, and has no option")
    names = {}
    for layer in range(p.layers):
        for way, back in enumerate(("", "_reverse")):
            rest = f"rb{layer}[{way}]" if p.cell == "gru" else f"torch.zeros_like(b{layer}[{way}])"
            of = {"weight_ih": f"w{layer}[{way}]", "weight_hh": f"r{layer}[{way}]", "bias_ih": f"b{layer}[{way}]"}
            names.update({f"{name}_l{layer}{back}": text for name, text in {**of, "bias_hh": rest}.items()})
    weights = ", ".join(f'"{name}": {text}' for name, text in names.items())
    before, after = ("(h0, c0)", "(h, c)") if p.cell == "lstm" else ("h0", "h")
    words = f"{p.features}, {p.units}, num_layers={p.layers}, batch_first=True, bidirectional=True"
    packed = _PACK.format(list(p.lengths)) if p.lengths else "x"
    lines = [
        f"layer = torch.nn.{_LAYERS[p.cell]}({words})",
        f"y, {after} = torch.func.functional_call(layer, {{{weights}}}, ({packed}, {before}))",
    ]
    if p.lengths and p.sequences:
        lines.append(f"y = torch.nn.utils.rnn.pad_packed_sequence(y, batch_first=True, total_length={p.steps})[0]")
    if not p.sequences:
        lines.append("y = torch.cat((h[-2], h[-1]), 1)" if p.merge == "concat" else joined(p, "h[-2]", "h[-1]"))
    elif p.merge != "concat":
        lines.append(joined(p, f"y[:, :, : {p.units}]", f"y[:, :, {p.units} :]"))
    return plan(p, lines, gates="rzh" if p.cell == "gru" else "")


TABLE: dict[str, Cell] = {"bidirectional": bidirectional}
