"""How JAX is asked: recurrent layers of both directions."""

from __future__ import annotations

from conformance.frameworks import Ask, Cell
from conformance.frameworks.recurrent import joined, plan
from conformance.ops.bidirectional import Bidirectional
from conformance.outcome import Unsupported
from conformance.plan import Plan


def bidirectional(ask: Ask[Bidirectional]) -> Plan | Unsupported:
    """The reference implementation in jax.experimental.rnn, whose weights are looked up by layer and direction."""
    p = ask.op
    if p.cell != "lstm":
        return Unsupported("jax.experimental.rnn has an LSTM alone; another recurrence is a scan of a function")
    if p.layers > 1 and p.merge != "concat":
        return Unsupported("the next layer of jax.experimental.rnn.lstm_ref sees both directions concatenated")
    places = [f"{layer}[{way}]" for layer in range(p.layers) for way in range(2)]
    w, r, b, zeros = (", ".join(text.format(at) for at in places) for text in ("w{}", "r{}", "b{}", "zero"))
    lines = [
        f"lengths = jax.numpy.array({list(p.lengths or (p.steps,) * p.batch)}, jax.numpy.int32)",
        "zero = jax.numpy.zeros_like(b0[0])",
        f"y, h, c = jax.experimental.rnn.lstm_ref(x, h0, c0, ({w}), ({r}), ({b}), ({zeros}), lengths, {p.features}, "
        f"{p.units}, {p.layers}, 0.0, True)",
    ]
    if not p.sequences:
        both = "y = jax.numpy.concatenate((h[-2], h[-1]), 1)"
        lines.append(both if p.merge == "concat" else joined(p, "h[-2]", "h[-1]"))
    elif p.merge != "concat":
        lines.append(joined(p, f"y[:, :, : {p.units}]", f"y[:, :, {p.units} :]"))
    return plan(p, lines)


TABLE: dict[str, Cell] = {"bidirectional": bidirectional}
