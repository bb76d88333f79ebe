"""How NumPy is asked: recurrent layers."""

from __future__ import annotations

from conformance.frameworks import Cell

TABLE: dict[str, Cell] = {
    "lstm": "NumPy has no recurrent layers",
    "gru": "NumPy has no recurrent layers",
    "bidirectional": "NumPy has no recurrent layers",
    "simple_rnn": "NumPy has no recurrent layers",
}
