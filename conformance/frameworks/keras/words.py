"""How Keras is asked, an op a line; its convolutions are in convolution.py."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.keras.convolution import conv, conv_transpose

TABLE: dict[str, Cell] = {
    "conv": conv,
    "conv_transpose": conv_transpose,
}
